//! Headers in git's settings that send a password to Heroku, whatever a helper answers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::Facts;
use crate::git::{Setting, UrlParts};
use crate::token::Token;

/// The first setting with an `Authorization` header that git sends to this URL, and the token in it, if it may be
/// Heroku's. A secret that may belong to another service is not sent to Heroku's API.
pub(super) fn authorization<'f>(
    url: &str,
    facts: &'f Facts<'_>,
) -> Option<(&'f Setting, Option<Token>)> {
    let applied = UrlParts::parse(url).applied(facts.settings_of("http", "extraheader"));
    // An empty value removes the headers before it.
    let mut sent = applied.rsplit(|setting| setting.value.is_empty());
    sent.next()?.iter().find_map(|&setting| {
        let authorization = authorization_in(&setting.value)?;
        let may_be_herokus = |token: &Token| {
            setting.key != "http.extraheader"
                || token.has_herokus_prefix()
                || facts.keyring_account_of(token).is_some()
        };
        Some((setting, token_in(authorization).filter(may_be_herokus)))
    })
}

/// The value of an `Authorization` header; none for any other header.
fn authorization_in(header: &str) -> Option<&str> {
    let (name, value) = header.split_once(':')?;
    let is_it = name.trim().eq_ignore_ascii_case("authorization");
    is_it.then(|| value.trim())
}

fn token_in(authorization: &str) -> Option<Token> {
    let (scheme, secret) = authorization.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Token::parse(secret).ok(),
        "basic" => {
            let pair = decoded(secret)?;
            let at = pair.iter().position(|&byte| byte == b':')?;
            Token::from_bytes(pair[at + 1..].to_vec()).ok()
        }
        _ => None,
    }
}

/// Decodes base64; none if the text is not base64.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    // As long as the text, so that the vector never grows: growing would leave an unwiped copy.
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let length = BASE64_STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_each_form_of_the_header() {
        let token = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
        let pair = "eDpIUktVLTAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFiY2RlZg==";
        for (header, expected) in [
            (format!("authorization: Bearer {token}"), Some(token)),
            (format!("Authorization: Basic {pair}"), Some(token)),
            (format!("authorization: basic {pair}"), Some(token)),
            ("Authorization: Basic *".to_owned(), None),
            ("Authorization: Basic".to_owned(), None),
        ] {
            let found = token_in(authorization_in(&header).unwrap());
            assert_eq!(found.as_ref().map(Token::expose), expected, "{header}");
        }
        assert!(authorization_in("X-Trace: 1").is_none());
    }
}
