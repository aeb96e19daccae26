//! The dialogs of macOS: our messages, and how long we wait.

use std::time::Duration;

use security_stand_in::{Answer, Event, Item};

use super::mac::{dialogs, is_changed, is_locked_over_ssh, items, keychain, mac, mac_of_ann};
use crate::world::{ANN, REQUEST, World};

/// The keychain is locked, and its user answers the dialog with its password.
fn is_locked_and_its_user_unlocks_it(world: &World) {
    is_changed(world, |state| {
        state.is_locked = true;
        state.user = Answer::Allow;
    });
}

/// None of the programs that were started is still there.
fn no_program_is_left(world: &World) {
    for event in keychain(world).log() {
        if let Event::Started { pid, .. } = event {
            let there = std::path::Path::new("/proc").join(pid.to_string()).exists();
            assert!(!there, "{pid} is still there");
        }
    }
}

#[test]
fn an_unanswered_dialog_is_announced_and_times_out() {
    let (world, token) = mac_of_ann();
    is_changed(&world, |state| state.is_locked = true);
    world.sets("HEROKU_RS_PROMPT_TIMEOUT", "2");
    world.has_netrc(&format!(
        "machine git.heroku.com\n  login {ANN}\n  password {token}\n"
    ));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .says("waiting for macOS: a dialog may ask to unlock the keychain")
        .prints_secret(&token)
        .says(&format!("password={token}"))
        .ends_within(Duration::from_secs(20));
    assert_eq!(dialogs(&world), ["unlock"]);
    assert_eq!(items(&world).len(), 1);
    no_program_is_left(&world);
}

#[test]
fn a_dialog_that_is_answered_unlocks_the_keychain() {
    let (world, token) = mac_of_ann();
    is_locked_and_its_user_unlocks_it(&world);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"));
    assert_eq!(dialogs(&world), ["unlock"]);
}

/// There is no item yet, so the write is the first call that shows the dialog.
#[test]
fn a_first_login_waits_for_the_dialog() {
    let world = mac();
    is_changed(&world, |state| state.is_locked = true);
    world.sets("HEROKU_RS_TIMEOUT", "0.5");
    world.sets("HEROKU_RS_PROMPT_TIMEOUT", "2");
    world
        .helper_with_input("login --with-token", world.heroku.issue_token(ANN))
        .exits_with(1)
        .says("the keyring did not answer within 2.0 s")
        .says("HEROKU_RS_PROMPT_TIMEOUT=300");
    assert_eq!(dialogs(&world), ["unlock"]);
}

#[test]
fn status_unlocks_by_the_systems_dialog() {
    let (world, _) = mac_of_ann();
    is_locked_and_its_user_unlocks_it(&world);
    world.helper("status --unlock").succeeds().says(ANN);
    assert!(!keychain(&world).state().is_locked);
}

#[test]
fn over_ssh_status_names_the_command_that_unlocks() {
    let (world, _) = mac_of_ann();
    is_locked_over_ssh(&world);
    let unlock = "security unlock-keychain";
    world
        .helper("status --unlock")
        .exits_with(1)
        .says(&format!("the keyring is locked\n  unlock: {unlock}"));
    assert!(keychain(&world).state().is_locked);
    world
        .on_a_terminal(&format!("{unlock} && git-credential-heroku-rs status"))
        .shows("password to unlock default: ")
        .types("keychain password")
        .shows(ANN)
        .exits_with(0);
    assert!(!keychain(&world).state().is_locked);
}

/// As an earlier build of ours, or a program that does not use `security`, leaves it.
#[test]
fn a_denied_item_of_another_program_is_not_reported_as_locked() {
    for (answer, has_screen) in [
        (Answer::Deny, true),
        (Answer::Cancel, true),
        (Answer::Nothing, false),
    ] {
        let world = mac();
        let token = world.heroku.issue_token(ANN);
        world.has_active_account(ANN);
        is_changed(&world, |state| {
            let item = Item::created_by_a_program("heroku-cli", ANN, token.as_bytes(), "other");
            state.items.push(item);
            state.user = answer;
            state.has_screen = has_screen;
        });
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .says("macOS did not let")
            .says_nothing_about("locked");
        assert_eq!(items(&world).len(), 1);
        assert_eq!(world.active_account().as_deref(), Some(ANN));
    }
}
