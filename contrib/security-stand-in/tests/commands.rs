//! The stand-in as a process: exit codes, stdout and stderr, the access lists of an item, the log.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts the program"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use security_stand_in::{Answer, Event, Item, Keychain};
use tempfile::TempDir;

const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
const FIND: &str = "find-generic-password -a ann@example.com -s heroku-cli -w";
const ADD: &str = "add-generic-password -U -a ann@example.com -s heroku-cli -w";
const DELETE: &str = "delete-generic-password -a ann@example.com -s heroku-cli";

struct CommandOutput {
    code: Option<i32>,
    output: String,
    errors: String,
}

fn security(home: &Path, line: &str, input: &str) -> CommandOutput {
    let mut child = command(home, line).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    CommandOutput {
        code: output.status.code(),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    }
}

fn command(home: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_security"));
    command.args(line.split(' ')).env("HOME", home);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn home() -> (TempDir, Keychain) {
    let home = TempDir::new().unwrap();
    let keychain = Keychain::in_home(home.path());
    (home, keychain)
}

#[test]
fn an_item_is_created_read_changed_and_deleted() {
    let (home, keychain) = home();
    let run = |line: &str| security(home.path(), line, "");
    assert_eq!(run(FIND).code, Some(44));
    assert_eq!(run(&format!("{ADD} {TOKEN}")).code, Some(0));
    assert_eq!(run(FIND).output, format!("{TOKEN}\n"));
    assert_eq!(run(&format!("{ADD} {TOKEN}2")).code, Some(0));
    assert_eq!(run(FIND).output, format!("{TOKEN}2\n"));
    assert_eq!(keychain.state().items.len(), 1);
    let deleted = run(DELETE);
    assert_eq!(deleted.code, Some(0));
    assert!(
        deleted
            .output
            .contains("\"acct\"<blob>=\"ann@example.com\"")
    );
    assert_eq!(deleted.errors, "password has been deleted.\n");
    assert_eq!(run(DELETE).code, Some(44));
    let dialogs = keychain
        .log()
        .into_iter()
        .filter(|event| matches!(event, Event::Dialog { .. }));
    assert_eq!(dialogs.count(), 0);
}

#[test]
fn an_update_keeps_the_applications_and_sets_the_partition_of_the_writer() {
    let (home, keychain) = home();
    let item = Item::created_by_a_program("heroku-cli", "ann@example.com", b"old", "other");
    keychain.change(|state| state.items.push(item.clone()));
    let output = security(home.path(), "-i", &format!("{ADD} \"{TOKEN}\"\n"));
    assert_eq!((output.code, output.errors), (Some(0), String::new()));
    let kept = &keychain.state().items[0];
    assert_eq!(kept.applications, item.applications);
    assert_eq!(kept.partitions, ["apple-tool:"]);
}

#[test]
fn an_item_of_another_program_shows_two_dialogs() {
    let (home, keychain) = home();
    let item = Item::created_by_a_program("heroku-cli", "ann@example.com", b"secret", "other");
    keychain.change(|state| {
        state.items.push(item);
        state.user = Answer::Allow;
    });
    assert_eq!(security(home.path(), FIND, "").output, "secret\n");
    let dialogs = || {
        let log = keychain.log().into_iter();
        log.filter(|event| matches!(event, Event::Dialog { .. }))
            .count()
    };
    assert_eq!(dialogs(), 2);
    keychain.change(|state| state.user = Answer::AlwaysAllow);
    assert_eq!(security(home.path(), FIND, "").code, Some(0));
    assert_eq!(security(home.path(), FIND, "").code, Some(0));
    assert_eq!(dialogs(), 3);
    for (answer, code) in [(Answer::Deny, 51), (Answer::Cancel, 128)] {
        keychain.change(|state| {
            state.user = answer;
            state.items[0].applications.clear();
        });
        assert_eq!(security(home.path(), FIND, "").code, Some(code));
    }
}

#[test]
fn a_dialog_that_is_not_answered_stays() {
    let (home, keychain) = home();
    keychain.change(|state| {
        state.items.push(Item::created_by_the_tool(
            "heroku-cli",
            "ann@example.com",
            b"x",
        ));
        state.is_locked = true;
    });
    let mut child = command(home.path(), FIND).spawn().unwrap();
    let limit = Instant::now() + Duration::from_secs(30);
    let asks = |event: &Event| matches!(event, Event::Dialog { question } if question == "unlock");
    while !keychain.log().iter().any(asks) {
        assert!(Instant::now() < limit, "no dialog");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn without_a_screen_a_command_that_needs_a_dialog_fails_immediately() {
    let (home, keychain) = home();
    let run = |line: &str| security(home.path(), line, "").code;
    keychain.change(|state| {
        state.has_screen = false;
        state.is_locked = true;
        state.items.push(Item::created_by_the_tool(
            "heroku-cli",
            "ann@example.com",
            b"x",
        ));
    });
    assert_eq!(run(FIND), Some(36));
    assert_eq!(run(DELETE), Some(36));
    assert_eq!(run(&format!("{ADD} y")), Some(36));
    // Attributes are readable without a dialog.
    assert_eq!(
        run("find-generic-password -a ann@example.com -s heroku-cli"),
        Some(0)
    );
    assert_eq!(run("show-keychain-info"), Some(36));
    assert_eq!(run("unlock-keychain -p wrong"), Some(51));
    assert_eq!(
        run("unlock-keychain"),
        Some(255),
        "there is no terminal here"
    );
    keychain.change(|state| state.is_locked = false);
    assert_eq!(run("show-keychain-info"), Some(0));
    keychain.change(|state| state.has_default_keychain = false);
    assert_eq!(run("show-keychain-info"), Some(37));
    assert_eq!(
        run("add-generic-password -U -a bob@example.com -s heroku-cli -w y"),
        Some(37)
    );
}

#[test]
fn a_denied_update_is_reported_as_a_duplicate() {
    let (home, keychain) = home();
    let mut item = Item::created_by_the_tool("heroku-cli", "ann@example.com", b"x");
    item.can_be_changed = false;
    keychain.change(|state| state.items.push(item));
    let output = security(home.path(), "-i", &format!("{ADD} y\n"));
    assert_eq!(output.code, Some(45));
    let mut lines = output.errors.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("security: SecKeychainItemModifyContent: ")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("security: SecKeychainItemCreateFromContent ")
    );
    assert_eq!(lines.next(), Some("add-generic-password: returned 45"));
}

#[test]
fn a_search_that_fails_looks_like_one_that_finds_nothing() {
    let (home, keychain) = home();
    keychain.change(|state| state.can_search = false);
    let output = security(home.path(), FIND, "");
    assert_eq!(output.code, Some(44));
    let mut lines = output.errors.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("security: SecKeychainSearchCreateFromAttributes: ")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("security: SecKeychainSearchCopyNext: ")
    );
}

#[test]
fn the_exit_code_is_that_of_the_last_line() {
    let (home, keychain) = home();
    let code = |input: &str| security(home.path(), "-i", input).code;
    assert_eq!(code("nothing\n"), Some(1));
    assert_eq!(code("nothing\n\n"), Some(0));
    assert_eq!(code(&format!("{ADD} {TOKEN}")), Some(0));
    assert_eq!(
        keychain.state().items,
        [],
        "a line without its newline is not run"
    );
}

#[test]
fn every_start_is_logged_with_its_arguments() {
    let (home, keychain) = home();
    security(home.path(), FIND, "");
    let log = keychain.log();
    let [Event::Started { arguments, .. }] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(arguments.join(" "), FIND);
}
