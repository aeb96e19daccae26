//! stdin, stdout or stderr that is closed, full or broken: the command finishes, its message is brief,
//! and there is no panic.

use std::fs;

use crate::world::{ANN, BOB, Outcome, REQUEST, World, counted};

/// Closed, full and broken streams of a program, in the syntax of a shell.
const BROKEN: [&str; 12] = [
    "<&-",
    "</",
    ">&-",
    "2>&-",
    "<&- >&- 2>&-",
    ">/dev/full",
    "2>/dev/full",
    ">/dev/full 2>/dev/full",
    "</dev/full",
    ">/dev/null 2>&1 </dev/null",
    "| true",
    "2>&1 | true",
];

fn with_each_broken_stream(line: &str, mut then: impl FnMut(&str)) {
    for streams in BROKEN {
        // A pipe's exit code is that of its last program: what counts is what was done.
        then(&format!("git-credential-heroku-rs {line} {streams}"));
    }
    counted("broken streams", BROKEN.len());
}

#[test]
fn a_command_finishes_if_its_output_is_not_read() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    let quiet = |said: Outcome<'_>| drop(said.reports_at_most(3).stdout());
    with_each_broken_stream(&format!("switch {BOB}"), |line| {
        world.has_active_account(ANN);
        quiet(world.shell(line, b""));
        assert_eq!(world.active_account().as_deref(), Some(BOB), "{line}");
    });
    with_each_broken_stream("setup", |line| {
        world.has_file(".gitconfig", "");
        quiet(world.shell(line, b""));
        let config = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
        assert!(
            config.ends_with("\thelper = heroku-rs\n"),
            "{line}: {config}"
        );
    });
    world.has_active_account(ANN);
    with_each_broken_stream("rotate", |line| {
        quiet(world.shell(line, b""));
        let mut kept = [ANN, BOB].map(|account| world.stored_in_the_keyring(account).unwrap());
        kept.sort();
        assert_eq!(world.valid_tokens(), kept, "{line}");
    });
    let token = world.stored_in_the_keyring(ANN).unwrap_or(token);
    world.api_is_unreachable();
    with_each_broken_stream("logout --all", |line| {
        world.stores_in_the_keyring(ANN, &token);
        world.stores_in_the_keyring(BOB, &of_bob);
        quiet(world.shell(line, b""));
        let left = world.accounts_in_the_keyring();
        assert_eq!(left, Vec::<String>::new(), "{line}");
    });
}

#[test]
fn a_list_that_is_not_read_causes_no_error() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.is_public(&token);
    for listing in [
        "status --offline",
        "status --json",
        "authorizations",
        "authorizations --json",
        "token",
        "--help",
        "netrc print",
        "get",
    ] {
        with_each_broken_stream(listing, |line| {
            drop(
                world
                    .shell(line, REQUEST.as_bytes())
                    .reports_at_most(2)
                    .stdout(),
            );
        });
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_full_disk_at_stdout_is_reported() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("status --offline >/dev/full")
        .exits_with(1)
        .stderr_is(
            "heroku-rs: could not write the output: no space left on the device\n  \
         free some space, or write the output elsewhere\n",
        );
}

#[test]
fn a_request_truncated_at_any_byte_gets_the_token_or_nothing() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let whole = "protocol=https\nhost=git.heroku.com\nusername=ann@example.com\n\n";
    let host_ends = whole.find("\nusername").unwrap();
    for length in 0..=whole.len() {
        let reply = world
            .helper_with_input("get", &whole[..length])
            .succeeds()
            .reports_at_most(1);
        let served = reply.stdout().contains(&token);
        assert!(length >= host_ends || !served, "{length} bytes");
        assert!(length <= whole.len() - 2 || served, "{length} bytes");
        if served {
            reply.prints_secret(&token).stderr_is("").stdout();
        }
    }
    counted("broken streams", whole.len());
}

#[test]
fn a_reader_that_stops_at_any_byte_causes_no_error() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.is_public(&token);
    for length in (0..200).step_by(11) {
        for command in ["get", "status --offline --json", "--help"] {
            let line = format!("git-credential-heroku-rs {command} | head -c {length}");
            world
                .shell(&line, REQUEST.as_bytes())
                .succeeds()
                .stderr_is("")
                .stdout();
            counted("broken streams", 1);
        }
    }
}
