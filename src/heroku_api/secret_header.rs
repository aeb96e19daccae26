//! Headers that contain a secret: their bytes are wiped when the last reference, here or in the HTTP
//! client, is dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// `Bearer` and a secret; none if it cannot be sent in a header.
pub(super) fn bearer(secret: &str) -> Option<HeaderValue> {
    wiped(joined("Bearer ", secret.as_bytes()))
}

/// `Basic` and a name with its password.
pub(super) fn basic(name: &str, password: &str) -> Option<HeaderValue> {
    let pair = joined(&format!("{name}:"), password.as_bytes());
    let mut encoded = Zeroizing::new(vec![0; pair.len().div_ceil(3) * 4]);
    STANDARD.encode_slice(pair, &mut encoded).ok()?;
    wiped(joined("Basic ", &encoded))
}

/// A secret alone.
pub(super) fn plain(secret: &str) -> Option<HeaderValue> {
    wiped(joined("", secret.as_bytes()))
}

/// The vector has its final size from the start: one that grows does not wipe its old memory.
fn joined(before: &str, secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(before.len() + secret.len()));
    bytes.extend_from_slice(before.as_bytes());
    bytes.extend_from_slice(secret);
    bytes
}

fn wiped(bytes: Zeroizing<Vec<u8>>) -> Option<HeaderValue> {
    // This takes over the bytes without a copy.
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(bytes)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_header_has_the_form_of_http_and_is_never_shown() {
        for (value, expected) in [
            (bearer("HRKU-x"), "Bearer HRKU-x"),
            (
                basic("ann@example.com", "a:b"),
                "Basic YW5uQGV4YW1wbGUuY29tOmE6Yg==",
            ),
            (basic("", ""), "Basic Og=="),
            (plain("cccccbgebgdk"), "cccccbgebgdk"),
        ] {
            let value = value.unwrap();
            assert_eq!(value.to_str().unwrap(), expected);
            assert_eq!(format!("{value:?}"), "Sensitive");
        }
    }

    #[test]
    fn a_line_break_makes_no_header() {
        assert!(bearer("x\r\ny: z").is_none() && plain("1\r\nX: y").is_none());
    }

    #[test]
    fn the_bytes_are_not_copied() {
        let bytes = joined("Bearer ", b"secret");
        let place = bytes.as_ptr();
        assert_eq!(wiped(bytes).unwrap().as_bytes().as_ptr(), place);
    }
}
