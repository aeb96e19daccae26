//! `logout`: revokes the token if its authorization can be determined, and removes it from this machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use heroku_stand_in::{Fault, On, Redaction, Times};

use crate::world::{ANN, BOB, World, without_capabilities};

fn logged_in() -> (World, String) {
    let world = World::ready_to_push();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    (world, token)
}

#[test]
fn the_token_is_revoked_and_removed() {
    let (world, token) = logged_in();
    world
        .helper("logout")
        .succeeds()
        .stdout_is("Logged out of ann@example.com; token revoked\n")
        .stderr_is("");
    assert!(!world.heroku.is_live(&token));
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    assert_eq!(world.active_account(), None);
    world.helper("logout").exits_with(4);
}

/// The Heroku CLI would see no login.
#[test]
fn the_last_account_becomes_active_for_the_heroku_cli_too() {
    let (world, _) = logged_in();
    world.stores_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world
        .helper("logout")
        .succeeds()
        .stderr_is("The active account is now bob@example.com\n");
    assert_eq!(world.active_account().as_deref(), Some(BOB));
}

#[test]
fn a_login_of_the_heroku_cli_is_found_in_the_list_and_revoked() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.helper("logout").succeeds();
    assert!(!world.heroku.is_live(&token));
}

#[test]
fn a_token_with_an_ambiguous_authorization_is_reported_and_not_revoked() {
    let world = World::new().with_keyring();
    world.heroku.set_redaction(Redaction::Short);
    let other = world.heroku.issue_token(ANN);
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("logout")
        .exits_with(1)
        .says("the token is still valid")
        .says("https://dashboard.heroku.com/account/applications")
        .says("Logged out of ann@example.com");
    assert!(world.heroku.is_live(&token) && world.heroku.is_live(&other));
    assert_eq!(world.stored_in_the_keyring(ANN), None);
}

#[test]
fn without_a_network_the_token_is_removed_and_reported_as_still_valid() {
    let (world, token) = logged_in();
    world.api_is_unreachable();
    world
        .helper("logout")
        .exits_with(1)
        .says("could not revoke the token: ")
        .says("Logged out of ann@example.com");
    assert_eq!(world.stored_in_the_keyring(ANN), None);
    assert!(world.heroku.is_live(&token));
}

#[test]
fn the_session_of_a_browser_login_is_ended() {
    let world = World::new().with_keyring();
    world.heroku.approve_browser_login(ANN);
    world.helper("login --browser --no-open").succeeds();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.helper("logout").succeeds();
    assert!(!world.heroku.is_live(&token));
}

/// An entry without a password was taken for one with this token, and removed.
#[test]
fn other_heroku_entries_in_netrc_stay() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(BOB);
    let stays = format!(
        "machine api.heroku.com\n  login {ANN}\nmachine git.heroku.com login {BOB} password {other}\n"
    );
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n{stays}"
    ));
    world.helper("logout").succeeds();
    assert_eq!(
        std::fs::read_to_string(world.home().join(".netrc")).unwrap(),
        stays
    );
}

const REVOCATION: On = On::Path("DELETE /oauth/authorizations");

/// Logged in with the new token of a rotation that was killed before it revoked the old one.
fn with_half_a_rotation() -> (World, String) {
    let (world, old) = logged_in();
    world
        .starts_the_helper_until("rotate", REVOCATION, Fault::Pause)
        .kill();
    assert!(world.heroku.is_live(&old));
    (world, old)
}

#[test]
fn the_old_token_of_an_interrupted_rotation_is_revoked_too() {
    let (world, _) = with_half_a_rotation();
    world
        .helper("logout")
        .succeeds()
        .stdout_is("Logged out of ann@example.com; token revoked\n")
        .stderr_is("");
    assert_eq!(world.valid_tokens(), Vec::<String>::new());
}

/// Afterwards, no token could revoke it.
#[test]
fn the_unused_authorization_of_an_interrupted_rotation_is_revoked_too() {
    let (world, _) = logged_in();
    world.kills_the_helper("rotate", On::Path("GET /account"), Fault::PauseAnswer);
    assert_eq!(world.valid_tokens().len(), 2);
    world.helper("logout").succeeds().stderr_is("");
    assert_eq!(world.valid_tokens(), Vec::<String>::new());
    world
        .helper("unsetup --all")
        .succeeds()
        .says_nothing_about("Kept");
}

#[test]
fn the_old_token_of_an_interrupted_rotation_is_reported_if_it_stays_valid() {
    let (world, old) = with_half_a_rotation();
    let fault = Fault::api(500, "internal", "Oh.");
    world.heroku.fault(REVOCATION, fault, Times::Exactly(1));
    world
        .helper("logout")
        .exits_with(1)
        .says("Logged out of ann@example.com; the token may still be valid\n")
        .says("warning: a rotation was interrupted, and its other token may still be valid: ");
    assert_eq!(world.valid_tokens(), [old]);
}

/// The next rotation would have undone the one that was interrupted, and so revoked the kept token.
#[test]
fn a_token_that_is_kept_after_an_interrupted_rotation_stays_valid() {
    let (world, old) = with_half_a_rotation();
    let kept = world.stored_in_the_keyring(ANN).unwrap();
    world
        .helper("logout --keep")
        .succeeds()
        .stdout_is("Logged out of ann@example.com; token not revoked\n")
        .says("warning: a rotation was interrupted, and its other token may still be valid\n");
    world.logs_in_with(&world.heroku.issue_token(ANN));
    world.helper("rotate").succeeds();
    assert!(world.heroku.is_live(&kept) && world.heroku.is_live(&old));
}

#[test]
fn an_account_that_cannot_be_logged_out_does_not_stop_the_next_one() {
    let (world, anns) = logged_in();
    let bobs = world.heroku.issue_token(BOB);
    world.empties_the_keyring();
    world.stores_in_the_keyring(BOB, &bobs);
    let entry = format!("machine git.heroku.com login {ANN} password {anns}\n");
    world.has_netrc(&format!("{entry}macdef init\nput x\n\n"));
    world
        .helper("logout --all")
        .exits_with(1)
        .stdout_is("Logged out of bob@example.com; token revoked\n")
        .says("the token of ann@example.com was revoked, but not removed from this machine: ");
    assert_eq!(world.valid_tokens(), Vec::<String>::new());
    assert_eq!(world.stored_in_the_keyring(BOB), None);
}

#[test]
fn a_login_json_that_cannot_be_removed_does_not_count_as_a_token() {
    without_capabilities(|| {
        let (world, token) = logged_in();
        let directory = world.login_json().parent().unwrap().to_owned();
        fs::set_permissions(&directory, Permissions::from_mode(0o500)).unwrap();
        world.helper("logout").exits_with(1).stdout_is("").stderr_is(
            "heroku-rs: the token of ann@example.com was revoked and removed, but login.json still \
             names it: Permission denied (os error 13)\n  \
             remove the file: rm ~/.local/share/heroku/login.json\n",
        );
        fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
        assert!(!world.heroku.is_live(&token));
        assert_eq!(world.stored_in_the_keyring(ANN), None);
    });
}
