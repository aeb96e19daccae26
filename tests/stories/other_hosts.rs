//! Hosts that are not Heroku's never see a token, and cost nothing: no keyring, no network.

use crate::world::{ANN, GIT_HOST, Trace, World};

fn logged_in() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// Calls that reach the keyring, the network, another program or a thread.
const REACHING_OUT: [&str; 8] = [
    "socket", "connect", "sendto", "sendmsg", "fork", "vfork", "clone", "clone3",
];

/// The files that a program opened itself, those of the loader left out.
fn opened_files(trace: &Trace) -> Vec<&str> {
    let calls = trace.calls(&["open", "openat"]).into_iter();
    let is_loaders = |line: &str| {
        ["/ld.so.", "/lib/", "/lib64/", ".so"]
            .iter()
            .any(|part| line.contains(part))
    };
    // The standard library looks at the stack's size and the control groups on some systems.
    let is_systems = |line: &str| line.contains("/proc/self/") || line.contains("/sys/");
    calls
        .filter(|line| !is_loaders(line) && !is_systems(line))
        .collect()
}

#[test]
fn a_fetch_from_another_host_gets_no_token_and_opens_no_connection() {
    let world = logged_in();
    world.heroku.add_host("git.example.com");
    let line = "git fetch https://git.example.com/blue-sky.git";
    let (outcome, trace) = world.traced(line, "");
    outcome.exits_with(128).stderr_is(
        "fatal: could not read Username for 'https://git.example.com': terminal prompts disabled\n",
    );
    let ours = trace.of(&world.tested_program());
    assert_eq!(ours.calls(&REACHING_OUT), Vec::<&str>::new());
    assert_eq!(opened_files(&ours), Vec::<&str>::new());
    let requests = world.heroku.requests_to("git.example.com");
    assert!(!requests.is_empty());
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn the_same_probe_sees_the_connections_of_a_request_for_heroku() {
    let world = logged_in();
    let (outcome, trace) = world.traced("git push heroku main", "");
    outcome.succeeds();
    let ours = trace.of(&world.tested_program());
    assert!(!ours.calls(&REACHING_OUT).is_empty());
    assert!(!opened_files(&ours).is_empty());
    let requests = world.heroku.requests_to(GIT_HOST);
    assert!(
        requests
            .iter()
            .any(|request| request.header("authorization").is_some())
    );
}

#[test]
fn no_operation_prints_anything_for_another_host() {
    let world = logged_in();
    let token = world.heroku.issue_token(ANN);
    for target in [
        "protocol=https\nhost=example.com\n",
        "protocol=https\nhost=heroku.com\n",
        "protocol=https\nhost=git.heroku.com.example.com\n",
        "protocol=https\nhost=git.heroku.com:8443\n",
        "protocol=https\nhost=git.heroku.com.\n",
        "protocol=https\nhost=127.0.0.1\n",
        "protocol=http\nhost=git.heroku.com\n",
        "protocol=https\nhost=\n",
        "protocol=https\n",
        "host=git.heroku.com\n",
        "",
    ] {
        for operation in ["get", "store", "erase"] {
            let request = format!("{target}username={ANN}\npassword={token}\n");
            world
                .helper_with_input(operation, request)
                .succeeds()
                .says_nothing();
        }
    }
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn an_invalid_heroku_host_gets_nothing() {
    let world = logged_in();
    for value in [
        "evil.example",
        "evil-localhost.example.com",
        "https://evil.example",
    ] {
        world.sets("HEROKU_HOST", value);
        let host = value.trim_start_matches("https://");
        for host in [host.to_owned(), format!("git.{host}")] {
            world
                .helper_with_input("get", format!("protocol=https\nhost={host}\n"))
                .succeeds()
                .says_nothing();
        }
    }
}
