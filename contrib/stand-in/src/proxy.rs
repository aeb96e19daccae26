//! The way in: `CONNECT`, the tunnel's TLS, and who answers behind it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use crate::faults::Fault;
use crate::http::{Answer, Connection, Request};
use crate::state::State;
use crate::tls::Authority;
use crate::{git_server, login_service, platform_api};

/// Nobody waits longer than this for anything here.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

pub(crate) fn serve(listener: TcpListener, authority: Arc<Authority>, state: Arc<State>) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if state.has_stopped() {
                break;
            }
            let (authority, state) = (Arc::clone(&authority), Arc::clone(&state));
            // A client that hangs up in the middle is none of our failures.
            thread::spawn(move || drop(tunnel(stream, &authority, &state)));
        }
    });
}

fn tunnel(stream: TcpStream, authority: &Authority, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LONGEST_WAIT))?;
    let mut connection = Connection::new(stream);
    let Some(request) = connection.next()? else {
        return Ok(());
    };
    let host = request
        .path
        .strip_suffix(":443")
        .unwrap_or(&request.path)
        .to_owned();
    if request.method != "CONNECT" || !state.plays(&host) {
        state.remember_stranger(&format!("{} {}", request.method, request.path));
        return connection.answer(&Answer::new(502));
    }
    let fault = state.faults.early(&host);
    if matches!(fault, Some(Fault::NoTunnel)) {
        return connection.answer(&Answer::new(502));
    }
    connection
        .stream()
        .write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let config = authority.config(&host, fault.as_ref())?;
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    converse(
        StreamOwned::new(tls, connection.into_stream()),
        &host,
        state,
    )
}

fn converse(stream: impl Read + Write, host: &str, state: &State) -> io::Result<()> {
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.next()? {
        let met = state.faults.met(host, &request.method, &request.path);
        let answer = match &met {
            Some(Fault::Status(status, headers, body)) => faulty(*status, headers, body),
            _ => answer(host, &request, state),
        };
        state.remember(host, &request, answer.status);
        match met {
            None | Some(Fault::Status(..)) => connection.answer(&answer)?,
            Some(fault) => return misbehave(&fault, connection.stream(), &answer),
        }
    }
    Ok(())
}

fn answer(host: &str, request: &Request, state: &State) -> Answer {
    match host {
        "api.heroku.com" => platform_api::answer(request, state),
        "cli-auth.heroku.com" => login_service::answer(request, state),
        "particleboard.heroku.com" => Answer::new(404),
        _ => git_server::answer(request, state),
    }
}

fn faulty(status: u16, headers: &[&str], body: &str) -> Answer {
    let mut answer = Answer::new(status).body(body);
    for (name, value) in headers.iter().filter_map(|line| line.split_once(": ")) {
        answer = answer.with(name, value);
    }
    answer
}

fn misbehave(fault: &Fault, stream: &mut (impl Read + Write), answer: &Answer) -> io::Result<()> {
    match fault {
        Fault::CutBody => {
            stream.write_all(answer.head(answer.body.len() + 100).as_bytes())?;
            stream.write_all(&answer.body)?;
            stream.flush()
        }
        Fault::EndlessBody => {
            stream.write_all(b"HTTP/1.1 200 Stand-in\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b' '; 16 * 1024])?;
            }
        }
        Fault::Bomb => {
            // 64 MiB of zeros, packed by hand: one deflate block repeated.
            let body = bomb();
            let head = format!(
                "HTTP/1.1 200 Stand-in\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)?;
            stream.flush()
        }
        Fault::Hang => {
            // The client's own limit ends this, or the connection's.
            let mut byte = [0];
            while stream.read(&mut byte)? > 0 {}
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A gzip stream of stored blocks is as large as what it holds, so a small one that unpacks to much
/// needs real compression: git has one at hand, and it is only ever made once.
fn bomb() -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "gzip is another program")]
    let packed = std::process::Command::new("sh")
        .args(["-c", "head -c 67108864 /dev/zero | gzip -9"])
        .output();
    packed.map(|output| output.stdout).unwrap_or_default()
}
