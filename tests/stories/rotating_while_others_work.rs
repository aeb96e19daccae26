//! A rotation while somebody else logs in, locks the keyring or rotates: theirs stays, and a token
//! that works is there at every moment.

use heroku_stand_in::{Fault, On};

use crate::world::{ANN, Running, World};

/// A rotation that has its new token and has not stored it.
fn starts_to_rotate(world: &World) -> Running {
    world.starts_the_helper_until("rotate", On::Path("GET /account"), Fault::Pause)
}

#[test]
fn two_rotations_at_once_come_one_after_the_other() {
    let (world, _) = World::after_our_login();
    let first = world.starts_the_helper("rotate");
    let second = world.starts_the_helper("rotate");
    assert_eq!((first.ends(), second.ends()), (Some(0), Some(0)));
    assert_eq!(
        world.live_tokens(),
        [world.kept_in_the_keyring(ANN).unwrap()]
    );
    world.pushes_again();
}

#[test]
fn a_login_meanwhile_stays_and_what_was_begun_is_taken_back() {
    let (world, old) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    let theirs = world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.clear_faults();
    assert_eq!(rotation.ends(), Some(1));
    assert_eq!(world.kept_in_the_keyring(ANN), Some(theirs.clone()));
    let mut expected = [old, theirs];
    expected.sort();
    assert_eq!(world.live_tokens(), expected, "and the new one is revoked");
    world.pushes_again();
}

#[test]
fn a_keyring_locked_meanwhile_keeps_the_old_token() {
    let (world, old) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    world.keyring().locks();
    world.heroku.clear_faults();
    assert_eq!(rotation.ends(), Some(1));
    assert_eq!(world.live_tokens(), std::slice::from_ref(&old));
    world.keyring().restarts();
    assert_eq!(world.kept_in_the_keyring(ANN), Some(old));
    world.pushes_again();
}

#[test]
fn a_locked_keyring_is_told_before_heroku_is_asked() {
    let (world, old) = World::after_our_login();
    let asked = world.requests_to_the_api();
    world.keyring().locks();
    world
        .helper("rotate")
        .exits_with(1)
        .says("the keyring is locked");
    assert_eq!(world.requests_to_the_api(), asked);
    assert!(world.heroku.is_live(&old));
}

#[test]
fn what_cannot_be_noted_is_not_begun() {
    let (world, old) = World::after_our_login();
    world.sets("XDG_STATE_HOME", "/proc/nowhere");
    world
        .helper("rotate")
        .exits_with(1)
        .says("what is to be done could not be noted");
    assert_eq!(world.live_tokens(), [old]);
}

/// The Heroku CLI waits for nobody: its logout revokes the old token while the new one is made.
#[test]
fn a_logout_meanwhile_leaves_nothing_alive() {
    let (world, old) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    world.heroku.revoke(&old);
    world.keyring_is_emptied();
    world.heroku.clear_faults();
    assert_eq!(rotation.ends(), Some(1));
    assert_eq!(world.live_tokens(), Vec::<String>::new());
}

#[test]
fn our_own_logout_waits_for_a_rotation() {
    let (world, _) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    let logout = world.starts_the_helper("logout");
    world.heroku.clear_faults();
    assert_eq!((rotation.ends(), logout.ends()), (Some(0), Some(0)));
    assert_eq!(world.live_tokens(), Vec::<String>::new());
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}
