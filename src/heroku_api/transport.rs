//! One request and its answer over TLS, with a limit on everything.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE, USER_AGENT,
};
use reqwest::{Method as HttpMethod, Url};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::network_error::{self, NetworkError};
use super::request_id::request_id;
use super::{ApiError, Auth, client, secret_header, times};
use crate::environment::Environment;
use crate::hardening;
use crate::token::Token;
use crate::trace::Trace;

/// The largest body that is read, in bytes, counted once it is unpacked.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The pause before the first repetition; before each further one it is longer by as much.
pub(super) const STEP: Duration = Duration::from_millis(250);

pub(super) const VERSION: &str = "application/vnd.heroku+json; version=3";
pub(super) const AGENT: &str = concat!("git-credential-heroku-rs/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) asker: Auth<'a>,
    pub(super) body: Option<Value>,
    pub(super) range: Option<String>,
    pub(super) limit: Duration,
}

pub(super) struct Answer {
    body: Value,
    /// The range to ask for next, where this is a part of a list.
    pub(super) next: Option<String>,
}

impl Answer {
    pub(super) fn body(&self) -> &Value {
        &self.body
    }
}

/// The answer to a login has a token in it. What TLS and HTTP below keep of it is not ours to wipe.
impl Drop for Answer {
    fn drop(&mut self) {
        wipe(&mut self.body);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

pub(super) struct Transport {
    client: Client,
    proxy: Option<String>,
    trace: Trace,
}

impl Transport {
    pub(super) fn new(environment: &Environment, limit: Duration) -> Result<Transport, ApiError> {
        let (client, proxy) = client::client(environment, limit)?;
        let trace = environment.trace.clone();
        Ok(Transport {
            client,
            proxy,
            trace,
        })
    }

    /// Sends a request, and repeats it where that is safe and may help: a GET that found no
    /// connection, or that Heroku could not serve just then.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, ApiError> {
        const TRIES: u32 = 4;
        for attempt in 1..TRIES {
            let failure = match self.send_once(request) {
                Err(failure) if request.method == Method::Get => failure,
                done => return done,
            };
            match pause(&failure, attempt, request.limit) {
                Some(pause) => thread::sleep(pause),
                None => return Err(failure),
            }
        }
        self.send_once(request)
    }

    /// Sends a request, and never repeats it.
    pub(super) fn send_once(&self, request: &Request<'_>) -> Result<Answer, ApiError> {
        let until = Instant::now() + request.limit;
        let host = host(&request.url);
        let response = self.sent(request)?;
        let status = response.status().as_u16();
        let next = header(&response, "next-range").filter(|_| status == 206);
        let wait = times::retry_after(response.headers(), SystemTime::now());
        let bytes = self.read(response, host, until)?;
        let body = match bytes.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&bytes),
        };
        match (status, body) {
            (200..300, Ok(body)) => Ok(Answer { body, next }),
            (200..300, Err(_)) => Err(ApiError::Garbled),
            (status, body) => {
                let body = body.unwrap_or_default();
                Err(ApiError::of_answer(status, &body, wait, request.asker))
            }
        }
    }

    /// Sends a request, tells of it, and gives the answer as soon as its head is there.
    fn sent(&self, request: &Request<'_>) -> Result<Response, ApiError> {
        let asked = || format!("{:?} {}", request.method, without_query(&request.url));
        self.answered(
            self.built(request)?,
            request.asker,
            host(&request.url),
            asked,
        )
    }

    fn answered(
        &self,
        builder: RequestBuilder,
        by: Auth<'_>,
        host: &str,
        asked: impl FnOnce() -> String,
    ) -> Result<Response, ApiError> {
        let secrets = by.secrets();
        if !secrets.is_empty() {
            hardening::close_to_others();
        }
        for secret in secrets {
            self.trace.hides(secret);
        }
        let since = self.trace.clock();
        let sent = builder.send();
        let response = sent.map_err(|error| self.unreached(host, &error));
        self.trace.tell_since(since, || match &response {
            Ok(response) => format!("{}: {}", asked(), response.status().as_u16()),
            Err(why) => format!("{}: {why}", asked()),
        });
        response
    }

    /// When an answer was written, whatever it says; none where it does not tell.
    pub(super) fn date(&self, request: &Request<'_>) -> Result<Option<Timestamp>, ApiError> {
        Ok(times::written(self.sent(request)?.headers()))
    }

    /// Sends a request, once, and gives its answer as soon as the head is there, whatever it says.
    ///
    /// The limit that this client was made with bounds the wait for the head, and then for each
    /// read of the body: whoever takes the body may take their time.
    pub(super) fn open(
        &self,
        method: &str,
        url: Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
        token: &Token,
    ) -> Result<Response, ApiError> {
        let address = url.to_string();
        let verb = HttpMethod::from_bytes(method.as_bytes()).unwrap_or_default();
        let builder = self.client.request(verb, url).headers(headers);
        let builder = authorized(builder, secret_header::bearer(token.expose()))?;
        let builder = match body {
            None => builder,
            Some(body) => builder.body(body),
        };
        let asked = || format!("{method} {}", without_query(&address));
        self.answered(builder, Auth::Bearer(token), host(&address), asked)
    }

    fn built(&self, request: &Request<'_>) -> Result<RequestBuilder, ApiError> {
        let builder = match request.method {
            Method::Get => self.client.get(&request.url),
            Method::Post => self.client.post(&request.url),
            Method::Patch => self.client.patch(&request.url),
            Method::Delete => self.client.delete(&request.url),
        };
        // A limit of the client's own would start anew with each read of the body.
        let builder = builder
            .timeout(request.limit)
            .header(ACCEPT, VERSION)
            .header(USER_AGENT, AGENT)
            .header("Request-Id", request_id());
        let builder = match &request.body {
            None => builder,
            Some(body) => builder
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string()),
        };
        let builder = match &request.range {
            None => builder,
            Some(range) => builder.header(RANGE, range),
        };
        Ok(match request.asker {
            Auth::Anonymous => builder,
            Auth::Bearer(token) => authorized(builder, secret_header::bearer(token.expose()))?,
            Auth::Poll(token) => authorized(builder, secret_header::bearer(token))?,
            Auth::Password(login) => {
                let basic = secret_header::basic(login.email, login.password);
                let builder = authorized(builder, basic)?;
                match &login.code {
                    None => builder,
                    Some(code) => builder.header("Heroku-Two-Factor-Code", second_factor(code)?),
                }
            }
        })
    }

    /// Reads a body up to its limits. Its bytes may be a token's, so none are left behind.
    fn read(
        &self,
        mut response: Response,
        host: &str,
        until: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        let mut chunk = Zeroizing::new([0; 16 * 1024]);
        let mut bytes = Zeroizing::new(Vec::with_capacity(chunk.len()));
        loop {
            let length = match response.read(chunk.as_mut()) {
                Ok(0) => return Ok(bytes),
                Ok(length) => length,
                Err(error) => return Err(self.unreached(host, &error)),
            };
            if bytes.len() + length > LARGEST_BODY {
                return Err(ApiError::TooLarge);
            }
            if Instant::now() > until {
                let (host, why) = (host.to_owned(), NetworkError::AnswerTimeout);
                return Err(ApiError::Unreachable { host, why });
            }
            append(&mut bytes, chunk.get(..length).unwrap_or_default());
        }
    }

    pub(super) fn unreached(
        &self,
        host: &str,
        error: &(dyn std::error::Error + 'static),
    ) -> ApiError {
        network_error::failure(host, self.proxy.as_deref(), error)
    }
}

