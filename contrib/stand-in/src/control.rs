//! A plain HTTP interface for scripts: what the library's methods are for tests.

use std::io;
use std::net::{TcpListener, TcpStream};

use crate::StandIn;
use crate::http::{Answer, Connection, Request};

/// Serves until somebody posts `/stop`. Loopback only.
///
/// `POST /accounts?email=E`, `POST /tokens?email=E` answers a token, `POST /apps?email=E&name=N`, `POST /revoke` with the
/// token for body, `GET /requests`, `GET /strangers`.
///
/// # Errors
/// What the system says to a socket.
pub fn serve(listener: &TcpListener, heroku: &StandIn) -> io::Result<()> {
    for stream in listener.incoming() {
        if matches!(converse(stream?, heroku), Ok(Next::Stop)) {
            break;
        }
    }
    Ok(())
}

enum Next {
    Go,
    Stop,
}

fn converse(stream: TcpStream, heroku: &StandIn) -> io::Result<Next> {
    let mut connection = Connection::new(stream);
    let Some(request) = connection.next()? else {
        return Ok(Next::Go);
    };
    let (answer, next) = match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/stop") => (Answer::new(204), Next::Stop),
        _ => (answer(&request, heroku), Next::Go),
    };
    connection.answer(&answer.with("Connection", "close"))?;
    Ok(next)
}

fn answer(request: &Request, heroku: &StandIn) -> Answer {
    let email = request.query("email").unwrap_or("ann@example.com");
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/accounts") => {
            let _ = heroku.has_account(email);
            Answer::new(204)
        }
        ("POST", "/tokens") => Answer::new(200).body(heroku.issue_token(email)),
        ("POST", "/apps") => match heroku.has_app(email, request.query("name").unwrap_or("app")) {
            Ok(_) => Answer::new(204),
            Err(error) => Answer::new(500).body(error.to_string()),
        },
        ("POST", "/revoke") => {
            heroku.revoke(String::from_utf8_lossy(&request.body).trim());
            Answer::new(204)
        }
        ("GET", "/requests") => {
            let lines = heroku.requests().into_iter().map(|seen| {
                format!(
                    "{} {} https://{}{}\n",
                    seen.status, seen.method, seen.host, seen.path
                )
            });
            Answer::new(200).body(lines.collect::<String>())
        }
        ("GET", "/strangers") => Answer::new(200).body(heroku.strangers().join("\n")),
        _ => Answer::new(404),
    }
}
