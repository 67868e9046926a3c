//! Percent-encoding as signatures define it (RFC 3986, section 2.3 for the unreserved set): `A-Z a-z 0-9 - _ . ~` stand for
//! themselves, every other byte of the UTF-8 text becomes `%XX` with upper-case digits.

const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        byte += 1;
    }
    table
};

/// What a space becomes in the inner encoding of [`encode_twice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// `%20`, the standard.
    Escaped,
    /// `+`, as HTML forms have it.
    Plus,
}

/// Appends the encoded text.
pub(crate) fn encode(text: &str, out: &mut Vec<u8>) {
    escape(text, out, |byte, out| {
        let [high, low] = digits(byte);
        out.extend_from_slice(&[b'%', high, low]);
    });
}

/// Appends the encoding of the encoded text, which is what ends up in a V1 string to sign.
pub(crate) fn encode_twice(text: &str, space: Space, out: &mut Vec<u8>) {
    escape(text, out, |byte, out| {
        if byte == b' ' && space == Space::Plus {
            out.extend_from_slice(b"%2B");
        } else {
            let [high, low] = digits(byte);
            out.extend_from_slice(&[b'%', b'2', b'5', high, low]);
        }
    });
}

/// Whether encoding leaves the text as it is.
pub(crate) fn is_unreserved(text: &str) -> bool {
    text.bytes().all(|byte| UNRESERVED[usize::from(byte)])
}

fn escape(text: &str, out: &mut Vec<u8>, reserved: impl Fn(u8, &mut Vec<u8>)) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| !UNRESERVED[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        reserved(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        encode(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn exactly_the_unreserved_characters_stand_for_themselves() {
        let unreserved = "ABCXYZabcxyz0189-_.~";
        assert_eq!(encoded(unreserved), unreserved);
        assert_eq!(
            encoded(" !\"#$%&'()*+,/:;<=>?@[\\]^`{|}"),
            "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D"
        );
        assert_eq!(encoded("磁\u{1F600}"), "%E7%A3%81%F0%9F%98%80");
    }

    #[test]
    fn encoding_twice_equals_the_encoding_of_the_encoding() {
        let text = "a b*c~d+e/f=g&h%i 磁";
        let mut twice = Vec::new();
        encode_twice(text, Space::Escaped, &mut twice);
        assert_eq!(String::from_utf8(twice).unwrap(), encoded(&encoded(text)));
        let mut plus = Vec::new();
        encode_twice(text, Space::Plus, &mut plus);
        assert_eq!(String::from_utf8(plus).unwrap(), encoded(&encoded(text).replace("%20", "+")));
    }
}
