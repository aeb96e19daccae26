//! Old and new versions of git from Debian's packages: `./contrib/gits` unpacks them below target. A missing
//! version is skipped, with a message.

use std::fs;
use std::path::Path;

use crate::world::{ANN, World, counted, skipped};

/// Set-up, get, store, erase and push, with the git of a version.
fn works_with(version: &str) {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/gits/{version}/bin"));
    if !bin.join("git").exists() {
        return skipped(&format!("git {version} is not below target/gits"));
    }
    let world = World::ready_to_push();
    let path = format!("{}:{}:/usr/bin:/bin", world.bin().display(), bin.display());
    world.sets("PATH", &path);
    let said = world.git("version").stdout();
    assert_eq!(said.trim(), format!("git version {version}"));
    let config = || fs::read_to_string(world.home().join(".gitconfig")).unwrap_or_default();

    // Set-up, in the user's file and in the repository's.
    let before = config();
    for scope in ["", " --local"] {
        world
            .helper(&format!("unsetup{scope}"))
            .succeeds()
            .stderr_is("");
        world
            .helper(&format!("setup{scope}"))
            .succeeds()
            .says("git now uses only heroku-rs for")
            .stderr_is("");
    }
    world.helper("unsetup --local").succeeds().stderr_is("");
    a_helper_added_later_is_named(&world);
    assert!(config().starts_with(before.trim_end()), "{}", config());

    // store, get and push.
    let token = world.heroku.issue_token(ANN);
    world.has_program("askpass", "printenv TOKEN_OF_ANN");
    world.sets("GIT_ASKPASS", "askpass");
    world.sets("TOKEN_OF_ANN", &token);
    world.git("push --quiet heroku main").succeeds();
    assert_eq!(
        world.stored_in_the_keyring("heroku").as_deref(),
        Some(token.as_str())
    );
    world.unsets("GIT_ASKPASS");
    world.unsets("TOKEN_OF_ANN");
    world.commits("The second commit");
    world.pushes();
    world
        .helper("doctor")
        .succeeds()
        .says("git gets the token pasted at git's prompt from the keyring, through heroku-rs");

    // erase.
    world.heroku.revoke(&token);
    world.commits("The third commit");
    world.git("push --quiet heroku main").fails();
    assert_eq!(world.stored_in_the_keyring("heroku"), None);
    counted("other gits", 1);
}

/// git adds a value to our section after ours: that helper would get each token that worked.
fn a_helper_added_later_is_named(world: &World) {
    let key = "credential.https://git.heroku.com.helper";
    world
        .git(&format!("config --global --add {key} store"))
        .succeeds();
    world
        .helper("status --offline")
        .says("store (~/.gitconfig)")
        .says("git credential-heroku-rs setup");
    world
        .helper("doctor --offline")
        .says("git also gives the token to `store` (global ~/.gitconfig)");
    world.helper("setup").succeeds().stderr_is("");
    let helpers = world.git(&format!("config --global --get-all {key}"));
    assert_eq!(helpers.stdout(), "store\n\nheroku-rs\n");
    world
        .helper("status --offline")
        .says_nothing_about("store (~/.gitconfig)");
    world
        .git(&format!("config --global --unset {key} store"))
        .succeeds();
}

#[test]
fn git_2_30_works() {
    works_with("2.30.2");
}

#[test]
fn git_2_39_works() {
    works_with("2.39.5");
}

#[test]
fn git_2_47_works() {
    works_with("2.47.3");
}

#[test]
fn a_git_that_is_too_old_is_reported_before_any_change() {
    let world = World::new();
    world.has_program(
        "git",
        "case \"$*\" in *version) echo git version 2.25.1 ;; *) exit 129 ;; esac",
    );
    for command in ["setup", "unsetup", "setup --local"] {
        world
            .helper(command)
            .exits_with(1)
            .stdout_is("")
            .stderr_is("heroku-rs: git 2.25.1 is too old\n  install git 2.30 or later\n");
    }
    assert!(!world.home().join(".gitconfig").exists());
}
