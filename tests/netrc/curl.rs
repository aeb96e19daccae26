//! What curl, and git through it, sends from the files that we have written.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;

use crate::{GOOD, Home, rows, spelled};

/// A server for one request; gives the header that carries the login, if one came.
fn authorization(arguments: &[&str]) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("::127.0.0.1:{}", listener.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map(Result::unwrap);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        (&stream).write_all(answer).unwrap();
        head.into_iter()
            .find(|line| line.starts_with("Authorization:"))
    });
    let curl = Command::new("curl")
        .env_clear()
        .args(["--disable", "--silent", "--show-error", "--max-time", "20"])
        .args(["--connect-to", &to])
        .args(arguments)
        .arg("http://git.heroku.com/")
        .output()
        .unwrap();
    assert!(
        curl.status.success(),
        "{}",
        String::from_utf8_lossy(&curl.stderr)
    );
    server.join().unwrap()
}

#[test]
fn curl_finds_a_new_login_in_every_file_that_we_write_it_to() {
    let expected = authorization(&["--user", &format!("ann@example.com:{GOOD}")]);
    assert!(expected.is_some(), "the server can see a login");
    let mut written = 0;
    for (name, text, ..) in rows() {
        let home = Home::with(&spelled(text));
        if home.keeps(GOOD).is_err() {
            continue;
        }
        written += 1;
        let path = home.path();
        let sent = authorization(&["--netrc-file", path.to_str().unwrap()]);
        assert_eq!(sent, expected, "{name}");
    }
    assert!(written > 50, "most files take a login: {written}");
}
