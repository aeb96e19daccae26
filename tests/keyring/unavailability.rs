//! A keyring that cannot be used: each cause is recognized, in time, and none counts as an absent item.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::keyring::{Keyring, Lock, Missing, Unavailable};

use crate::session::{SECRETS, Session, ours};
use crate::{ANN, ann, token};

const LIMIT: Duration = Duration::from_millis(300);

type Question = fn(&dyn Keyring) -> Result<(), Unavailable>;

/// Why every operation fails; each ends within the limit.
fn why(environment: &Environment) -> Unavailable {
    let why = in_time(environment, |keyring| keyring.read(&ann()).map(drop));
    let others: [Question; 3] = [
        |keyring| keyring.read_all().map(drop),
        |keyring| keyring.write(&ann(), &token(1)),
        |keyring| keyring.remove(&ann(), &token(1)),
    ];
    for other in others {
        assert_eq!(in_time(environment, other), why);
    }
    why
}

fn in_time(environment: &Environment, ask: Question) -> Unavailable {
    let start = Instant::now();
    let why = ask(ours(environment).as_ref()).unwrap_err();
    let most = environment.keyring_limit + Duration::from_secs(1);
    assert!(start.elapsed() < most, "{:?}", start.elapsed());
    why
}

/// Each operation reports the lock, and not that the item is absent.
fn is_locked(session: &Session) {
    assert_eq!(
        why(&session.environment()),
        Unavailable::Locked(Lock::Keyring)
    );
}

fn briefly(session: &Session) -> Environment {
    Environment {
        keyring_limit: LIMIT,
        ..session.environment()
    }
}

#[test]
fn a_locked_keyring_is_not_an_empty_one() {
    let mut session = Session::new();
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    session.locks();
    is_locked(&session);
    session.restarts_locked();
    is_locked(&session);
    session.restarts();
    assert_eq!(session.the_cli_finds(ANN), token(1).expose());
}

#[test]
fn an_item_that_may_be_hidden_is_not_absent() {
    let session = Session::new();
    session.locks();
    is_locked(&session);
}

#[test]
fn without_a_screen_for_the_prompt_the_keyring_stays_locked() {
    let session = Session::new();
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    session.keyring().unlock().unwrap();
    session.locks();
    let start = Instant::now();
    let unlocked = session.keyring().unlock();
    assert_eq!(unlocked, Err(Unavailable::PromptDismissed));
    assert!(start.elapsed() < Duration::from_secs(5));
    is_locked(&session);
}

#[test]
fn a_keyring_that_hangs_times_out() {
    let session = Session::new();
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    session.signals("STOP");
    assert!(matches!(why(&briefly(&session)), Unavailable::Slow(_)));
    session.signals("CONT");
    assert_eq!(session.the_cli_finds(ANN), token(1).expose());
}

/// Lets the bus start this program as the keyring.
fn can_start(session: &Session, program: &str) {
    let service = format!("[D-BUS Service]\nName={SECRETS}\nExec={program}\n");
    let path = session.dir.path().join("services/secrets.service");
    fs::write(path, service).unwrap();
    let reload = ["call", "--session", "--dest", "org.freedesktop.DBus"];
    let method = [
        "--object-path",
        "/",
        "--method",
        "org.freedesktop.DBus.ReloadConfig",
    ];
    session.run("gdbus", &[reload, method].concat());
}

#[test]
fn a_keyring_program_that_never_starts_times_out() {
    let session = Session::with_a_bus_alone();
    can_start(&session, "/bin/sleep 5");
    assert!(matches!(why(&briefly(&session)), Unavailable::Slow(_)));
}

#[test]
fn a_program_that_does_not_start_is_not_a_missing_one() {
    let session = Session::with_a_bus_alone();
    can_start(&session, "/bin/false");
    let broken = Unavailable::Broken("the keyring program did not start".to_owned());
    assert_eq!(why(&session.environment()), broken);
    can_start(&session, "/nonexistent/daemon");
    let none = Unavailable::NoKeyring(Missing::Service);
    assert_eq!(why(&session.environment()), none);
}

