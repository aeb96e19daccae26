//! The secret: [`Token`], parsed once, when it is read.

use std::fmt;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use zeroize::Zeroize;

/// A Heroku token: git sends it as the password, and the API accepts it as the bearer.
///
/// It has no `Display` and no `Serialize`, its `Debug` shows a fingerprint, and it is wiped when
/// dropped. Only [`Token::expose`] returns its text.
#[derive(Clone)]
pub struct Token(SecretString);

/// Why a text is not a token. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAToken {
    /// It is empty or only white space.
    #[error("it is empty")]
    Empty,
    /// Shorter or longer than any token that Heroku has issued.
    #[error("it is too short or too long")]
    Length,
    /// Quotes that a shell would have removed: from `docker --env-file` or `jq`.
    #[error("it is in quotes")]
    Quoted,
    /// `NAME=TOKEN` in place of the token.
    #[error("it starts with NAME=")]
    Assignment,
    /// The name of a variable that was not expanded.
    #[error("it is a variable name that was not expanded")]
    Variable,
    /// A blank, a line break or anything else outside printable ASCII.
    #[error("it contains an invalid character")]
    Character,
}

impl Token {
    /// The shortest text that can be a token, in bytes.
    pub const SHORTEST: usize = 20;
    /// The longest text that can be a token, in bytes.
    pub const LONGEST: usize = 512;

    /// Reads a token; white space around it is dropped, as the Heroku CLI does.
    ///
    /// The form is not checked further: Heroku has issued `HRKU-` tokens of two lengths and bare
    /// UUIDs, and all of them stay valid until they are regenerated.
    ///
    /// # Errors
    /// [`NotAToken`] says which rule the text breaks.
    ///
    /// Source: Heroku's changelog items on token formats.
    pub fn parse(text: &str) -> Result<Token, NotAToken> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAToken::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotAToken::Character);
        }
        if !(Token::SHORTEST..=Token::LONGEST).contains(&text.len()) {
            return Err(NotAToken::Length);
        }
        Ok(Token(SecretString::from(text)))
    }

    /// Whether it has a form that Heroku issues: `HRKU-` with more text, or a UUID. Another text may be a token too,
    /// and a UUID need not be one.
    pub fn has_known_form(&self) -> bool {
        self.has_herokus_prefix() || is_uuid(self.expose())
    }

    /// Whether its form shows that Heroku issued it.
    pub fn has_herokus_prefix(&self) -> bool {
        self.expose().starts_with("HRKU-")
    }

    /// Reads a token from bytes of a keyring or a file, and wipes them.
    ///
    /// # Errors
    /// As [`Token::parse`]; bytes that are not UTF-8 are a wrong character.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Token, NotAToken> {
        let token = std::str::from_utf8(&bytes)
            .map_err(|_| NotAToken::Character)
            .and_then(Token::parse);
        bytes.zeroize();
        token
    }

    /// The token's text. Only for git's reply, the keyring, netrc and a request to Heroku.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Identifies the token without revealing it: 8 bytes of its SHA-256, in hex.
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, self.expose().as_bytes());
        let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
        format!("{:016x}", u64::from_be_bytes(first))
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}

/// Whether a user name may be a token, as in `https://TOKEN@git.heroku.com`: it has a form that Heroku issues or
/// has issued, complete or shortened.
pub fn is_shaped_like_one(name: &str) -> bool {
    let prefix = name.get(..5).unwrap_or_default();
    let is_hex_key = name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit());
    prefix.eq_ignore_ascii_case("HRKU-") || is_uuid(name) || is_hex_key
}

impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_that_heroku_has_issued_is_a_token() {
        for text in [
            &format!("HRKU-AA{}", "x_-9".repeat(14) + "zz"),
            "HRKU-01234567-89ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdef01234567",
        ] {
            assert_eq!(Token::parse(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn the_forms_that_heroku_issues_are_known() {
        let is_known = |text| Token::parse(text).unwrap().has_known_form();
        assert!(is_known("HRKU-01234567-89ab-cdef-0123-456789abcdef"));
        assert!(is_known("01234567-89ab-cdef-0123-456789abcdef"));
        assert!(!is_known("0123456789abcdef0123456789abcdef01234567"));
        assert!(!is_known("01234567_89ab_cdef_0123_456789abcdef"));
    }

    #[test]
    fn a_value_that_would_break_the_protocol_is_not_a_token() {
        assert_eq!(Token::parse(" \n").unwrap_err(), NotAToken::Empty);
        assert_eq!(Token::parse("short").unwrap_err(), NotAToken::Length);
        assert_eq!(
            Token::parse(&"x".repeat(513)).unwrap_err(),
            NotAToken::Length
        );
        for inside in ["\n", "\r", "\0", " ", "\u{1b}[", "é"] {
            let text = format!("HRKU-0123456789{inside}0123456789");
            assert_eq!(Token::parse(&text).unwrap_err(), NotAToken::Character);
        }
    }

    /// `printf TOKEN | sha256sum`. Metadata under another fingerprint would not be found.
    #[test]
    fn a_fingerprint_is_the_beginning_of_the_sha_256() {
        let token = Token::parse("HRKU-01234567-89ab-cdef-0123-456789abcdef").unwrap();
        assert_eq!(token.fingerprint(), "885a518f9bc673f4");
    }

    #[test]
    fn debug_output_contains_the_fingerprint_and_not_the_token() {
        let token = Token::parse("HRKU-01234567-89ab-cdef-0123-456789abcdef").unwrap();
        let shown = format!("{token:?}");
        assert_eq!(shown, format!("Token({})", token.fingerprint()));
        assert_eq!(token.fingerprint().len(), 16);
        assert!(!shown.contains("HRKU") && !shown.contains("89ab"));
    }

    proptest! {
        #[test]
        fn a_token_is_one_printable_word(text in any::<String>()) {
            if let Ok(token) = Token::parse(&text) {
                prop_assert!(token.expose().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(Token::parse(token.expose()).unwrap(), token);
            }
        }
    }
}
