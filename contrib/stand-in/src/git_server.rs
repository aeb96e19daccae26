//! git.heroku.com: Basic authentication with the token as password, and a real `git http-backend`.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use crate::http::{Answer, Request};
use crate::platform_api::basic;
use crate::state::State;

pub(crate) fn answer(request: &Request, state: &State) -> Answer {
    let challenge = || Answer::new(401).with("WWW-Authenticate", "Basic realm=\"Heroku\"");
    let Some((_, token)) = request.header("authorization").and_then(basic) else {
        return challenge();
    };
    let Some(owner) = state.owner(&token) else {
        return challenge();
    };
    let app = request
        .path
        .trim_start_matches('/')
        .split(".git/")
        .next()
        .unwrap_or_default();
    match state.app_owner(app) {
        None => Answer::new(404).body("No such app"),
        Some(other) if other != owner => Answer::new(403).body("You do not have access"),
        Some(_) => {
            backend(request, state).unwrap_or_else(|error| Answer::new(500).body(error.to_string()))
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in's git server is git's own"
)]
fn backend(request: &Request, state: &State) -> io::Result<Answer> {
    let header = |name| request.header(name).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", path)
        .env("HOME", state.apps())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", state.apps())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "someone")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (stdin, body) = (child.stdin.take(), request.body.clone());
    let feeder = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&body)));
    let output = child.wait_with_output()?;
    let _ = feeder.join();
    Ok(from_cgi(&output.stdout))
}

/// CGI: headers, a blank line, the body; the status is one of the headers.
fn from_cgi(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or(0);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut answer = Answer::new(200).body(bytes.get(end + 4..).unwrap_or_default());
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => {
                let code = value.split(' ').next().and_then(|code| code.parse().ok());
                answer.status = code.unwrap_or(500);
            }
            name => answer = answer.with(name, value),
        }
    }
    answer
}
