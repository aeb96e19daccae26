//! The stand-in as a program: `heroku-stand-in --dir DIR`.
//!
//! It writes what a client needs to `DIR/environment` and the address of its control interface to
//! `DIR/control`, says `ready`, and plays Heroku until a request to that address or a signal stops it.
//! Then it takes away what it made.

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use heroku_stand_in::{StandIn, control};

/// What is made in the folder; none of it may be there before.
const MADE: [&str; 4] = ["apps", "ca.pem", "control", "environment"];

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let dir = match (arguments.next(), arguments.next()) {
        (Some(flag), Some(dir)) if flag == "--dir" => PathBuf::from(dir),
        _ => return Err(io::Error::other("usage: heroku-stand-in --dir DIR")),
    };
    if let Some(name) = MADE.iter().find(|name| dir.join(name).exists()) {
        let what = format!(
            "{}/{name} is there already: name another folder",
            dir.display()
        );
        return Err(io::Error::other(what));
    }
    let was_there = dir.exists();
    let played = play(&dir);
    take_away(&dir, was_there);
    played
}

fn play(dir: &Path) -> io::Result<()> {
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

/// A signal says what a script may say, so that there is one way to the end.
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

/// Removes what was made here, and nothing that was not.
fn take_away(dir: &Path, was_there: bool) {
    for name in MADE {
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
