//! Signature V3, `ACS3-HMAC-SHA256` and `ACS3-HMAC-SM3`: method, path, query, listed headers and the body's hash
//! (public document "Request structure and signature").

use coffer_base::{ApiError, ErrorCode};
use coffer_crypto::digest::hex;
use coffer_crypto::mac;

use super::{Claim, Hash, Naming, Proof, Scheme, mandatory, percent, single};
use crate::Incoming;
use crate::parameters::Parameters;

/// The parts of an `Authorization` header, with what its algorithm stands for.
#[derive(Clone)]
pub(super) struct Authorization {
    /// The first line of the string to sign.
    pub(super) algorithm: &'static str,
    pub(super) hash: Hash,
    /// The header that carries the body's hash.
    pub(super) content_header: &'static str,
    /// The access key's id; in V4 followed by the scope.
    pub(super) credential: String,
    /// Names in strictly ascending order, joined with `;`, each of a header that is there.
    signed_headers: String,
    /// Lower-case hexadecimal.
    pub(super) signature: String,
}

/// How names stand in the canonical query: documented is encoded, most official clients leave them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Encoded,
    Raw,
}

impl Names {
    /// Raw names say the same as encoded ones when all are unreserved. They are refused where they would be ambiguous: with `&`,
    /// `=` or a line break one parameter reads like two, and with `%` a raw name reads like the encoding of another.
    fn applies(self, parameters: &Parameters) -> bool {
        self == Self::Encoded
            || (parameters.query().any(|(name, _)| !percent::is_unreserved(name))
                && !parameters.query().any(|(name, _)| name.contains(['&', '=', '%', '\n', '\r'])))
    }
}

/// Reads a claim from an `Authorization` header that begins with `ACS3-`, and the `x-acs-` headers.
pub(super) fn read(authorization: &str, request: &Incoming) -> Result<Claim, ApiError> {
    let (algorithm, fields) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let (algorithm, hash) = match algorithm {
        "ACS3-HMAC-SHA256" => ("ACS3-HMAC-SHA256", Hash::Sha256),
        "ACS3-HMAC-SM3" => ("ACS3-HMAC-SM3", Hash::Sm3),
        _ => return Err(ErrorCode::InvalidSignatureMethod.into()),
    };
    let authorization = Authorization::parse(algorithm, hash, "x-acs-content-sha256", fields)?;
    let claim = read_headers(Scheme::V3(hash), &authorization, request)?;
    Ok(Claim { access_key_id: Some(authorization.credential.clone()), proof: Proof::Header(authorization), ..claim })
}

/// Reads what V3 and V4 have in common: the headers that say what is asked for, all of them covered by the signature.
pub(super) fn read_headers(
    scheme: Scheme,
    authorization: &Authorization,
    request: &Incoming,
) -> Result<Claim, ApiError> {
    let naming = Naming::of_headers(request)?;
    let claim = Claim::unsigned(scheme, &naming)?;
    mandatory("Timestamp", naming.timestamp)?;
    let security_token = single(request, "x-acs-security-token")?;
    authorization.check_coverage(request)?;
    Ok(Claim { security_token: security_token.filter(|token| !token.is_empty()).map(str::to_owned), ..claim })
}

