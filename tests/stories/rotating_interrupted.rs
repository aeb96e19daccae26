//! A rotation that is killed at any step: the next push works, and the next rotation leaves exactly
//! one authorization.

use std::time::Duration;

use heroku_stand_in::{Fault, On};

use crate::world::{ANN, Outcome, World, counted, is_thorough};

/// Longer than a request takes on a busy machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

fn logged_in() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// After every interruption, a push works and the next rotation cleans up.
fn push_and_rotation_succeed(world: &World, cut: &str) {
    world.commits(cut);
    world.pushes();
    assert!(world.is_pushed(), "{cut}");
    world
        .helper("rotate")
        .succeeds()
        .says("Revoked the old token");
    let kept = world.stored_in_the_keyring(ANN).unwrap();
    assert_eq!(world.valid_tokens(), [kept], "{cut}");
    world
        .helper("status")
        .succeeds()
        .says_nothing_about("(rotation ");
}

#[test]
fn a_kill_at_any_request_leaves_a_valid_token() {
    let world = logged_in();
    for step in [
        "GET /oauth/authorizations",
        "POST /oauth/authorizations",
        "GET /account",
        "DELETE /oauth/authorizations",
        "PATCH /oauth/authorizations",
    ] {
        for at in [Fault::Pause, Fault::PauseAnswer] {
            let cut = format!("{at:?} of {step}");
            world.kills_the_helper("rotate", On::Path(step), at);
            push_and_rotation_succeed(&world, &cut);
        }
    }
}

#[test]
fn the_next_rotation_ends_the_session_of_a_browser_login() {
    for at in [Fault::Pause, Fault::PauseAnswer] {
        let world = World::ready_to_push();
        world.heroku.approve_browser_login(ANN);
        world.helper("login --browser --no-open").succeeds();
        let cut = format!("{at:?} of the end of the session");
        world.kills_the_helper("rotate", On::Path("DELETE /oauth/sessions"), at);
        push_and_rotation_succeed(&world, &cut);
    }
}

/// An entry in netrc may name no account: then only Heroku can say which rotation of the journal is its own.
#[test]
fn the_next_rotation_cleans_up_for_an_entry_without_an_account() {
    let timer = "rotate --if-expires-within 7d";
    for (step, at, commands) in [
        (
            "POST /oauth/authorizations",
            Fault::PauseAnswer,
            &["rotate"][..],
        ),
        ("GET /account", Fault::PauseAnswer, &["rotate"]),
        (
            "DELETE /oauth/authorizations",
            Fault::Pause,
            &[timer, "rotate"],
        ),
    ] {
        let world = World::ready_to_push();
        let token = world.heroku.issue_token(ANN);
        world.has_netrc(&format!("machine git.heroku.com password {token}\n"));
        world.kills_the_helper("rotate", On::Path(step), at);
        for command in commands {
            world.helper(command).succeeds();
            assert_eq!(world.valid_tokens().len(), 1, "{command} after {step}");
        }
    }
}

/// Logged in with two tokens of one account: one in the keyring, and one in netrc.
fn logged_in_twice() -> World {
    let world = logged_in();
    let token = world.heroku.issue_token(ANN);
    let entry = format!("machine git.heroku.com login {ANN} password {token}\n");
    world.has_netrc(&entry);
    world
}

fn token_in_netrc(world: &World) -> String {
    let text = std::fs::read_to_string(world.home().join(".netrc")).unwrap();
    let token = text.split_whitespace().last();
    token.unwrap().to_owned()
}

/// Both sources have a valid token, and no other token is valid after the next run for both.
fn both_logins_are_kept(world: &World) {
    for token in [
        world.stored_in_the_keyring(ANN).unwrap(),
        token_in_netrc(world),
    ] {
        assert!(world.heroku.is_live(&token));
    }
    world.helper("rotate --all").succeeds();
    let mut stored = [
        world.stored_in_the_keyring(ANN).unwrap(),
        token_in_netrc(world),
    ];
    stored.sort();
    assert_eq!(world.valid_tokens(), stored);
}

const REVOCATION: On = On::Path("DELETE /oauth/authorizations");

