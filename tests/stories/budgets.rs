//! What an answer may cost: system calls and opened files, which no machine's load changes.

use crate::world::{ANN, World};

const HEROKU: &str = "protocol=https\nhost=git.heroku.com\n";
const FOREIGN: &str = "protocol=https\nhost=example.com\n";

const CHILDREN: [&str; 4] = ["fork", "vfork", "clone", "clone3"];

fn logged_in() -> (World, String) {
    let world = World::new().with_keychain();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

#[test]
fn get_stays_within_its_system_calls_and_starts_nothing() {
    let (world, token) = logged_in();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", HEROKU);
    outcome.succeeds().hands_out(&token);
    assert!(trace.count() <= 400, "{} system calls", trace.count());
    assert_eq!(trace.calls(&CHILDREN), Vec::<&str>::new());
    assert_eq!(trace.calls(&["execve"]).len(), 1);
}

#[test]
fn the_reply_is_one_write() {
    let (world, token) = logged_in();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", HEROKU);
    outcome.succeeds().hands_out(&token);
    let writes = trace.calls(&["write"]);
    let to_stdout = writes.iter().filter(|call| call.contains("write(1,"));
    assert_eq!(to_stdout.count(), 1);
}

#[test]
fn a_foreign_host_costs_next_to_nothing() {
    let (world, _) = logged_in();
    for operation in ["get", "store", "erase"] {
        let line = format!("git-credential-heroku-rs {operation}");
        let (outcome, trace) = world.traced(&line, FOREIGN);
        outcome.succeeds().says_nothing();
        assert!(trace.count() <= 120, "{} system calls", trace.count());
        assert_eq!(trace.calls(&["socket", "connect"]), Vec::<&str>::new());
    }
}

#[test]
fn store_of_our_own_token_asks_nobody() {
    let (world, token) = logged_in();
    let request = format!(
        "capability[]=state\n{HEROKU}username={ANN}\npassword={token}\nstate[]=heroku-rs:keychain\n"
    );
    let (outcome, trace) = world.traced("git-credential-heroku-rs store", &request);
    outcome.succeeds().says_nothing();
    assert_eq!(trace.calls(&["socket", "connect"]), Vec::<&str>::new());
}
