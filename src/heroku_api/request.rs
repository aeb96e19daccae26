//! One request over TLS and its reply, with limits: the only path to Heroku, and the only rule for retries.

use std::error::Error;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE};
use zeroize::Zeroizing;

use super::{ApiError, HerokuApi, PasswordLogin, Response, network_error};
use crate::hardening;
use crate::secret_buf::SecretBuf;
use crate::terminal;
use crate::token::Token;

/// How a request is authenticated. The meaning of an error depends on it.
#[derive(Clone, Copy)]
pub enum Auth<'a> {
    /// Not at all.
    Anonymous,
    /// With a token.
    Bearer(&'a Token),
    /// With email, password and perhaps a code.
    Password(&'a PasswordLogin<'a>),
    /// With the secret of a browser login that is being waited for.
    Poll(&'a str),
}

impl Auth<'_> {
    /// The secrets that the request contains.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Auth::Anonymous => Vec::new(),
            Auth::Bearer(token) => vec![token.expose()],
            Auth::Poll(secret) => vec![secret],
            Auth::Password(login) => {
                let code = login.code.iter().map(|code| code.as_str());
                code.chain([login.password.as_str()]).collect()
            }
        }
    }

    /// Adds its headers. A secret that does not fit into a header is none that Heroku has given out.
    ///
    /// `concat` and `encode` allocate once: a string that grows leaves a copy behind that is not wiped.
    fn add_to(self, headers: &mut HeaderMap) -> Result<(), ApiError> {
        let authorization = match self {
            Auth::Anonymous => return Ok(()),
            Auth::Bearer(token) => ["Bearer ", token.expose()].concat(),
            Auth::Poll(secret) => ["Bearer ", secret].concat(),
            Auth::Password(login) => {
                if let Some(code) = &login.code {
                    headers.insert(SECOND_FACTOR, second_factor(code)?);
                }
                let pair = Zeroizing::new([login.email, ":", login.password.as_str()].concat());
                let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                ["Basic ", &encoded].concat()
            }
        };
        let authorization = secret_header(authorization).ok_or(ApiError::Garbled)?;
        headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }
}

pub(super) const SECOND_FACTOR: &str = "heroku-two-factor-code";

/// The value of a header with a code.
///
/// # Errors
/// [`ApiError::TwoFactor`] if the code does not fit into a header: then it is a wrong one.
pub fn second_factor(code: &str) -> Result<HeaderValue, ApiError> {
    secret_header(code.to_owned()).ok_or(ApiError::TwoFactor)
}

/// A header with a secret. Its bytes are not copied, and are wiped when the last reference to them, here or in the
/// HTTP client, is dropped.
fn secret_header(value: String) -> Option<HeaderValue> {
    let bytes = Bytes::from_owner(Zeroizing::new(value));
    let mut value = HeaderValue::from_maybe_shared(bytes).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A request to Heroku.
#[derive(Clone)]
pub struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) auth: Auth<'a>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<SecretBuf>,
    /// For the whole request; without it, the client's own limit bounds the wait for the headers, and then each
    /// read of the body.
    pub(super) limit: Option<Duration>,
    /// The largest body that is read, in bytes after decompression.
    pub(super) largest: usize,
    pub(super) tries: u32,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, url: String, auth: Auth<'a>, limit: Duration) -> Request<'a> {
        /// How often a request is sent at most, if a retry is safe and may help.
        const TRIES: u32 = 4;
        /// A page has at most 1000 entries of less than 1 KiB. Entries in memory take up to 20 times as much as their
        /// text.
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
        let body = Some(body.to_string().into_bytes().into());
        Request { body, ..self }
    }

    /// The same request with a token.
    #[must_use]
    pub fn with_token(self, token: &'a Token) -> Request<'a> {
        let auth = Auth::Bearer(token);
        Request { auth, ..self }
    }

    /// The same request with the second factor that Heroku has asked for. A code can be used once, so it is not
    /// sent again.
    ///
    /// # Errors
    /// As [`second_factor`].
    pub fn with_second_factor(&self, code: &str) -> Result<Request<'a>, ApiError> {
        let mut request = self.clone().once();
        request.headers.insert(SECOND_FACTOR, second_factor(code)?);
        Ok(request)
    }

    /// Asks for another part of a list.
    ///
    /// # Errors
    /// [`ApiError::Garbled`] if no header can name it.
    pub fn ask_for(&mut self, range: &str) -> Result<(), ApiError> {
        let range = HeaderValue::from_str(range).map_err(|_| ApiError::Garbled)?;
        self.headers.insert(RANGE, range);
        Ok(())
    }

    fn only_reads(&self) -> bool {
        [Method::GET, Method::HEAD].contains(&self.method)
    }

    fn host(&self) -> &str {
        self.url.split('/').nth(2).unwrap_or_default()
    }

    /// The query may contain secrets.
    fn url_without_query(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }
}

