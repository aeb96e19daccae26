//! `logout`: revokes the token if its authorization can be determined, and removes it from this machine.

use heroku_stand_in::{Grant, Redaction};

use crate::world::{ANN, BOB, REQUEST, World};

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
    world.heroku.redaction(Redaction::Short);
    let other = world.heroku.issue_token(ANN);
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("logout")
        .exits_with(1)
        .says("the token is still valid")
        .says("https://dashboard.heroku.com/account/applications")
        .says("Logged out of ann@example.com");
    assert!(world.heroku.is_live(&token) && world.heroku.is_live(&other));
    assert_eq!(world.kept_in_the_keyring(ANN), None);
}

#[test]
fn keep_does_not_revoke_the_token() {
    let (world, token) = logged_in();
    let asked = world.requests_to_the_api();
    world.helper("logout --keep").succeeds();
    assert!(world.heroku.is_live(&token));
    assert_eq!(world.requests_to_the_api(), asked);
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
    assert_eq!(world.kept_in_the_keyring(ANN), None);
    assert!(world.heroku.is_live(&token));
}

#[test]
fn all_logs_out_every_account() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world
        .helper("logout --all")
        .succeeds()
        .says("Logged out of ann@example.com")
        .says("Logged out of bob@example.com");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn a_new_active_account_is_reported() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world
        .helper("logout")
        .succeeds()
        .says("The active account is now bob@example.com");
}

/// It was reported as the new active account although it was active before.
#[test]
fn an_unchanged_active_account_is_not_reported() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world
        .helper("logout bob@example.com")
        .succeeds()
        .says("Logged out of bob@example.com")
        .says_nothing_about("active account");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn the_session_of_a_browser_login_is_ended() {
    let world = World::new().with_keyring();
    world.heroku.approve_browser_login(ANN);
    world.helper("login --browser --no-open").succeeds();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    world.helper("logout").succeeds();
    assert!(!world.heroku.is_live(&token));
}

#[test]
fn a_rejected_token_is_removed_without_an_error() {
    let world = World::new().with_keyring();
    let grant = Grant::default();
    let token = world.heroku.issue(ANN, grant).token;
    world.keeps_in_the_keyring(ANN, &token);
    world.heroku.revoke(&token);
    world.helper("logout").succeeds();
    assert_eq!(world.kept_in_the_keyring(ANN), None);
}

#[test]
fn a_locked_keyring_is_not_logged_out() {
    let (world, token) = logged_in();
    world.keyring().locks();
    world
        .helper("logout")
        .exits_with(1)
        .says("the keyring is locked");
    assert!(world.heroku.is_live(&token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

/// The remaining account was reported as active although `login.json` named another one.
#[test]
fn an_account_that_git_does_not_use_is_not_reported_as_active() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world.is_the_active_account("carol@example.com");
    world
        .helper(&format!("logout --keep {ANN}"))
        .succeeds()
        .stderr_is("");
    world
        .helper_with_input("get", REQUEST)
        .says("not logged in to Heroku as carol@example.com");
}

/// With two remaining accounts, the one that became active was not reported.
#[test]
fn a_pasted_token_that_becomes_active_is_reported() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world.keeps_in_the_keyring("heroku", &world.heroku.issue_token(BOB));
    world
        .helper("logout")
        .succeeds()
        .stderr_is("The active account is now an unnamed account (token pasted at git's prompt)\n");
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
