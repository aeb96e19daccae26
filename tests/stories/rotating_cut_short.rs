//! A rotation that is killed, wherever that may be: the next push works, and the next rotation
//! leaves one authorization and no more.

use std::time::Duration;

use heroku_stand_in::{Fault, On, Times};

use crate::world::{ANN, World, counted, is_thorough};

/// Longer than a request takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn logged_in() -> World {
    let world = World::new()
        .with_keychain()
        .with_app("blue-sky")
        .with_helper();
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
    let kept = world.kept_in_the_keychain(ANN).unwrap();
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

/// A request that nobody waits for any more may reach Heroku after the next rotation.
#[test]
fn what_comes_to_light_late_is_cleared_up_later() {
    let world = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    world.heroku.fault(made, Fault::Pause, Times::Exactly(1));
    let running = world.starts_the_helper("rotate");
    world.waits_for_a_pause();
    running.dies();
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
/// some over.
fn struck_at_each(calls: &str, (blow, code): (&str, i32), stride: usize) -> usize {
    let stride = if is_thorough() { 1 } else { stride };
    let world = logged_in();
    for (times, number) in (1..).step_by(stride).enumerate() {
        let log = world.logs().join("strace");
        let line = format!(
            "strace --output={} --trace={calls} --inject={calls}:{blow}:when={number} \
             git-credential-heroku-rs rotate",
            log.display()
        );
        let outcome = world.shell(&line, b"");
        std::fs::remove_file(log).unwrap();
        if outcome.ended_well() {
            let what = if code == KILL.1 {
                "kills"
            } else {
                "faults on the bus"
            };
            counted(what, times);
            return number - stride;
        }
        let _ = outcome.exits_with(code);
        is_whole(&world, &format!("{blow} at number {number} of {calls}"));
    }
    unreachable!("a program makes an end of its calls")
}

/// A kill, and as a shell tells of a program that was killed.
const KILL: (&str, i32) = ("signal=KILL", 128 + 9);

#[test]
fn a_keyring_that_breaks_off_at_any_word_leaves_a_token_that_works() {
    assert!(struck_at_each("sendto", ("error=EPIPE", 1), 4) > 8);
}

#[test]
fn a_kill_before_any_word_to_the_keyring_leaves_a_token_that_works() {
    // Three to find the token, six to see that it is there still, and those that write and read.
    assert!(struck_at_each("sendto", KILL, 1) > 12);
}

#[test]
fn a_kill_before_any_answer_of_the_keyring_leaves_a_token_that_works() {
    assert!(struck_at_each("?poll,?ppoll", KILL, 4) > 8);
}

#[test]
fn a_kill_before_any_note_leaves_a_token_that_works() {
    let renames = struck_at_each("?rename,?renameat,?renameat2", KILL, 1);
    let removals = struck_at_each("?unlink,?unlinkat", KILL, 1);
    assert!(renames >= 3 && removals >= 1, "{renames}, {removals}");
}
