//! `doctor --fix` on a terminal: it shows each change and asks for confirmation. A change that another
//! program makes during the prompt is not overwritten.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::doctor::healthy;
use crate::world::{ANN, World};

/// A netrc that other users can read, and no `login.json`.
fn with_two_to_fix() -> World {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    let netrc = world.home().join(".netrc");
    fs::set_permissions(netrc, fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(world.login_json()).unwrap();
    world
}

fn mode_of_netrc(world: &World) -> u32 {
    let metadata = fs::metadata(world.home().join(".netrc")).unwrap();
    metadata.permissions().mode() & 0o777
}

#[test]
fn the_user_is_asked_before_each_change_and_may_say_no() {
    let world = with_two_to_fix();
    world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("proposed fix: chmod 600 ~/.netrc")
        .shows("undo: chmod 644 ~/.netrc")
        .shows("Apply? [Y/n]")
        .types("n")
        .shows("proposed fix: write login.json")
        .shows("Apply? [Y/n]")
        .types("")
        .exits_with(0);
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert_eq!(mode_of_netrc(&world), 0o644);
}

#[test]
fn the_user_can_stop_and_what_was_fixed_stays() {
    let world = with_two_to_fix();
    let shown = world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("proposed fix: chmod 600 ~/.netrc")
        .shows("Apply? [Y/n]")
        .types("y")
        .shows("proposed fix: write login.json")
        .shows("Apply? [Y/n]")
        .presses_control('d')
        .exits_with(0);
    assert!(
        shown.contains("stopped: the changes made so far are kept"),
        "{shown}"
    );
    assert_eq!(world.active_account(), None);
    assert_eq!(mode_of_netrc(&world), 0o600);
}

#[test]
fn a_login_made_during_the_prompt_is_not_overwritten() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    let line = format!("store --label=x service heroku-cli account {ANN} other x");
    world.secret_tool_with_input(&line, &token).succeeds();
    let terminal = world
        .on_a_terminal("git credential-heroku-rs doctor --fix")
        .shows("proposed fix: keep one of the 2 keyring items")
        .shows("Apply? [Y/n]");
    let new = world.heroku.issue_token(ANN);
    world.logs_in_with(&new);
    terminal
        .types("y")
        .shows("was stored in the meantime")
        .exits_with(0);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(new));
}

#[test]
fn a_change_that_fails_does_not_prevent_the_others() {
    let world = healthy();
    world.helper("unsetup").succeeds();
    fs::remove_file(world.login_json()).unwrap();
    // A git that was killed leaves such a file.
    let lock = world.has_file(".gitconfig.lock", "");
    let before = fs::read_to_string(world.home().join(".gitconfig")).unwrap_or_default();
    world
        .helper("doctor --fix --yes")
        .exits_with(1)
        .says("warning: not fixed: ")
        .says("the token of a…@example.com is valid");
    let config = world.home().join(".gitconfig");
    assert_eq!(fs::read_to_string(&config).unwrap_or_default(), before);
    fs::remove_file(lock).unwrap();
    world
        .helper("doctor --fix --yes")
        .succeeds()
        .says("\nno problems found\n");
}
