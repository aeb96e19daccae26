//! base64, read: the form in which git's settings hold a user name and a password.

use zeroize::Zeroizing;

/// The bytes that a text stands for; none where it is not base64.
pub(super) fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.trim().trim_end_matches('=');
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = LETTERS.iter().position(|&letter| letter == byte)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Og==", b":"),
            ("eDp5", b"x:y"),
            ("eDp5eg==", b"x:yz"),
        ] {
            assert_eq!(decoded(text).unwrap().as_slice(), bytes);
        }
        assert!(decoded("a*b").is_none());
    }
}
