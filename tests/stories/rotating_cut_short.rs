//! A rotation that is killed, wherever that may be: the next push works, and the next rotation
//! leaves one authorization and no more.

use std::time::Duration;

use heroku_stand_in::{Fault, On};

use crate::world::{ANN, World, counted, is_thorough};

/// Longer than a request takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn logged_in() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

/// What every cut has to leave: a push that works, and a rotation that clears up.
fn is_whole(world: &World, cut: &str) {
    world.commits(cut);
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
    assert!(world.is_pushed(), "{cut}");
    world
        .helper("rotate")
        .succeeds()
        .says("The old one is revoked");
    let kept = world.kept_in_the_keyring(ANN).unwrap();
    assert_eq!(world.live_tokens(), [kept], "{cut}");
    world
        .helper("status")
        .succeeds()
        .says_nothing_about("(rotation ");
}

#[test]
fn a_kill_at_any_question_to_heroku_leaves_a_token_that_works() {
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
            is_whole(&world, &cut);
        }
    }
}

#[test]
fn a_login_by_the_browser_is_ended_by_the_next_rotation() {
    for at in [Fault::Pause, Fault::PauseAnswer] {
        let world = World::ready_to_push();
        world.heroku.approve_browser_login(ANN);
        world.helper("login --browser --no-open").succeeds();
        let cut = format!("{at:?} of the end of the session");
        world.kills_the_helper("rotate", On::Path("DELETE /oauth/sessions"), at);
        is_whole(&world, &cut);
    }
}

/// A request that nobody waits for any more may reach Heroku after the next rotation.
#[test]
fn what_comes_to_light_late_is_cleared_up_later() {
    let world = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    world
        .starts_the_helper_until("rotate", made, Fault::Pause)
        .dies();
    let timer = "rotate --if-expires-within 7d";
    world.helper(timer).succeeds().says_nothing();
    world.heroku.release();
    assert!(world.heroku.wait_for_answer(&made, PATIENCE).is_some());
    assert_eq!(world.live_tokens().len(), 2);
    world
        .helper(timer)
        .succeeds()
        .stdout_is("")
        .stderr_is("A rotation that was cut short has been cleared up\n");
    is_whole(&world, "after a request that came late");
}

/// Strikes at the program's first, its second … of these system calls, until it makes no more: by
/// a kill, or by an error that ends the program with this exit code. In a daily run `stride` passes
/// some over. Gives what it said each time.
fn struck_at_each(calls: &str, (blow, code): (&str, i32), stride: usize) -> Vec<String> {
    let stride = if is_thorough() { 1 } else { stride };
    let world = logged_in();
    let mut told = Vec::new();
    for number in (1..).step_by(stride) {
        let log = world.logs().join("strace");
        let line = format!(
            "strace --output={} --trace={calls} --inject={calls}:{blow}:when={number} \
             git-credential-heroku-rs rotate",
            log.display()
        );
        let outcome = world.shell(&line, b"");
        let is_struck = std::fs::read_to_string(&log).unwrap().contains("INJECTED");
        std::fs::remove_file(log).unwrap();
        if outcome.ended_well() {
            if !is_struck {
                break;
            }
            // It tried once more: a bus that hangs up without a word is asked in steps.
            is_whole(&world, &format!("{blow} at number {number} of {calls}"));
            continue;
        }
        told.push(outcome.exits_with(code).stderr());
        is_whole(&world, &format!("{blow} at number {number} of {calls}"));
    }
    told
}

#[test]
fn a_keyring_that_breaks_off_at_any_word_leaves_a_token_that_works() {
    let told = struck_at_each("sendto", ("error=EPIPE", 1), 2);
    counted("faults on the bus", told.len());
    assert!(told.len() > 4, "{told:?}");
    let is_unclear = |told: &String| {
        told.contains("whether the new token was written is not known, so that the old one stays")
    };
    assert!(told.iter().any(is_unclear), "{told:?}");
    let is_untouched = |told: &String| told.contains("the token was not replaced: ");
    assert!(told.iter().any(is_untouched), "{told:?}");
}

fn killed_at_each(calls: &str, stride: usize) -> usize {
    /// As a shell tells of a program that was killed.
    const KILLED: i32 = 128 + 9;
    let kills = struck_at_each(calls, ("signal=KILL", KILLED), stride).len();
    counted("kills", kills);
    kills
}

#[test]
fn a_kill_before_any_word_to_the_keyring_leaves_a_token_that_works() {
    // Three to find the token, six to see that it is there still, and those that write and read.
    let least = if is_thorough() { 12 } else { 6 };
    assert!(killed_at_each("sendto", 2) > least);
}

#[test]
fn a_kill_before_any_answer_of_the_keyring_leaves_a_token_that_works() {
    assert!(killed_at_each("?poll,?ppoll", 4) > 2);
}

#[test]
fn a_kill_before_any_note_leaves_a_token_that_works() {
    let renames = killed_at_each("?rename,?renameat,?renameat2", 1);
    let removals = killed_at_each("?unlink,?unlinkat", 1);
    assert!(renames >= 3 && removals >= 1, "{renames}, {removals}");
}