#[test]
fn a_rotation_in_the_keyring_is_not_undone_by_a_timer_without_a_session() {
    let world = logged_in_twice();
    world
        .starts_the_helper_until("rotate", REVOCATION, Fault::Pause)
        .kill();
    world
        .shell(
            "env -u DBUS_SESSION_BUS_ADDRESS -u XDG_RUNTIME_DIR git-credential-heroku-rs rotate --all",
            b"",
        )
        .exits_with(1)
        .says("the token was not replaced: the keyring may have the same token: ")
        .says_nothing_about("Cleaned up");
    both_logins_are_kept(&world);
}

#[test]
fn a_rotation_in_netrc_is_not_undone_by_one_in_the_keyring() {
    let world = logged_in_twice();
    world.sets("HEROKU_NETRC_WRITE", "true");
    world
        .starts_the_helper_until("rotate", REVOCATION, Fault::Pause)
        .kill();
    world.unsets("HEROKU_NETRC_WRITE");
    world
        .helper("rotate")
        .succeeds()
        .says("Replaced the token of ann@example.com in the keyring")
        .says_nothing_about("Cleaned up");
    both_logins_are_kept(&world);
}

#[test]
fn a_token_that_a_locked_keyring_may_have_is_not_revoked_by_the_next_run() {
    let world = with_a_copy_in_netrc();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.keyring().locks();
    world.sets("HEROKU_NETRC_WRITE", "true");
    world
        .starts_the_helper_until("rotate", REVOCATION, Fault::Pause)
        .kill();
    world.unsets("HEROKU_NETRC_WRITE");
    world
        .helper("rotate")
        .exits_with(1)
        .says("the keyring may have the same token: the keyring is locked\n")
        .says_nothing_about("Cleaned up");
    assert!(world.heroku.is_live(&token));
}

/// The keyring has been read, so it certainly does not have the new token.
#[test]
fn a_rotation_in_a_source_without_a_login_is_undone_by_one_in_the_other() {
    let world = logged_in_twice();
    world.kills_the_helper("rotate", On::Path("GET /account"), Fault::PauseAnswer);
    let old = world.stored_in_the_keyring(ANN).unwrap();
    world.empties_the_keyring();
    world.heroku.revoke(&old);
    world
        .helper("rotate")
        .succeeds()
        .says("Cleaned up an interrupted rotation");
    assert_eq!(world.valid_tokens(), [token_in_netrc(&world)]);
}

/// An abandoned request may reach Heroku after the next rotation.
#[test]
fn the_result_of_a_late_request_is_cleaned_up() {
    let world = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    world
        .starts_the_helper_until("rotate", made, Fault::Pause)
        .kill();
    let timer = "rotate --if-expires-within 7d";
    world.helper(timer).succeeds().says_nothing();
    world.heroku.release();
    assert!(world.heroku.wait_for_answer(&made, ANSWER_LIMIT).is_some());
    assert_eq!(world.valid_tokens().len(), 2);
    world
        .helper(timer)
        .succeeds()
        .stdout_is("")
        .stderr_is("Cleaned up an interrupted rotation\n");
    push_and_rotation_succeed(&world, "after a request that came late");
}

#[test]
fn a_dry_run_reports_an_interrupted_rotation_and_changes_nothing() {
    let world = logged_in();
    world.kills_the_helper("rotate", On::Path("GET /account"), Fault::PauseAnswer);
    let live = world.valid_tokens();
    for flags in ["", " --if-expires-within 7d"] {
        world
            .helper(&format!("rotate --dry-run{flags}"))
            .succeeds()
            .says("Interrupted rotations that will be cleaned up: 1\n");
    }
    assert_eq!(world.valid_tokens(), live);
    push_and_rotation_succeed(&world, "after a dry run");
}

/// The same token is in the keyring and in netrc, as after `HEROKU_NETRC_WRITE` was set for some time.
#[test]
fn a_kill_leaves_no_copy_of_the_old_token() {
    for next in ["rotate", "rotate --all"] {
        let world = with_a_copy_in_netrc();
        let mut kills = 0;
        for number in 1.. {
            if rotation_killed_at_change(&world, number).is_success() {
                break;
            }
            kills += 1;
            world.helper(next).succeeds();
            let kept = world.stored_in_the_keyring(ANN).unwrap();
            assert_eq!(
                token_in_netrc(&world),
                kept,
                "after a kill at change {number}"
            );
            assert_eq!(world.valid_tokens(), [kept]);
        }
        // The two of the journal, that of netrc, that of the metadata.
        assert!(kills >= 4, "{kills}");
    }
}

