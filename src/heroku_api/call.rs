//! Requests in the user's own words, to paths of the API and to no other host.

use std::fmt::Write as _;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RANGE};
use reqwest::{Method, Url};
use thiserror::Error;

use super::headers::Headers;
use super::transport::{Answer, Retry};
use super::{ApiError, Auth, HerokuApi};
use crate::notice::{Notice, is_unseen};
use crate::token::Token;

/// The largest answer that is handed on, in bytes, counted once it is unpacked. The API sends at most 1000
/// entries at once.
const LARGEST: usize = 16 * 1024 * 1024;

/// A request in the user's own words.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its name in HTTP.
    pub method: &'static str,
    /// Where to.
    pub address: Address,
    /// Besides ours, or in place of them.
    pub headers: Headers,
    /// JSON, unless a header says otherwise.
    pub body: Option<Vec<u8>>,
    /// The part of a list that is meant, in the API's words.
    pub range: Option<String>,
}

/// A place on the API's host, and on no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no place on the API's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAnAddress {
    /// It leads elsewhere.
    #[error("that is not an address on Heroku's API, and no other host gets the token")]
    Elsewhere,
    /// It is no path at all.
    #[error("that is not a path on Heroku's API")]
    Nowhere,
    /// A part of it is `.` or `..`, so that it would be another path.
    #[error("a path with . or .. in it leads to another one")]
    DotSegment,
}

/// An answer, or one page of a list.
pub struct Response(Answer);

impl HerokuApi {
    /// The address of a path, with or without its first slash, or of an address in full.
    ///
    /// # Errors
    /// [`NotAnAddress::Elsewhere`] where its host is not exactly that of the API in use.
    pub fn address(&self, path: &str, query: &[(String, String)]) -> Result<Address, NotAnAddress> {
        // What cleans an address up on the way is where two readers of it come to differ.
        if !path
            .chars()
            .all(|c| c.is_ascii_graphic() && c != '\\' && c != '#')
        {
            return Err(NotAnAddress::Nowhere);
        }
        if has_dot_segment(path) {
            return Err(NotAnAddress::DotSegment);
        }
        let scheme = path.split_once("://").map(|(scheme, _)| scheme);
        let text = match scheme {
            Some(scheme) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => path.to_owned(),
            _ => format!("{}/{}", self.host.url(), path.trim_start_matches('/')),
        };
        let mut url = Url::parse(&text).map_err(|_| NotAnAddress::Nowhere)?;
        let origin = Url::parse(&self.host.url()).map_err(|_| NotAnAddress::Nowhere)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if url.origin() != origin.origin() || !is_plain {
            return Err(NotAnAddress::Elsewhere);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(Address(url))
    }

    /// Makes a call. Any status is an answer. `on_retry` learns of each repetition before its pause.
    ///
    /// The limit of the client bounds the wait for the head, and then for each read of the body: a large list may
    /// take its time.
    ///
    /// # Errors
    /// Why there is no answer, or not all of it.
    pub fn call(
        &self,
        token: &Token,
        call: &Call,
        on_retry: &mut dyn FnMut(&Retry),
    ) -> Result<Response, ApiError> {
        let method = Method::from_bytes(call.method.as_bytes()).unwrap_or_default();
        let mut request = self.request(method, "", Auth::Bearer(token));
        request.url = call.address.0.to_string();
        request.headers = call.headers.clone().into_map();
        if let Some(range) = &call.range {
            let range = HeaderValue::from_str(range).map_err(|_| ApiError::Garbled)?;
            request.headers.insert(RANGE, range);
        }
        request.body.clone_from(&call.body);
        request.limit = None;
        request.largest = LARGEST;
        self.transport.send(&request, on_retry).map(Response)
    }
}

/// Whether a part of a path is `.` or `..`, also as a URL encodes them: it would be resolved, here or by the server,
/// and a name that a script puts into a path must not become another path.
fn has_dot_segment(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let decoded = path.to_ascii_lowercase().replace("%2e", ".");
    let decoded = decoded.replace("%2f", "/").replace("%5c", "/");
    decoded.split('/').any(|part| [".", ".."].contains(&part))
}

impl Response {
    /// The answer's status.
    pub fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    /// Whether Heroku did what it was asked, or sent it; or it has not changed.
    pub fn is_success(&self) -> bool {
        matches!(self.status(), 200..300 | 304)
    }

