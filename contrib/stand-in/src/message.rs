//! Requests and answers, independent of a connection.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

/// A request. The body is empty if it is read in pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A value of the query, decoded.
    pub(crate) fn query(&self, key: &str) -> Option<String> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| percent_decoded(value))
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The user and the password of `Authorization: Basic`.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// Whether a header contains this word.
    pub(crate) fn header_contains(&self, header: &str, word: &str) -> bool {
        self.header(header)
            .is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }
}

/// A complete answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What marks the end of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framing {
    /// Its length in bytes.
    Length(usize),
    /// The last of its chunks.
    Chunks,
    /// The end of the connection.
    Close,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status)
            .with("Content-Type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Answer {
        self.body = body.into();
        self
    }

    pub(crate) fn head(&self, framing: Framing) -> String {
        let mut head = format!("HTTP/1.1 {} Stand-in\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        match framing {
            // Replies with these statuses have no body, and so no Content-Length.
            Framing::Length(_) if matches!(self.status, 204 | 304) => {}
            Framing::Length(length) => {
                let _ = write!(head, "Content-Length: {length}\r\n");
            }
            Framing::Chunks => head += "Transfer-Encoding: chunked\r\n",
            Framing::Close => head += "Connection: close\r\n",
        }
        head + "\r\n"
    }
}

fn percent_decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (byte, after) = match (byte, escaped) {
            (b'%', Some(escaped)) => (escaped, &after[2..]),
            _ => (byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_authorization(value: &str) -> Request {
        Request {
            headers: vec![("authorization".to_owned(), value.to_owned())],
            ..Request::default()
        }
    }

    #[test]
    fn basic_gives_user_and_password() {
        let read = |value| with_authorization(value).basic();
        let pair = ("heroku".to_owned(), "HRKU-a:b".to_owned());
        assert_eq!(read("Basic aGVyb2t1OkhSS1UtYTpi"), Some(pair));
        assert_eq!(read("Basic Og=="), Some((String::new(), String::new())));
        assert_eq!(read("Bearer x"), None);
        assert_eq!(read("Basic *"), None);
    }

    #[test]
    fn a_query_value_is_decoded() {
        let query = "name=a&email=ann%40example.com&odd=%4".to_owned();
        let request = Request {
            query,
            ..Request::default()
        };
        assert_eq!(request.query("email").as_deref(), Some("ann@example.com"));
        assert_eq!(request.query("odd").as_deref(), Some("%4"));
        assert_eq!(request.query("mail"), None);
    }

    #[test]
    fn a_reply_without_a_body_has_no_length() {
        assert!(!Answer::new(204).head(Framing::Length(0)).contains("Length"));
        assert!(Answer::new(200).head(Framing::Length(0)).contains("Length"));
    }
}
