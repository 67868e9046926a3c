//! Percent-encoding as signatures want it: RFC 3986 unreserved characters stay, every other byte becomes `%XX` in upper case.

/// Appends `text` to `out`, encoded. `blank` is what a space becomes.
fn push(out: &mut String, text: &str, blank: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push_str(blank),
            _ => {
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

/// Appends `text` to `out`, encoded.
pub(super) fn encode(out: &mut String, text: &str) {
    push(out, text, "%20");
}

/// The same with a space as `+`: what one credentials library signs.
pub(super) fn encode_with_plus(out: &mut String, text: &str) {
    push(out, text, "+");
}

/// Whether encoding leaves a text as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        let mut out = String::new();
        encode(&mut out, "aZ0-_.~ *+/:é");
        assert_eq!(out, "aZ0-_.~%20%2A%2B%2F%3A%C3%A9");
        assert!(is_plain("Tag.1.Key") && !is_plain("Tags.#4#name"));
    }
}
