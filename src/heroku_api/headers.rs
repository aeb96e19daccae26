//! The headers that a user adds to a request: all that cannot redirect the token or split the
//! request.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

use super::ApiError;
use super::request::{SECOND_FACTOR, second_factor};

/// Headers that only this program sets: authentication, host and framing of the request.
const OURS: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that a user adds to a request.
#[derive(Debug, Clone, Default)]
pub struct Headers(HeaderMap);

/// Why a line is not a header that can be sent. Never contains its value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAHeader {
    /// It has no colon.
    #[error("a header must have the form 'Name: value'")]
    NoColon,
    /// Its name has an invalid character.
    #[error("invalid header name")]
    Name,
    /// Its value has a character that would end the header.
    #[error("the value of the header {0} has an invalid character")]
    Value(String),
    /// It would change the authentication, the host or the framing of the request.
    #[error("only this program may set the header {0}")]
    Ours(String),
}

impl Headers {
    /// Reads the user's lines `Name: value`. If a name is given several times, all its values are sent.
    ///
    /// # Errors
    /// Why the first invalid line cannot be sent.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Headers, NotAHeader> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(NotAHeader::NoColon)?;
            let (name, value) = parsed(name, value)?;
            headers.append(name, value);
        }
        Ok(Headers(headers))
    }

    /// These and the second factor that Heroku has asked for.
    ///
    /// # Errors
    /// [`ApiError::TwoFactor`] if it cannot be sent in a header: then it is no code of Heroku's.
    pub fn with_second_factor(mut self, code: &str) -> Result<Headers, ApiError> {
        let value = second_factor(code)?;
        self.0.insert(SECOND_FACTOR, value);
        Ok(self)
    }

    pub(super) fn into_map(self) -> HeaderMap {
        self.0
    }
}

fn parsed(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), NotAHeader> {
    let name = HeaderName::try_from(name.trim()).map_err(|_| NotAHeader::Name)?;
    if OURS.contains(&name.as_str()) {
        return Err(NotAHeader::Ours(name.to_string()));
    }
    let mut value = HeaderValue::from_str(value.trim_matches([' ', '\t']))
        .map_err(|_| NotAHeader::Value(name.to_string()))?;
    // The value may be a secret: the HTTP client leaves it out of its logs.
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn no_header_changes_authentication_or_host() {
        for line in [
            "Authorization: Bearer x",
            "AUTHORIZATION : Basic x",
            "Host: evil.example",
            "host:evil.example",
            "Content-Length: 0",
            "Transfer-Encoding: chunked",
            "Proxy-Authorization: Basic x",
        ] {
            let refused = Headers::read([line]).unwrap_err();
            assert!(matches!(refused, NotAHeader::Ours(_)), "{line}");
        }
    }

    #[test]
    fn no_header_brings_another_one_with_it() {
        for line in [
            "X: a\r\nAuthorization: b",
            "X: a\nb",
            "X: \0",
            "X\r\nHost: a",
            "X Y: a",
            ": a",
            "no colon",
        ] {
            Headers::read([line]).unwrap_err();
        }
    }

    #[test]
    fn all_values_of_a_name_are_sent() {
        let lines = ["accept: b", "Accept: c", "If-None-Match: \"x:y\""];
        let map = Headers::read(lines).unwrap().into_map();
        let all = |name| -> Vec<_> {
            map.get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap())
                .collect()
        };
        assert_eq!(all("accept"), ["b", "c"]);
        assert_eq!(all("if-none-match"), ["\"x:y\""]);
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Headers::read(["X-Key: open-sesame"]).unwrap());
        assert!(
            shown.contains("x-key") && !shown.contains("sesame"),
            "{shown}"
        );
    }
}
