//! What an operation is: a constant that says what it is called and who may call it, a request, and functions. One file holds
//! them, one line in its product's table enters them.

use std::any::Any;

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::tags::Tag;

use crate::context::Cx;
use crate::costly::Step;
use crate::parameters::Parameters;
use crate::product::Product;
use crate::value::{Shape, Value};

/// What an operation declares about itself.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The vendor's name of the action, for example `CreateDisk`.
    pub name: &'static str,
    /// Whether it can change anything.
    pub effect: Effect,
    /// Who may call it.
    pub access: Access,
    /// Whether it takes a `ClientToken`, so that a retry does not do it twice.
    pub idempotent: bool,
    /// The errors it may answer with, in groups, besides those of the gateway and of authorisation.
    pub errors: &'static [&'static [ErrorCode]],
}

/// Whether an operation can change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It reads from a snapshot of the database.
    Read,
    /// It reads from a snapshot too, and that it was called is on record before it is answered: a key was used, a secret was read.
    Use,
    /// It runs in a transaction, with its audit row.
    Write,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whom a policy allows this action.
    Action(&'static str),
    /// Whom policies allow each of these actions, on the resource in the same place.
    Each(&'static [&'static str]),
    /// The account alone, unless the setting `default_encryption.callers` opens it to whom a policy allows this action.
    AccountByDefault(&'static str),
    /// The server's main account alone: neither its users nor its roles, and no other account.
    MainAccount,
    /// Everyone who can sign: no policy is asked.
    Caller,
    /// Everyone, signed or not: the request itself proves who calls, by the word of an identity provider.
    Anyone,
}

impl Access {
    /// The action to ask policies about for each of so many resources; none where no policy is asked.
    pub fn actions(self, resources: usize) -> Vec<&'static str> {
        match self {
            Self::Action(action) | Self::AccountByDefault(action) => vec![action; resources],
            Self::Each(actions) => actions.to_vec(),
            Self::MainAccount | Self::Caller | Self::Anyone => Vec::new(),
        }
    }
}

impl Operation {
    /// Its action as policies and records name it: the first, where it has several.
    pub const fn action(&self) -> &'static str {
        match self.access {
            Access::Action(action) | Access::AccountByDefault(action) => action,
            Access::Each(actions) => actions[0],
            Access::MainAccount | Access::Caller | Access::Anyone => self.name,
        }
    }
}

/// A parameter as the operation declares it, for the conformance test and the compatibility table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterFact {
    /// The vendor's name.
    pub name: &'static str,
    /// The vendor's word for its type.
    pub kind: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// The members it takes of each element, for a list of structures.
    pub members: &'static [&'static str],
}

/// A parameter that the vendor's operation has and this one does not honour. A request that sends it with effect gets the product's
/// general error for a bad parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The vendor's name, `N` standing for a list's index: `DataDisk.N.Device`. What lies below it is meant too.
    pub name: &'static str,
    /// The values that change nothing; case does not count.
    pub harmless: &'static [&'static str],
}

impl Refused {
    /// The name under which a request sends this with effect, if it does. Empty counts as absent.
    pub fn sent_in<'a>(&self, parameters: &'a Parameters) -> Option<&'a str> {
        let prefix = self.name.split(".N").next().unwrap_or(self.name);
        let effective =
            |text: &str| !text.is_empty() && !self.harmless.iter().any(|word| word.eq_ignore_ascii_case(text));
        parameters
            .starting_with(prefix)
            .find(|(name, value)| self.means(name) && effective(value))
            .map(|(name, _)| name)
    }

    fn means(&self, name: &str) -> bool {
        let mut parts = name.split('.');
        self.name.split('.').all(|ours| {
            let Some(theirs) = parts.next() else { return false };
            ours == theirs || (ours == "N" && theirs.bytes().all(|byte| byte.is_ascii_digit()))
        })
    }
}

/// A request, decoded, on its way to the operation it belongs to.
pub type Decoded = Box<dyn Any + Send>;

