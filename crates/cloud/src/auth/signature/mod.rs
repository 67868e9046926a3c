//! Request signatures: which scheme a request claims, who it says sent it, and whether the secret agrees.
//!
//! Sources: the public documents "Signature mechanism" (V1, `SignatureVersion=1.0`) and "Request structure and signature" (V3),
//! and what the official clients send. [`Claim::read`] trusts nothing; [`Claim::verify`] binds everything a claim and the
//! parameters say to the caller's secret. The age of the timestamp and the reuse of the nonce are judged elsewhere, afterwards.

pub(crate) mod percent;
mod v1;
mod v3;
mod v4;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use coffer_base::{ApiError, ErrorCode, Secret, Timestamp, limits};
use coffer_crypto::{digest, mac};

use crate::Incoming;
use crate::auth::Login;
use crate::parameters::Parameters;

/// How a request is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Parameter `Signature`, `SignatureVersion=1.0`.
    V1(V1Mac),
    /// `Authorization: ACS3-HMAC-…`.
    V3(Hash),
    /// `Authorization: ACS4-HMAC-…`: V3 with a key derived for a day, a region and a product.
    V4(Hash),
    /// A bearer token; nothing is signed.
    Bearer,
    /// Neither signed nor a bearer: only for operations whose parameters carry their own proof of identity.
    Anonymous,
}

/// The authenticator of a V1 signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum V1Mac {
    /// `HMAC-SHA1`, what all official clients use.
    HmacSha1,
    /// `HMAC-SHA256`.
    HmacSha256,
}

/// The hash function of a V3 or V4 signature: of the body, of the canonical request, and inside the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SM3.
    Sm3,
}

/// What a request says about itself and its sender.
#[derive(Clone)]
pub struct Claim {
    /// How it is authenticated.
    pub scheme: Scheme,
    /// The operation asked for, not empty.
    pub action: String,
    /// The API version asked for, not empty.
    pub version: String,
    /// Whose secret has to agree; present exactly when the scheme signs.
    pub access_key_id: Option<String>,
    /// The session token of a temporary key; never empty.
    pub security_token: Option<String>,
    /// When it was signed; present whenever the scheme signs.
    pub timestamp: Option<Timestamp>,
    /// The signature nonce. An empty one is a value like any other.
    pub nonce: Option<String>,
    /// The credential that was proven before, where the request comes of a session and not from a client.
    pub(crate) login: Option<Login>,
    proof: Proof,
}

/// What a valid signature vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "parameters that the signature does not cover must be dropped"]
pub enum Coverage {
    /// Every parameter.
    Everything,
    /// Every parameter but those whose value is empty: somebody on the way may have added or removed such ones, so the caller
    /// forgets them ([`Parameters::drop_empty`]).
    NonEmpty,
}

#[derive(Clone)]
enum Proof {
    Unsigned,
    Parameter(V1Mac, String),
    Header(v3::Authorization),
    ScopedHeader(v3::Authorization, v4::Scope),
}

/// Where a request names its operation.
struct Naming<'a> {
    action: Option<&'a str>,
    version: Option<&'a str>,
    timestamp: Option<&'a str>,
    nonce: Option<&'a str>,
}

/// Operations that may come without a signature: their token or assertion is the credential.
const ANONYMOUS: [(&str, &str); 2] = [("2015-04-01", "AssumeRoleWithOIDC"), ("2015-04-01", "AssumeRoleWithSAML")];

impl Claim {
    /// The region that a V4 signature is made for.
    pub fn scope_region(&self) -> Option<&str> {
        match &self.proof {
            Proof::ScopedHeader(_, scope) => Some(scope.region()),
            Proof::Unsigned | Proof::Parameter(..) | Proof::Header(_) => None,
        }
    }

    /// Whether the host may say what is asked for. V3 and V4 list the headers that they sign, and one that they leave out is
    /// anybody's. V1 signs no header at all: there the host counts as the client's word, like the path.
    pub(crate) fn vouches_for_host(&self) -> bool {
        match &self.proof {
            Proof::Header(authorization) | Proof::ScopedHeader(authorization, _) => authorization.signs("host"),
            Proof::Unsigned | Proof::Parameter(..) => true,
        }
    }

    /// The signature, which one text alone is: each scheme compares it as it was sent.
    pub fn signature(&self) -> Option<&str> {
        match &self.proof {
            Proof::Unsigned => None,
            Proof::Parameter(_, signature) => Some(signature),
            Proof::Header(authorization) | Proof::ScopedHeader(authorization, _) => Some(&authorization.signature),
        }
    }

    /// Reads the claim of a request; decides the scheme from the `Authorization` header, then the parameters.
    ///
    /// # Errors
    /// `MissingMandatory` for an absent system parameter, and for the credentials of an operation that needs them;
    /// `InvalidSignatureMethod` for an algorithm that is not offered; `IncompleteSignature` for a malformed `Authorization`
    /// header and for a signature that leaves out what it must cover; `TimestampFormat`; `Unparsable` for an over-long nonce;
    /// `UnsupportedContentType` for a V1 request whose body its signature could not cover.
    pub fn read(request: &Incoming, parameters: &Parameters) -> Result<Self, ApiError> {
        let authorization = single(request, "authorization")?.unwrap_or_default();
        if authorization.starts_with("ACS3-") {
            return v3::read(authorization, request);
        }
        if authorization.starts_with("ACS4-") {
            return v4::read(authorization, request);
        }
        if authorization.starts_with("ACS") {
            return Err(ErrorCode::InvalidSignatureMethod.into());
        }
        let bearer = parameters.get("SignatureType") == Some("BEARERTOKEN");
        if authorization.starts_with("Bearer ") || (bearer && request.header("x-acs-bearer-token").is_some()) {
            return Self::unsigned(Scheme::Bearer, &Naming::of_headers(request)?);
        }
        if parameters.get("Signature").is_some() {
            return v1::read(parameters);
        }
        if bearer && parameters.get("BearerToken").is_some() {
            return Self::unsigned(Scheme::Bearer, &Naming::of_parameters(parameters));
        }
        Self::anonymous(request, parameters)
    }

