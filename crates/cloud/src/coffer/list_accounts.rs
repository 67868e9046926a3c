//! ListAccounts: the accounts of this server. The main account alone may call it.

use coffer_base::{ApiError, Arn};
use coffer_store::accounts;

use crate::bootstrap;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing is asked for: there are no more than 1000.
    pub struct Request {}
}

response! {
    /// All of them.
    pub struct Response {
        /// The accounts, oldest first.
        pub accounts: Vec<Account> = "Accounts" of "Account",
    }

    /// An account.
    pub struct Account {
        /// Its number.
        pub account: String = "AccountId",
        /// Whether it is the one that the server was first started for.
        pub is_main: bool = "IsMain",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListAccounts",
    effect: Effect::Read,
    access: Access::MainAccount,
    idempotent: false,
    errors: &[],
};

/// No policy is asked about it.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(Vec::new())
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    let main = bootstrap::main_account(cx.tx)?;
    let account = |number| Account { is_main: main.as_ref() == Some(&number), account: number.to_string() };
    Ok(Response { accounts: accounts::all(cx.tx)?.into_iter().map(account).collect() })
}
