//! Who is calling, and may they: signatures, sessions, the policy engine.

pub mod policy;
pub mod signature;
