//! Every operation's own parameters: texts are parsed, or refused with an error of the caller's.

use coffer_cloud::parameters::Parameters;

use crate::input;

pub(crate) fn run(data: &[u8]) {
    let Some((entry, pairs)) = input::call(data) else { return };
    // As JSON, which takes any text: the form's own rules are another target's.
    let members = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
    let body = serde_json::Value::Object(members).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let Ok(parameters) = Parameters::parse(&input::incoming(String::new(), headers, body)) else { return };
    if let Err(error) = (entry.decode)(&parameters) {
        assert!((400..500).contains(&error.status()), "{} {error:?}", entry.operation.name);
    }
}
