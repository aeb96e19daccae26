//! Which spellings of a helper start this program: git decides, and every command of ours agrees.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::world::{ANN, World};

const KEY: &str = "credential.https://git.heroku.com.helper";
const REQUEST: &str = "protocol=https\nhost=git.heroku.com\n\n";

/// What git and our commands make of a spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// git starts us by it.
    Works,
    /// It means us, and git does not start us.
    MeansUs,
    /// Whatever git makes of it, it is somebody's own.
    Theirs,
}

use Spelling::{MeansUs, Theirs, Works};

/// The program on the PATH, and in the home in a directory with a blank in its name.
fn logged_in() -> (World, String) {
    let world = World::new().with_keyring().with_app("blue-sky");
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let dir = world.home().join("b in");
    fs::create_dir(&dir).unwrap();
    symlink(world.tested_program(), dir.join("git-credential-heroku-rs")).unwrap();
    world.sets("AT", dir.to_str().unwrap());
    (world, token)
}

fn has(world: &World, value: &str) {
    let config = world.home().join(".gitconfig");
    let _ = fs::remove_file(&config);
    let line = format!("config --global {KEY} \"$VALUE\"");
    world.sets("VALUE", value);
    world.git(&line).succeeds().says_nothing();
}

/// Whether git gets our token by it.
fn git_starts_us(world: &World, token: &str) -> bool {
    let outcome = world.git_with_input("credential fill", REQUEST);
    let starts = outcome.raw_stdout().contains(token);
    if starts {
        outcome.succeeds().hands_out(token);
    }
    starts
}

fn status_says_so(world: &World) -> bool {
    let said = world.helper("status --json --offline").succeeds().stdout();
    let status: Value = serde_json::from_str(&said).unwrap();
    let ours = &status["git"]["helpers"][0]["ours"];
    assert_eq!(ours, &status["git"]["set_up"], "{status}");
    ours.as_bool().unwrap()
}

fn doctor_says_so(world: &World) -> bool {
    let said = world.helper("doctor --offline --json").stdout();
    let report: Value = serde_json::from_str(&said).unwrap();
    let mut checks = report["checks"].as_array().unwrap().iter();
    let is_bad = |check: &Value| {
        let bad = ["git.misspelled", "git.stale-path", "git.not-asked"];
        bad.contains(&check["id"].as_str().unwrap())
    };
    !checks.any(is_bad)
}

#[test]
fn git_and_every_command_agree_on_each_spelling() {
    let (world, token) = logged_in();
    let bin = world.bin().display().to_string();
    for (value, spelling) in [
        ("heroku-rs", Works),
        ("heroku-rs --an-option", Works),
        ("'heroku-rs'", Works),
        ("!git credential-heroku-rs", Works),
        ("!git-credential-heroku-rs", Works),
        ("! git-credential-heroku-rs", Works),
        ("!HEROKU_RS_TIMEOUT=9 exec git-credential-heroku-rs", Works),
        ("!true && git-credential-heroku-rs", Works),
        ("!'~/b in/git-credential-heroku-rs'", MeansUs),
        ("!~/'b in'/git-credential-heroku-rs", Works),
        ("!\"$AT/git-credential-heroku-rs\"", Works),
        ("!~/b\\ in/git-credential-heroku-rs", Works),
        ("BIN/git-credential-heroku-rs", Works),
        ("BIN/git-credential-heroku-rs --an-option", Works),
        ("!BIN/git-credential-heroku-rs", Works),
        ("!'BIN/git-credential-heroku-rs'", Works),
        ("'BIN/git-credential-heroku-rs'", MeansUs),
        ("git-credential-heroku-rs", MeansUs),
        ("credential-heroku-rs", MeansUs),
        ("heroku_rs", MeansUs),
        ("!heroku-rs", MeansUs),
        ("~/bin/git-credential-heroku-rs", MeansUs),
        ("../bin/git-credential-heroku-rs", MeansUs),
        ("/nowhere/git-credential-heroku-rs", MeansUs),
        ("!/nowhere/git-credential-heroku-rs", MeansUs),
        ("~/b in/git-credential-heroku-rs", Theirs),
        ("!git-credential-heroku-rs # ours", Theirs),
        ("!git-credential-heroku-rs | cat", Theirs),
        ("store --file=BIN/git-credential-heroku-rs", Theirs),
        ("!echo git-credential-heroku-rs", Theirs),
    ] {
        let value = value.replace("BIN", &bin);
        has(&world, &value);
        let works = spelling == Works;
        assert_eq!(git_starts_us(&world, &token), works, "git: {value}");
        assert_eq!(status_says_so(&world), works, "status: {value}");
        assert_eq!(doctor_says_so(&world), works, "doctor: {value}");
        world.helper("unsetup").succeeds();
        let left = world.git(&format!("config --get-all {KEY}")).raw_stdout();
        assert_eq!(left.is_empty(), spelling != Theirs, "unsetup: {value}");
    }
}

#[test]
fn setup_takes_the_place_of_what_means_us_and_of_nothing_else() {
    let (world, token) = logged_in();
    for (value, left) in [
        ("git-credential-heroku-rs", "\nheroku-rs\n"),
        ("!git credential-heroku-rs", "\nheroku-rs\n"),
        (
            "!echo git-credential-heroku-rs",
            "!echo git-credential-heroku-rs\n\nheroku-rs\n",
        ),
    ] {
        has(&world, value);
        world.helper("setup").succeeds().stderr_is("");
        world
            .git(&format!("config --get-all {KEY}"))
            .succeeds()
            .stdout_is(left);
        assert!(git_starts_us(&world, &token), "{value}");
    }
}
