//! `coffer account` against a server: its accounts, as its main account sees them.

use coffer_cloud::Product;

use super::failure::Failure;
use super::output::Output;
use super::session::Connection;

const FIELDS: &[(&str, &str)] =
    &[("account", "AccountId"), ("access key id", "AccessKeyId"), ("access key secret", "AccessKeySecret")];
const COLUMNS: &[(&str, &str)] = &[("ACCOUNT", "AccountId"), ("MAIN", "IsMain")];

/// Makes an account; of that number, if one is given.
pub(crate) fn create(connection: &Connection, output: Output, account: Option<&str>) -> Result<(), Failure> {
    let mut session = connection.open()?;
    let parameters: Vec<_> = account.map(|account| ("AccountId", account)).into_iter().collect();
    let made = session.call(Product::Coffer, "CreateAccount", &parameters)?;
    Ok(output.show(FIELDS, &made)?)
}

/// Lists the accounts.
pub(crate) fn list(connection: &Connection, output: Output) -> Result<(), Failure> {
    let listed = connection.open()?.call(Product::Coffer, "ListAccounts", &[])?;
    let accounts = listed["Accounts"]["Account"].as_array().cloned().unwrap_or_default();
    Ok(output.list(COLUMNS, &accounts)?)
}
