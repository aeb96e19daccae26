//! The stand-in as a program: `heroku-stand-in --dir DIR`.
//!
//! It writes the variables for a client to `DIR/environment` and the URL of its control interface to
//! `DIR/control`, prints `ready`, and runs until a request to that URL or a signal stops it. Then it
//! removes the files that it created.

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use heroku_stand_in::{StandIn, control};

/// What it creates in the directory. None of these may exist before.
const CREATED: [&str; 4] = ["apps", "ca.pem", "control", "environment"];

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let dir = match (arguments.next(), arguments.next()) {
        (Some(flag), Some(dir)) if flag == "--dir" => PathBuf::from(dir),
        _ => return Err(io::Error::other("usage: heroku-stand-in --dir DIR")),
    };
    if let Some(name) = CREATED.iter().find(|name| dir.join(name).exists()) {
        let message = format!(
            "{}/{name} already exists: use another directory",
            dir.display()
        );
        return Err(io::Error::other(message));
    }
    let was_there = dir.exists();
    let result = run(&dir);
    remove_created(&dir, was_there);
    result
}

fn run(dir: &Path) -> io::Result<()> {
    let heroku = StandIn::start(dir)?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    stop_at_a_signal(address)?;
    write(&dir.join("environment"), &environment(&heroku))?;
    write(&dir.join("control"), &format!("http://{address}\n"))?;
    writeln!(io::stdout(), "ready")?;
    control::serve(&listener, &heroku)
}

fn environment(heroku: &StandIn) -> String {
    let (proxy, ca) = (heroku.proxy(), heroku.ca_file().display());
    let proxies = ["https_proxy", "HTTPS_PROXY"].map(|name| format!("{name}={proxy}\n"));
    let roots = ["SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"];
    let roots = roots.map(|name| format!("{name}={ca}\n"));
    proxies.concat() + &roots.concat()
}

/// A signal sends the same request as a script, so that there is only one way to stop.
#[cfg(unix)]
fn stop_at_a_signal(control: SocketAddr) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            let stop = b"POST /stop HTTP/1.1\r\n\r\n";
            let _ = std::net::TcpStream::connect(control).and_then(|mut to| to.write_all(stop));
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn stop_at_a_signal(_: SocketAddr) -> io::Result<()> {
    Ok(())
}

/// Removes what this run created, and nothing else.
fn remove_created(dir: &Path, was_there: bool) {
    for name in CREATED {
        let path = dir.join(name);
        let _ = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
    }
    if !was_there {
        let _ = fs::remove_dir(dir);
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).open(path)?;
    file.write_all(text.as_bytes())
}
