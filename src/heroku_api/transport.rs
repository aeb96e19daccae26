//! One request and its reply over TLS, with limits: the only path to Heroku, and the only rule for retries.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Method, StatusCode, Version};
use serde::de::DeserializeOwned;

use super::error::ErrorBody;
use super::network_error::{self, NetworkError};
use super::request_id::request_id;
use super::{ApiError, Auth, client, secret_header, times};
use crate::environment::Environment;
use crate::hardening;
use crate::secret_buf::SecretBuf;
use crate::trace::Trace;

const MEDIA_TYPE: &str = "application/vnd.heroku+json; version=3";
const USER_AGENT_NAME: &str = concat!("git-credential-heroku-rs/", env!("CARGO_PKG_VERSION"));

/// How often a request is sent at most, if a retry is safe and may help.
const TRIES: u32 = 4;

pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) auth: Auth<'a>,
    /// They replace the usual ones of the same name.
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    /// For the whole request; without it, the client's own limit bounds the wait for the headers, and then each
    /// read of the body.
    pub(super) limit: Option<Duration>,
    /// The largest body that is read, in bytes after decompression.
    pub(super) largest: usize,
    pub(super) tries: u32,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, url: String, auth: Auth<'a>, limit: Duration) -> Request<'a> {
        // A page has at most 1000 authorizations, each of less than 1 KiB.
        const LARGEST: usize = 2 * 1024 * 1024;
        Request {
            method,
            url,
            auth,
            headers: HeaderMap::new(),
            body: None,
            limit: Some(limit),
            largest: LARGEST,
            tries: TRIES,
        }
    }

    /// The same request without retries.
    pub(super) fn once(self) -> Request<'a> {
        Request { tries: 1, ..self }
    }

    pub(super) fn with_json(self, body: &serde_json::Value) -> Request<'a> {
        let body = Some(body.to_string().into_bytes());
        Request { body, ..self }
    }

    fn only_reads(&self) -> bool {
        [Method::GET, Method::HEAD].contains(&self.method)
    }

    fn host(&self) -> &str {
        let rest = self.url.strip_prefix("https://").unwrap_or(&self.url);
        rest.split('/').next().unwrap_or_default()
    }

    /// The query may contain secrets.
    fn url_without_query(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }
}

/// A reply with its whole body, whatever its status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: SecretBuf,
}

impl Answer {
    /// The body of a success; the meaning of an error depends on the authentication.
    pub(super) fn json<T: DeserializeOwned>(&self, auth: Auth<'_>) -> Result<T, ApiError> {
        if !self.status.is_success() {
            return Err(self.error(auth));
        }
        let body: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(body).map_err(|_| ApiError::Garbled)
    }

    /// The meaning of an error status.
    pub(super) fn error(&self, auth: Auth<'_>) -> ApiError {
        let (status, body) = (self.status.as_u16(), self.error_body());
        ApiError::from_answer(status, &body, self.retry_after(), auth)
    }

    pub(super) fn error_body(&self) -> ErrorBody {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The range of the next page if this is a part of a list.
    pub(super) fn next_range(&self) -> Option<String> {
        let next = self.headers.get("next-range")?.to_str().ok()?;
        (self.status == StatusCode::PARTIAL_CONTENT).then(|| next.to_owned())
    }

    fn retry_after(&self) -> Option<Duration> {
        times::retry_after(&self.headers, SystemTime::now())
    }
}

/// A retry that is about to happen.
#[derive(Debug, PartialEq, Eq)]
pub struct Retry {
    /// Why the request failed this time.
    pub why: ApiError,
    /// How long until the request is sent again.
    pub pause: Duration,
}

impl Retry {
    /// The only rule: a request is sent again if nothing of it can have arrived, if Heroku says how long to wait,
    /// and, for a request that only reads, after a 502, 503 or 504.
    ///
    /// A caller with a small limit is not made to wait long either.
    fn after(
        result: &Result<Answer, ApiError>,
        request: &Request<'_>,
        attempt: u32,
    ) -> Option<Retry> {
        const STEP: Duration = Duration::from_millis(250);
        const LONGEST: Duration = Duration::from_secs(60);
        let step = STEP * attempt;
        let (why, pause) = match result {
            Err(error) if error.is_before_the_request() => (error.clone(), step),
            Err(_) => return None,
            Ok(answer) => match answer.status.as_u16() {
                429 => {
                    let pause = answer.retry_after()?;
                    (ApiError::RateLimited(Some(pause)), pause)
                }
                status @ 502..=504 if request.only_reads() => {
                    let pause = answer.retry_after().unwrap_or(step);
                    (ApiError::Server(status), pause)
                }
                _ => return None,
            },
        };
        let longest = request
            .limit
            .map_or(LONGEST, |limit| LONGEST.min(2 * limit));
        (pause <= longest).then_some(Retry { why, pause })
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
        Ok(Transport {
            client,
            proxy,
            trace: environment.trace.clone(),
        })
    }

