//! One request and its answer over TLS, with a limit on everything.

use std::io::Read;
use std::thread;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, RANGE, RETRY_AFTER, USER_AGENT};
use serde_json::Value;
use zeroize::Zeroizing;

use super::failure::scrubbed;
use super::{Asker, Failure};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The largest body that is read, in bytes, once it is unpacked.
const LARGEST_BODY: u64 = 16 * 1024 * 1024;

const VERSION: &str = "application/vnd.heroku+json; version=3";
const AGENT: &str = concat!("git-credential-heroku-rs/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Delete,
}

pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) asker: Asker<'a>,
    pub(super) body: Option<Value>,
    pub(super) second_factor: Option<&'a str>,
    pub(super) range: Option<String>,
}

pub(super) struct Answer {
    pub(super) body: Value,
    /// The range to ask for next, where this is a part of a list.
    pub(super) next: Option<String>,
}

pub(super) struct Transport {
    client: Client,
}

impl Transport {
    /// `limit` bounds each request as a whole, its body included.
    pub(super) fn new(limit: Duration) -> Result<Transport, Failure> {
        // Two providers of cryptography are on offer. ring needs no cmake and builds in a third of
        // the time; a second installation of it is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT.min(limit))
            .timeout(limit)
            .https_only(true)
            .build();
        client
            .map(|client| Transport { client })
            .map_err(|error| Failure::Unreachable {
                host: "Heroku".to_owned(),
                why: cause(&error),
            })
    }

    /// Sends a request, and repeats it where that is safe and may help: a GET that did not get
    /// through, or that Heroku could not serve just then.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        const TRIES: u32 = 3;
        const LONGEST_WAIT: Duration = Duration::from_secs(60);
        for attempt in 1.. {
            let failure = match self.send_once(request) {
                Err(failure) if request.method == Method::Get && attempt < TRIES => failure,
                done => return done,
            };
            let wait = match failure {
                Failure::RateLimited(Some(wait)) if wait <= LONGEST_WAIT => wait,
                Failure::Server(502..=504) => Duration::from_millis(250) * attempt,
                failure => return Err(failure),
            };
            thread::sleep(wait);
        }
        Err(Failure::Garbled)
    }

    pub(super) fn send_once(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let unreached = |error: reqwest::Error| unreached(&request.url, &error);
        let response = self.built(request).send().map_err(unreached)?;
        let status = response.status().as_u16();
        let next = header(&response, "next-range").filter(|_| status == 206);
        let wait = header(&response, RETRY_AFTER.as_str())
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs);
        let bytes = read(response, &request.url)?;
        let body = match bytes.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&bytes),
        };
        let password = matches!(request.asker, Asker::Password(_));
        match (status, body) {
            (200..300, Ok(body)) => Ok(Answer { body, next }),
            (200..300, Err(_)) => Err(Failure::Garbled),
            (status, body) => {
                let body = body.unwrap_or_default();
                Err(Failure::of_answer(status, &body, wait, password))
            }
        }
    }

    fn built(&self, request: &Request<'_>) -> reqwest::blocking::RequestBuilder {
        let builder = match request.method {
            Method::Get => self.client.get(&request.url),
            Method::Post => self.client.post(&request.url),
            Method::Delete => self.client.delete(&request.url),
        };
        let builder = builder
            .header(ACCEPT, VERSION)
            .header(USER_AGENT, AGENT)
            .header("Request-Id", request_id());
        let builder = match request.asker {
            Asker::Nobody => builder,
            Asker::Bearer(token) => builder.bearer_auth(token.expose()),
            Asker::Poll(token) => builder.bearer_auth(token.as_str()),
            Asker::Password(login) => {
                builder.basic_auth(login.email, Some(login.password.as_str()))
            }
        };
        let builder = match &request.body {
            None => builder,
            Some(body) => builder
                .header("Content-Type", "application/json")
                .body(body.to_string()),
        };
        let builder = match &request.range {
            None => builder,
            Some(range) => builder.header(RANGE, range),
        };
        match request.second_factor {
            None => builder,
            Some(code) => builder.header("Heroku-Two-Factor-Code", code),
        }
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// Reads a body up to its limit. The answer to a login has a token in it, so it is wiped.
fn read(response: Response, url: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut body = response.take(LARGEST_BODY + 1);
    body.read_to_end(&mut bytes).map_err(|error| {
        let timed_out =
            error.kind() == std::io::ErrorKind::TimedOut || error.to_string().contains("timed out");
        Failure::Unreachable {
            host: host(url),
            why: match timed_out {
                true => "the answer did not end in time".to_owned(),
                false => "the answer was cut off in the middle".to_owned(),
            },
        }
    })?;
    match bytes.len() as u64 > LARGEST_BODY {
        true => Err(Failure::Garbled),
        false => Ok(bytes),
    }
}

/// A random id, by which Heroku's support finds a request. Version 4 of UUIDs.
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness the id is of no use, and does no harm.
    let _ = getrandom::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from, to| {
        hex.get(from..to)
            .map(<[String]>::concat)
            .unwrap_or_default()
    };
    let parts = [
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 16),
    ];
    parts.join("-")
}

fn host(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split('/').next().unwrap_or_default().to_owned()
}

fn unreached(url: &str, error: &reqwest::Error) -> Failure {
    let (host, why) = (host(url), cause(error));
    if let Some(why) = why.strip_prefix("invalid peer certificate: ") {
        let why = match why {
            "UnknownIssuer" => "nobody that this machine trusts has signed it",
            why => why,
        };
        return Failure::Certificate {
            host,
            why: why.to_owned(),
        };
    }
    let why = match error.is_timeout() {
        true => "it gave no answer in time".to_owned(),
        false => why,
    };
    Failure::Unreachable { host, why }
}

/// The innermost cause, in its own words: the outer ones repeat the address and "error".
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    let mut text = innermost.to_string();
    while let Some(source) = innermost.source() {
        innermost = source;
        text = innermost.to_string();
        if text.starts_with("invalid peer certificate") {
            break;
        }
    }
    scrubbed(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_random_uuid() {
        let id = request_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert_ne!(id, request_id());
    }

    #[test]
    fn a_host_is_told_without_path_or_port_is_kept() {
        assert_eq!(host("https://api.heroku.com/account"), "api.heroku.com");
    }
}
