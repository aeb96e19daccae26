//! The disk is full, read-only, broken or another user's at each call in turn: each file is the old
//! or the new one, no temporary file is left, and the exit code says which.

use std::fs;
use std::path::PathBuf;

use crate::world::{
    ANN, BOB, Outcome, PATHS_ARE_HIDDEN, REQUEST, SystemCall, World, counted, reads_every_process,
    sample, skipped,
};

/// The errors that a file system may return. `EINTR` is not a failure: the call is made again.
fn errors(call: &SystemCall) -> &'static [&'static str] {
    let names: [(&[&str], &[&str]); 7] = [
        (&["openat"], &["EACCES", "ENOSPC", "EROFS", "EMFILE", "EIO"]),
        (&["write"], &["ENOSPC", "EIO", "EDQUOT", "EINTR"]),
        (&["fsync"], &["EIO", "ENOSPC"]),
        (
            &["rename", "renameat", "renameat2"],
            &["EACCES", "EROFS", "ENOSPC"],
        ),
        (&["mkdir", "unlink"], &["EACCES", "EROFS", "ENOSPC"]),
        (&["fchmod", "flock"], &["EPERM", "ENOLCK"]),
        (&["read", "statx", "getdents64"], &["EIO", "EACCES"]),
    ];
    let mut listed = names.into_iter().filter(|(names, _)| call.is_one_of(names));
    listed.next().map_or(&[], |(_, errors)| errors)
}

/// How many of the faults a normal run tests.
const DAILY: usize = 8;

/// Runs a command line without a fault, and then once for each fault that the files below the home
/// can cause. No temporary file is ever left.
fn with_every_fault(
    world: &World,
    line: &str,
    input: &str,
    given: impl Fn(),
    then: impl Fn(Outcome<'_>),
) {
    given();
    let (sound, mut calls) = world.system_calls(line, input);
    then(sound.succeeds());
    let are_hidden = calls.iter().any(SystemCall::closes_the_memory) && !reads_every_process();
    let home = world.home();
    // The pipes of children are read as the bytes come: such reads cannot be identified by their number.
    let starts_children = calls
        .iter()
        .any(|call| call.is_one_of(&["vfork", "clone3"]));
    let wakes_threads = calls.iter().any(|call| call.is_one_of(&["eventfd2"]));
    calls.retain(|call| call.shows(home.to_str().unwrap()));
    calls.retain(|call| !starts_children || !call.is_one_of(&["read"]));
    // The same is true of the writes with which the network threads wake each other.
    calls.retain(|call| !wakes_threads || !call.is_one_of(&["write"]));
    let each = |call| errors(call).iter().map(move |error| (call, error));
    let faults = sample(calls.iter().flat_map(each).collect(), DAILY);
    if are_hidden {
        skipped(PATHS_ARE_HIDDEN);
    }
    assert!(are_hidden || faults.len() > 5, "the faults happen");
    for (call, error) in &faults {
        given();
        then(world.failing_at(line, input, call, error));
        assert_eq!(world.drafts(), Vec::<PathBuf>::new(), "{error}");
    }
    counted("faults on the disk", faults.len());
}

#[test]
fn login_stores_the_token_and_reports_what_was_not_written() {
    let world = World::new().with_keyring();
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    let new = world.heroku.issue_token(BOB);
    let given = || {
        world.has_active_account(ANN);
        world.stores_in_the_keyring(BOB, &old);
    };
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(3);
        let kept = world.stored_in_the_keyring(BOB);
        let is_kept = kept.as_ref() == Some(&new);
        let is_unsaid = said.stderr().contains("could not write the output");
        assert!(is_kept == said.is_success() || is_kept && is_unsaid);
        let active = world.active_account().unwrap();
        assert!(active == BOB || active == ANN && said.stderr().contains("could not record "));
        assert_eq!(world.stored_in_the_keyring(ANN).as_ref(), Some(&old));
    };
    let login = "git-credential-heroku-rs login --with-token";
    with_every_fault(&world, login, &new, given, then);
}

