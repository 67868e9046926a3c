package coffer;

/** An error that the server answered, as the client understood it; the status is {@link #UNTOLD} where the client keeps it to itself. */
final class Refusal extends RuntimeException {
    static final int UNTOLD = 0;
    private static final long serialVersionUID = 1;

    final int status;
    final String code;
    final String text;

    Refusal(int status, String code, String text, Throwable cause) {
        super("%d %s %s".formatted(status, code, text), cause);
        this.status = status;
        this.code = code;
        this.text = text;
    }
}
