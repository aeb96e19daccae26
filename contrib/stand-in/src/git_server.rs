//! git.heroku.com: Basic authentication with the token as password, and a real `git http-backend`.
//!
//! Requests and answers are streamed: neither a pushed nor a fetched pack is held in memory.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::apps::bare_git;
use crate::message::{Answer, Request};
use crate::state::State;

/// How much of a request's body is logged, in bytes.
const LOGGED: usize = 64 * 1024;
/// How many pieces of git's answer are queued while the request is still being read. A larger answer
/// would block git; git's answers before the end of a request are a few lines.
const QUEUED: usize = 1024;

/// git's answer: its head, then the pieces of its body. Dropped, it ends the child process.
pub(crate) struct Stream {
    pub(crate) head: Answer,
    /// The beginning of the request's body, for the log.
    pub(crate) logged_body: Vec<u8>,
    pieces: Receiver<Vec<u8>>,
    child: Child,
}

impl Stream {
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.pieces.iter()
    }

    /// The complete answer, so that a fault can change it.
    pub(crate) fn into_answer(self) -> Answer {
        let body: Vec<u8> = self.pieces.iter().flatten().collect();
        self.head.clone().body(body)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // If the client has disconnected, git's output has no reader, so git is stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Checks the authentication and the app of a request.
///
/// # Errors
/// The error reply.
pub(crate) fn authorize(request: &Request, state: &State) -> Result<(), Answer> {
    let challenge = || Answer::new(401).with("WWW-Authenticate", "Basic realm=\"Heroku\"");
    let refusal = |status, text: &str| Err(Answer::new(status).body(format!("{text}\n")));
    let app = requested_app(request).and_then(|app| state.apps.find(app));
    if request.method == "GET" && app.as_ref().is_some_and(|app| app.has_public_refs) {
        return Ok(());
    }
    let token = request.basic().map(|(_, password)| password);
    let owner = token.and_then(|token| state.owner(&token));
    let owner = owner.ok_or_else(challenge)?;
    let account = state.accounts.find(&owner).unwrap_or_default();
    match app {
        None => refusal(404, "No such app."),
        Some(_) if account.suspended => refusal(403, "Your account is suspended."),
        Some(app) if app.owner != owner => refusal(403, "You do not have access to that app."),
        Some(_) => Ok(()),
    }
}

/// The app of a repository's URL, if the request is one of the three of smart HTTP.
fn requested_app(request: &Request) -> Option<&str> {
    let (app, service) = request.path.strip_prefix('/')?.split_once(".git/")?;
    let smart = match (request.method.as_str(), service) {
        ("GET", "info/refs") => request.query("service").is_some(),
        ("POST", "git-upload-pack" | "git-receive-pack") => true,
        _ => false,
    };
    smart.then_some(app)
}

/// Passes a request to git, with its body, and returns git's answer.
///
/// # Errors
/// git cannot be started, or the client closes the connection in the middle of its request.
pub(crate) fn ask_git(request: &Request, body: &mut dyn Read, state: &State) -> io::Result<Stream> {
    let mut child = backend(request, state).spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (sender, pieces) = sync_channel(QUEUED);
    let (head_sender, head) = sync_channel(1);
    thread::spawn(move || {
        let stdout = BufReader::with_capacity(64 * 1024, stdout?);
        read_answer(stdout, &head_sender, &sender).ok()
    });
    let logged_body = stdin.map(|stdin| forward_body(body, stdin)).transpose();
    // From here on the child is waited for, even if the client has closed the connection.
    let mut stream = Stream {
        head: Answer::new(500),
        logged_body: Vec::new(),
        pieces,
        child,
    };
    stream.logged_body = logged_body?.unwrap_or_default();
    if let Ok(head) = head.recv() {
        stream.head = head;
    }
    Ok(stream)
}

fn backend(request: &Request, state: &State) -> Command {
    let mut git = bare_git();
    git.arg("http-backend")
        .env("HOME", state.apps.dir())
        .env("GIT_PROJECT_ROOT", state.apps.dir())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("REMOTE_USER", "heroku")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for (variable, header) in [
        ("CONTENT_TYPE", "content-type"),
        ("CONTENT_LENGTH", "content-length"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
        ("GIT_PROTOCOL", "git-protocol"),
    ] {
        // Without a length git reads to the end of its input, which is what a chunked body needs.
        if let Some(value) = request.header(header) {
            git.env(variable, value);
        }
    }
    git
}

/// Writes the body to git, and returns its beginning. git may stop reading before the end.
fn forward_body(body: &mut dyn Read, mut stdin: impl io::Write) -> io::Result<Vec<u8>> {
    let mut logged = Vec::new();
    let mut is_reading = true;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = body.read(&mut piece)?;
        if length == 0 {
            return Ok(logged);
        }
        let room = LOGGED - logged.len();
        logged.extend_from_slice(&piece[..length.min(room)]);
        is_reading = is_reading && stdin.write_all(&piece[..length]).is_ok();
    }
}

/// CGI: headers, a blank line, the body; the status is one of the headers.
fn read_answer(
    mut stdout: BufReader<ChildStdout>,
    head: &SyncSender<Answer>,
    pieces: &SyncSender<Vec<u8>>,
) -> io::Result<()> {
    let mut answer = Answer::new(200);
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 && !line.trim_end().is_empty() {
        match line.trim_end().split_once(": ") {
            Some(("Status", status)) => {
                let code = status.split(' ').next().and_then(|code| code.parse().ok());
                answer.status = code.unwrap_or(500);
            }
            Some((name, value)) => answer = answer.with(name, value),
            None => {}
        }
        line.clear();
    }
    head.send(answer).map_err(io::Error::other)?;
    loop {
        let piece = stdout.fill_buf()?.to_vec();
        if piece.is_empty() {
            return Ok(());
        }
        stdout.consume(piece.len());
        pieces.send(piece).map_err(io::Error::other)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(method: &str, path: &str, query: &str) -> Option<String> {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            ..Request::default()
        };
        requested_app(&request).map(str::to_owned)
    }

    #[test]
    fn only_smart_http_reaches_git() {
        let service = "service=git-upload-pack";
        assert_eq!(
            app("GET", "/a.git/info/refs", service).as_deref(),
            Some("a")
        );
        assert_eq!(
            app("POST", "/a.git/git-receive-pack", "").as_deref(),
            Some("a")
        );
        for (method, path) in [
            ("GET", "/a.git/info/refs"),
            ("GET", "/a.git/HEAD"),
            ("GET", "/a/info/refs"),
            ("GET", "/a.git/git-receive-pack"),
            ("POST", "/a.git/../b.git/git-receive-pack"),
        ] {
            assert_eq!(app(method, path, ""), None, "{method} {path}");
        }
    }

    #[test]
    fn a_body_is_read_to_its_end_if_git_stops_reading() {
        let body = vec![7; 3 * LOGGED];
        let mut rest = body.as_slice();
        let kept = forward_body(&mut rest, &mut [0_u8; 10][..]).unwrap();
        assert_eq!((kept.len(), rest.len()), (LOGGED, 0));
    }
}