/// An operation in its product's table.
pub struct Entry {
    /// The product.
    pub product: Product,
    /// What it declares.
    pub operation: &'static Operation,
    /// The parameters it takes.
    pub parameters: fn() -> Vec<ParameterFact>,
    /// The vendor's parameters that it does not honour.
    pub refused: &'static [Refused],
    /// The shape of its answer.
    pub shape: fn() -> Shape,
    /// Parses a request. What comes out is valid in itself; only the state of things can still refuse it.
    pub decode: fn(&Parameters) -> Result<Decoded, ApiError>,
    /// The tags that a request sets.
    pub tags: fn(&Decoded) -> Vec<Tag>,
    /// The resources that a policy must allow the action on.
    pub resources: fn(&mut Cx<'_>, &Decoded) -> Result<Vec<Arn>, ApiError>,
    /// What takes too long for its transaction and is to be done before it, for this request. The caller has been authorised.
    pub costly: Option<CostlyOf>,
    /// Does it.
    pub run: fn(&mut Cx<'_>, Decoded) -> Result<Value, ApiError>,
}

/// How an operation says what is to be done before its transaction.
pub type CostlyOf = fn(&mut Cx<'_>, &Decoded) -> Result<Option<Step>, ApiError>;

/// Declares a product's operations: a module of that name and its entry in the table, in one line each; `: costly` where the module has
/// a function of that name. `cargo fmt` does not look into modules declared by a macro; `cargo xtask tidy` formats and checks them.
macro_rules! operations {
    (@costly $module:ident) => { None };
    (@costly $module:ident costly) => {
        Some(|cx, decoded| {
            let request = decoded.downcast_ref().expect("an entry decodes its own request");
            $module::costly(cx, request)
        })
    };
    ($product:expr; $($module:ident $(: $costly:ident)?,)*) => {
        $(pub mod $module;)*

        /// The operations of this product.
        pub static OPERATIONS: &[$crate::operation::Entry] = &[$($crate::operation::Entry {
            product: $product,
            operation: &$module::OPERATION,
            parameters: <$module::Request as $crate::decode::Decode>::facts,
            refused: <$module::Request as $crate::decode::Decode>::REFUSED,
            shape: <$module::Response as $crate::value::Reply>::shape,
            decode: |parameters| {
                let request: $module::Request = $crate::decode::decode($product, parameters)?;
                Ok(Box::new(request))
            },
            tags: |decoded| {
                let request: &$module::Request = decoded.downcast_ref().expect("an entry decodes its own request");
                $crate::decode::Decode::tags(request)
            },
            resources: |cx, decoded| {
                let request = decoded.downcast_ref().expect("an entry decodes its own request");
                $module::resources(cx, request)
            },
            costly: $crate::operation::operations!(@costly $module $($costly)?),
            run: |cx, decoded| {
                let request = decoded.downcast().expect("an entry decodes its own request");
                let response: $module::Response = $module::run(cx, *request)?;
                let value = $crate::value::Reply::into_value(response);
                Ok(value.expect("a response is an object"))
            },
        },)*];
    };
}
pub(crate) use operations;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Incoming, Method};

    fn sent(refused: Refused, query: &str) -> Option<String> {
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        let (path, query) = ("/".to_owned(), query.to_owned());
        let incoming = Incoming { method: Method::Get, path, query, headers: vec![], body: vec![], peer, tls: false };
        refused.sent_in(&Parameters::parse(&incoming).unwrap()).map(str::to_owned)
    }

    #[test]
    fn a_refused_parameter_is_found_by_itself_by_index_and_by_what_lies_below() {
        let tag = Refused { name: "Tag", harmless: &["[]"] };
        for (query, name) in [("Tag=x", "Tag"), ("Tag.1.Key=x", "Tag.1.Key"), ("Tag=[]&Tag.2=x", "Tag.2")] {
            assert_eq!(sent(tag, query).as_deref(), Some(name), "{query}");
        }
        let device = Refused { name: "DataDisk.N.Device", harmless: &[] };
        assert_eq!(sent(device, "DataDisk.2.Device=x&DataDisk.1.Size=1").as_deref(), Some("DataDisk.2.Device"));
    }

    #[test]
    fn other_names_empty_texts_and_harmless_values_pass() {
        let dry_run = Refused { name: "DryRun", harmless: &["false"] };
        for query in ["", "DryRun=", "DryRun=False", "DryRunning=true", "Dry=true", "A.DryRun=true"] {
            assert_eq!(sent(dry_run, query), None, "{query}");
        }
        let device = Refused { name: "DataDisk.N.Device", harmless: &[] };
        for query in ["DataDisk.1.Size=1", "DataDisk.x.Device=1", "DataDisk=1", "DataDisk.1.Devices=1"] {
            assert_eq!(sent(device, query), None, "{query}");
        }
    }
}
