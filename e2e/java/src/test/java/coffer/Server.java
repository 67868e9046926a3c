package coffer;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** A Coffer process under test, on a free port. */
final class Server {
    static final String ACCOUNT = "1234567890123456";
    static final String REGION = "cn-hangzhou";
    static final String ZONE = REGION + "-h";
    private static final long READY_WITHIN_S = 20;
    private static final long STOP_WITHIN_S = 20;
    private static final Pattern ENDPOINT = Pattern.compile("http://(127\\.0\\.0\\.1:\\d+)");

    /** Addresses that servers of this run had: the V2 SDKs keep a client, with whom it trusts, for every address they saw. */
    private static final Set<String> SEEN = ConcurrentHashMap.newKeySet();

    private final Path data;
    private final Process process;
    private final String address;

    /** Starts one with more options, on a data directory that may hold what an earlier one left, at an address of its own. */
    static Server start(Path data, String... options) throws Exception {
        Server server = new Server(data, options);
        while (!SEEN.add(server.address)) {
            server.stop();
            server = new Server(data, options);
        }
        return server;
    }

    private Server(Path data, String... options) throws Exception {
        String binary = System.getenv("COFFER_BINARY");
        if (binary == null) {
            throw new IllegalStateException("COFFER_BINARY names no server to test");
        }
        List<String> command = new ArrayList<>(
                List.of(binary, "serve", "--listen", "127.0.0.1:0", "--data", data.toString()));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().keySet().removeIf(name -> name.startsWith("COFFER_"));
        builder.environment().putAll(Map.of(
                "COFFER_ROOT_ACCESS_KEY_ID", Key.ROOT.id(),
                "COFFER_ROOT_ACCESS_KEY_SECRET", Key.ROOT.secret(),
                "COFFER_ACCOUNT_ID", ACCOUNT,
                "RUST_LOG", "error"));
        this.data = data;
        this.process = builder.start();
        CompletableFuture<String> announced = new CompletableFuture<>();
        Thread reader = new Thread(() -> read(announced), "what the server prints");
        reader.setDaemon(true);
        reader.start();
        try {
            this.address = announced.get(READY_WITHIN_S, TimeUnit.SECONDS);
        } catch (Exception error) {
            process.destroyForcibly();
            throw error;
        }
    }

    /** Reads to the end, so that the server never waits to print; it picked the port, so no other can have it. */
    private void read(CompletableFuture<String> announced) {
        try (BufferedReader output = process.inputReader()) {
            for (String line; (line = output.readLine()) != null; ) {
                Matcher found = ENDPOINT.matcher(line);
                if (found.find()) {
                    announced.complete(found.group(1));
                }
            }
            announced.completeExceptionally(new IllegalStateException("the server ended early"));
        } catch (IOException error) {
            announced.completeExceptionally(error);
        }
    }

    /** Host and port, as the clients are told them. */
    String address() {
        return address;
    }

    /** The certificate of the server's own authority, as text. */
    String authority() throws IOException {
        return Files.readString(data.resolve("ca.pem"));
    }

    /** What trusts that authority and no other. */
    X509TrustManager trust() throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        ByteArrayInputStream text = new ByteArrayInputStream(authority().getBytes());
        store.setCertificateEntry("coffer", CertificateFactory.getInstance("X.509").generateCertificate(text));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }

    /** Stops it as an operator does; fails where it does not end well. */
    void stop() throws InterruptedException {
        process.toHandle().destroy(); // Process.destroy() closes what it prints to as well.
        if (!process.waitFor(STOP_WITHIN_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the server did not stop in time");
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException("the server ended with " + process.exitValue());
        }
    }
}
