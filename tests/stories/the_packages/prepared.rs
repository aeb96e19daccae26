//! contrib/release-prepare: one source for the version and the repository. An invalid release is
//! rejected.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::manifests::in_the_source;
use crate::world::{Outcome, World};

/// A copy of the sources as git sees them, with a repository of its own.
fn with_a_copy(world: &World) -> PathBuf {
    let copy = world.home().join("source");
    fs::create_dir(&copy).unwrap();
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .output()
        .unwrap();
    for path in String::from_utf8(listed.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        let is_needed = !path.starts_with("src/") && !path.starts_with("tests/");
        if is_needed && in_the_source(path).is_file() {
            let to = copy.join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(in_the_source(path), to).unwrap();
        }
    }
    commits(world);
    copy
}

fn commits(world: &World) {
    let git = "git -c user.name=Ann -c user.email=ann@example.com";
    let line = format!("cd ~/source && git init -q . && git add -A && {git} commit -qm 1");
    world.shell(&line, b"").succeeds();
}

fn prepares<'w>(world: &'w World, arguments: &str) -> Outcome<'w> {
    world.shell(
        &format!("~/source/contrib/release-prepare {arguments}"),
        b"",
    )
}

#[test]
fn every_page_names_the_version_and_the_repository_of_cargo_toml() {
    let world = World::new();
    let script = in_the_source("contrib/release-prepare");
    world
        .shell(&format!("'{}' --check", script.display()), b"")
        .succeeds();
}

#[test]
fn a_new_version_and_a_new_repository_are_written_everywhere() {
    let world = World::new();
    let copy = with_a_copy(&world);
    let changelog = copy.join("CHANGELOG.md");
    let text = fs::read_to_string(&changelog).unwrap();
    let heading = "## [Unreleased]\n";
    let news = format!("{heading}\n- The newest change.\n");
    fs::write(&changelog, text.replacen(heading, &news, 1)).unwrap();
    for page in ["README.md", "contrib/docs/installing.md"] {
        let text = fs::read_to_string(copy.join(page)).unwrap();
        let text = text
            .replace("not released yet", "released")
            .replace("None of these is published yet. ", "")
            .replace("Releases will have", "Releases have");
        fs::write(copy.join(page), text).unwrap();
    }
    let repository = "https://github.com/some-team/git-credential-heroku-rs";
    prepares(&world, &format!("9.8.7 --repository {repository}")).succeeds();
    commits(&world);
    prepares(&world, "--check v9.8.7").succeeds();
    let line = "cd ~/source && grep -rnw OWNER README.md contrib/docs contrib/action .github";
    let _ = world.shell(line, b"").stdout_is("");
    let read = |path: &str| fs::read_to_string(copy.join(path)).unwrap();
    assert!(
        read("contrib/docs/ci.md")
            .contains("some-team/git-credential-heroku-rs/contrib/action@v9.8.7")
    );
    let installing = read("contrib/docs/installing.md");
    for package in ["_9.8.7-1_amd64.deb", "-9.8.7-1.x86_64.rpm"] {
        assert!(installing.contains(package), "{installing}");
    }
    assert!(
        read("Cargo.lock").contains("name = \"git-credential-heroku-rs\"\nversion = \"9.8.7\"\n")
    );
    let changelog = read("CHANGELOG.md");
    assert!(changelog.contains("## [Unreleased]\n\n## [9.8.7] - 20"));
    assert!(changelog.contains(&format!("\n[9.8.7]: {repository}/releases/tag/v9.8.7\n")));
    prepares(&world, "--news 9.8.7")
        .succeeds()
        .says("- The newest change.\n");
    // Again, it changes nothing.
    prepares(&world, "9.8.7").succeeds();
    let _ = world
        .shell("git -C ~/source status --porcelain", b"")
        .stdout_is("");
    // The pages stay at the last release for a version that comes before the next one.
    prepares(&world, "9.9.0-beta.1")
        .exits_with(1)
        .says("has no entries under [Unreleased]");
}

#[test]
fn an_invalid_release_is_rejected_with_every_reason() {
    let world = World::new();
    let copy = with_a_copy(&world);
    let manifest = fs::read_to_string(copy.join("Cargo.toml")).unwrap();
    let owned = manifest.replace(
        env!("CARGO_PKG_REPOSITORY"),
        "https://github.com/OWNER/git-credential-heroku-rs",
    );
    fs::write(copy.join("Cargo.toml"), owned).unwrap();
    let readme = copy.join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    fs::write(readme, format!("It is not released yet.\n{text}")).unwrap();
    prepares(&world, "--check v99.0.0")
        .exits_with(1)
        .stdout_is("")
        .says("the tag is v99.0.0, and Cargo.toml's version is ")
        .says("Cargo.toml's repository has the placeholder OWNER\n")
        .says("README.md:1 says that nothing is released\n");
    let page = copy.join("contrib/docs/ci.md");
    let text = fs::read_to_string(&page).unwrap();
    fs::write(
        &page,
        text.replacen("contrib/action@v", "contrib/action@v7.7.7 v", 1),
    )
    .unwrap();
    prepares(&world, "--check")
        .exits_with(1)
        .says("contrib/docs/ci.md:")
        .says("names another version or repository than Cargo.toml\n");
    prepares(&world, "--news 99.0.0")
        .exits_with(1)
        .stdout_is("")
        .says("CHANGELOG.md has no entries for 99.0.0\n");
}
