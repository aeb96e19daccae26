//! A rotation while another program logs in, locks the keyring or rotates: the other program's
//! token is kept, and a valid token is stored at every moment.

use heroku_stand_in::{Fault, On};

use crate::world::{ANN, Running, World};

/// Starts a rotation that has created its new token but not stored it.
fn starts_to_rotate(world: &World) -> Running {
    world.starts_the_helper_until("rotate", On::Path("GET /account"), Fault::Pause)
}

#[test]
fn two_rotations_run_one_after_the_other() {
    let (world, _) = World::after_our_login();
    let first = world.starts_the_helper("rotate");
    let second = world.starts_the_helper("rotate");
    assert_eq!((first.ends(), second.ends()), (Some(0), Some(0)));
    assert_eq!(
        world.valid_tokens(),
        [world.stored_in_the_keyring(ANN).unwrap()]
    );
    world.pushes_again();
}

#[test]
fn a_login_during_a_rotation_is_kept() {
    let (world, old) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    let theirs = world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.clear_faults();
    assert_eq!(rotation.ends(), Some(1));
    assert_eq!(world.stored_in_the_keyring(ANN), Some(theirs.clone()));
    let mut expected = [old, theirs];
    expected.sort();
    assert_eq!(world.valid_tokens(), expected, "the new token is revoked");
    world.pushes_again();
}

#[test]
fn a_keyring_that_is_locked_during_a_rotation_keeps_the_old_token() {
    let (world, old) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    world.keyring().locks();
    world.heroku.clear_faults();
    assert_eq!(rotation.ends(), Some(1));
    assert_eq!(world.valid_tokens(), std::slice::from_ref(&old));
    world.keyring().restarts();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(old));
    world.pushes_again();
}

#[test]
fn a_locked_keyring_is_reported_before_any_request() {
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
fn nothing_is_created_if_the_journal_cannot_be_written() {
    let (world, old) = World::after_our_login();
    world.sets("XDG_STATE_HOME", "/proc/nowhere");
    world
        .helper("rotate")
        .exits_with(1)
        .says("rotations.json was not changed: ");
    assert_eq!(world.valid_tokens(), [old]);
}

/// The Heroku CLI's logout does not wait: it revokes the old token while the new one is created.
#[test]
fn a_logout_during_a_rotation_leaves_no_valid_token() {
    let (world, old) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    world.heroku.revoke(&old);
    world.empties_the_keyring();
    world.heroku.clear_faults();
    assert_eq!(rotation.ends(), Some(1));
    assert_eq!(world.valid_tokens(), Vec::<String>::new());
}

#[test]
fn our_own_logout_waits_for_the_rotation() {
    let (world, _) = World::after_our_login();
    let rotation = starts_to_rotate(&world);
    let logout = world.starts_the_helper("logout");
    world.heroku.clear_faults();
    assert_eq!((rotation.ends(), logout.ends()), (Some(0), Some(0)));
    assert_eq!(world.valid_tokens(), Vec::<String>::new());
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}
