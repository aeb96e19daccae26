//! A keyring that says anything: the bytes are what a bus sends in one conversation.
//!
//! The numbers by which answers are told are the same in every conversation, so that one that
//! was recorded with gnome-keyring is understood, and mutants of it mostly are.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::keyring::secret_service::{Failure, SecretService};
use keyring_core::api::CredentialStoreApi;

struct Bus {
    environment: Environment,
    script: Arc<Mutex<Vec<u8>>>,
    _dir: tempfile::TempDir,
}

/// One bus for all conversations: it hangs up its own side once all is said, and hears the other
/// side out, as a bus that dies in the middle does not.
static BUS: LazyLock<Mutex<Bus>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("bus");
    let listener = UnixListener::bind(&path).expect("a socket");
    let script = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&script);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a caller");
            let bytes: Vec<u8> = said.lock().expect("a script").clone();
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
        script,
        _dir: dir,
    })
});

/// How many items a bus that says this has, or why it could not be asked.
pub(crate) fn answer_to_a_search(bytes: &[u8]) -> Result<usize, Failure> {
    let bus = BUS.lock().expect("no promise was broken before");
    *bus.script.lock().expect("a script") = bytes.to_vec();
    let service = SecretService::new(&bus.environment, "Heroku CLI");
    service.read(&account()).map(|stored| stored.len())
}

pub(crate) fn holds(bytes: &[u8]) {
    let conversations: [fn(&SecretService, &[u8]); 5] =
        [listing, reading, writing, replacing, unlocking];
    let bus = BUS.lock().expect("no promise was broken before");
    *bus.script.lock().expect("a script") = bytes.to_vec();
    for conversation in conversations {
        let service = SecretService::new(&bus.environment, "Heroku CLI");
        conversation(&service, bytes);
    }
}

fn account() -> HashMap<&'static str, &'static str> {
    HashMap::from([("service", "heroku-cli"), ("account", "ann@example.com")])
}

/// What `get` asks: every item with all that it holds.
fn listing(service: &SecretService, bytes: &[u8]) {
    let said = |part: &[u8]| part.is_empty() || bytes.windows(part.len()).any(|run| run == part);
    for stored in service.read(&account()).unwrap_or_default() {
        assert!(said(&stored.secret), "a secret that nobody sent");
    }
}

fn reading(service: &SecretService, bytes: &[u8]) {
    let said = |part: &[u8]| part.is_empty() || bytes.windows(part.len()).any(|run| run == part);
    for entry in service.search(&account()).unwrap_or_default() {
        if let Ok(secret) = entry.get_secret() {
            assert!(said(&secret), "a secret that nobody sent");
        }
        for (name, value) in entry.get_attributes().unwrap_or_default() {
            assert!(said(name.as_bytes()) && said(value.as_bytes()));
        }
    }
}

fn writing(service: &SecretService, _: &[u8]) {
    let place = service.build("heroku-cli", "ann@example.com", None);
    let place = place.expect("the store takes any name");
    let _ = place.set_secret(b"secret");
    let _ = place.get_secret();
    let _ = place.delete_credential();
}

fn replacing(service: &SecretService, _: &[u8]) {
    for entry in service.search(&account()).unwrap_or_default() {
        let _ = entry.set_secret(b"secret");
        let _ = entry.delete_credential();
    }
}

fn unlocking(service: &SecretService, _: &[u8]) {
    let _ = service.unlock(&account(), Duration::from_secs(60));
}
