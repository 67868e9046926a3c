//! placeholder
pub(crate) fn run() -> Result<(), crate::serve::Error> {
    Err("not built yet".into())
}
