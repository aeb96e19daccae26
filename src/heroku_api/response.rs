//! A reply of Heroku, and how its parts are read.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::{AsHeaderName, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Version, blocking};
use secrecy::SecretString;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use super::{ApiError, Auth, ErrorBody};
use crate::notice::is_unseen;
use crate::secret_buf::SecretBuf;
use crate::token::Token;

/// A reply with its whole body, whatever its status; or one page of a list.
pub struct Response {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    body: SecretBuf,
}

impl Response {
    /// A reply whose body has been read.
    pub(super) fn new(opened: &blocking::Response, body: SecretBuf) -> Response {
        Response {
            status: opened.status(),
            version: opened.version(),
            headers: opened.headers().clone(),
            body,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the request succeeded, including 304 (not modified).
    pub fn is_success(&self) -> bool {
        matches!(self.status(), 200..300 | 304)
    }

    /// Whether the body says that it is JSON.
    pub fn is_json(&self) -> bool {
        let kind = self.header(CONTENT_TYPE);
        kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    /// The whole body, decompressed.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The range of the next page if this is a part of a list.
    pub fn next_range(&self) -> Option<String> {
        let is_part = self.status == StatusCode::PARTIAL_CONTENT;
        self.header("next-range")
            .filter(|_| is_part)
            .map(str::to_owned)
    }

    /// Status line and headers as in HTTP, up to the empty line, without control characters.
    pub fn head(&self) -> String {
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut head = format!("{:?} {} {reason}\r\n", self.version, self.status());
        for (name, value) in &self.headers {
            let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            value.retain(|c| !is_unseen(c));
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// The meaning of an error status.
    pub fn error(&self, token: &Token) -> ApiError {
        self.meaning(Auth::Bearer(token))
    }

    /// Status, id and message of an error of Heroku's, for a user who knows the API. None if the reply is no such error.
    pub fn summary(&self, token: &Token) -> Option<String> {
        let body = self.error_body();
        body.summary(self.status(), Auth::Bearer(token))
    }

    /// The body of a success; the meaning of an error depends on the authentication.
    pub(super) fn json<T: DeserializeOwned>(&self, auth: Auth<'_>) -> Result<T, ApiError> {
        if !self.status.is_success() {
            return Err(self.meaning(auth));
        }
        let body = Some(&*self.body).filter(|body| !body.is_empty());
        serde_json::from_slice(body.unwrap_or(b"null")).map_err(|_| self.unparsed())
    }

    /// Why the body of a success could not be parsed.
    pub fn unparsed(&self) -> ApiError {
        if self.is_json() {
            ApiError::Garbled
        } else {
            ApiError::Foreign(self.status())
        }
    }

    fn meaning(&self, auth: Auth<'_>) -> ApiError {
        ApiError::from_answer(self.status(), &self.error_body(), self.retry_after(), auth)
    }

    fn error_body(&self) -> ErrorBody {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// How long to wait before a retry; none if Heroku does not say it in seconds, or says more than a day: its limit
    /// counts requests in an hour.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let wait = Duration::from_secs(self.header(RETRY_AFTER)?.parse().ok()?);
        (wait <= LONGEST).then_some(wait)
    }

    fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().ok()?.trim())
    }
}

/// A member that is missing or not of the expected type has the default value. For `#[serde(deserialize_with)]`.
///
/// It is read from the bytes of the reply: an untagged enum would keep a copy that is not wiped.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// The same for a secret.
pub(super) fn secret<'de, D>(deserializer: D) -> Result<Option<SecretString>, D::Error>
where
    D: Deserializer<'de>,
{
    let text: Option<String> = lenient(deserializer)?;
    Ok(text.map(SecretString::from))
}

/// The guard of every loop over pages: no page is requested twice, and no list is endless.
#[derive(Debug, Default)]
pub struct Pages(HashSet<String>);

impl Pages {
    /// The range of the next page, as a reply names it; none after the last page.
    ///
    /// # Errors
    /// [`ApiError::Garbled`] if the list repeats a page, or has more pages than any list of Heroku's.
    pub fn follow(&mut self, next: Option<String>) -> Result<Option<String>, ApiError> {
        const MOST: usize = 1000;
        if let Some(next) = &next
            && (self.0.len() + 1 == MOST || !self.0.insert(next.clone()))
        {
            return Err(ApiError::Garbled);
        }
        Ok(next)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    /// A reply with these headers and an empty body.
    pub(in super::super) fn response(status: u16, headers: &[(HeaderName, &str)]) -> Response {
        let headers = headers.iter();
        let pair = |(name, value): &(HeaderName, &str)| {
            (name.clone(), HeaderValue::from_str(value).unwrap())
        };
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            version: Version::HTTP_11,
            headers: headers.map(pair).collect(),
            body: SecretBuf::default(),
        }
    }

    fn wait(after: &str) -> Option<u64> {
        let wait = response(429, &[(RETRY_AFTER, after)]).retry_after();
        wait.map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_a_number_of_seconds() {
        for (after, seconds) in [("0", 0), (" 7 ", 7), ("86400", 86_400)] {
            assert_eq!(wait(after), Some(seconds), "{after}");
        }
    }

    #[test]
    fn an_invalid_or_long_wait_is_ignored() {
        for after in [
            "",
            "soon",
            "-1",
            "1.5",
            "86401",
            "99999999999999999999999",
            "Wed, 25 Nov 2026 10:00:30 GMT",
        ] {
            assert_eq!(wait(after), None, "{after}");
        }
    }

    #[test]
    fn an_endless_list_is_an_error() {
        let follow = |names: &mut dyn Iterator<Item = usize>| {
            let mut pages = Pages::default();
            names
                .map(|name| pages.follow(Some(format!("id {name}.."))))
                .position(|page| page.is_err())
        };
        assert_eq!(follow(&mut (0..999)), None);
        assert_eq!(follow(&mut (0..)), Some(999));
        assert_eq!(follow(&mut [1, 1].into_iter()), Some(1));
        assert_eq!(follow(&mut (0..7).chain([3])), Some(7));
        assert_eq!(Pages::default().follow(None), Ok(None));
    }

    proptest! {
        #[test]
        fn no_header_causes_a_long_wait_or_a_panic(after in "[ -~]{0,40}") {
            prop_assert!(wait(&after).is_none_or(|wait| wait <= 86_400));
        }
    }
}
