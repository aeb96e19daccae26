//! The cost of a reply: system calls and opened files, which do not depend on the load of the machine.

use crate::world::{ANN, REQUEST, Trace, World};

const FOREIGN: &str = "protocol=https\nhost=example.com\n";

/// The loader's cache and the C library, `/proc/self/maps` for the main thread's stack, `login.json`.
const FILES_OF_GET: usize = 4;
const CALLS_OF_GET: usize = 110;
/// The system calls of the loader and of Rust's runtime, with a margin for another C library. Our own calls are the two
/// reads of the request.
const CALLS_OF_A_FOREIGN_HOST: usize = 70;

const OPENING: [&str; 2] = ["open", "openat"];
const CHILDREN: [&str; 4] = ["fork", "vfork", "clone", "clone3"];

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

#[test]
fn get_stays_within_its_system_calls_and_starts_nothing() {
    let (world, token) = logged_in();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", REQUEST);
    outcome.succeeds().prints_secret(&token);
    assert!(
        trace.count() <= CALLS_OF_GET,
        "{} system calls",
        trace.count()
    );
    assert_eq!(
        count_opened_files(&trace),
        FILES_OF_GET,
        "{:#?}",
        trace.calls(&OPENING)
    );
    assert_eq!(trace.calls(&CHILDREN), Vec::<&str>::new());
    assert_eq!(trace.calls(&["execve"]).len(), 1);
}

#[test]
fn the_reply_is_one_write() {
    let (world, token) = logged_in();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", REQUEST);
    outcome.succeeds().prints_secret(&token);
    let writes = trace.calls(&["write"]);
    let to_stdout = writes.iter().filter(|call| call.contains("write(1,"));
    assert_eq!(to_stdout.count(), 1);
}

#[test]
fn a_request_for_another_host_needs_few_system_calls() {
    let (world, _) = logged_in();
    for operation in ["get", "store", "erase"] {
        let line = format!("git-credential-heroku-rs {operation}");
        let (outcome, trace) = world.traced(&line, FOREIGN);
        outcome.succeeds().says_nothing();
        let calls = trace.count();
        assert!(calls <= CALLS_OF_A_FOREIGN_HOST, "{calls} system calls");
        assert_eq!(count_opened_files(&trace), FILES_OF_GET - 1);
        assert_eq!(trace.calls(&["socket", "connect"]), Vec::<&str>::new());
    }
}

#[test]
fn store_of_our_own_token_opens_no_connection() {
    let (world, token) = logged_in();
    let request = format!(
        "capability[]=state\n{REQUEST}username={ANN}\npassword={token}\nstate[]=heroku-rs:keyring\n"
    );
    let (outcome, trace) = world.traced("git-credential-heroku-rs store", &request);
    outcome.succeeds().says_nothing();
    assert_eq!(trace.calls(&["socket", "connect"]), Vec::<&str>::new());
}

/// The opened files that exist.
fn count_opened_files(trace: &Trace) -> usize {
    let calls = trace.calls(&OPENING);
    calls.iter().filter(|call| !call.contains(" = -1 ")).count()
}
