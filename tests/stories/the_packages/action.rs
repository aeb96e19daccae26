//! The action for GitHub: what its steps do on a runner, without GitHub.

use std::fs;

use super::VERSION;
use super::installer::{has_gh, serves};
use super::manifests::{has_a_release, in_the_source};
use crate::world::{ANN, Outcome, World};

/// A runner, and the release on a server on this machine.
pub(crate) fn runner() -> World {
    let world = World::new().with_app("blue-sky");
    has_a_release(&world, "https://example.com/not-asked");
    world.shell("cp ~/made/install.sh ~/dist", b"").succeeds();
    let server = serves(world.home().join("dist"));
    has_gh(&world);
    let arch = if cfg!(target_arch = "x86_64") {
        "X64"
    } else {
        "ARM64"
    };
    let file = |name: &str| world.home().join(name).display().to_string();
    for (name, value) in [
        ("HEROKU_RS_DOWNLOADS", server.as_str()),
        ("RUNNER_OS", "Linux"),
        ("RUNNER_ARCH", arch),
        ("RUNNER_TEMP", &file("temp")),
        ("GITHUB_OUTPUT", &file("output")),
        ("GITHUB_PATH", &file("path")),
        ("SETUP", "true"),
    ] {
        world.sets(name, value);
    }
    fs::remove_file(world.tested_program()).unwrap();
    world
}

fn step<'w>(world: &'w World, name: &str) -> Outcome<'w> {
    let script = in_the_source("contrib/action/install");
    world.shell(&format!("'{}' {name}", script.display()), b"")
}

/// Both steps of the action; what it puts on the PATH is there for the steps that follow.
pub(crate) fn installs_by_the_action(world: &World) {
    step(world, "choose").succeeds();
    step(world, "install").succeeds();
    let added = fs::read_to_string(world.home().join("path")).unwrap();
    let bin = world.bin().display().to_string();
    world.sets("PATH", &format!("{}:{bin}:/usr/bin:/bin", added.trim()));
}

#[test]
fn a_job_with_the_action_pushes_and_uses_a_cached_archive() {
    let world = runner();
    installs_by_the_action(&world);
    let output = fs::read_to_string(world.home().join("output")).unwrap();
    let version = format!("version={VERSION}\ndownloads=");
    assert!(output.starts_with(&version), "{output}");
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    world.pushes();
    world.sets("HEROKU_RS_DOWNLOADS", "http://127.0.0.1:9");
    step(&world, "install").succeeds();
}

#[test]
fn a_cached_file_without_an_attestation_is_not_run() {
    for refused in ["install.sh", ".tar.gz"] {
        let world = runner();
        world.sets("REFUSES", refused);
        for _ in ["downloaded", "cached"] {
            let _ = step(&world, "install")
                .exits_with(1)
                .says("has no valid attestation: nothing was installed\n");
        }
        assert!(!world.home().join("temp/git-credential-heroku-rs").exists());
        assert!(!world.home().join(".gitconfig").exists());
    }
}

#[test]
fn a_runner_without_gh_or_an_archive_is_an_error() {
    let world = runner();
    world.sets("RUNNER_ARCH", "RISCV64");
    step(&world, "choose")
        .exits_with(1)
        .says("::error::no archive of git-credential-heroku-rs for Linux on RISCV64\n");
    world.sets("RUNNER_ARCH", "X64");
    fs::remove_file(world.bin().join("gh")).unwrap();
    world.lacks_the_program("gh");
    step(&world, "install")
        .exits_with(1)
        .says("::error::gh is needed to verify the attestation");
}
