//! Headers in git's settings that send a password to Heroku.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::push::Sent;
use super::remotes::with;
use super::{Facts, Finding, Severity};
use crate::git::Setting;
use crate::token::Token;

/// Headers that send a password to Heroku: git sends them no matter what a helper answers.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let settings = facts.settings_of("http", "extraheader").into_iter();
    settings
        .filter(|setting| setting.covers_heroku())
        .filter_map(|setting| {
            let secret = authorization_in(&setting.value)?;
            Some(header(setting, &secret, facts))
        })
        .collect()
}

/// The password that git sends to Heroku in a header.
pub(super) fn sent(facts: &Facts<'_>) -> Option<Sent> {
    let mut settings = facts.settings_of("http", "extraheader").into_iter();
    settings.find_map(|setting| {
        let secret = authorization_in(&setting.value).filter(|_| setting.covers_heroku())?;
        Some(Sent::Header(herokus(setting, &secret, facts).cloned()))
    })
}

/// The token, if it may be Heroku's. A secret that may belong to another service is not sent to Heroku's API.
fn herokus<'s>(setting: &Setting, secret: &'s Secret, facts: &Facts<'_>) -> Option<&'s Token> {
    match secret {
        Secret::Token(token)
            if is_scoped(setting) || token.has_herokus_prefix() || facts.is_in_keyring(token) =>
        {
            Some(token)
        }
        Secret::Token(_) | Secret::Other => None,
    }
}

fn is_scoped(setting: &Setting) -> bool {
    setting.key != "http.extraheader"
}

fn header(setting: &Setting, secret: &Secret, facts: &Facts<'_>) -> Finding {
    let (key, place) = (&setting.key, &setting.origin);
    let receiver = if is_scoped(setting) {
        "Heroku"
    } else {
        "every server"
    };
    let what = format!("{key} in {place} sends a password to {receiver}");
    let token = herokus(setting, secret, facts);
    let severity = match token {
        Some(token) if !facts.is_rejected(token) => Severity::Warn,
        Some(_) | None => Severity::Fail,
    };
    let about = token.and_then(|token| facts.describe(token));
    let why = "git sends this header instead of the helper's token, and asks to erase the token if Heroku rejects the header";
    Finding::new("git.password-in-header", severity, what)
        .with_details(with(why, about))
        .with_fix(setting.change_command(
            "--unset-all",
            Some(&header_pattern(&setting.value)),
            facts.home(),
        ))
}

/// A value pattern that matches this header only. git reads it as a regular expression.
fn header_pattern(header: &str) -> String {
    let name = header.split(':').next().unwrap_or_default();
    format!("^{name}:")
}

/// What an `Authorization` header contains.
enum Secret {
    Token(Token),
    Other,
}

/// The secret in an `Authorization` header; none for any other header.
fn authorization_in(header: &str) -> Option<Secret> {
    let (name, value) = header.split_once(':')?;
    if !name.trim().eq_ignore_ascii_case("authorization") {
        return None;
    }
    let (scheme, secret) = value.trim().split_once(' ')?;
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Token::parse(secret).ok(),
        "basic" => decoded(secret).and_then(|pair| {
            let at = pair.iter().position(|&byte| byte == b':')?;
            Token::from_bytes(pair[at + 1..].to_vec()).ok()
        }),
        _ => None,
    };
    Some(token.map_or(Secret::Other, Secret::Token))
}

/// Decodes base64; none if the text is not base64. The padding may be missing, as the header may have
/// been written by hand.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text = text.trim();
    // As long as the text, so that the vector never grows: growing would leave an unwiped copy.
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let length = BASE64.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
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
            ("Og", b":"),
            ("eDp5", b"x:y"),
            ("eDp5eg==", b"x:yz"),
        ] {
            assert_eq!(decoded(text).unwrap().as_slice(), bytes);
        }
        assert!(decoded("a*b").is_none());
    }

    #[test]
    fn a_password_is_found_in_each_form_of_the_header() {
        let token = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
        let read = |header: &str| match authorization_in(header) {
            Some(Secret::Token(token)) => token.expose().to_owned(),
            Some(Secret::Other) => "another secret".to_owned(),
            None => "no secret".to_owned(),
        };
        assert_eq!(read(&format!("authorization: Bearer {token}")), token);
        let basic =
            "Authorization: Basic eDpIUktVLTAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFiY2RlZg==";
        assert_eq!(read(basic), token);
        assert_eq!(read("Authorization: Basic *"), "another secret");
        assert_eq!(read("X-Trace: 1"), "no secret");
    }
}
