//! `doctor` on git's credential helpers: each way in which another helper comes before ours, or after it.

use crate::doctor::{healthy, is_found, is_found_and_fixed, is_found_and_left_to_the_user};
use crate::world::{ANN, World};

const KEY: &str = "credential.https://git.heroku.com.helper";

/// The key for Heroku has this value only, and no other helper is set.
fn with_the_helper(value: &str) -> World {
    let world = healthy();
    world.helper("unsetup").succeeds();
    world
        .git(&format!("config --global {KEY} '{value}'"))
        .succeeds();
    world
}

fn helpers(world: &World) -> String {
    world
        .git("config --get-all credential.https://git.heroku.com.helper")
        .stdout()
}

#[test]
fn git_has_no_helper() {
    let world = healthy();
    world.helper("unsetup").succeeds();
    let said = is_found_and_fixed(
        &world,
        "git.helpers",
        "git has no credential helper for git.heroku.com",
    );
    assert!(
        said.contains("undo: git credential-heroku-rs unsetup"),
        "{said}"
    );
    assert_eq!(helpers(&world), "\nheroku-rs\n");
}

#[test]
fn the_heroku_cli_has_replaced_our_helper() {
    let world = with_the_helper("!heroku git:credentials");
    let words = "git uses `!heroku git:credentials` (global ~/.gitconfig) instead of heroku-rs";
    is_found_and_fixed(&world, "git.helpers", words);
}

#[test]
fn another_helper_comes_before_ours() {
    let world = healthy();
    world.has_program("git-credential-other", "exit 0");
    world.helper("unsetup").succeeds();
    for helper in ["other", "heroku-rs"] {
        world
            .git(&format!("config --global --add credential.helper {helper}"))
            .succeeds();
    }
    let words = "git asks `other` (global ~/.gitconfig) before heroku-rs";
    is_found_and_fixed(&world, "git.helpers", words);
}

#[test]
fn status_says_whether_another_helper_is_beside_ours_or_in_its_place() {
    let world = healthy();
    world.helper("unsetup").succeeds();
    world.has_program("git-credential-other", "cat >/dev/null");
    for (helper, words) in [
        (
            "other",
            "not configured\n  git uses `other` (global ~/.gitconfig) instead of heroku-rs for git.heroku.com",
        ),
        (
            "heroku-rs",
            "configured\n  git asks `other` (global ~/.gitconfig) before heroku-rs",
        ),
    ] {
        world
            .git(&format!("config --global --add credential.helper {helper}"))
            .succeeds();
        let line = format!("git: {words}\n    run: git credential-heroku-rs setup\n");
        world.helper("status").succeeds().says(&line);
    }
}

#[test]
fn another_helper_of_the_repository_also_gets_the_token() {
    let world = healthy();
    world.has_program("git-credential-other", "cat >/dev/null");
    world
        .git("config --local credential.helper other")
        .succeeds();
    let words = "git also gives the token to `other` (local .git/config)";
    let said = is_found_and_fixed(&world, "git.helpers", words);
    assert!(said.contains("unsetup --local"), "{said}");
}

#[test]
fn the_repository_resets_the_list_of_helpers() {
    let world = healthy();
    world.git("config --local credential.helper ''").succeeds();
    let fix = "git credential-heroku-rs setup --local";
    let words =
        "git has no credential helper for git.heroku.com: a setting in .git/config resets the list";
    world
        .helper("setup")
        .succeeds()
        .says(&format!("in this directory: {words}\n  run: {fix}\n"));
    world
        .helper("status")
        .succeeds()
        .says(&format!("git: not configured\n  {words}\n    run: {fix}\n"));
    world
        .helper_with_input("login --with-token", world.heroku.issue_token(ANN))
        .succeeds()
        .says(&format!("Next, configure git: {fix}\n"));
    assert_eq!(is_found(&world, "git.helpers", words)["fix"], fix);
    let said = is_found_and_fixed(&world, "git.helpers", words);
    assert!(said.contains("unsetup --local"), "{said}");
}

#[test]
fn git_uses_another_helper_instead() {
    let world = with_the_helper("nowhere");
    let words = "git uses `nowhere` (global ~/.gitconfig) instead of heroku-rs";
    is_found_and_fixed(&world, "git.helpers", words);
}

#[test]
fn our_helper_is_misspelled() {
    for spelling in [
        "git-credential-heroku-rs",
        "heroku_rs",
        "~/bin/git-credential-heroku-rs",
    ] {
        let world = with_the_helper(spelling);
        is_found_and_fixed(&world, "git.helpers", spelling);
    }
}

#[test]
fn our_helper_is_not_installed() {
    let world = with_the_helper("/opt/old/git-credential-heroku-rs");
    let said = is_found_and_fixed(&world, "git.helpers", "git finds no such program");
    assert!(said.contains(" heroku-rs"), "{said}");
}

#[test]
fn the_next_command_of_the_heroku_cli_would_overwrite_us() {
    let world = with_the_helper("heroku-rs");
    world.has_program("heroku", "exit 0");
    is_found_and_fixed(&world, "git.helpers", "will add its own helper");
}

#[test]
fn a_user_name_asks_for_an_account_without_a_token() {
    let world = healthy();
    world
        .git("config --global credential.https://git.heroku.com.username bob@example.com")
        .succeeds();
    is_found_and_left_to_the_user(&world, "push.credential", "names b…@example.com");
}