    /// Whether the body says that it is JSON.
    pub fn is_json(&self) -> bool {
        let kind = self.0.headers.get(CONTENT_TYPE);
        kind.and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    /// The range to ask for next if this is a part of a list.
    pub fn next_range(&self) -> Option<String> {
        self.0.next_range()
    }

    /// The whole body, unpacked.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The status and the headers as HTTP writes them, up to the empty line, without what a terminal would act
    /// upon.
    pub fn head(&self) -> String {
        let status = self.0.status;
        let reason = status.canonical_reason().unwrap_or_default();
        let mut head = format!("{:?} {} {reason}\r\n", self.0.version, status.as_u16());
        for (name, value) in &self.0.headers {
            let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            value.retain(|c| !is_unseen(c));
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// What a refusal means.
    pub fn error(&self, token: &Token) -> ApiError {
        self.0.error(Auth::Bearer(token))
    }

    /// A refusal for a reader who knows the API: its status, Heroku's id and message, and the fix.
    pub fn notice(&self, token: &Token) -> Notice {
        let notice = self.error(token).notice();
        let summary = self
            .0
            .error_body()
            .summary(self.status(), Auth::Bearer(token));
        match summary {
            Some(what) => Notice::new(what, notice.fix()),
            None => notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use proptest::prelude::*;
    use std::time::Duration;

    fn api(heroku_host: Option<&str>) -> HerokuApi {
        let environment = Environment {
            heroku_host: heroku_host.map(str::to_owned),
            ..Environment::default()
        };
        HerokuApi::new(&environment, Duration::from_secs(1)).unwrap()
    }

    fn address(path: &str) -> Result<String, NotAnAddress> {
        api(None)
            .address(path, &[])
            .map(|Address(url)| url.to_string())
    }

    #[test]
    fn a_path_is_meant_with_and_without_its_first_slash() {
        for path in [
            "apps?x=y",
            "/apps?x=y",
            "//apps?x=y",
            "https://api.heroku.com/apps?x=y",
            "HTTPS://API.heroku.com:443/apps?x=y",
        ] {
            assert_eq!(
                address(path).unwrap(),
                "https://api.heroku.com/apps?x=y",
                "{path}"
            );
        }
        assert_eq!(
            address("/x?u=https://evil.example").unwrap(),
            "https://api.heroku.com/x?u=https://evil.example"
        );
    }

    #[test]
    fn fields_are_added_to_the_query_that_there_is() {
        let query = [("a[]".to_owned(), "x&y=z".to_owned())];
        let Address(url) = api(None).address("apps?b=1", &query).unwrap();
        assert_eq!(
            url.as_str(),
            "https://api.heroku.com/apps?b=1&a%5B%5D=x%26y%3Dz"
        );
    }

    #[test]
    fn an_address_elsewhere_gets_nothing() {
        for path in [
            "https://evil.example/apps",
            "http://api.heroku.com/apps",
            "https://api.heroku.com.evil.example/",
            "https://api.heroku.com@evil.example/",
            "https://ann@api.heroku.com/",
            "https://api.heroku.com:8443/",
            "https://git.heroku.com/",
            "ftp://api.heroku.com/",
        ] {
            assert_eq!(address(path), Err(NotAnAddress::Elsewhere), "{path}");
        }
        for path in [
            "a b",
            "apps\r\nHost: evil.example",
            "\\\\evil.example",
            "apps#x",
            "äpps",
            "https://",
        ] {
            assert_eq!(address(path), Err(NotAnAddress::Nowhere), "{path:?}");
        }
    }

    #[test]
    fn a_path_is_never_resolved_to_another_one() {
        for path in [
            "apps/../account",
            "apps/x/..",
            "..",
            "./apps",
            "apps/%2e%2e/account",
            "apps/.%2E/account?x=y",
            "apps/%2e/x",
            "apps/x%2f..%2Faccount",
            "apps/x%5c..%5caccount",
            "https://api.heroku.com/apps/../account",
        ] {
            assert_eq!(address(path), Err(NotAnAddress::DotSegment), "{path}");
        }
        for path in ["apps/...", "apps/a..b", "apps/.git", "apps?x=/../y"] {
            assert_eq!(
                address(path).unwrap(),
                format!("https://api.heroku.com/{path}")
            );
        }
    }

    #[test]
    fn the_host_in_use_is_the_only_one() {
        let staging = api(Some("staging.herokudev.com"));
        let Address(url) = staging.address("apps", &[]).unwrap();
        assert_eq!(url.as_str(), "https://api.staging.herokudev.com/apps");
        let other = staging.address("https://api.heroku.com/apps", &[]);
        assert_eq!(other, Err(NotAnAddress::Elsewhere));
    }

    proptest! {
        #[test]
        fn no_path_leads_to_another_host(path in "[-a-z0-9@:/.\\\\?#%\\[\\]]{0,40}") {
            if let Ok(Address(url)) = api(None).address(&path, &[]) {
                prop_assert!(url.as_str().starts_with("https://api.heroku.com/"));
                let given = path.split('?').next().unwrap_or_default();
                let given = given.rsplit("://").next().unwrap_or_default();
                prop_assert!(given.ends_with(url.path().trim_start_matches('/')), "{} {}", path, url);
            }
        }
    }
}
