//! Requests in a person's own words. The answer is handed on as it comes, so that a list may have
//! any number of pages; only its head is understood here.

use std::fmt::Write as _;
use std::io::Read;
use std::thread;
use std::time::{Duration, SystemTime};

use reqwest::Url;
use reqwest::blocking::Response;
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RANGE, USER_AGENT,
};
use serde_json::Value;
use thiserror::Error;

use super::error::refusal;
use super::headers::Headers;
use super::request_id::request_id;
use super::transport::{self, AGENT, VERSION};
use super::{ApiError, Auth, HerokuApi, times};
use crate::notice::{Notice, is_unseen};
use crate::token::Token;

/// The largest page that is handed on, in bytes, counted once it is unpacked. The API tells at most
/// 1000 entries at once.
const LARGEST_PAGE: usize = 32 * 1024 * 1024;

/// A request in a person's own words.
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
}

/// A call that is going to be made again.
#[derive(Debug)]
pub struct Wait {
    /// What came of it this time.
    pub why: ApiError,
    /// How long until it is made again.
    pub pause: Duration,
}

/// An answer, or one page of a list: its head is there, its body is to be read.
pub struct Page<'a> {
    api: &'a HerokuApi,
    response: Response,
    left: usize,
}

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

    /// Makes a call. It is made again where Heroku names the time to wait for a turn, where nothing
    /// of it can have arrived, and, if it only reads, where Heroku could not serve it just then.
    ///
    /// Any status is an answer. `waits` is told each time that it is made again.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn call(
        &self,
        token: &Token,
        call: &Call,
        waits: &mut dyn FnMut(&Wait),
    ) -> Result<Page<'_>, ApiError> {
        const TRIES: u32 = 4;
        for attempt in 1..TRIES {
            let answer = self.call_once(token, call);
            let Some(wait) = wait(&answer, call, attempt) else {
                return answer;
            };
            waits(&wait);
            thread::sleep(wait.pause);
        }
        self.call_once(token, call)
    }

    fn call_once(&self, token: &Token, call: &Call) -> Result<Page<'_>, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(VERSION));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let id = HeaderValue::from_str(&request_id());
        headers.extend(
            id.ok()
                .map(|id| (HeaderName::from_static("request-id"), id)),
        );
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.extend(call.headers.clone().into_map());
        if let Some(range) = &call.range {
            let range = HeaderValue::from_str(range).map_err(|_| ApiError::Garbled)?;
            headers.insert(RANGE, range);
        }
        let response = self.transport.open(
            call.method,
            call.address.0.clone(),
            headers,
            call.body.clone(),
            token,
        )?;
        Ok(Page {
            api: self,
            response,
            left: LARGEST_PAGE,
        })
    }
}

/// How long to wait before a call is made again; none where that would not help, or not be safe.
fn wait(answer: &Result<Page<'_>, ApiError>, call: &Call, attempt: u32) -> Option<Wait> {
    const LONGEST: Duration = Duration::from_secs(60);
    let step = transport::STEP * attempt;
    let only_reads = ["GET", "HEAD"].contains(&call.method);
    let (why, pause) = match answer {
        Err(failure) if failure.is_before_the_request() => (failure.clone(), step),
        Err(_) => return None,
        Ok(page) => match page.status() {
            429 => (
                ApiError::RateLimited(page.retry_after()),
                page.retry_after()?,
            ),
            status @ 502..=504 if only_reads => {
                (ApiError::Server(status), page.retry_after().unwrap_or(step))
            }
            _ => return None,
        },
    };
    (pause <= LONGEST).then_some(Wait { why, pause })
}

impl Page<'_> {
    /// The answer's status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Whether Heroku did, or told, what it was asked; what has not changed is told too.
    pub fn is_success(&self) -> bool {
        matches!(self.status(), 200..300 | 304)
    }

    /// Whether the body says that it is JSON.
    pub fn is_json(&self) -> bool {
        self.header(&CONTENT_TYPE)
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    /// The range to ask for next, where this is a part of a list.
    pub fn next(&self) -> Option<String> {
        let next = self.header(&HeaderName::from_static("next-range"));
        next.filter(|_| self.status() == 206).map(str::to_owned)
    }

    /// The status and the headers as HTTP writes them, up to the empty line, without what a terminal
    /// would act upon.
    pub fn head(&self) -> String {
        let status = self.response.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let mut head = format!(
            "{:?} {} {reason}\r\n",
            self.response.version(),
            status.as_u16()
        );
        for (name, value) in self.response.headers() {
            let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            value.retain(|c| !is_unseen(c));
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// Reads some of the body, unpacked; nothing is its end.
    ///
    /// # Errors
    /// Why the body has no end: the connection broke off, nothing came in time, it is too large.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, ApiError> {
        let read = self.response.read(into).map_err(|error| {
            let host = self.api.host.name();
            self.api.transport.unreached(host, &error)
        })?;
        self.left = self.left.checked_sub(read).ok_or(ApiError::TooLarge)?;
        Ok(read)
    }

    /// What a refusal means; `body` is its beginning.
    pub fn failure(&self, body: &[u8], token: &Token) -> ApiError {
        let body = serde_json::from_slice(body).unwrap_or_default();
        ApiError::of_answer(
            self.status(),
            &body,
            self.retry_after(),
            Auth::Bearer(token),
        )
    }

    /// What a refusal is told as: its status, Heroku's id and message, and the mend.
    pub fn notice(&self, body: &[u8], token: &Token) -> Notice {
        let failure = self.failure(body, token);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match refusal(self.status(), &body, Auth::Bearer(token)) {
            Some(what) => Notice::new(what, failure.notice().fix()),
            None => failure.notice(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        times::retry_after(self.response.headers(), SystemTime::now())
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use proptest::prelude::*;

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
            }
        }
    }
}
