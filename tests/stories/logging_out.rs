//! A logout: what is ours to revoke is revoked, what is not is named, and this machine forgets.

use heroku_stand_in::{Grant, Redaction};

use crate::world::{ANN, BOB, REQUEST, World};

fn logged_in() -> (World, String) {
    let world = World::ready_to_push();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    (world, token)
}

#[test]
fn the_token_is_revoked_and_nothing_of_it_stays() {
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
fn a_token_that_could_be_any_of_the_list_is_named_and_none_is_revoked() {
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
fn keep_leaves_the_token_valid_elsewhere() {
    let (world, token) = logged_in();
    let asked = world.requests_to_the_api();
    world.helper("logout --keep").succeeds();
    assert!(world.heroku.is_live(&token));
    assert_eq!(world.requests_to_the_api(), asked);
}

#[test]
fn without_a_network_this_machine_forgets_and_what_is_left_is_told() {
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
fn all_means_all() {
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
fn whoever_remains_is_told() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world
        .helper("logout")
        .succeeds()
        .says("The active account is now bob@example.com");
}

/// It was told to be in use "from now on" when it had been all the time.
#[test]
fn whoever_was_in_use_before_stays_so_without_a_word() {
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
fn a_browser_logins_session_is_ended() {
    let world = World::new().with_keyring();
    world.heroku.approve_browser_login(ANN);
    world.helper("login --browser --no-open").succeeds();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    world.helper("logout").succeeds();
    assert!(!world.heroku.is_live(&token));
}

#[test]
fn a_dead_token_needs_no_revoking() {
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

/// The one account that was left was told to be in use, while `login.json` named another one.
#[test]
fn whoever_remains_and_is_not_used_is_not_told_to_be() {
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

/// Of two that were left none was named, though one of them was used from then on.
#[test]
fn a_pasted_token_that_is_used_from_now_on_is_told() {
    let (world, _) = logged_in();
    world.keeps_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    world.keeps_in_the_keyring("heroku", &world.heroku.issue_token(BOB));
    world
        .helper("logout")
        .succeeds()
        .stderr_is("The active account is now an unnamed account (token pasted at git's prompt)\n");
}

/// They went along: an entry without a password held "this token" too.
#[test]
fn other_entries_of_herokus_in_netrc_stay() {
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
