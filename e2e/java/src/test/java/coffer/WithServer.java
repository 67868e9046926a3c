package coffer;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests, each against a server of its own. */
abstract class WithServer {
    @TempDir
    Path directory;

    Server server;

    /** Starts a server on this test's data directory; one that runs is stopped first. */
    final Server serve(String... options) throws Exception {
        stop();
        server = new Server(directory.resolve("data"), options);
        return server;
    }

    @AfterEach
    final void stop() throws InterruptedException {
        if (server != null) {
            Server running = server;
            server = null;
            running.stop();
        }
    }
}
