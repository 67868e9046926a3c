package coffer;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

/** HTTPS from the side of clients that were not told whom to trust. */
class ConnectionsTest extends WithServer {
    @Test
    void the_V2_SDKs_do_not_speak_to_a_server_whose_authority_they_do_not_trust() throws Exception {
        serve();
        expectNoTrust(new V2(() -> V2.configuration(server, Key.ROOT).setProtocol("HTTPS")));
    }

    @Test
    void the_older_SDK_does_not_speak_to_a_server_whose_authority_it_does_not_trust() throws Exception {
        serve();
        expectNoTrust(Older.overHttps(server, Key.ROOT));
    }

    private static void expectNoTrust(Cloud cloud) {
        Throwable failed = assertThrows(IllegalStateException.class, cloud::isEnabled);
        Throwable cause = Stream.iterate(failed, each -> each != null, Throwable::getCause)
                .filter(SSLHandshakeException.class::isInstance)
                .findFirst()
                .orElse(failed);
        assertInstanceOf(SSLHandshakeException.class, cause);
    }
}
