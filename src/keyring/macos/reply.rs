//! The meaning of an answer of `security`.
//!
//! The exit code is the lowest byte of macOS's result code. That is not enough: 44 means "not found", but also that the
//! search failed. The messages on stderr are translated, but the function names in front of them are not, so only the
//! names are read.
//!
//! Source: Apple's `SecurityTool` and `SecBase.h`.

use zeroize::Zeroizing;

use super::super::{Lock, Missing, Unavailable};
use crate::secret_buf::from_hex;
use crate::subprocess::Output;
use crate::token::Token;

const NOT_FOUND: &[u8] = b"security: SecKeychainSearchCopyNext:";
const NOT_MODIFIED: &[u8] = b"security: SecKeychainItemModifyContent:";

/// Whether the command found its item.
///
/// # Errors
/// [`Unavailable::Locked`] if macOS would have to ask the user and this session has no screen.
pub(super) fn found(reply: &Output) -> Result<bool, Unavailable> {
    let errors = reply.stderr.trim_ascii();
    let mut lines = errors.split(|byte| *byte == b'\n');
    Err(match reply.status.code() {
        Some(0) => return Ok(true),
        Some(44) if is_absence(errors) => return Ok(false),
        Some(44) => search_failed(),
        // No interaction allowed, dark wake, and an authorization that needs interaction.
        Some(36 | 24 | 29) => Unavailable::Locked(Lock::Keyring),
        // Denied, cancelled, no access to this item, authorization denied.
        Some(51 | 128 | 101 | 155) => Unavailable::Refused,
        // macOS refused the update, and then a new item would have been a duplicate.
        Some(45) if lines.any(|line| line.starts_with(NOT_MODIFIED)) => Unavailable::Refused,
        // No default keychain, an invalid one, none of this name, not available.
        Some(37 | 49 | 50 | 53) => Unavailable::NoKeyring(Missing::System),
        Some(code) => Unavailable::Broken(format!("macOS's security tool exited with {code}")),
        None => Unavailable::Broken("macOS's security tool was killed".to_owned()),
    })
}

/// As [`found`], for a command that needs no item.
pub(super) fn success(reply: &Output) -> Result<(), Unavailable> {
    if found(reply)? {
        Ok(())
    } else {
        Err(search_failed())
    }
}

/// Whether the only line says that there is no such item.
fn is_absence(errors: &[u8]) -> bool {
    errors.starts_with(NOT_FOUND) && !errors.contains(&b'\n')
}

fn search_failed() -> Unavailable {
    Unavailable::Broken("macOS could not search the keychain".to_owned())
}

/// The token in what `find-generic-password -w` prints.
///
/// A secret with a byte that cannot be printed, such as the newline that `echo` adds, is printed in hex, without a
/// mark. A token may itself look like hex. So the output is decoded only if the result is a token with such a byte.
pub(super) fn token(output: &[u8]) -> Option<Token> {
    let text = std::str::from_utf8(output).ok()?.trim_end_matches('\n');
    if let Some(bytes) = decode_hex(text)
        && bytes.iter().any(|byte| !matches!(byte, b' '..=b'~'))
        && let Ok(token) = Token::from_bytes(bytes.to_vec())
    {
        return Some(token);
    }
    Token::parse(text).ok()
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else {
            return None;
        };
        bytes.push(from_hex(*high, *low)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret_buf::SecretBuf;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
    const COPY_NEXT: &str = "security: SecKeychainSearchCopyNext: Das Objekt gibt es nicht.\n";
    const SANDBOX: &str =
        "security: SecKeychainSearchCreateFromAttributes: A Module Directory Service error\n";
    const MODIFY: &str = "security: SecKeychainItemModifyContent: Nein.\n";

    fn reply(code: i32, errors: &str) -> Output {
        Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: SecretBuf::default(),
            stderr: SecretBuf::from(errors.as_bytes().to_vec()),
        }
    }

    fn broken(why: &str) -> Unavailable {
        Unavailable::Broken(why.to_owned())
    }

    fn hex(bytes: &[u8]) -> String {
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap();
        let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 0xf)];
        bytes.iter().flat_map(pair).collect()
    }

    #[test]
    fn a_search_that_failed_is_not_an_absent_item() {
        assert_eq!(found(&reply(44, COPY_NEXT)), Ok(false));
        let why = broken("macOS could not search the keychain");
        assert_eq!(success(&reply(44, COPY_NEXT)), Err(why.clone()));
        for errors in ["", SANDBOX, &format!("{SANDBOX}{COPY_NEXT}")] {
            assert_eq!(found(&reply(44, errors)), Err(why.clone()), "{errors}");
        }
    }

    #[test]
    fn every_code_has_its_meaning() {
        let locked = || Unavailable::Locked(Lock::Keyring);
        let none = || Unavailable::NoKeyring(Missing::System);
        let table = [
            (36, locked()),
            (24, locked()),
            (29, locked()),
            (51, Unavailable::Refused),
            (128, Unavailable::Refused),
            (101, Unavailable::Refused),
            (155, Unavailable::Refused),
            (37, none()),
            (49, none()),
            (50, none()),
            (53, none()),
            (1, broken("macOS's security tool exited with 1")),
            (45, broken("macOS's security tool exited with 45")),
        ];
        for (code, why) in table {
            assert_eq!(found(&reply(code, "")), Err(why), "{code}");
        }
        assert_eq!(success(&reply(0, MODIFY)), Ok(()));
        assert_eq!(success(&reply(45, MODIFY)), Err(Unavailable::Refused));
        let killed = Output {
            status: ExitStatus::from_raw(9),
            ..reply(0, "")
        };
        let why = broken("macOS's security tool was killed");
        assert_eq!(found(&killed), Err(why));
    }

    #[test]
    fn a_token_stored_with_a_newline_is_decoded_from_hex() {
        for secret in [format!("{TOKEN}\n"), format!("\t{TOKEN}\r\n")] {
            let printed = format!("{}\n", hex(secret.as_bytes()));
            assert_eq!(token(printed.as_bytes()).unwrap().expose(), TOKEN);
        }
        let printed = format!("{TOKEN}\n");
        assert_eq!(token(printed.as_bytes()).unwrap().expose(), TOKEN);
    }

    #[test]
    fn a_token_that_looks_like_hex_stays_as_it_is() {
        let digits = "0123456789abcdef0123456789abcdef01234567";
        // 64 digits of which every pair is a printable character.
        let printable = "48".repeat(32);
        // As long as a token with a newline in hex, but not one.
        let long = "0a".repeat(42);
        for text in [digits, &printable, &long] {
            let printed = format!("{text}\n");
            assert_eq!(token(printed.as_bytes()).unwrap().expose(), text);
        }
    }

    #[test]
    fn a_secret_that_is_not_a_token_is_ignored() {
        assert_eq!(token(b"\n"), None);
        assert_eq!(token(b"two words\n"), None);
        assert_eq!(token(&[0xff, b'\n']), None);
    }
}
