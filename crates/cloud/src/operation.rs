//! What an operation is: a constant that says what it is called and who may call it, a request, and functions. One file holds
//! them, one line in its product's table enters them.

use std::any::Any;

use coffer_base::{ApiError, Arn, ErrorCode};

use crate::context::Cx;
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
    /// It runs in a transaction, with its audit row.
    Write,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whom a policy allows this action.
    Action(&'static str),
    /// The account alone, unless the setting `default_encryption.callers` opens it to whom a policy allows this action.
    AccountByDefault(&'static str),
    /// Everyone who can sign: no policy is asked.
    Caller,
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
    /// The shape of its answer.
    pub shape: fn() -> Shape,
    /// Parses a request. What comes out is valid in itself; only the state of things can still refuse it.
    pub decode: fn(&Parameters) -> Result<Decoded, ApiError>,
    /// The resources that a policy must allow the action on.
    pub resources: fn(&mut Cx<'_>, &Decoded) -> Result<Vec<Arn>, ApiError>,
    /// Does it.
    pub run: fn(&mut Cx<'_>, Decoded) -> Result<Value, ApiError>,
}

/// Declares a product's operations: a module of that name and its entry in the table, in one line each. `cargo fmt` does not look
/// into modules declared by a macro; `cargo xtask tidy` formats and checks them.
macro_rules! operations {
    ($product:expr; $($module:ident,)*) => {
        $(pub mod $module;)*

        /// The operations of this product.
        pub static OPERATIONS: &[$crate::operation::Entry] = &[$($crate::operation::Entry {
            product: $product,
            operation: &$module::OPERATION,
            parameters: <$module::Request as $crate::decode::Decode>::facts,
            shape: <$module::Response as $crate::value::Reply>::shape,
            decode: |parameters| {
                let request: $module::Request = $crate::decode::decode($product, parameters)?;
                Ok(Box::new(request))
            },
            resources: |cx, decoded| {
                let request = decoded.downcast_ref().expect("an entry decodes its own request");
                $module::resources(cx, request)
            },
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
