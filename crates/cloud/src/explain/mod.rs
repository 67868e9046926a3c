//! Questions to the policies that nobody asks by calling: about any principal of an account, or about a call that is on record.

pub mod principal;
pub mod recorded;
pub mod what_if;

use coffer_base::{ApiError, Arn};

use crate::auth::policy::{Context, Decision, Refusal};
use crate::auth::{Allowed, Explanation, is_account_only};
use crate::caller::Caller;
use crate::context::Cx;
use crate::dispatch::operations;
use crate::operation::Access;
use crate::product::Product;

/// May a principal perform actions, each on a resource?
#[derive(Debug)]
pub struct Question {
    /// The principal.
    pub caller: Caller,
    /// Actions of policies, each with a resource.
    pub about: Vec<(String, Arn)>,
    /// What conditions can ask.
    pub context: Context,
}

/// Why an operation that is for accounts alone is refused to others, whatever their policies say.
const ACCOUNT_ONLY: &str = "The operation is for the account itself, unless default_encryption.callers is ram.";

impl Question {
    /// The decisions, one for each action, with their reasons.
    pub fn explain(&self, cx: &Cx<'_>) -> Result<Vec<Explanation>, ApiError> {
        let allowed = Allowed::to(cx, &self.caller, self.context.clone())?;
        let explain = |(action, resource): &(String, Arn)| {
            let mut explanation = allowed.explain(cx, action, resource)?;
            if is_account_only(cx, &self.caller, access_of(action)) {
                explanation.decision = Decision::Refused(ACCOUNT_RULE);
                ACCOUNT_ONLY.clone_into(&mut explanation.reason);
                explanation.statements.iter_mut().for_each(|said| said.decides = false);
            }
            Ok(explanation)
        };
        self.about.iter().map(explain).collect()
    }
}

/// The refusal of what is for accounts alone; no policy has a part in it.
const ACCOUNT_RULE: Refusal = Refusal { policy_type: "AccountOnly", no_permission_type: "ExplicitDeny" };

/// Who may call the operation of an action: it matters where accounts alone may.
fn access_of(action: &str) -> Access {
    let all = Product::ALL.into_iter().flat_map(operations).map(|entry| entry.operation.access);
    let mut accounts_only = all.filter(|access| matches!(access, Access::AccountByDefault(_)));
    accounts_only
        .find(|access| matches!(access, Access::AccountByDefault(own) if own.eq_ignore_ascii_case(action)))
        .unwrap_or(Access::Caller)
}