/// The only rule for retries: a request is sent again if nothing of it can have arrived, if Heroku says how long to wait,
/// and, for a request that only reads, after a 502, 503 or 504. Returns the pause
/// before the next attempt; none if there is no retry.
///
/// A caller with a small limit is not made to wait long either. In a network that drops packets, each attempt to
/// connect takes long, so none is made after the limit. `elapsed` is the time since the first attempt.
fn pause_before_retry(
    result: &Result<Response, ApiError>,
    request: &Request<'_>,
    attempt: u32,
    elapsed: Duration,
) -> Option<Duration> {
    const STEP: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(60);
    let step = STEP * attempt;
    let limit = request.limit.unwrap_or(LONGEST);
    let pause = match result {
        Err(why) if why.is_before_the_request() && elapsed < limit => step,
        Err(_) => return None,
        Ok(response) => match response.status() {
            429 => response.retry_after()?,
            502..=504 if request.only_reads() => response.retry_after().unwrap_or(step),
            _ => return None,
        },
    };
    (pause <= LONGEST.min(2 * limit)).then_some(pause)
}

/// Waits. Reports a pause that the user notices: only a pause that Heroku asked for is that long.
fn wait(pause: Duration) {
    const NOTICED: Duration = Duration::from_secs(1);
    if pause >= NOTICED {
        let seconds = pause.as_secs();
        terminal::print_in_place(&format!("Heroku asks to wait; trying again in {seconds} s"));
    }
    thread::sleep(pause);
}

impl HerokuApi {
    /// Sends a request, with retries. A reply with any status is `Ok`.
    ///
    /// # Errors
    /// Why there is no complete reply.
    pub fn send(&self, request: &Request<'_>) -> Result<Response, ApiError> {
        let start = Instant::now();
        for attempt in 1..request.tries {
            let result = self.send_once(request);
            let Some(pause) = pause_before_retry(&result, request, attempt, start.elapsed()) else {
                return result;
            };
            wait(pause);
        }
        self.send_once(request)
    }

    fn send_once(&self, request: &Request<'_>) -> Result<Response, ApiError> {
        let secrets = request.auth.secrets();
        if !secrets.is_empty() {
            hardening::close_to_others();
        }
        for secret in secrets {
            self.trace.add_secret(secret);
        }
        let builder = self.builder(request)?;
        let failed = |error: &(dyn Error + 'static)| {
            network_error::api_error(request.host(), self.proxy.as_deref(), error)
        };
        let since = self.trace.clock();
        let opened = builder.send().map_err(|error| failed(&error));
        self.trace.log_since(since, || {
            let asked = format!("{} {}", request.method, request.url_without_query());
            match &opened {
                Ok(opened) => format!("{asked}: {}", opened.status().as_u16()),
                Err(why) => format!("{asked}: {why}"),
            }
        });
        let mut opened = opened?;
        // A token may be in it.
        let body = SecretBuf::read_all(&mut opened, request.largest);
        let body = body.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => ApiError::TooLarge,
            _ => failed(&error),
        })?;
        Ok(Response::new(&opened, body))
    }

    fn builder(&self, request: &Request<'_>) -> Result<RequestBuilder, ApiError> {
        let mut headers = request.headers.clone();
        request.auth.add_to(&mut headers)?;
        let url = request.url.as_str();
        let mut builder = self.client.request(request.method.clone(), url);
        if let Some(body) = &request.body {
            let json = HeaderValue::from_static("application/json");
            headers.entry(CONTENT_TYPE).or_insert(json);
            builder = builder.body(body.to_vec());
        }
        if let Some(limit) = request.limit {
            // The client's own limit would start again with each read of the body.
            builder = builder.timeout(limit);
        }
        Ok(builder.headers(headers))
    }
}

