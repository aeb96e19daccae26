//! git erases for many reasons. A token is removed only if it is ours and Heroku's API rejects it.

use std::time::Duration;

use crate::world::{ANN, BOB, REQUEST, World};

fn logged_in() -> (World, String) {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

/// git's request to `erase`, for Ann and with this password.
fn erase_request(password: &str) -> String {
    format!("protocol=https\nhost=git.heroku.com\nusername={ANN}\npassword={password}\n")
}

#[test]
fn without_a_password_nothing_is_removed() {
    let (world, token) = logged_in();
    world.heroku.revoke(&token);
    for request in [
        REQUEST,
        "protocol=https\nhost=git.heroku.com\nusername=ann@example.com\n",
        "protocol=https\nhost=git.heroku.com\nusername=ann@example.com\npassword=\n",
    ] {
        world
            .helper_with_input("erase", request)
            .succeeds()
            .says_nothing();
    }
    world
        .git_with_input(
            "credential reject",
            "protocol=https\nhost=git.heroku.com\n\n",
        )
        .succeeds()
        .says_nothing();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn another_password_is_ignored() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(ANN);
    world.heroku.revoke(&other);
    for password in [other.as_str(), "hunter2"] {
        world
            .helper_with_input("erase", erase_request(password))
            .succeeds()
            .says_nothing();
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn a_token_is_not_erased_for_another_account() {
    let (world, token) = logged_in();
    world.heroku.revoke(&token);
    let request = erase_request(&token).replace(ANN, BOB);
    world
        .helper_with_input("erase", request)
        .succeeds()
        .says_nothing();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_token_that_heroku_accepts_is_kept() {
    let (world, token) = logged_in();
    world
        .helper_with_input("erase", erase_request(&token))
        .succeeds()
        .stdout_is("")
        .stderr_is(
            "heroku-rs: git was rejected, but the token of ann@example.com is valid; it was kept\n  \
             find out what else git sends: git credential-heroku-rs doctor\n",
        );
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.requests_to_the_api(), 1, "the probe reached Heroku");
}

#[test]
fn a_rejected_token_is_removed() {
    let (world, token) = logged_in();
    world.heroku.revoke(&token);
    world
        .helper_with_input("erase", erase_request(&token))
        .succeeds()
        .says("it was removed");
    assert_eq!(world.stored_in_the_keyring(ANN), None);
}

#[test]
fn a_server_error_does_not_remove_the_token() {
    let (world, token) = logged_in();
    world.heroku.revoke(&token);
    for status in [400, 402, 403, 404, 406, 429, 500, 503] {
        world.api_answers(status);
        world
            .helper_with_input("erase", erase_request(&token))
            .succeeds()
            .stdout_is("")
            .says("git was rejected, ")
            .says("; it was kept");
        let kept = world.stored_in_the_keyring(ANN);
        assert_eq!(kept.as_ref(), Some(&token), "{status}");
        world.heroku_recovers();
    }
}

#[test]
fn an_unreachable_api_does_not_remove_the_token() {
    let (world, token) = logged_in();
    world.heroku.revoke(&token);
    world.api_is_unreachable();
    let erase = || world.helper_with_input("erase", erase_request(&token));
    erase().succeeds().says("it was kept");
    // Nothing listens on port 1.
    world.sets("https_proxy", "http://127.0.0.1:1");
    world.sets("HTTPS_PROXY", "http://127.0.0.1:1");
    erase().succeeds().says("it was kept");
    assert_eq!(
        world.stored_in_the_keyring(ANN).as_deref(),
        Some(token.as_str())
    );
}

#[test]
fn an_api_that_never_replies_does_not_block_git() {
    let (world, token) = logged_in();
    world.heroku.revoke(&token);
    world.api_hangs();
    world
        .helper_with_input("erase", erase_request(&token))
        .succeeds()
        .says("it was kept")
        .ends_within(Duration::from_secs(8));
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_stale_header_in_gits_configuration_does_not_remove_the_login() {
    let (world, token) = logged_in();
    world
        .git("config --global http.https://git.heroku.com/.extraHeader 'Authorization: Basic eDpub3Bl'")
        .succeeds();
    world
        .git("push heroku main")
        .exits_with(128)
        .says("git was rejected, but the token of ann@example.com is valid; it was kept")
        .says("find out what else git sends: git credential-heroku-rs doctor")
        .says("Authentication failed");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    world
        .helper("doctor")
        .exits_with(1)
        .says("from http.https://git.heroku.com/.extraheader in ~/.gitconfig");
    world
        .git("config --global --unset http.https://git.heroku.com/.extraHeader")
        .succeeds();
    world.git("push --quiet heroku main").succeeds();
}

#[test]
fn a_token_in_the_environment_is_not_removed() {
    let (world, token) = logged_in();
    let dead = world.heroku.issue_token(ANN);
    world.heroku.revoke(&dead);
    world.sets("HEROKU_API_KEY", &dead);
    world
        .git("push heroku main")
        .exits_with(128)
        .says("HEROKU_API_KEY")
        .says("set HEROKU_API_KEY to a valid token, or unset it");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}
