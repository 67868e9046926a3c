package coffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Tests, each against a server of its own. */
abstract class WithServer {
    @TempDir
    Path directory;

    Server server;

    /** Starts a server on this test's data directory; one that runs is stopped first. */
    final Server serve(String... options) throws Exception {
        stop();
        server = Server.start(directory.resolve("data"), options);
        return server;
    }

    /** Starts one with a configuration, as text. */
    final Server serveConfigured(String toml) throws Exception {
        Path config = Files.writeString(directory.resolve("coffer.toml"), toml);
        return serve("--config", config.toString());
    }

    @AfterEach
    final void stop() throws InterruptedException {
        if (server != null) {
            Server running = server;
            server = null;
            running.stop();
        }
    }

    /** Expects the call to be refused so. */
    static void refused(Executable call, int status, String code, String text) {
        assertEquals(text, refused(call, status, code).text);
    }

    /** Expects the call to be refused so, whatever the words; some clients tell no status. */
    static Refusal refused(Executable call, int status, String code) {
        Refusal refusal = assertThrows(Refusal.class, call);
        int expected = refusal.status == Refusal.UNTOLD ? Refusal.UNTOLD : status;
        assertEquals(List.of(expected, code), List.of(refusal.status, refusal.code), refusal.text);
        return refusal;
    }
}