#[test]
fn a_login_in_netrc_is_written_completely_or_not_at_all() {
    let world = World::new();
    let (old, new) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    let netrc = |token: &str| {
        let others = "# mine\nmachine example.com\n  login x\n  password y\n".to_owned();
        let entry =
            |host| format!("machine {host}.heroku.com\n  login {ANN}\n  password {token}\n");
        others + &entry("api") + &entry("git")
    };
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(3);
        let text = fs::read_to_string(world.home().join(".netrc")).unwrap();
        if said.is_success() {
            assert_eq!(text, netrc(&new));
        } else {
            assert_eq!(text, netrc(&old));
        }
    };
    let login = "git-credential-heroku-rs login --with-token --store netrc";
    with_every_fault(&world, login, &new, || world.has_netrc(&netrc(&old)), then);
}

#[test]
fn a_failed_logout_is_reported() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let entry = format!("machine git.heroku.com\n  login {ANN}\n  password {token}\n");
    let given = || {
        world.stores_in_the_keyring(ANN, &token);
        world.has_active_account(ANN);
        world.has_netrc(&format!("machine example.com login x password y\n{entry}"));
    };
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(1);
        let netrc = fs::read_to_string(world.home().join(".netrc")).unwrap();
        assert!(netrc.starts_with("machine example.com login x password y\n"));
        let gone = world.stored_in_the_keyring(ANN).is_none()
            && world.active_account().is_none()
            && !netrc.contains(&token);
        assert!(gone || !said.is_success());
    };
    with_every_fault(
        &world,
        "git-credential-heroku-rs logout --keep",
        "",
        given,
        then,
    );
}

#[test]
fn switch_succeeds_or_reports_an_error() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(1);
        let active = world.active_account().unwrap();
        assert_eq!(active, if said.is_success() { BOB } else { ANN });
    };
    let line = format!("git-credential-heroku-rs switch {BOB}");
    with_every_fault(&world, &line, "", || world.has_active_account(ANN), then);
}

#[test]
fn get_returns_the_token_whatever_file_cannot_be_read_or_written() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let grant = heroku_stand_in::Grant {
        expires_in: Some(3600),
        ..heroku_stand_in::Grant::default()
    };
    let ending = world.heroku.issue(ANN, grant).token;
    world
        .helper_with_input("login --with-token", &ending)
        .succeeds()
        .stdout();
    let state = ".local/state/git-credential-heroku-rs/authorizations.json";
    let known = fs::read_to_string(world.home().join(state)).unwrap();
    let given = || drop(world.has_file(state, &known));
    let then = |reply: Outcome<'_>| {
        reply
            .succeeds()
            .reports_at_most(1)
            .prints_secret(&ending)
            .stdout();
    };
    assert_ne!(token, ending);
    with_every_fault(&world, "git-credential-heroku-rs get", REQUEST, given, then);
}

const CONFIG: &str = "[user]\n\tname = Ann\n\
    [credential \"https://git.heroku.com\"]\n\tusername = ann\n\thelper = theirs\n\
    [credential]\n\thelper = store\n";

#[test]
fn setup_succeeds_or_reports_an_error() {
    let world = World::new();
    let given = || drop(world.has_file(".gitconfig", CONFIG));
    let then = |said: Outcome<'_>| {
        let said = said.reports_at_most(1);
        let text = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
        if said.is_success() {
            assert!(text.ends_with("\thelper =\n\thelper = heroku-rs\n"));
        } else {
            assert_eq!(text, CONFIG);
        }
    };
    with_every_fault(&world, "git-credential-heroku-rs setup", "", given, then);
}

/// The same for git itself: git fails at each of its calls in turn.
#[test]
fn setup_reports_a_git_that_fails() {
    let world = World::new();
    let git = "n=$(cat ~/calls); echo $((n + 1)) >~/calls\n\
        [ \"$n\" != \"$FAILS_AT\" ] || { echo 'error: No space left on device' >&2; exit 4; }\n\
        exec /usr/bin/git \"$@\"";
    world.has_program("git", git);
    let mut failed = 0;
    for call in 0.. {
        world.has_file(".gitconfig", CONFIG);
        world.has_file("calls", "0");
        world.sets("FAILS_AT", &call.to_string());
        let said = world.helper("setup").reports_at_most(1);
        let text = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
        let calls = fs::read_to_string(world.home().join("calls")).unwrap();
        if text == CONFIG {
            drop(said.exits_with(1).says("No space left on device").stdout());
        } else {
            assert!(text.ends_with("\thelper =\n\thelper = heroku-rs\n"));
        }
        if calls.trim().parse::<usize>().unwrap() < call {
            break;
        }
        failed += 1;
    }
    assert!(failed > 5, "{failed} calls of git's fail");
    counted("faults on the disk", failed);
}
