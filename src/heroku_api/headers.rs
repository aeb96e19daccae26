//! The headers that a user adds to a request: all that cannot redirect the token or split the
//! request.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use thiserror::Error;

use super::ApiError;
use super::request::{SECOND_FACTOR, second_factor};
use crate::environment::Environment;

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

    /// The headers in `HEROKU_HEADERS`, a JSON object, as the Heroku CLI sends them.
    ///
    /// # Errors
    /// [`ApiError::Setting`] if it is not such an object, or has a header that cannot be sent.
    pub fn of_environment(environment: &Environment) -> Result<Headers, ApiError> {
        let setting = |why| ApiError::Setting {
            variable: "HEROKU_HEADERS",
            why,
        };
        let Some(text) = &environment.heroku_headers else {
            return Ok(Headers::default());
        };
        let object = serde_json::from_str(text.expose_secret());
        let Ok(Value::Object(members)) = object else {
            return Err(setting("not a JSON object"));
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &members {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(setting("a value in it is not a string, number or boolean"));
                }
            };
            let (name, value) = parsed(name, &value).map_err(|why| match why {
                NotAHeader::Ours(_) => {
                    setting("it contains a header that only this program may set")
                }
                NotAHeader::NoColon | NotAHeader::Name | NotAHeader::Value(_) => {
                    setting("it contains an invalid header")
                }
            })?;
            headers.insert(name, value);
        }
        Ok(Headers(headers))
    }

    /// These and `others`, which replace those of the same name.
    #[must_use]
    pub fn with(mut self, others: Headers) -> Headers {
        // `extend` replaces all values of a name.
        self.0.extend(others.0);
        self
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
    use secrecy::SecretString;

    fn of(text: &str) -> Result<HeaderMap, ApiError> {
        let environment = Environment {
            heroku_headers: Some(SecretString::from(text)),
            ..Environment::default()
        };
        Headers::of_environment(&environment).map(Headers::into_map)
    }

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
            let (name, value) = line.split_once(':').unwrap();
            let object = serde_json::json!({(name): value}).to_string();
            assert!(
                matches!(of(&object), Err(ApiError::Setting { .. })),
                "{line}"
            );
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
        of(r#"{"X": "a\r\nHost: evil.example"}"#).unwrap_err();
    }

    #[test]
    fn a_persons_own_header_comes_before_the_environments() {
        let map = of(r#"{"Accept": "a", "X-One": "1", "X-Two": 2, "X-Three": true}"#).unwrap();
        let lines = ["accept: b", "accept: c", "If-None-Match: \"x:y\""];
        let map = Headers(map).with(Headers::read(lines).unwrap()).into_map();
        let all = |name| -> Vec<_> {
            map.get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap())
                .collect()
        };
        assert_eq!(all("accept"), ["b", "c"]);
        assert_eq!(all("if-none-match"), ["\"x:y\""]);
        assert_eq!(
            (all("x-one"), all("x-two"), all("x-three")),
            (vec!["1"], vec!["2"], vec!["true"])
        );
    }

    #[test]
    fn what_is_no_object_of_texts_is_an_error_and_is_not_shown() {
        for text in [
            "",
            "{",
            "[]",
            "7",
            r#"{"X": null}"#,
            r#"{"X": ["a"]}"#,
            r#"{"A B": "open-sesame"}"#,
        ] {
            let failure = of(text).unwrap_err();
            assert!(!format!("{failure:?}").contains("sesame"), "{text}");
        }
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
