//! The parameters of a request: query, form and JSON body. What was decoded, encoded again, is decoded to the same.

use coffer_cloud::parameters::Parameters;

use crate::input;

const TYPES: [&str; 4] =
    ["application/x-www-form-urlencoded", "application/json", "application/json; charset=utf-8", "text/plain"];

pub(crate) fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let (query, body) = input::text(rest);
    let kind = TYPES[usize::from(*first) % TYPES.len()];
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    let Ok(parameters) = Parameters::parse(&input::incoming(query, headers, body.to_vec())) else { return };
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let mut again = Vec::new();
    for (name, value) in parameters.iter() {
        assert_eq!(parameters.get(name), Some(value));
        again.push(format!("{}={}", escape(name), escape(value)));
    }
    let again = Parameters::parse(&input::incoming(again.join("&"), Vec::new(), Vec::new())).unwrap();
    assert!(again.iter().eq(parameters.iter()));
}
