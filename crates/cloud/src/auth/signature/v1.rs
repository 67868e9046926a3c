//! Signature V1: all parameters, query and form body together, under HMAC of the secret and `&`
//! (public document "Signature mechanism").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use coffer_base::{ApiError, ErrorCode, Secret};
use coffer_crypto::mac;
use zeroize::Zeroizing;

use super::percent::{self, Space};
use super::{Claim, Coverage, Naming, Proof, Scheme, V1Mac, mandatory, missing};
use crate::Incoming;
use crate::parameters::{Body, Parameters};

/// The version of the one API whose parameter table leaves the nonce out.
const KMS: &str = "2016-01-20";

/// How the string to sign is built: the documented way, or as some official client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As documented.
    Standard,
    /// Parameters with an empty value are left out (the Java client of the V2 generation).
    SkipEmpty,
    /// A space is `+` in the canonical query (the Python credentials library).
    PlusSpace,
}

impl Form {
    pub(super) const fn coverage(self) -> Coverage {
        match self {
            Self::Standard | Self::PlusSpace => Coverage::Everything,
            Self::SkipEmpty => Coverage::NonEmpty,
        }
    }

    /// Whether the string to sign differs from the standard one.
    fn applies(self, parameters: &Parameters) -> bool {
        match self {
            Self::Standard => true,
            // An empty nonce is a value, but this form would let anyone add one to a request that was signed without.
            Self::SkipEmpty => {
                parameters.get("SignatureNonce") != Some("") && parameters.iter().any(|(_, value)| value.is_empty())
            }
            Self::PlusSpace => parameters.iter().any(|(name, value)| name.contains(' ') || value.contains(' ')),
        }
    }
}

/// Reads a claim from the parameters, where `Signature` is one of them.
pub(super) fn read(parameters: &Parameters) -> Result<Claim, ApiError> {
    // V1 signs parameters and nothing else. Members of a JSON body would be parameters that no signature covers in full (the
    // string to sign is defined over query and form), other bytes would not be covered at all.
    if matches!(parameters.body(), Body::Json | Body::Opaque) {
        return Err(ErrorCode::UnsupportedContentType.into());
    }
    let get = |name| mandatory(name, parameters.get(name));
    let naming = Naming::of_parameters(parameters);
    mandatory("Action", naming.action)?;
    mandatory("Version", naming.version)?;
    let access_key_id = get("AccessKeyId")?.to_owned();
    let signature = get("Signature")?.to_owned();
    let algorithm = match get("SignatureMethod")? {
        "HMAC-SHA1" => V1Mac::HmacSha1,
        "HMAC-SHA256" => V1Mac::HmacSha256,
        _ => return Err(ErrorCode::InvalidSignatureMethod.into()),
    };
    if get("SignatureVersion")? != "1.0" {
        return Err(ErrorCode::IncompleteSignature.into());
    }
    get("Timestamp")?;
    let claim = Claim::unsigned(Scheme::V1(algorithm), &naming)?;
    if claim.nonce.is_none() && claim.version != KMS {
        return Err(missing("SignatureNonce"));
    }
    Ok(Claim {
        access_key_id: Some(access_key_id),
        security_token: parameters.get("SecurityToken").filter(|token| !token.is_empty()).map(str::to_owned),
        proof: Proof::Parameter(algorithm, signature),
        ..claim
    })
}

/// Finds the form under which the signature is right.
pub(super) fn verify(
    algorithm: V1Mac,
    signature: &str,
    request: &Incoming,
    parameters: &Parameters,
    secret: &Secret<String>,
) -> Result<Form, ApiError> {
    let key = Zeroizing::new([secret.expose().as_bytes(), b"&"].concat());
    let standard = string_to_sign(request, parameters, Form::Standard);
    if matches(algorithm, &key, &standard, signature) {
        return Ok(Form::Standard);
    }
    [Form::SkipEmpty, Form::PlusSpace]
        .into_iter()
        .filter(|form| form.applies(parameters))
        .find(|form| matches(algorithm, &key, &string_to_sign(request, parameters, *form), signature))
        .ok_or_else(|| {
            let shown = String::from_utf8(standard).expect("percent-encoded text is ASCII");
            ApiError::with(ErrorCode::SignatureMismatchV1, [shown])
        })
}

/// `METHOD & %2F & pct(canonical query)`, in one pass. Clients sign the path `/` whatever it is; here it only repeats which product
/// the signed version names, and one that disagrees is refused. The rest: the canonical query is itself encoded, so names and values are
/// encoded twice and its `=` and `&` once.
pub(super) fn string_to_sign(request: &Incoming, parameters: &Parameters, form: Form) -> Vec<u8> {
    let space = if form == Form::PlusSpace { Space::Plus } else { Space::Escaped };
    let mut out = Vec::with_capacity(64 + 2 * (request.query.len() + request.body.len()));
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.extend_from_slice(b"&%2F");
    let mut separator: &[u8] = b"&";
    for (name, value) in parameters.iter() {
        if name == "Signature" || (form == Form::SkipEmpty && value.is_empty()) {
            continue;
        }
        out.extend_from_slice(separator);
        percent::encode_twice(name, space, &mut out);
        out.extend_from_slice(b"%3D");
        percent::encode_twice(value, space, &mut out);
        separator = b"%26";
    }
    out
}

/// Compares the texts: several Base64 texts decode to the same bytes, and only one of them is the signature.
fn matches(algorithm: V1Mac, key: &[u8], string_to_sign: &[u8], signature: &str) -> bool {
    let expected = match algorithm {
        V1Mac::HmacSha1 => BASE64.encode(mac::hmac_sha1(key, string_to_sign)),
        V1Mac::HmacSha256 => BASE64.encode(mac::hmac_sha256(key, string_to_sign)),
    };
    mac::equal(expected.as_bytes(), signature.as_bytes())
}