/// As in cron on a desktop, where the user has set `HEROKU_NETRC_WRITE`.
#[test]
fn a_copy_in_a_keyring_without_a_session_is_reported_after_a_kill() {
    for number in 1..=4 {
        let world = with_a_copy_in_netrc();
        world.sets("HEROKU_NETRC_WRITE", "true");
        world.unsets("DBUS_SESSION_BUS_ADDRESS");
        world.unsets("XDG_RUNTIME_DIR");
        assert!(!rotation_killed_at_change(&world, number).is_success());
        world
            .helper("rotate")
            .succeeds()
            .says("warning: the keyring may still contain the old token: no keyring: ");
    }
}

fn with_a_copy_in_netrc() -> World {
    let world = logged_in();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.has_netrc(&format!(
        "machine api.heroku.com login {ANN} password {token}\n\
         machine git.heroku.com login {ANN} password {token}\n"
    ));
    world
}

fn rotation_killed_at_change(world: &World, number: usize) -> Outcome<'_> {
    let line = format!(
        "strace --quiet=all --output=/dev/null --trace=?rename,?renameat,?renameat2 \
         --inject=?rename,?renameat,?renameat2:signal=KILL:when={number} \
         git-credential-heroku-rs rotate"
    );
    world.shell(&line, b"")
}

/// Injects a fault at the first, the second … of these system calls, until there is none left: a
/// kill, or an error that ends the program with this exit code. A daily run only tests every
/// `stride`th call. Returns what the program printed each time.
fn inject_at_each(calls: &str, (fault, code): (&str, i32), stride: usize) -> Vec<String> {
    let stride = if is_thorough() { 1 } else { stride };
    let world = logged_in();
    let mut outputs = Vec::new();
    for number in (1..).step_by(stride) {
        let log = world.logs().join("strace");
        let line = format!(
            "strace --output={} --trace={calls} --inject={calls}:{fault}:when={number} \
             git-credential-heroku-rs rotate",
            log.display()
        );
        let outcome = world.shell(&line, b"");
        let is_injected = std::fs::read_to_string(&log).unwrap().contains("INJECTED");
        std::fs::remove_file(log).unwrap();
        if outcome.is_success() {
            if !is_injected {
                break;
            }
            // The program tried again: after a bus closes the connection, fewer calls are sent at a time.
            push_and_rotation_succeed(&world, &format!("{fault} at number {number} of {calls}"));
            continue;
        }
        outputs.push(outcome.exits_with(code).stderr());
        push_and_rotation_succeed(&world, &format!("{fault} at number {number} of {calls}"));
    }
    outputs
}

#[test]
fn a_keyring_that_closes_the_connection_leaves_a_valid_token() {
    let outputs = inject_at_each("sendto", ("error=EPIPE", 1), 2);
    counted("faults on the bus", outputs.len());
    assert!(outputs.len() > 4, "{outputs:?}");
    for message in [
        "the new token may not have been stored, so the old one was not revoked: ",
        "the token was not replaced: ",
    ] {
        let has_message = |output: &String| output.contains(message);
        assert!(outputs.iter().any(has_message), "{outputs:?}");
    }
}

fn killed_at_each(calls: &str, stride: usize) -> usize {
    /// The shell's exit code for a program that was killed.
    const KILLED: i32 = 128 + 9;
    let kills = inject_at_each(calls, ("signal=KILL", KILLED), stride).len();
    counted("kills", kills);
    kills
}

#[test]
fn a_kill_before_any_message_to_the_keyring_leaves_a_valid_token() {
    // Three to find the token, six to check that it is still there, and those that write and read.
    let least = if is_thorough() { 12 } else { 6 };
    assert!(killed_at_each("sendto", 2) > least);
}

#[test]
fn a_kill_before_any_reply_of_the_keyring_leaves_a_valid_token() {
    assert!(killed_at_each("?poll,?ppoll", 4) > 2);
}

#[test]
fn a_kill_before_any_change_of_the_journal_leaves_a_valid_token() {
    let renames = killed_at_each("?rename,?renameat,?renameat2", 1);
    let removals = killed_at_each("?unlink,?unlinkat", 1);
    assert!(renames >= 3 && removals >= 1, "{renames}, {removals}");
}
