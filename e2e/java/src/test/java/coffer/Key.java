package coffer;

/** An access key; with a token a temporary one, else {@code token} is null. */
record Key(String id, String secret, String token) {
    static final Key ROOT = new Key("LTAI5tRootOfTheTests0000", "root-secret-of-the-tests-000000");

    Key(String id, String secret) {
        this(id, secret, null);
    }
}
