//! The scripts of the release workflow that run on other machines, run here.

use std::fs;

use super::VERSION;
use super::manifests::{TARGETS, has_a_release, has_checksums_of, in_the_source};
use crate::world::{Outcome, World};

fn run_script<'w>(world: &'w World, name: &str, arguments: &str) -> Outcome<'w> {
    let script = in_the_source("contrib/packages").join(name);
    world.shell(&format!("'{}' {arguments}", script.display()), b"")
}

/// What each system's job has uploaded, in one directory.
fn with_built_files() -> World {
    let world = World::new();
    has_checksums_of(&world, &TARGETS);
    // An archive of one byte each is enough: it is not looked into.
    let line = "cd ~/dist && for sums in *.sha256; do \
                name=$(cut -c 67- $sums); printf x >$name; sha256sum $name >$sums; done";
    world.shell(line, b"").succeeds();
    world
}

#[test]
fn a_release_lists_the_checksum_of_each_of_its_files() {
    let world = with_built_files();
    run_script(&world, "assemble", "~/dist ~/made")
        .succeeds()
        .says("  install.sh\n");
    world
        .shell(
            "cd ~/dist && sha256sum --check --strict SHA256SUMS && ls | wc -l",
            b"",
        )
        .succeeds()
        .says("install.sh: OK\n")
        .says("\n7\n");
    assert!(world.home().join("made/aur/.SRCINFO").exists());
}

#[test]
fn an_unlisted_or_changed_file_stops_the_release() {
    let world = with_built_files();
    world.has_file("dist/stray", "");
    run_script(&world, "assemble", "~/dist ~/made")
        .exits_with(1)
        .says("assemble: stray is in no list of checksums\n");
    let world = with_built_files();
    world
        .shell("cd ~/dist && printf y >\"$(ls *.zip)\"", b"")
        .succeeds();
    run_script(&world, "assemble", "~/dist ~/made").exits_with(1);
}

#[test]
fn a_tap_gets_each_version_once_and_keeps_other_files() {
    let world = World::new();
    has_a_release(&world, "https://example.com/v1");
    let git = "git -c user.name=Ann -c user.email=ann@example.com";
    let line = format!(
        "cd ~ && git init -q -b main tap && cd tap && echo hello >README.md && git add . && \
         {git} commit -qm 1 && git clone -q --bare ~/tap ~/tap.git"
    );
    world.shell(&line, b"").succeeds();
    let push = format!("~/made/homebrew-tap file://$HOME/tap.git {VERSION}");
    let token = "no one's token";
    world.sets("PUSH_TOKEN", token);
    run_script(&world, "push-channel", &push)
        .succeeds()
        .says(&format!("pushed {VERSION} to file://"))
        .says_nothing_about(token);
    run_script(&world, "push-channel", &push)
        .succeeds()
        .says(&format!("has {VERSION} already\n"));
    world
        .shell(
            "git -C ~/tap.git log --format=%s && git -C ~/tap.git ls-tree -r --name-only main",
            b"",
        )
        .stdout_is(&format!(
            "git-credential-heroku-rs {VERSION}\n1\nFormula/git-credential-heroku-rs.rb\nREADME.md\n"
        ));
}

#[test]
fn an_installed_program_is_tested_through_git() {
    let world = World::new();
    let docker = world.bin().join("docker-credential-heroku-rs");
    fs::copy(world.tested_program(), docker).unwrap();
    run_script(&world, "try-installed", VERSION)
        .succeeds()
        .says("git uses the installed program\n");
    run_script(&world, "try-installed", "99.0.0")
        .exits_with(1)
        .says("the installed program is not version 99.0.0\n");
    fs::remove_file(world.tested_program()).unwrap();
    let version = format!("echo 'git-credential-heroku-rs {VERSION} (debug)'");
    world.has_program("git-credential-heroku-rs", &version);
    run_script(&world, "try-installed", VERSION)
        .fails()
        .says_nothing_about("git uses the installed program");
}
