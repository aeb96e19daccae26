//! Other helpers: after `setup`, none of them is asked about Heroku or gets its token.

use std::fs;

use crate::world::{ANN, World};

/// A helper that answers nothing and logs its input.
fn with_a_nosy_helper(world: &World) {
    let log = world.home().join("nosy.log");
    let script = format!("{{ echo \"== $1\"; cat; }} >>'{}'", log.display());
    world.has_program("git-credential-nosy", &script);
}

fn log_of_the_helper(world: &World) -> String {
    fs::read_to_string(world.home().join("nosy.log")).unwrap_or_default()
}

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring().with_app("blue-sky");
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    with_a_nosy_helper(&world);
    (world, token)
}

#[test]
fn without_setup_another_helper_gets_the_token() {
    let (world, token) = logged_in();
    world.is_public(&token);
    for helper in ["nosy", "heroku-rs"] {
        world
            .git(&format!("config --global --add credential.helper {helper}"))
            .succeeds();
    }
    world.git("push --quiet heroku main").succeeds();
    assert!(log_of_the_helper(&world).contains("== get"));
    assert!(
        log_of_the_helper(&world).contains(&token),
        "store goes to every helper"
    );
}

#[test]
fn after_setup_no_earlier_helper_is_asked_about_heroku() {
    let (world, _) = logged_in();
    world
        .git("config --global credential.helper nosy")
        .succeeds();
    world.helper("setup").succeeds();
    world.pushes();
    assert_eq!(log_of_the_helper(&world), "");
    world
        .git_with_input("credential fill", "protocol=https\nhost=example.com\n\n")
        .exits_with(128);
    assert!(
        log_of_the_helper(&world).contains("== get"),
        "it still serves other hosts"
    );
}

#[test]
fn setup_run_again_changes_nothing() {
    let (world, _) = logged_in();
    world.helper("setup").succeeds();
    let config = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
    world
        .helper("setup")
        .succeeds()
        .says("git is already configured: ~/.gitconfig\n")
        .says("Done. Push with: git push heroku main\n");
    assert_eq!(
        fs::read_to_string(world.home().join(".gitconfig")).unwrap(),
        config
    );
    world
        .git("config --global --get-all credential.https://git.heroku.com.helper")
        .succeeds()
        .stdout_is("\nheroku-rs\n");
}

#[test]
fn unsetup_removes_exactly_what_setup_wrote() {
    let (world, _) = logged_in();
    let before = "[user]\n\tname = Ann\n[credential]\n\thelper = nosy\n";
    world.has_file(".gitconfig", before);
    world.helper("setup").succeeds();
    world.helper("unsetup").succeeds();
    assert_eq!(
        fs::read_to_string(world.home().join(".gitconfig")).unwrap(),
        before
    );
}

#[test]
fn a_helper_of_this_repository_is_reported_and_setup_local_disables_it() {
    let (world, _) = logged_in();
    world
        .git("config --local credential.helper nosy")
        .succeeds();
    world
        .helper("setup")
        .succeeds()
        .says("git also gives the token to `nosy` (local .git/config)")
        .says("setup --local");
    world.helper("setup --local").succeeds();
    world.pushes();
    assert_eq!(log_of_the_helper(&world), "");
}

#[test]
fn a_token_from_another_helper_never_replaces_the_login() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(ANN);
    world.is_public(&other);
    world.sets("OTHER_TOKEN", &other);
    world.has_program(
        "git-credential-eager",
        r#"test "$1" = get && echo username=eager && echo "password=$OTHER_TOKEN""#,
    );
    for helper in ["eager", "heroku-rs"] {
        world
            .git(&format!("config --global --add credential.helper {helper}"))
            .succeeds();
    }
    world.git("push --quiet heroku main").succeeds();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}
