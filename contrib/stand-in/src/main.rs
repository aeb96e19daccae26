//! The stand-in as a program: `heroku-stand-in --dir DIR`.
//!
//! It writes what a client needs to `DIR/environment` and the address of its control interface to
//! `DIR/control`, says `ready`, and plays Heroku until it is told to stop.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use heroku_stand_in::{StandIn, control};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let dir = match (arguments.next(), arguments.next()) {
        (Some(flag), Some(dir)) if flag == "--dir" => PathBuf::from(dir),
        _ => return Err(io::Error::other("usage: heroku-stand-in --dir DIR")),
    };
    std::fs::create_dir_all(&dir)?;
    let heroku = StandIn::start(&dir)?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let ca = heroku.ca_file().display();
    let proxy = heroku.proxy();
    write(
        &dir.join("environment"),
        &format!(
            "https_proxy={proxy}\nHTTPS_PROXY={proxy}\nSSL_CERT_FILE={ca}\nGIT_SSL_CAINFO={ca}\n\
             CURL_CA_BUNDLE={ca}\n"
        ),
    )?;
    write(
        &dir.join("control"),
        &format!("http://{}\n", listener.local_addr()?),
    )?;
    writeln!(io::stdout(), "ready")?;
    control::serve(&listener, &heroku)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(text.as_bytes())
}