    /// What a request says that a session makes for its caller. It carries no proof: `login` is where it was given.
    pub(crate) fn of_login(parameters: &Parameters, login: &Login) -> Result<Self, ApiError> {
        let claim = Self::unsigned(Scheme::Anonymous, &Naming::of_parameters(parameters))?;
        Ok(Self { login: Some(login.clone()), ..claim })
    }

    /// Whether the signature is the one `secret` makes of this request; the time it takes does not depend on the signature.
    /// `request` and `parameters` are those the claim was read from.
    ///
    /// # Errors
    /// `SignatureMismatchV1` or `SignatureMismatchV3` with the server's string to sign; `BodyDigestMismatch` when a
    /// `Content-MD5` header contradicts the body; `MissingMandatory` for a scheme that carries no signature.
    pub fn verify(
        &self,
        request: &Incoming,
        parameters: &Parameters,
        secret: &Secret<String>,
    ) -> Result<Coverage, ApiError> {
        check_content_md5(request)?;
        match &self.proof {
            Proof::Unsigned => Err(missing("Signature")),
            Proof::Parameter(algorithm, signature) => {
                v1::verify(*algorithm, signature, request, parameters, secret).map(v1::Form::coverage)
            }
            Proof::Header(authorization) => {
                let names = [v3::Names::Encoded, v3::Names::Raw];
                authorization.verify(secret.expose().as_bytes(), &names, request, parameters)?;
                Ok(Coverage::Everything)
            }
            Proof::ScopedHeader(authorization, scope) => {
                let key = scope.signing_key(authorization.hash, secret);
                authorization.verify(&*key, &[v3::Names::Encoded], request, parameters)?;
                Ok(Coverage::Everything)
            }
        }
    }

    fn anonymous(request: &Incoming, parameters: &Parameters) -> Result<Self, ApiError> {
        let of_parameters = Naming::of_parameters(parameters);
        let naming = if of_parameters.action.is_some() { of_parameters } else { Naming::of_headers(request)? };
        let claim = Self::unsigned(Scheme::Anonymous, &naming)?;
        if ANONYMOUS.contains(&(claim.version.as_str(), claim.action.as_str())) {
            return Ok(claim);
        }
        Err(missing(if parameters.get("AccessKeyId").is_some() { "Signature" } else { "AccessKeyId" }))
    }

    /// A claim with no proof yet.
    fn unsigned(scheme: Scheme, naming: &Naming<'_>) -> Result<Self, ApiError> {
        let action = mandatory("Action", naming.action)?;
        let version = mandatory("Version", naming.version)?;
        let timestamp = match naming.timestamp {
            None | Some("") => None,
            Some(text) => Some(Timestamp::parse_iso8601(text).ok_or(ErrorCode::TimestampFormat)?),
        };
        if naming.nonce.is_some_and(|nonce| nonce.len() > limits::NONCE_BYTES) {
            return Err(ErrorCode::Unparsable.into());
        }
        Ok(Self {
            scheme,
            action: action.to_owned(),
            version: version.to_owned(),
            access_key_id: None,
            security_token: None,
            timestamp,
            nonce: naming.nonce.map(str::to_owned),
            login: None,
            proof: Proof::Unsigned,
        })
    }
}

/// Without the session token and the signature.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("scheme", &self.scheme)
            .field("action", &self.action)
            .field("version", &self.version)
            .field("access_key_id", &self.access_key_id)
            .field("timestamp", &self.timestamp)
            .field("nonce", &self.nonce)
            .finish_non_exhaustive()
    }
}

impl<'a> Naming<'a> {
    fn of_parameters(parameters: &'a Parameters) -> Self {
        Self {
            action: parameters.get("Action"),
            version: parameters.get("Version"),
            timestamp: parameters.get("Timestamp"),
            nonce: parameters.get("SignatureNonce"),
        }
    }

    fn of_headers(request: &'a Incoming) -> Result<Self, ApiError> {
        Ok(Self {
            action: single(request, "x-acs-action")?,
            version: single(request, "x-acs-version")?,
            timestamp: single(request, "x-acs-date")?,
            nonce: single(request, "x-acs-signature-nonce")?,
        })
    }
}

impl Hash {
    fn of(self, data: &[u8]) -> [u8; 32] {
        match self {
            Self::Sha256 => digest::sha256(data),
            Self::Sm3 => digest::sm3(data),
        }
    }

    fn hmac(self, key: &[u8], message: &[u8]) -> [u8; 32] {
        match self {
            Self::Sha256 => mac::hmac_sha256(key, message),
            Self::Sm3 => mac::hmac_sm3(key, message),
        }
    }
}

/// The value of a header that must not be given twice. Canonicalisation sorts and joins the values of one name, so a header sent
/// as two may be signed by the signature of another one: `a,b` and `b`, `a` look alike.
fn single<'a>(request: &'a Incoming, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = request.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.trim());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(ErrorCode::IncompleteSignature.into()),
    }
}

fn mandatory<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str, ApiError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> ApiError {
    ApiError::with(ErrorCode::MissingMandatory, [name.to_owned()])
}

fn check_content_md5(request: &Incoming) -> Result<(), ApiError> {
    match request.header("content-md5") {
        Some(expected) if !request.body.is_empty() && BASE64.encode(digest::md5(&request.body)) != expected.trim() => {
            Err(ErrorCode::BodyDigestMismatch.into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
