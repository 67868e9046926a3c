//! Bounds on everything that comes from outside. The vendor's where it states one, else ours, chosen well above what the
//! official clients send.

/// Longest request line and header block together, in bytes. KMS clients put 6 KiB plaintexts and policies, percent-encoded, into the
/// query. The parser of HTTP takes 65,534 bytes of path and query; the rest is for headers, of which session tokens are the longest.
pub const HEAD_BYTES: usize = 96 * 1024;
/// Most header lines in a request.
pub const HEADERS: usize = 100;
/// Longest request body in bytes.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Most parameters (query and body together) in a request.
pub const PARAMETERS: usize = 1000;
/// Longest parameter name in bytes, after decoding.
pub const PARAMETER_NAME_BYTES: usize = 256;
/// Longest parameter value in bytes, after decoding. The vendor's longest, the assertion of AssumeRoleWithSAML, has 100,000 characters.
pub const PARAMETER_VALUE_BYTES: usize = 100_000;
/// Deepest JSON nesting accepted in a JSON-typed parameter.
pub const JSON_DEPTH: usize = 16;
/// Age at which a request's timestamp has expired, and how far it may lie ahead: 15 minutes (V3 request structure).
pub const TIMESTAMP_WINDOW_MS: i64 = 15 * 60 * 1000;
/// Longest signature nonce in bytes.
pub const NONCE_BYTES: usize = 128;
/// Most nonces remembered; beyond it the oldest requests of the account that made most are refused.
pub const NONCES: usize = 4_000_000;
/// How many requests that nobody signed may fail from one source within a minute; further ones are refused unread.
pub const UNSIGNED_FAILURES: u32 = 100;
/// Most assertions of SAML that an account remembers until they end; beyond it further ones are refused.
pub const ASSERTIONS: i64 = 10_000;
/// How long a `ClientToken` is remembered: the vendor does not say; a day outlives every client's retries.
pub const CLIENT_TOKEN_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest `ClientToken`, in ASCII characters ("How to ensure idempotence").
pub const CLIENT_TOKEN_CHARS: usize = 64;
/// Most writes waiting for the database's writer; further ones are told to come back (`ServiceUnavailable`).
pub const WRITE_QUEUE: usize = 4096;
/// Most writes committed together.
pub const WRITE_BATCH: usize = 512;
