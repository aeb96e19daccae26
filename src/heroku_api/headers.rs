//! The headers that a person sends along: every one that cannot lead the token astray or break the
//! request apart.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use thiserror::Error;

use super::ApiError;
use super::transport::second_factor;
use crate::environment::Environment;

/// Those that say who asks, whom, and where the request ends: each is ours alone.
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

/// Headers to go with a request.
#[derive(Debug, Clone, Default)]
pub struct Headers(HeaderMap);

/// Why a line is no header to send. Never carries its value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAHeader {
    /// It has no colon.
    #[error("a header is 'Name: value'")]
    NoColon,
    /// Its name has a character that no name of a header has.
    #[error("that is not the name of a header")]
    Name,
    /// Its value would end the header before its time.
    #[error("the header {0} has a character in its value that no header can have")]
    Value(String),
    /// It would change who asks, or whom.
    #[error("the header {0} is set by this program alone")]
    Ours(String),
}

impl Headers {
    /// Reads a person's lines `Name: value`. Of one name all that they give are sent.
    ///
    /// # Errors
    /// The first line that is none to send.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Headers, NotAHeader> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(NotAHeader::NoColon)?;
            let (name, value) = parsed(name, value)?;
            headers.append(name, value);
        }
        Ok(Headers(headers))
    }

    /// Those of `HEROKU_HEADERS`, a JSON object, as the Heroku CLI sends them.
    ///
    /// # Errors
    /// [`ApiError::Setting`] where it is no such object, or has a header that is none to send.
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
            return Err(setting("it is not a JSON object"));
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &members {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(setting("a value in it is not a text"));
                }
            };
            let (name, value) = parsed(name, &value).map_err(|why| match why {
                NotAHeader::Ours(_) => setting("it would change who asks Heroku, or whom"),
                NotAHeader::NoColon | NotAHeader::Name | NotAHeader::Value(_) => {
                    setting("it has a header that cannot be sent")
                }
            })?;
            headers.insert(name, value);
        }
        Ok(Headers(headers))
    }

    /// These, with `others` in place of those of the same name.
    #[must_use]
    pub fn with(mut self, others: Headers) -> Headers {
        // A map extends itself by putting the first of a name in place of all that it had.
        self.0.extend(others.0);
        self
    }

    /// These, with the second factor that Heroku has asked for.
    ///
    /// # Errors
    /// [`ApiError::TwoFactor`] where it does not fit into a header: then Heroku has not given it out.
    pub fn with_second_factor(mut self, code: &str) -> Result<Headers, ApiError> {
        let value = second_factor(code)?;
        self.0.insert("heroku-two-factor-code", value);
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
    // What a person sends may be a secret: it is left out of whatever is logged below us.
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
    fn no_header_says_who_asks_or_whom() {
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
