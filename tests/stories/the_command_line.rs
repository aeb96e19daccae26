//! git's operations, those that git may add one day, and typos.

use crate::world::{ANN, REQUEST, World};

#[test]
fn an_operation_that_git_may_add_is_ignored_silently() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    for line in ["renew", "--flag renew", "--account ann@example.com renew"] {
        world
            .helper_with_input(line, REQUEST)
            .succeeds()
            .says_nothing();
    }
}

#[test]
fn a_typo_is_an_error_with_a_suggestion() {
    let world = World::new();
    world
        .helper("statsu")
        .exits_with(2)
        .stdout_is("")
        .says("'status'");
}

#[test]
fn words_of_other_programs_are_understood() {
    let world = World::new();
    let version = world.helper("--version").succeeds().stdout();
    for line in ["version", "-v"] {
        world.helper(line).succeeds().stdout_is(&version);
    }
    let missing = world.helper("status --offline").exits_with(4).stdout();
    for line in ["auth status --offline", "whoami --offline"] {
        world.helper(line).exits_with(4).stdout_is(&missing);
    }
    world
        .helper("login --token s3cret-token")
        .exits_with(2)
        .stdout_is("")
        .says("printenv TOKEN | git credential-heroku-rs login --with-token")
        .says_nothing_about("s3cret-token");
}

#[test]
fn the_operation_is_the_last_word() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper_with_input("--some 'thing else' get", REQUEST)
        .succeeds()
        .prints_secret(&token);
}

#[test]
fn capability_lists_what_git_may_return() {
    let world = World::new();
    world
        .helper("capability")
        .succeeds()
        .stdout_is("version 0\ncapability state\n")
        .stderr_is("");
}

#[test]
fn help_and_version_are_data() {
    let world = World::new();
    for line in ["--help", "--version", "login --help", "status --help"] {
        let outcome = world.helper(line).succeeds().stderr_is("");
        assert!(!outcome.stdout().is_empty(), "{line}");
    }
    world.helper("").exits_with(2).stdout_is("");
}

#[test]
fn login_without_a_terminal_names_the_flag_to_use() {
    let world = World::new().with_keyring();
    world
        .shell("setsid git-credential-heroku-rs login", b"")
        .exits_with(2)
        .stdout_is("")
        .says("login --with-token");
}
