//! What git, by way of curl, sends from the files that we have written.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::{GOOD, Home, rows, spelled};

/// The header with the login that git sends to git.heroku.com for this user, if it sends one.
fn authorization(home: &Path) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || login_seen_by(&listener));
    let status = Command::new("git")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("http_proxy", format!("http://{address}"))
        .args(["ls-remote", "http://git.heroku.com/blue-sky.git"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(128), "there is no such repository");
    // A connection without a request ends the server.
    drop(TcpStream::connect(address).unwrap());
    server.join().unwrap()
}

/// A proxy in front of a git server: 401 without a login, 404 with one.
fn login_seen_by(listener: &TcpListener) -> Option<String> {
    let mut seen = None;
    loop {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map(Result::unwrap);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let Some(request) = head.first() else {
            return seen;
        };
        assert!(
            request.starts_with("GET http://git.heroku.com/"),
            "{request}"
        );
        seen = head
            .into_iter()
            .find(|line| line.starts_with("Authorization:"));
        let status = if seen.is_some() {
            "404 Not Found"
        } else {
            "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"Heroku\""
        };
        let end = "Content-Length: 0\r\nConnection: close";
        write!(stream, "HTTP/1.1 {status}\r\n{end}\r\n\r\n").unwrap();
    }
}

#[test]
fn git_finds_a_new_login_in_every_file_that_we_write_it_to() {
    let login = BASE64.encode(format!("ann@example.com:{GOOD}"));
    let expected = Some(format!("Authorization: Basic {login}"));
    let empty = Home::with(b"");
    assert_eq!(authorization(empty.path().parent().unwrap()), None);
    let mut written = 0;
    for (name, text, ..) in rows() {
        let home = Home::with(&spelled(text));
        if home.keeps(GOOD).is_err() {
            continue;
        }
        written += 1;
        assert_eq!(
            authorization(home.path().parent().unwrap()),
            expected,
            "{name}"
        );
    }
    assert!(written > 50, "most files accept a login: {written}");
}
