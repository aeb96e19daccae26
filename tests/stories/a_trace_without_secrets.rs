//! `GIT_CREDENTIAL_HEROKU_RS_TRACE`: what was done and why, in lines without private data.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::world::{ANN, BOB, REQUEST, World};

const VARIABLE: &str = "GIT_CREDENTIAL_HEROKU_RS_TRACE";

/// A world with a token in every source, and a trace in a file.
fn traced() -> (World, PathBuf) {
    let world = World::ready_to_push();
    let trace = world.logs().join("ours");
    world.sets(VARIABLE, trace.to_str().unwrap());
    (world, trace)
}

/// The lines without the process's number and without times.
fn steps(trace: &str) -> Vec<String> {
    let step = |line: &str| {
        let step = line.split_once(" ms: ").unwrap().1;
        let step = step.split(" (took ").next().unwrap();
        assert!(line.starts_with("heroku-rs["), "{line}");
        step.to_owned()
    };
    trace.lines().map(step).collect()
}

#[test]
fn a_trace_of_get_shows_request_sources_and_reply() {
    let (world, trace) = traced();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper_with_input("get", format!("capability[]=state\n{REQUEST}"))
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    let lines = fs::read_to_string(&trace).unwrap();
    assert_eq!(
        steps(&lines),
        [
            concat!("heroku-rs ", env!("CARGO_PKG_VERSION"), ": get"),
            "a request for git.heroku.com, with protocol, host, capability[]",
            "the account in login.json: a…@example.com",
            "HEROKU_API_KEY: no token",
            "a session with the Secret Service is open",
            "the Secret Service finds 1 items, and 0 locked ones",
            "the keyring: a token of a…@example.com",
            "reply: keyring",
            "done, without a message",
        ]
    );
    assert!(lines.contains(" (took "), "{lines}");
    let mode = fs::metadata(&trace).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn a_trace_on_stderr_leaves_stdout_to_git() {
    let world = World::new();
    world.sets(VARIABLE, "1");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .says("the keyring: unavailable: no keyring: no D-Bus session")
        .says("~/.netrc: no such file")
        .says("reply: no token")
        .says("\nheroku-rs: not logged in to Heroku (no keyring: no D-Bus session)");
    for off in ["0", "false", ""] {
        world.sets(VARIABLE, off);
        world
            .helper_with_input("get", "protocol=https\nhost=example.com\n")
            .succeeds()
            .says_nothing();
    }
}

#[test]
fn a_trace_that_cannot_be_written_is_reported_once() {
    let (world, _) = traced();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .shell("mkfifo ../logs/fifo && mkdir ../logs/dir", b"")
        .succeeds()
        .says_nothing();
    let logs = world.logs();
    for (value, why) in [
        (logs.join("dir"), "Is a directory (os error 21)"),
        (logs.join("fifo"), "No such device or address (os error 6)"),
        (
            "/nowhere/at/all".into(),
            "No such file or directory (os error 2)",
        ),
        (
            "trace".into(),
            "the value is neither 1 nor an absolute path",
        ),
    ] {
        world.sets(VARIABLE, value.to_str().unwrap());
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&token)
            .stderr_is(&format!(
                "heroku-rs: warning: no trace: {why}\n  check {VARIABLE}\n"
            ));
    }
}

/// Commands that make every part of the program write to the trace, on success and on failure.
const COMMANDS: [&str; 29] = [
    "status",
    "status --json --offline",
    "setup",
    "unsetup",
    "setup --alias",
    "unsetup --all",
    "switch ann@example.com",
    "switch nobody@example.com",
    "netrc clean --dry-run",
    "netrc import --dry-run",
    "netrc import --yes",
    "exec -- true",
    "exec true -pa-short-secret",
    "logout bob@example.com",
    "statsu",
    "capability",
    "doctor",
    "doctor --json --offline",
    "token --check",
    "api account",
    "api apps/blue-sky?a-short-secret=1",
    "api /apps -f name=a-short-secret",
    "authorizations list",
    "authorizations info 01234567-89ab-cdef-0123-456789abcdef",
    "rotate --dry-run",
    "rotate",
    "rotate --all --expires-in 8h",
    "completions bash",
    "man",
];

/// Runs every operation and every command, with tokens in every source and for every account.
fn run_every_command(world: &World) {
    let in_the_keyring = world.has_logged_in_with_the_heroku_cli(ANN);
    let get = || world.helper_with_input("get", REQUEST).succeeds();
    get().prints_secret(&in_the_keyring).stderr_is("");
    let in_netrc = world.heroku.issue_token(BOB);
    world.has_netrc(&format!(
        "machine git.heroku.com login {BOB} password {in_netrc}\n"
    ));
    let request = |token: &str| format!("{REQUEST}username={ANN}\npassword={token}\n");
    let pasted = world.heroku.issue_token(ANN);
    for operation in ["store", "erase"] {
        let _ = world.helper_with_input(operation, request(&pasted));
    }
    for line in COMMANDS {
        let _ = world.helper(line);
    }
    let kept = world.stored_in_the_keyring(ANN).unwrap();
    let _ = world.helper("token").prints_secret(&kept);
    let _ = world.helper("netrc print").prints_secret(&kept);
    let new = world.heroku.issue_token(ANN);
    let _ = world.helper_with_input("login --with-token", &new);
    let _ = world.helper_with_input("login --with-token", "a-short-secret");
    world.heroku.revoke(&new);
    let _ = world.helper_with_input("erase", request(&new));
    let _ = world.helper_with_input("store", request("a-short-secret"));
    world.sets("HEROKU_API_KEY", &in_netrc);
    get().prints_secret(&in_netrc).stderr_is("");
    world.unsets("HEROKU_API_KEY");
    world.keyring().locks();
    let _ = world.helper("status --offline");
}

/// The program's commands, as its help lists them.
fn commands(world: &World) -> Vec<String> {
    let help = world.helper("-h").succeeds().stdout();
    let (list, _) = help.split_once("Options:\n").unwrap();
    let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    let names: Vec<_> = names.map(str::to_owned).collect();
    assert!(names.len() > 10, "{help}");
    names
}

#[test]
fn a_trace_of_every_command_contains_no_secret_no_email_and_no_home() {
    let (world, trace) = traced();
    run_every_command(&world);
    let lines = fs::read_to_string(&trace).unwrap();
    // Each part of the program has written to the trace.
    for step in [
        ": erase",
        ": rotate",
        ": api",
        "POST https://api.heroku.com/oauth/authorizations: 201",
        ": netrc import",
        "Heroku rejects the token",
        "GET https://api.heroku.com/account: 200",
        "stored in the keyring as a…@example.com",
        "~/.netrc: ",
        "b…@example.com",
        "unavailable: the keyring is locked",
        "not stored: ",
        "failed: ",
    ] {
        assert!(lines.contains(step), "{step} is not in\n{lines}");
    }
    for command in commands(&world) {
        let start = format!(": {command}");
        assert!(lines.contains(&start), "{command} was not run:\n{lines}");
    }
    let home = world.home();
    for hidden in [
        "ann@",
        "bob@",
        "nobody@",
        "HRKU",
        "a-short-secret",
        home.to_str().unwrap(),
    ] {
        assert!(!lines.contains(hidden), "{hidden} is in\n{lines}");
    }
}
