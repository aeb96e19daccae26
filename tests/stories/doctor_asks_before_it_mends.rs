//! `doctor --fix` with a person at the terminal: each change is shown and asked for, and what the
//! world does meanwhile is not overwritten.

use std::fs;

use crate::doctor::{finding, healthy};
use crate::world::{ANN, World};

/// A remote in clear text and no `login.json`.
fn with_two_to_mend() -> World {
    let world = healthy();
    world
        .git("remote set-url heroku http://git.heroku.com/blue-sky.git")
        .succeeds();
    fs::remove_file(world.login_json()).unwrap();
    world
}

#[test]
fn a_person_is_asked_before_each_change_and_may_say_no() {
    let world = with_two_to_mend();
    let shown = world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("to fix: write https:// into remote.heroku.url")
        .shows("undo:  git config --local")
        .shows("Do it? [Y/n]")
        .types("n")
        .shows("to fix: write login.json")
        .shows("Do it? [Y/n]")
        .types("")
        .exits_with(1);
    assert!(shown.contains("leads to Heroku in clear text"), "{shown}");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    world
        .git("remote get-url heroku")
        .stdout_is("http://git.heroku.com/blue-sky.git\n");
}

#[test]
fn a_person_may_stop_and_what_was_mended_stays() {
    let world = with_two_to_mend();
    let shown = world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("to fix: write https:// into remote.heroku.url")
        .shows("Do it? [Y/n]")
        .types("y")
        .shows("to fix: write login.json")
        .shows("Do it? [Y/n]")
        .presses_control('d')
        .exits_with(0);
    assert!(
        shown.contains("stopped: what was mended before stays mended"),
        "{shown}"
    );
    assert_eq!(world.active_account(), None);
    assert_eq!(finding(&world, "git.clear-text"), None);
}

fn on_netrc_beside_the_keyring() -> (World, String) {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    let entry = format!("machine git.heroku.com login {ANN} password {token}\n");
    world.has_netrc(&entry);
    (world, entry)
}

#[test]
fn a_netrc_that_changes_before_the_answer_stays_as_it_is() {
    let (world, entry) = on_netrc_beside_the_keyring();
    let terminal = world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("to fix: take Heroku's entries out of netrc, line 1")
        .shows("Do it? [Y/n]");
    let new = world.heroku.issue_token(ANN);
    let now = format!("{entry}machine api.heroku.com login {ANN} password {new}\n");
    world.has_netrc(&now);
    terminal
        .types("y")
        .shows("not mended: netrc has changed meanwhile")
        .shows("to fix: take Heroku's entries out of netrc, lines 1, 2")
        .types("n")
        .exits_with(0);
    assert_eq!(
        fs::read_to_string(world.home().join(".netrc")).unwrap(),
        now
    );
}

#[test]
fn a_login_that_comes_before_the_answer_is_not_overwritten() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    let line = format!("store --label=x service heroku-cli account {ANN} other x");
    world.secret_tool_with_input(&line, &token).succeeds();
    let terminal = world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("to fix: keep one of the 2 items")
        .shows("Do it? [Y/n]");
    let new = world.heroku.issue_token(ANN);
    world.logs_in_with(&new);
    terminal
        .types("y")
        .shows("has come meanwhile")
        .exits_with(0);
    assert_eq!(world.kept_in_the_keyring(ANN), Some(new));
}

#[test]
fn a_change_that_cannot_be_made_stops_no_other() {
    let world = healthy();
    world.helper("unsetup").succeeds();
    fs::remove_file(world.login_json()).unwrap();
    // As a git leaves it that was killed.
    let lock = world.has_file(".gitconfig.lock", "");
    let before = fs::read_to_string(world.home().join(".gitconfig")).unwrap_or_default();
    world
        .helper("doctor --fix --yes")
        .exits_with(1)
        .says("warning: not mended: ")
        .says("login.json names a…@example.com");
    let config = world.home().join(".gitconfig");
    assert_eq!(fs::read_to_string(&config).unwrap_or_default(), before);
    fs::remove_file(lock).unwrap();
    world
        .helper("doctor --fix --yes")
        .succeeds()
        .says("\nall is well\n");
}
