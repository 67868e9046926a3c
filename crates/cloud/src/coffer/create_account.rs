//! CreateAccount: another account on this server, with an access key of its own and KMS open. The main account alone may call it.

use coffer_base::{AccountId, ApiError, Arn, ErrorCode};
use coffer_store::accounts;

use crate::bootstrap::{self, KmsService, Preset};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

/// Most accounts of a server.
const ACCOUNTS: usize = 1000;

request! {
    /// Which number it is to have.
    pub struct Request {
        /// 16 digits; random unless they are given.
        pub account: Option<Number> = "AccountId",
    }
}

/// An account's number.
#[derive(Clone, Debug)]
pub struct Number(AccountId);

impl Parameter for Number {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        AccountId::parse(text).map(Self).ok_or(Invalid::Value)
    }
}

response! {
    /// The account and its key.
    pub struct Response {
        /// Its number.
        pub account: String = "AccountId",
        /// The account's own access key.
        pub access_key_id: String = "AccessKeyId",
        /// Its secret, told this once.
        pub access_key_secret: String = "AccessKeySecret",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateAccount",
    effect: Effect::Write,
    access: Access::MainAccount,
    idempotent: false,
    errors: &[&[ErrorCode::ServerAccountExists, ErrorCode::ServerAccountQuota]],
};

/// No policy is asked about it.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(Vec::new())
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (known, asked) = (accounts::all(cx.tx)?, request.account.map(|Number(account)| account));
    if known.len() >= ACCOUNTS {
        return Err(ErrorCode::ServerAccountQuota.into());
    }
    if asked.as_ref().is_some_and(|account| known.contains(account)) {
        return Err(ErrorCode::ServerAccountExists.into());
    }
    let preset = Preset { account: asked, access_key: None };
    let (account, access) =
        bootstrap::create_account(cx.tx, cx.keyring, cx.rng, cx.now, preset).map_err(ApiError::internal)?;
    bootstrap::write_kms_service(cx.tx, &account, KmsService::Open)?;
    cx.note("accountId", account.to_string());
    cx.note("accessKeyId", access.access_key_id.clone());
    Ok(Response {
        account: account.to_string(),
        access_key_id: access.access_key_id,
        access_key_secret: access.secret.expose().clone(),
    })
}