impl Authorization {
    /// Parses `Credential=…,SignedHeaders=…,Signature=…`, in any order, blanks around the commas allowed.
    pub(super) fn parse(
        algorithm: &'static str,
        hash: Hash,
        content_header: &'static str,
        fields: &str,
    ) -> Result<Self, ApiError> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.trim().split_once('=').ok_or(ErrorCode::IncompleteSignature)?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(ErrorCode::IncompleteSignature.into()),
            };
            if value.is_empty() || slot.replace(value.to_owned()).is_some() {
                return Err(ErrorCode::IncompleteSignature.into());
            }
        }
        match (credential, signed_headers, signature) {
            (Some(credential), Some(signed_headers), Some(signature)) => {
                Ok(Self { algorithm, hash, content_header, credential, signed_headers, signature })
            }
            _ => Err(ErrorCode::IncompleteSignature.into()),
        }
    }

    /// Every header that decides what this request does must be signed, once, or whoever carries it could change it.
    fn check_coverage(&self, request: &Incoming) -> Result<(), ApiError> {
        let names = || self.signed_headers.split(';');
        let ascending = names().zip(names().skip(1)).all(|(name, next)| name < next);
        let present = names().all(|name| request.header(name).is_some());
        let mut covered = ascending && present;

        for name in ["x-acs-action", "x-acs-version", "x-acs-date", self.content_header] {
            single(request, name)?;
            covered &= self.signs(name);
        }
        if self.signs("host") {
            single(request, "host")?;
        }
        let when_present = ["x-acs-security-token", "x-acs-signature-nonce"];
        // The content type decides whether the body is parameters.
        let with_a_body = (!request.body.is_empty()).then_some("content-type");
        for name in when_present.into_iter().chain(with_a_body) {
            covered &= single(request, name)?.is_none() || self.signs(name);
        }
        if covered { Ok(()) } else { Err(ErrorCode::IncompleteSignature.into()) }
    }

    pub(super) fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }

    /// Whether `key` makes this signature of the request, under one of the given ways to write names.
    pub(super) fn verify(
        &self,
        key: &[u8],
        names: &[Names],
        request: &Incoming,
        parameters: &Parameters,
    ) -> Result<(), ApiError> {
        let payload_hash = hex(&self.hash.of(&request.body));
        let claimed_hash = single(request, self.content_header)?.unwrap_or_default();
        // The headers vouch for the hash that was sent, so it has to be that of the body that came with it.
        let intact = mac::equal(payload_hash.as_bytes(), claimed_hash.as_bytes());
        let signed = names.iter().filter(|names| names.applies(parameters)).any(|names| {
            let canonical = self.canonical_request(request, parameters, &payload_hash, *names);
            let expected = hex(&self.hash.hmac(key, self.string_to_sign(&canonical).as_bytes()));
            mac::equal(expected.as_bytes(), self.signature.as_bytes())
        });
        if intact && signed {
            return Ok(());
        }
        let canonical = self.canonical_request(request, parameters, &payload_hash, Names::Encoded);
        let shown = String::from_utf8(canonical).expect("made of texts and ASCII");
        Err(ApiError::with(ErrorCode::SignatureMismatchV3, [self.string_to_sign(shown.as_bytes()), shown]))
    }

    pub(super) fn string_to_sign(&self, canonical_request: &[u8]) -> String {
        [self.algorithm, "\n", &hex(&self.hash.of(canonical_request))].concat()
    }

    pub(super) fn canonical_request(
        &self,
        request: &Incoming,
        parameters: &Parameters,
        payload_hash: &str,
        names: Names,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024 + 2 * request.query.len());
        out.extend_from_slice(request.method.as_str().as_bytes());
        out.push(b'\n');
        out.extend_from_slice(request.path.as_bytes());
        let mut separator = b'\n';
        for (name, value) in parameters.query() {
            out.push(separator);
            match names {
                Names::Encoded => percent::encode(name, &mut out),
                Names::Raw => out.extend_from_slice(name.as_bytes()),
            }
            out.push(b'=');
            percent::encode(value, &mut out);
            separator = b'&';
        }
        if separator == b'\n' {
            out.push(b'\n');
        }
        out.push(b'\n');
        for name in self.signed_headers.split(';') {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            push_header(name, request, &mut out);
            out.push(b'\n');
        }
        for line in ["\n", &self.signed_headers, "\n", payload_hash] {
            out.extend_from_slice(line.as_bytes());
        }
        out
    }
}

/// The trimmed value of a header; of several, all of them, sorted and joined with commas.
fn push_header(name: &str, request: &Incoming, out: &mut Vec<u8>) {
    let mut values = request.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.trim());
    let first = values.next().unwrap_or_default();
    let mut more: Vec<&str> = values.collect();
    if more.is_empty() {
        out.extend_from_slice(first.as_bytes());
        return;
    }
    more.push(first);
    more.sort_unstable();
    out.extend_from_slice(more.join(",").as_bytes());
}