#[test]
fn a_bus_without_a_keyring_program_has_no_keyring() {
    let mut session = Session::with_a_bus_alone();
    let none = Unavailable::NoKeyring(Missing::Service);
    assert_eq!(why(&session.environment()), none);
    session.starts(&["--unlock"]);
    session.keyring().write(&ann(), &token(1)).unwrap();
    session.ends();
    assert_eq!(why(&session.environment()), none);
}

#[test]
fn without_a_bus_there_is_no_keyring() {
    let nowhere = Environment {
        keyring_limit: LIMIT,
        ..Environment::default()
    };
    assert_eq!(why(&nowhere), Unavailable::NoKeyring(Missing::Bus));
    let dangling = Environment {
        bus_address: Some("unix:path=/nonexistent/bus".to_owned()),
        ..nowhere.clone()
    };
    let unreachable = Unavailable::NoKeyring(Missing::ReachableBus);
    assert_eq!(why(&dangling), unreachable);
    let remote = Environment {
        bus_address: Some("tcp:host=127.0.0.1,port=1".to_owned()),
        ..nowhere
    };
    let not_local = Unavailable::RemoteBus;
    assert_eq!(why(&remote), not_local);
}

#[test]
fn a_bus_at_its_standard_path_needs_no_address() {
    let session = Session::new();
    session.the_cli_keeps("Heroku CLI", ANN, token(1).expose());
    let environment = Environment {
        bus_address: None,
        runtime_dir: Some(session.dir.path().join("run")),
        ..session.environment()
    };
    let item = ours(&environment).read(&ann()).unwrap();
    assert_eq!(item, Some(token(1)));
}

#[test]
fn a_keyring_that_was_never_set_up_is_empty_and_stores_nothing() {
    let mut session = Session::with_a_bus_alone();
    session.starts(&[]);
    let keyring = session.keyring();
    assert!(keyring.read(&ann()).unwrap().is_none());
    assert!(keyring.read_all().unwrap().items.is_empty());
    keyring.remove(&ann(), &token(1)).unwrap();
    let kept = keyring.write(&ann(), &token(1));
    assert_eq!(kept, Err(Unavailable::NoKeyring(Missing::Collection)));
}

/// A bus that sends these bytes to each client, and then keeps the connection open.
fn bus_that_says(says: &'static [u8]) -> (tempfile::TempDir, Environment) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The client may have closed the connection already.
            let _ = stream.write_all(says);
            open.push(stream);
        }
    });
    let environment = Environment {
        bus_address: Some(format!("unix:path={}", path.display())),
        keyring_limit: LIMIT,
        ..Environment::default()
    };
    (dir, environment)
}

#[test]
fn a_bus_that_never_replies_times_out() {
    let (_dir, environment) = bus_that_says(b"");
    assert!(matches!(why(&environment), Unavailable::Slow(_)));
    let (_dir, environment) = bus_that_says(b"OK 0123\r\n");
    assert!(matches!(why(&environment), Unavailable::Slow(_)));
}

#[test]
fn a_bus_that_does_not_accept_this_user_is_rejected() {
    let (_dir, environment) = bus_that_says(b"REJECTED EXTERNAL\r\n");
    let of_another_user = Unavailable::BusOfAnotherUser;
    assert_eq!(why(&environment), of_another_user);
}

#[test]
fn a_bus_with_invalid_replies_is_broken() {
    let says: [&[u8]; 3] = [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"OK 0123\r\nGET / HTTP/1.1\r\n\r\n",
        b"OK 0123\r\nl\x02\0\x01\xff\xff\xff\xff\x01\0\0\0\xff\xff\xff\xff",
    ];
    for says in says {
        let (_dir, environment) = bus_that_says(says);
        assert!(matches!(why(&environment), Unavailable::Broken(_)));
    }
}
