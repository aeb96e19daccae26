//! Which values of `credential.helper` start this program: every command agrees with git.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::world::{ANN, World};

const KEY: &str = "credential.https://git.heroku.com.helper";
const REQUEST: &str = "protocol=https\nhost=git.heroku.com\n\n";

/// The program on PATH, and in a directory of the home with a space in its name.
fn logged_in() -> (World, String) {
    let world = World::new().with_keyring().with_app("blue-sky");
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let dir = world.home().join("b in");
    fs::create_dir(&dir).unwrap();
    symlink(world.tested_program(), dir.join("git-credential-heroku-rs")).unwrap();
    world.sets("AT", dir.to_str().unwrap());
    (world, token)
}

fn set_only_helper(world: &World, value: &str) {
    let config = world.home().join(".gitconfig");
    let _ = fs::remove_file(&config);
    let line = format!("config --global {KEY} \"$VALUE\"");
    world.sets("VALUE", value);
    world.git(&line).succeeds().says_nothing();
}

/// Whether git gets our token with this value.
fn git_starts_us(world: &World, token: &str) -> bool {
    let outcome = world.git_with_input("credential fill", REQUEST);
    let starts = outcome.raw_stdout().contains(token);
    if starts {
        outcome.succeeds().prints_secret(token);
    }
    starts
}

fn status_agrees(world: &World) -> bool {
    let said = world.helper("status --json --offline").succeeds().stdout();
    let status: Value = serde_json::from_str(&said).unwrap();
    let ours = &status["git"]["helpers"][0]["ours"];
    assert_eq!(ours, &status["git"]["configured"], "{status}");
    ours.as_bool().unwrap()
}

fn doctor_agrees(world: &World) -> bool {
    let said = world.helper("doctor --offline --json").stdout();
    let report: Value = serde_json::from_str(&said).unwrap();
    let mut checks = report["checks"].as_array().unwrap().iter();
    let is_bad = |check: &Value| check["id"] == "git.helpers" && check["severity"] != "pass";
    !checks.any(is_bad)
}

#[test]
fn git_and_every_command_agree_on_each_spelling() {
    let (world, token) = logged_in();
    let bin = world.bin().display().to_string();
    for (value, works) in [
        ("heroku-rs", true),
        ("heroku-rs --an-option", true),
        ("'heroku-rs'", true),
        ("!git credential-heroku-rs", true),
        ("!git-credential-heroku-rs", true),
        ("! git-credential-heroku-rs", true),
        ("!HEROKU_RS_TIMEOUT=9 exec git-credential-heroku-rs", true),
        ("!true && git-credential-heroku-rs", true),
        ("!'~/b in/git-credential-heroku-rs'", false),
        ("!~/'b in'/git-credential-heroku-rs", true),
        ("!\"$AT/git-credential-heroku-rs\"", true),
        ("!~/b\\ in/git-credential-heroku-rs", true),
        ("BIN/git-credential-heroku-rs", true),
        ("BIN/git-credential-heroku-rs --an-option", true),
        ("!BIN/git-credential-heroku-rs", true),
        ("!'BIN/git-credential-heroku-rs'", true),
        ("'BIN/git-credential-heroku-rs'", false),
        ("git-credential-heroku-rs", false),
        ("credential-heroku-rs", false),
        ("heroku_rs", false),
        ("!heroku-rs", false),
        ("~/bin/git-credential-heroku-rs", false),
        ("../bin/git-credential-heroku-rs", false),
        ("/missing/git-credential-heroku-rs", false),
        ("!/missing/git-credential-heroku-rs", false),
        ("~/b in/git-credential-heroku-rs", false),
        ("!git-credential-heroku-rs # ours", false),
        ("!git-credential-heroku-rs | cat", false),
        ("store --file=BIN/git-credential-heroku-rs", false),
        ("!echo git-credential-heroku-rs", false),
    ] {
        let value = value.replace("BIN", &bin);
        set_only_helper(&world, &value);
        assert_eq!(git_starts_us(&world, &token), works, "git: {value}");
        assert_eq!(status_agrees(&world), works, "status: {value}");
        assert_eq!(doctor_agrees(&world), works, "doctor: {value}");
    }
}

#[test]
fn setup_adds_its_lines_after_the_others_and_unsetup_keeps_them() {
    let (world, token) = logged_in();
    for value in [
        "heroku-rs",
        "git-credential-heroku-rs",
        "!git credential-heroku-rs",
        "/missing/git-credential-heroku-rs",
        "!echo git-credential-heroku-rs",
    ] {
        set_only_helper(&world, value);
        let config = world.home().join(".gitconfig");
        let before = fs::read_to_string(&config).unwrap();
        world.helper("setup").succeeds().stderr_is("");
        assert!(git_starts_us(&world, &token), "{value}");
        assert!(status_agrees(&world) && doctor_agrees(&world), "{value}");
        let values = world.git(&format!("config --get-all {KEY}")).succeeds();
        values.stdout_is(&format!("{value}\n\nheroku-rs\n"));
        world.helper("unsetup").succeeds();
        assert_eq!(fs::read_to_string(&config).unwrap(), before, "{value}");
    }
}
