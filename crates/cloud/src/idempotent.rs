//! `ClientToken`: a retry gets the first answer again and does nothing.

use coffer_base::{ApiError, ErrorCode, limits};
use coffer_crypto::digest;
use coffer_store::idempotency::{self, Remembered};

use crate::context::Cx;
use crate::operation::Operation;
use crate::parameters::Parameters;
use crate::product::Product;
use crate::value::Value;

/// A client token with what it was sent with.
pub struct Token {
    text: String,
    fingerprint: [u8; 32],
}

/// Parameters that change from try to try, or say how the answer is to look: they don't count ("How to ensure idempotence").
const NOT_COUNTED: [&str; 14] = [
    "AccessKeyId",
    "Action",
    "BearerToken",
    "ClientToken",
    "Format",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "SourceIp",
    "Timestamp",
    "Version",
];

impl Token {
    /// The token of a request, if it has one.
    pub fn read(parameters: &Parameters, operation: &Operation) -> Result<Option<Self>, ApiError> {
        let Some(text) = parameters.get("ClientToken").filter(|text| !text.is_empty()) else { return Ok(None) };
        if !text.is_ascii() || text.len() > limits::CLIENT_TOKEN_CHARS {
            let own = own_code(operation, "InvalidClientToken.Malformed");
            return Err(own.map_or_else(|| Product::Ecs.invalid_parameter("ClientToken"), ApiError::new));
        }
        let mut counted = Vec::new();
        for (name, value) in parameters.iter().filter(|(name, _)| !NOT_COUNTED.contains(name)) {
            for part in [name, value] {
                counted.extend_from_slice(&(part.len() as u64).to_be_bytes());
                counted.extend_from_slice(part.as_bytes());
            }
        }
        Ok(Some(Self { text: text.to_owned(), fingerprint: digest::sha256(&counted) }))
    }

    /// The answer that this request got when it was made before.
    pub fn recall(&self, cx: &Cx<'_>, operation: &Operation) -> Result<Option<Value>, ApiError> {
        let oldest = cx.now.plus_ms(-limits::CLIENT_TOKEN_MS);
        let done = idempotency::recall(cx.tx, cx.account(), operation.name, &self.text, oldest)?;
        let Some(done) = done else { return Ok(None) };
        if done.fingerprint != self.fingerprint {
            let own = own_code(operation, "IdempotentParameterMismatch");
            return Err(own.unwrap_or(ErrorCode::IdempotentParameterMismatch).into());
        }
        let json = serde_json::from_str(&done.response).map_err(ApiError::internal)?;
        Ok(Some(Value::from_json(json).ok_or_else(|| ApiError::internal("a remembered answer can't be read"))?))
    }

    /// Remembers the answer.
    pub fn remember(&self, cx: &Cx<'_>, action: &str, value: &Value) -> Result<(), ApiError> {
        let response = serde_json::to_string(value).map_err(ApiError::internal)?;
        let done = Remembered { fingerprint: self.fingerprint.to_vec(), response };
        Ok(idempotency::remember(cx.tx, cx.account(), action, &self.text, &done, cx.now)?)
    }
}

/// The error of that vendor code that an operation declares: some number or word the common ones in their own way.
fn own_code(operation: &Operation, code: &str) -> Option<ErrorCode> {
    operation.errors.iter().copied().flatten().copied().find(|error| error.template().0 == code)
}
