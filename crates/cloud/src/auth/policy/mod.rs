//! The policy engine: a pure function from policies, action, resources and context to a decision with its reason.
//!
//! Source: RAM documentation, "Policy structure and syntax", "Policy elements", "Policy evaluation process".

mod condition;
mod document;
mod evaluate;
mod glob;

pub use condition::Context;
pub use document::{Malformed, Policy, PolicyKind};
pub use evaluate::{
    Decision, Effect, Grant, Layers, Principal, Refusal, Verdict, decide, evaluate, evaluate_key, evaluate_trust,
};

#[cfg(test)]
mod tests;
