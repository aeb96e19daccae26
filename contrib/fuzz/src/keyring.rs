//! A keyring that sends any bytes: they are what a bus sends in one session.
//!
//! The serial numbers of the replies are the same in every session, so that a reply that
//! was recorded with gnome-keyring is valid, and most of its mutants are, too.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::keyring::{Keyring, Unavailable, open};
use git_credential_heroku_rs::token::Token;

struct Bus {
    environment: Environment,
    /// The bytes that it sends.
    reply: Arc<Mutex<Vec<u8>>>,
    _dir: tempfile::TempDir,
}

/// One bus for all sessions. It sends the bytes, closes its side of the connection, and reads the other side to its end.
/// So the client never gets an error while it writes.
static BUS: LazyLock<Mutex<Bus>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("bus");
    let listener = UnixListener::bind(&path).expect("a socket");
    let reply = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&reply);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let bytes: Vec<u8> = shared.lock().expect("a reply").clone();
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let environment = Environment {
        bus_address: Some(format!("unix:path={}", path.display())),
        keyring_limit: Duration::from_secs(60),
        ..Environment::default()
    };
    Mutex::new(Bus {
        environment,
        reply,
        _dir: dir,
    })
});

/// Searches a keyring on a bus that sends these bytes. Returns the number of logins.
pub(crate) fn search(bytes: &[u8]) -> Result<usize, Unavailable> {
    let bus = BUS.lock().expect("no promise was broken before");
    *bus.reply.lock().expect("a reply") = bytes.to_vec();
    let listing = service(&bus).read_all();
    listing.map(|listing| listing.items.len())
}

pub(crate) fn check(bytes: &[u8]) {
    let bus = BUS.lock().expect("no promise was broken before");
    *bus.reply.lock().expect("a reply") = bytes.to_vec();
    let (ann, token) = (account(), token());
    let listing = service(&bus).read_all().unwrap_or_default();
    for item in listing.items.iter().chain(&listing.duplicates) {
        assert!(
            contains(item.token.expose().as_bytes(), bytes),
            "this secret was never sent"
        );
        assert!(contains(item.account.as_str().as_bytes(), bytes));
    }
    if let Ok(Some(read)) = service(&bus).read(&ann) {
        assert!(
            contains(read.expose().as_bytes(), bytes),
            "this secret was never sent"
        );
    }
    // A write only succeeds if the item was read back.
    if service(&bus).write(&ann, &token).is_ok() {
        assert!(
            contains(token.expose().as_bytes(), bytes),
            "the item was not read back"
        );
    }
    let _ = service(&bus).remove(&ann, &token);
    let _ = service(&bus).unlock();
    let _ = service(&bus).confirms_reads();
}

fn contains(part: &[u8], bytes: &[u8]) -> bool {
    bytes.windows(part.len()).any(|run| run == part)
}

fn service(bus: &Bus) -> Box<dyn Keyring> {
    open(&bus.environment, true)
}

fn account() -> Account {
    Account::parse("ann@example.com").expect("an account")
}

fn token() -> Token {
    Token::parse("HRKU-01234567-89ab-cdef-0123-456789abcdef").expect("a token")
}
