//! Each cause of an unavailable keychain has its own message, and nothing is deleted.

use super::mac::{
    SECURITY, is_changed, is_locked_over_ssh, items, mac, mac_of_ann, no_argument_held_a_token,
};
use crate::world::{ANN, REQUEST, World};

/// `get` says this, asks the next source, and leaves everything as it is.
fn is_unavailable(world: &World, words: &str) {
    let before = items(world);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .says(words);
    world.helper_with_input("erase", REQUEST).succeeds();
    world.helper("status --offline").fails();
    assert_eq!(items(world), before, "nothing is deleted");
    assert_eq!(
        world.active_account().as_deref(),
        Some(ANN),
        "login.json is as it was"
    );
}

#[test]
fn over_ssh_a_locked_keychain_is_locked() {
    let (world, _) = mac_of_ann();
    is_locked_over_ssh(&world);
    is_unavailable(&world, "locked");
}

#[test]
fn in_dark_wake_the_keychain_is_locked() {
    let (world, _) = mac_of_ann();
    is_changed(&world, |state| {
        state.is_locked = true;
        state.is_dark_wake = true;
    });
    is_unavailable(&world, "locked");
}

#[test]
fn a_search_that_fails_is_not_an_absent_item() {
    let (world, _) = mac_of_ann();
    is_changed(&world, |state| state.can_search = false);
    is_unavailable(&world, "macOS could not search the keychain");
}

#[test]
fn with_a_locked_keychain_the_token_in_netrc_is_used() {
    let (world, _) = mac_of_ann();
    is_locked_over_ssh(&world);
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&format!(
        "machine git.heroku.com\n  login {ANN}\n  password {token}\n"
    ));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .says(&format!("password={token}"));
}

#[test]
fn a_login_that_macos_refuses_to_store_fails() {
    let (world, _) = mac_of_ann();
    is_changed(&world, |state| state.items[0].can_be_changed = false);
    let before = items(&world);
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store keyring", &token)
        .exits_with(1)
        .says("macOS did not let");
    assert_eq!(items(&world), before);
    no_argument_held_a_token(&world);
}

#[test]
fn without_a_default_keychain_there_is_no_keyring() {
    let world = mac();
    is_changed(&world, |state| {
        state.has_default_keychain = false;
        state.has_screen = false;
    });
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store keyring", &token)
        .exits_with(1)
        .says("keyring cannot be opened");
    assert_eq!(items(&world), []);
}

/// On a Mac it is always there; a sandbox may hide it.
#[test]
fn without_the_tool_there_is_no_keyring_and_netrc_is_suggested() {
    let (world, token) = mac_of_ann();
    let get = "git-credential-heroku-rs get";
    let hidden =
        format!("strace -f -o /dev/null -P {SECURITY} -e inject=execve:error=ENOENT {get}");
    world
        .shell(&hidden, REQUEST.as_bytes())
        .succeeds()
        .says("the system's keyring cannot be opened")
        .says("log in: git credential-heroku-rs login, or set HEROKU_API_KEY, or paste a token as the password");
    world.has_netrc(&format!(
        "machine git.heroku.com\n  login {ANN}\n  password {token}\n"
    ));
    world
        .shell(&hidden, REQUEST.as_bytes())
        .succeeds()
        .prints_secret(&token)
        .says(&format!("password={token}"));
    assert_eq!(items(&world).len(), 1);
}