/// How long to wait before a GET is sent again; none where that would not help.
///
/// A caller in a hurry, with a small `limit`, is not made to wait long for its turn either.
fn pause(failure: &ApiError, attempt: u32, limit: Duration) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(60);
    match failure {
        ApiError::RateLimited(Some(wait)) => (*wait <= LONGEST.min(2 * limit)).then_some(*wait),
        ApiError::Server(502..=504) => Some(STEP * attempt),
        ApiError::Unreachable { why, .. } if why.is_before_the_request() => Some(STEP * attempt),
        _ => None,
    }
}

/// Appends to bytes that are to be wiped: a `Vec` that grows by itself leaves its old place as it
/// was.
fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    let needed = bytes.len() + more.len();
    if needed > bytes.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * bytes.capacity())));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(more);
}

/// What does not fit into a header is nothing that Heroku has given out.
fn authorized(
    builder: RequestBuilder,
    header: Option<HeaderValue>,
) -> Result<RequestBuilder, ApiError> {
    let header = header.ok_or(ApiError::Garbled)?;
    Ok(builder.header(AUTHORIZATION, header))
}

/// The same of a code.
fn second_factor(code: &str) -> Result<HeaderValue, ApiError> {
    secret_header::plain(code).ok_or(ApiError::TwoFactor)
}

fn header(response: &Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// A query may hold anything.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

fn host(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_host_is_told_without_its_path() {
        assert_eq!(host("https://api.heroku.com/account"), "api.heroku.com");
        assert_eq!(host("https://localhost:8443/account"), "localhost:8443");
    }

    #[test]
    fn a_turn_is_waited_for_only_where_there_is_time() {
        let limited = |seconds| ApiError::RateLimited(Some(Duration::from_secs(seconds)));
        assert_eq!(pause(&limited(60), 1, 30 * SECOND), Some(60 * SECOND));
        assert_eq!(pause(&limited(61), 1, 30 * SECOND), None);
        assert_eq!(pause(&limited(21), 1, 10 * SECOND), None);
        assert_eq!(pause(&ApiError::RateLimited(None), 1, 30 * SECOND), None);
    }

    #[test]
    fn what_may_have_arrived_is_not_sent_again() {
        let unreachable = |why| ApiError::Unreachable {
            host: "api.heroku.com".to_owned(),
            why,
        };
        assert!(pause(&unreachable(NetworkError::Refused), 1, SECOND).is_some());
        for why in [NetworkError::AnswerTimeout, NetworkError::CutOff] {
            assert_eq!(pause(&unreachable(why), 1, SECOND), None);
        }
        assert_eq!(pause(&ApiError::Server(500), 1, SECOND), None);
    }

    #[test]
    fn a_code_that_would_break_a_header_is_a_wrong_code() {
        assert_eq!(second_factor("1\r\nX: y").unwrap_err(), ApiError::TwoFactor);
        assert!(
            second_factor("cccccbgebgdkhnfdvtfgghcjklrdtnhj")
                .unwrap()
                .is_sensitive()
        );
    }

    #[test]
    fn bytes_stay_whole_while_they_grow() {
        let mut bytes = Zeroizing::new(Vec::with_capacity(3));
        for part in [&b"ab"[..], b"cdef", b"", b"g"] {
            append(&mut bytes, part);
        }
        assert_eq!(bytes.as_slice(), b"abcdefg");
    }
}
