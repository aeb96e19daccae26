//! The feature that puts the program into a Codespace or a dev container.

use std::fs;

use super::VERSION;
use super::installer::installs_from;
use super::manifests::has_a_release;
use crate::world::{ANN, Outcome, World};

/// A release in a folder, and the feature that it makes.
fn with_the_feature() -> World {
    let world = World::new().with_app("blue-sky");
    has_a_release(&world, "https://example.com/not-asked");
    let dist = world.home().join("dist").display().to_string();
    let installer = "~/made/feature/git-credential-heroku-rs/install-program.sh";
    installs_from(&world, installer, &dist);
    // An artifact of a workflow has no modes.
    world
        .shell("chmod a-x ~/made/feature/*/*.sh", b"")
        .succeeds();
    world.unsets("GIT_CONFIG_NOSYSTEM");
    let system = world.home().join("root/etc/gitconfig");
    fs::create_dir_all(system.parent().unwrap()).unwrap();
    world.sets("GIT_CONFIG_SYSTEM", system.to_str().unwrap());
    world
}

fn installs(world: &World) -> Outcome<'_> {
    let line = "DESTDIR=$HOME/root sh ~/made/feature/git-credential-heroku-rs/install.sh";
    world.shell(line, b"")
}

/// `GIT_CONFIG_SYSTEM`, with which the container's file is read, came with git 2.32.
fn git_knows_no_other_system(world: &World) -> bool {
    world.git_is_older_than(32)
}

/// Only the program that the feature has installed is there.
fn uses_the_container(world: &World) {
    fs::remove_file(world.tested_program()).unwrap();
    let bin = world.home().join("root/usr/local/bin");
    world.sets("PATH", &format!("{}:/usr/bin:/bin", bin.display()));
}

#[test]
fn a_codespace_with_the_feature_and_a_secret_can_push() {
    let world = with_the_feature();
    if git_knows_no_other_system(&world) {
        return;
    }
    installs(&world)
        .succeeds()
        .stderr_is("")
        .says("(checksum verified)\n");
    uses_the_container(&world);
    world
        .shell("docker-credential-heroku-rs version", b"")
        .succeeds();
    let token = world.heroku.issue_token(ANN);
    world.sets("CODESPACES", "true");
    world.sets("HEROKU_API_KEY", &token);
    world.pushes();
}

#[test]
fn the_feature_takes_precedence_over_the_helper_of_the_codespace() {
    let world = with_the_feature();
    if git_knows_no_other_system(&world) {
        return;
    }
    world.has_program(
        "git-credential-codespace",
        "cat >~/asked; echo password=wrong",
    );
    world
        .git("config --system credential.helper codespace")
        .succeeds();
    installs(&world).succeeds();
    installs(&world).succeeds();
    world
        .git("config --system --get-regexp 'credential.*heroku'")
        .stdout_is(
            "credential.https://git.heroku.com.helper \n\
             credential.https://git.heroku.com.helper heroku-rs\n",
        );
    let token = world.heroku.issue_token(ANN);
    world.sets("HEROKU_API_KEY", &token);
    world.git("push --quiet heroku main").succeeds();
    assert!(!world.home().join("asked").exists());
    world
        .git_with_input("credential fill", "url=https://example.com\nusername=x\n")
        .says("password=wrong\n");
}

#[test]
fn setup_false_does_not_change_gits_configuration() {
    let world = with_the_feature();
    world
        .shell(
            "export SETUP=false DESTDIR=$HOME/root; sh ~/made/feature/*/install.sh",
            b"",
        )
        .succeeds();
    assert!(!world.home().join("root/etc/gitconfig").exists());
    assert!(world.home().join("root/usr/local/share/man/man1").exists());
}

#[test]
fn an_archive_with_another_checksum_is_not_installed() {
    let world = with_the_feature();
    world
        .shell("printf x >>\"$(ls ~/dist/*.tar.gz)\"", b"")
        .succeeds();
    installs(&world)
        .exits_with(1)
        .says(": nothing was installed\n");
    assert!(!world.home().join("root/usr").exists());
}

#[test]
fn the_feature_follows_the_specification() {
    let world = with_the_feature();
    let feature = fs::read(
        world
            .home()
            .join("made/feature/git-credential-heroku-rs/devcontainer-feature.json"),
    )
    .unwrap();
    let feature: serde_json::Value = serde_json::from_slice(&feature).unwrap();
    assert_eq!(feature["id"], "git-credential-heroku-rs");
    assert_eq!(feature["version"], VERSION);
    assert_eq!(feature["options"]["setup"]["default"], true);
}
