package coffer;

import com.aliyuncs.AcsRequest;
import com.aliyuncs.AcsResponse;
import com.aliyuncs.CommonRequest;
import com.aliyuncs.DefaultAcsClient;
import com.aliyuncs.exceptions.ClientException;
import com.aliyuncs.http.FormatType;
import com.aliyuncs.http.MethodType;
import com.aliyuncs.http.ProtocolType;
import com.aliyuncs.http.clients.ApacheHttpClient;
import com.aliyuncs.profile.DefaultProfile;
import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.util.Map;
import javax.net.ssl.X509TrustManager;

/** The older SDK: one client for all products, typed requests where the SDK has them and common requests for what is newer. */
final class Older extends Cloud {
    private static final TypeToken<Map<String, Object>> MEMBERS = new TypeToken<>() {};

    private static Server latest;

    private final DefaultAcsClient client;
    private final String endpoint;
    private final ProtocolType protocol;

    private Older(Server server, Key key, ProtocolType protocol, X509TrustManager... trusted) throws IOException {
        DefaultProfile profile = DefaultProfile.getProfile(Server.REGION, key.id(), key.secret(), key.token());
        if (server != latest) {
            // What is under the clients is one for the whole process; closed, it is set up anew, to trust this server.
            ApacheHttpClient.getInstance().close();
            latest = server;
        }
        if (trusted.length > 0) {
            profile.getHttpClientConfig().setX509TrustManagers(trusted);
        }
        this.client = new DefaultAcsClient(profile);
        this.endpoint = server.address();
        this.protocol = protocol;
    }

    static Older plain(Server server, Key key) throws IOException {
        return new Older(server, key, ProtocolType.HTTP);
    }

    /** Over HTTPS, with more to trust than the machine does. */
    static Older overHttps(Server server, Key key, X509TrustManager... trusted) throws IOException {
        return new Older(server, key, ProtocolType.HTTPS, trusted);
    }

    @Override
    Reply call(Product product, String action, Map<String, Object> parameters) {
        try {
            Class<?> type = Class.forName("%s.%sRequest".formatted(product.older, action));
            return new Reply(Beans.members(typed((AcsRequest<?>) Beans.make(type, parameters))));
        } catch (ClassNotFoundException newerThanTheSdk) {
            return common(product, action, parameters);
        }
    }

    private <T extends AcsResponse> T typed(AcsRequest<T> request) {
        request.setSysEndpoint(endpoint);
        request.setSysProtocol(protocol);
        request.setSysMethod(MethodType.POST);
        return answered(() -> client.getAcsResponse(request));
    }

    private Reply common(Product product, String action, Map<String, Object> parameters) {
        CommonRequest request = new CommonRequest();
        request.setSysDomain(endpoint);
        request.setSysProtocol(protocol);
        request.setSysMethod(MethodType.POST);
        request.setSysVersion(product.version);
        request.setSysAction(action);
        request.setHttpContentType(FormatType.FORM);
        parameters.forEach((name, value) -> request.putQueryParameter(name, String.valueOf(value)));
        return new Reply(new Gson().fromJson(answered(() -> client.getCommonResponse(request)).getData(), MEMBERS));
    }

    private interface Call<T> {
        T make() throws ClientException;
    }

    /** The client tells no status. */
    private static <T> T answered(Call<T> call) {
        try {
            return call.make();
        } catch (ClientException error) {
            if (error.getRequestId() == null) {
                throw new IllegalStateException("the client failed", error);
            }
            throw new Refusal(Refusal.UNTOLD, error.getErrCode(), error.getErrMsg(), error);
        }
    }
}
