//! The policy engine: a pure function from policies, action, resources and context to a decision with its reason.
//!
//! Source: RAM documentation, "Policy structure and syntax", "Policy elements", "Policy evaluation process".

mod condition;
mod document;
mod evaluate;
mod glob;

pub use condition::{Condition, Context};
pub use document::{Malformed, Policy, PolicyKind, PrincipalKind};
pub use evaluate::{
    Decision, Effect, Grant, Layer, Layers, Miss, Principal, Refusal, Tried, Verdict, decide, evaluate, evaluate_key,
    evaluate_trust, matching, tried, tried_key,
};

#[cfg(test)]
mod tests;