    /// Sends a request, with retries; `on_retry` is called before the pause of each.
    pub(super) fn send(
        &self,
        request: &Request<'_>,
        on_retry: &mut dyn FnMut(&Retry),
    ) -> Result<Answer, ApiError> {
        for attempt in 1..request.tries {
            let result = self.send_once(request);
            let Some(retry) = Retry::after(&result, request, attempt) else {
                return result;
            };
            on_retry(&retry);
            thread::sleep(retry.pause);
        }
        self.send_once(request)
    }

    fn send_once(&self, request: &Request<'_>) -> Result<Answer, ApiError> {
        let until = request.limit.map(|limit| Instant::now() + limit);
        let mut response = self.open(request)?;
        let body = self.read_body(&mut response, request, until)?;
        Ok(Answer {
            status: response.status(),
            version: response.version(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    /// Sends a request and waits for the headers of the reply.
    fn open(&self, request: &Request<'_>) -> Result<Response, ApiError> {
        let secrets = request.auth.secrets();
        if !secrets.is_empty() {
            hardening::close_to_others();
        }
        for secret in secrets {
            self.trace.add_secret(secret);
        }
        let builder = self.builder(request)?;
        let since = self.trace.clock();
        let sent = builder.send();
        let response = sent.map_err(|error| self.network_error(request, &error));
        self.trace.log_since(since, || {
            let asked = format!("{} {}", request.method, request.url_without_query());
            match &response {
                Ok(response) => format!("{asked}: {}", response.status().as_u16()),
                Err(why) => format!("{asked}: {why}"),
            }
        });
        response
    }

    fn builder(&self, request: &Request<'_>) -> Result<RequestBuilder, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_NAME));
        if let Ok(id) = HeaderValue::from_str(&request_id()) {
            headers.insert("request-id", id);
        }
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.extend(request.headers.clone());
        // What does not fit into a header is nothing that Heroku has given out.
        let authorization = match request.auth {
            Auth::Anonymous => None,
            Auth::Bearer(token) => Some(secret_header::bearer(token.expose())),
            Auth::Poll(token) => Some(secret_header::bearer(token)),
            Auth::Password(login) => {
                if let Some(code) = &login.code {
                    headers.insert("heroku-two-factor-code", second_factor(code)?);
                }
                Some(secret_header::basic(login.email, login.password))
            }
        };
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.ok_or(ApiError::Garbled)?);
        }
        let mut builder = self
            .client
            .request(request.method.clone(), &request.url)
            .headers(headers);
        if let Some(limit) = request.limit {
            // The client's own limit would start again with each read of the body.
            builder = builder.timeout(limit);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        Ok(builder)
    }

    /// Reads a body up to its limits. A token may be in it.
    fn read_body(
        &self,
        response: &mut Response,
        request: &Request<'_>,
        until: Option<Instant>,
    ) -> Result<SecretBuf, ApiError> {
        const PIECE: usize = 16 * 1024;
        let mut body = SecretBuf::with_capacity(PIECE);
        loop {
            match body.read_some(response, PIECE) {
                Ok(0) => return Ok(body),
                Ok(_) if body.len() > request.largest => return Err(ApiError::TooLarge),
                Ok(_) if until.is_some_and(|until| Instant::now() > until) => {
                    let (host, why) = (request.host().to_owned(), NetworkError::AnswerTimeout);
                    return Err(ApiError::Unreachable { host, why });
                }
                Ok(_) => {}
                Err(error) => return Err(self.network_error(request, &error)),
            }
        }
    }

    fn network_error(
        &self,
        request: &Request<'_>,
        error: &(dyn std::error::Error + 'static),
    ) -> ApiError {
        network_error::api_error(request.host(), self.proxy.as_deref(), error)
    }
}

/// A code that does not fit into a header is a wrong one.
pub(super) fn second_factor(code: &str) -> Result<HeaderValue, ApiError> {
    secret_header::plain(code).ok_or(ApiError::TwoFactor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn request(method: Method, limit: Duration) -> Request<'static> {
        let url = "https://api.heroku.com/account?x=y".to_owned();
        Request::new(method, url, Auth::Anonymous, limit)
    }

    fn answer(status: u16, retry_after: Option<&'static str>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert("retry-after", HeaderValue::from_static(value));
        }
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            version: Version::HTTP_11,
            headers,
            body: SecretBuf::default(),
        }
    }

    fn pause(
        method: Method,
        result: &Result<Answer, ApiError>,
        limit: Duration,
    ) -> Option<Duration> {
        Retry::after(result, &request(method, limit), 1).map(|retry| retry.pause)
    }

    #[test]
    fn a_url_is_traced_without_its_query_and_its_host_is_named() {
        let request = request(Method::GET, SECOND);
        assert_eq!(
            request.url_without_query(),
            "https://api.heroku.com/account"
        );
        assert_eq!(request.host(), "api.heroku.com");
        let local = Request {
            url: "https://localhost:8443/account".to_owned(),
            ..request
        };
        assert_eq!(local.host(), "localhost:8443");
    }

    #[test]
    fn a_rate_limit_is_waited_for_only_if_there_is_time() {
        for (method, seconds, limit, awaited) in [
            (Method::GET, Some("60"), 30 * SECOND, true),
            (Method::POST, Some("60"), 30 * SECOND, true),
            (Method::GET, Some("61"), 30 * SECOND, false),
            (Method::GET, Some("21"), 10 * SECOND, false),
            (Method::GET, None, 30 * SECOND, false),
        ] {
            let result = pause(method, &Ok(answer(429, seconds)), limit);
            assert_eq!(result.is_some(), awaited, "{seconds:?}");
        }
        let mut unlimited = request(Method::GET, SECOND);
        unlimited.limit = None;
        assert!(Retry::after(&Ok(answer(429, Some("60"))), &unlimited, 1).is_some());
    }

    #[test]
    fn only_a_request_that_reads_is_sent_again_after_a_server_error() {
        for status in [502, 503, 504] {
            assert!(pause(Method::GET, &Ok(answer(status, None)), SECOND).is_some());
            assert!(pause(Method::HEAD, &Ok(answer(status, None)), SECOND).is_some());
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(pause(method, &Ok(answer(status, None)), SECOND), None);
            }
        }
        assert_eq!(pause(Method::GET, &Ok(answer(500, None)), SECOND), None);
        let stated = pause(Method::GET, &Ok(answer(503, Some("2"))), SECOND);
        assert_eq!(stated, Some(2 * SECOND));
    }

    #[test]
    fn a_request_that_may_have_arrived_is_not_sent_again() {
        let unreachable = |why| ApiError::Unreachable {
            host: "api.heroku.com".to_owned(),
            why,
        };
        for method in [Method::GET, Method::POST] {
            let refused = Err(unreachable(NetworkError::Refused));
            assert!(pause(method.clone(), &refused, SECOND).is_some());
            for why in [NetworkError::AnswerTimeout, NetworkError::CutOff] {
                assert_eq!(pause(method.clone(), &Err(unreachable(why)), SECOND), None);
            }
        }
    }

    #[test]
    fn a_code_that_would_break_a_header_is_a_wrong_code() {
        let broken = second_factor("1\r\nX: y").unwrap_err();
        assert_eq!(broken, ApiError::TwoFactor);
        let code = second_factor("cccccbgebgdkhnfdvtfgghcjklrdtnhj").unwrap();
        assert!(code.is_sensitive());
    }
}
