package coffer;

import com.aliyun.tea.TeaException;
import com.aliyun.tea.TeaModel;
import com.aliyun.teaopenapi.Client;
import com.aliyun.teaopenapi.models.Config;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The V2 SDKs: a typed client for every product. */
final class V2 extends Cloud {
    /** How the clients pass on a message: after its status, before the request's id. */
    private static final Pattern TOLD =
            Pattern.compile("code: \\d{3}, (.*) request id: [0-9A-F-]{36}", Pattern.DOTALL);

    private final Map<Product, Client> clients;

    /** Each client gets a configuration of its own, since some change theirs. */
    V2(Supplier<Config> config) throws Exception {
        clients = Map.of(
                Product.ECS, new com.aliyun.ecs20140526.Client(config.get()),
                Product.KMS, new com.aliyun.kms20160120.Client(config.get()),
                Product.RAM, new com.aliyun.ram20150501.Client(config.get()),
                Product.STS, new com.aliyun.sts20150401.Client(config.get()));
    }

    static Config configuration(Server server, Key key) {
        return new Config()
                .setAccessKeyId(key.id())
                .setAccessKeySecret(key.secret())
                .setSecurityToken(key.token())
                .setRegionId(Server.REGION)
                .setEndpoint(server.address())
                .setProtocol("HTTP");
    }

    @Override
    Reply call(Product product, String action, Map<String, Object> parameters) {
        Client client = clients.get(product);
        Method method = methodOf(client, action);
        try {
            Object answer = method.getParameterCount() == 0
                    ? method.invoke(client)
                    : method.invoke(client, request(method.getParameterTypes()[0], parameters));
            return new Reply(((TeaModel) answer.getClass().getMethod("getBody").invoke(answer)).toMap());
        } catch (InvocationTargetException failed) {
            throw understood(failed.getCause());
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(error);
        }
    }

    /** The method for an action, whose name differs in case only; it takes the request, or nothing. */
    private static Method methodOf(Client client, String action) {
        return Arrays.stream(client.getClass().getDeclaredMethods())
                .filter(method -> method.getName().equalsIgnoreCase(action) && method.getParameterCount() <= 1)
                .findFirst()
                .orElseThrow(() -> new AssertionError(action + " is no action of " + client.getClass()));
    }

    private static TeaModel request(Class<?> type, Map<String, Object> parameters)
            throws ReflectiveOperationException {
        TeaModel request = TeaModel.build(parameters, (TeaModel) type.getConstructor().newInstance());
        if (!request.toMap().keySet().containsAll(parameters.keySet())) {
            throw new AssertionError("%s does not know all of %s".formatted(type, parameters.keySet()));
        }
        return request;
    }

    private static RuntimeException understood(Throwable error) {
        if (error instanceof TeaException said && said.getStatusCode() != null) {
            Matcher told = TOLD.matcher(said.getMessage());
            String text = told.matches() ? told.group(1) : said.getMessage();
            return new Refusal(said.getStatusCode(), said.getCode(), text, said);
        }
        return new IllegalStateException("the client failed", error);
    }
}
