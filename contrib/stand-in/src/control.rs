//! An HTTP interface for scripts. Its requests correspond to the library's methods.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::StandIn;
use crate::http::Connection;
use crate::message::{Answer, Request};

/// How long a client that sends nothing blocks the others.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until a client posts `/stop`. Loopback only.
///
/// | request | what it does |
/// |---|---|
/// | `POST /accounts?email=E`, optionally with `&password=P&code=C` | creates an account |
/// | `POST /tokens?email=E` | issues a token and returns it |
/// | `POST /revoke`, with the token as body | revokes it |
/// | `POST /apps?email=E&name=N` | creates an app and returns the path of its repository |
/// | `POST /approve?email=E`, `POST /refuse` with the error as body | decides a browser login |
/// | `POST /advance?seconds=S` | lets time pass |
/// | `GET /requests`, `GET /other-hosts` | lists what was requested, one per line |
///
/// # Errors
/// An error of the listening socket.
pub fn serve(listener: &TcpListener, heroku: &StandIn) -> io::Result<()> {
    for stream in listener.incoming() {
        if matches!(handle(stream?, heroku), Ok(Next::Stop)) {
            break;
        }
    }
    Ok(())
}

enum Next {
    Continue,
    Stop,
}

fn handle(stream: TcpStream, heroku: &StandIn) -> io::Result<Next> {
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut connection = Connection::new(stream);
    let Some(mut request) = connection.next()? else {
        return Ok(Next::Continue);
    };
    request.body = connection.whole_body()?;
    let (answer, next) = match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/stop") => (Answer::new(204), Next::Stop),
        _ => (answer(&request, heroku), Next::Continue),
    };
    connection.answer(&answer.with("Connection", "close"))?;
    Ok(next)
}

fn answer(request: &Request, heroku: &StandIn) -> Answer {
    let email = request.query("email");
    let email = email.unwrap_or_else(|| "ann@example.com".to_owned());
    let body = String::from_utf8_lossy(&request.body);
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/accounts") => set_up(&email, request, heroku),
        ("POST", "/tokens") => return Answer::new(200).body(heroku.issue_token(&email)),
        ("POST", "/apps") => return make_app(&email, request, heroku),
        ("POST", "/revoke") => heroku.revoke(body.trim()),
        ("POST", "/approve") => heroku.approve_browser_login(&email),
        ("POST", "/refuse") => heroku.refuse_browser_login(body.trim()),
        ("POST", "/advance") => {
            let seconds = request.query("seconds").and_then(|s| s.parse().ok());
            let Some(seconds) = seconds else {
                return Answer::new(400);
            };
            heroku.advance(Duration::from_secs(seconds));
        }
        ("GET", "/requests") => return Answer::new(200).body(requests(heroku)),
        ("GET", "/other-hosts") => {
            return Answer::new(200).body(heroku.requests_to_other_hosts().join("\n"));
        }
        _ => return Answer::new(404),
    }
    Answer::new(204)
}

fn set_up(email: &str, request: &Request, heroku: &StandIn) {
    let mut account = heroku.add_account(email);
    if let Some(password) = request.query("password") {
        account = account.password(&password);
    }
    if let Some(code) = request.query("code") {
        let _ = account.mfa_codes(&[&code]);
    }
}

fn make_app(email: &str, request: &Request, heroku: &StandIn) -> Answer {
    let name = request.query("name").unwrap_or_else(|| "app".to_owned());
    match heroku.add_app(email, &name) {
        Ok(path) => Answer::new(200).body(path.display().to_string()),
        Err(error) => Answer::new(500).body(error.to_string()),
    }
}

fn requests(heroku: &StandIn) -> String {
    let lines = heroku.requests().into_iter().map(|seen| {
        let (status, method, host, path) = (seen.status, seen.method, seen.host, seen.path);
        format!("{status} {method} https://{host}{path}\n")
    });
    lines.collect()
}