#[cfg(test)]
mod tests {
    use super::super::NetworkError;
    use super::super::response::tests::response;
    use super::*;
    use reqwest::header::RETRY_AFTER;

    const SECOND: Duration = Duration::from_secs(1);

    fn request(method: Method, limit: Duration) -> Request<'static> {
        let url = "https://api.heroku.com/account?x=y".to_owned();
        Request::new(method, url, Auth::Anonymous, limit)
    }

    fn answer(status: u16, retry_after: Option<&'static str>) -> Response {
        let retry_after = retry_after.map(|value| (RETRY_AFTER, value));
        response(status, retry_after.as_slice())
    }

    fn pause(
        method: Method,
        result: &Result<Response, ApiError>,
        limit: Duration,
    ) -> Option<Duration> {
        pause_before_retry(result, &request(method, limit), 1, Duration::ZERO)
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
        let busy = Ok(answer(429, Some("60")));
        assert!(pause_before_retry(&busy, &unlimited, 1, Duration::ZERO).is_some());
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

    fn unreachable(why: NetworkError) -> ApiError {
        let host = "api.heroku.com".to_owned();
        ApiError::Unreachable { host, why }
    }

    #[test]
    fn no_connection_is_tried_after_the_limit() {
        let dropped = Err(unreachable(NetworkError::NotConnected(String::new())));
        let request = request(Method::POST, 30 * SECOND);
        for (seconds, is_tried) in [(10, true), (20, true), (30, false)] {
            let pause = pause_before_retry(&dropped, &request, 2, seconds * SECOND);
            assert_eq!(pause.is_some(), is_tried, "{seconds}");
        }
    }

    #[test]
    fn a_request_that_may_have_arrived_is_not_sent_again() {
        for method in [Method::GET, Method::POST] {
            let why = String::new;
            let refused = Err(unreachable(NetworkError::NotConnected(why())));
            assert!(pause(method.clone(), &refused, SECOND).is_some());
            for why in [NetworkError::NoReply(why()), NetworkError::ProxyRefusal] {
                assert_eq!(pause(method.clone(), &Err(unreachable(why)), SECOND), None);
            }
        }
    }

    fn headers(auth: Auth<'_>) -> Result<HeaderMap, ApiError> {
        let mut headers = HeaderMap::new();
        auth.add_to(&mut headers).map(|()| headers)
    }

    #[test]
    fn each_secret_header_has_the_form_of_http_and_is_never_shown() {
        let token = Token::parse("HRKU-01234567-89ab-cdef-0123-456789abcdef").unwrap();
        let password = Zeroizing::new("a:b".to_owned());
        let login = PasswordLogin {
            email: "ann@example.com",
            password: &password,
            code: Some(Zeroizing::new(
                "cccccbgebgdkhnfdvtfgghcjklrdtnhj".to_owned(),
            )),
        };
        for (auth, name, expected) in [
            (
                Auth::Bearer(&token),
                AUTHORIZATION.as_str(),
                "Bearer HRKU-01234567-89ab-cdef-0123-456789abcdef",
            ),
            (Auth::Poll("x"), AUTHORIZATION.as_str(), "Bearer x"),
            (
                Auth::Password(&login),
                AUTHORIZATION.as_str(),
                "Basic YW5uQGV4YW1wbGUuY29tOmE6Yg==",
            ),
            (
                Auth::Password(&login),
                SECOND_FACTOR,
                "cccccbgebgdkhnfdvtfgghcjklrdtnhj",
            ),
        ] {
            let headers = headers(auth).unwrap();
            let value = headers.get(name).unwrap();
            assert_eq!(value.to_str().unwrap(), expected);
            assert_eq!(format!("{value:?}"), "Sensitive");
        }
        assert!(headers(Auth::Anonymous).unwrap().is_empty());
    }

    #[test]
    fn a_line_break_in_a_header_is_an_error() {
        let poll = Auth::Poll("x\r\ny: z");
        assert_eq!(headers(poll), Err(ApiError::Garbled));
        assert_eq!(second_factor("1\r\nX: y"), Err(ApiError::TwoFactor));
    }

    #[test]
    fn the_bytes_of_a_secret_header_are_not_copied() {
        let value = "Bearer secret".to_owned();
        let place = value.as_ptr();
        assert_eq!(secret_header(value).unwrap().as_bytes().as_ptr(), place);
    }
}
