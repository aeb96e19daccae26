//! `doctor` on copies of the token that other programs keep, or that people wrote down.

use std::fs;

use crate::doctor::{finding, healthy, is_found, is_found_and_mended, is_undone};
use crate::world::{ANN, World};

const OTHERS: &str = "https://me:pass@example.com\nhttps://x:y@github.com\n";

fn stores(world: &World, file: &str, token: &str) -> std::path::PathBuf {
    let lines = format!(
        "https://x:y@github.com\nhttps://heroku:{token}@git.heroku.com\nhttps://me:pass@example.com\n"
    );
    let path = world.has_file(file, &lines);
    world.is_planted(&path);
    path
}

#[test]
fn gits_helper_store_has_the_token_in_plain_text() {
    for file in [".git-credentials", ".config/git/credentials"] {
        let world = healthy();
        let token = world.kept_in_the_keyring(ANN).unwrap();
        let path = stores(&world, file, &token);
        let said = is_found_and_mended(
            &world,
            "copies.git-store",
            &format!("~/{file} holds a token"),
        );
        let left = fs::read_to_string(&path).unwrap();
        assert_eq!(left.lines().count(), 2, "{left}");
        assert!(OTHERS.lines().all(|line| left.contains(line)), "{left}");
        is_undone(&world, &said, "copies.git-store");
        world.is_planted(&path);
        assert!(fs::read_to_string(&path).unwrap().contains(&token));
    }
}

#[test]
fn the_only_token_there_is_lies_in_gits_helper_store_and_is_not_lost() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    stores(&world, ".git-credentials", &token);
    is_found_and_mended(&world, "copies.git-store", "goes to the keyring");
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
}

#[test]
fn of_two_good_tokens_in_two_places_the_first_is_kept() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    let (one, other) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {one}\n"
    ));
    stores(&world, ".git-credentials", &other);
    is_found_and_mended(&world, "copies.git-store", "goes to the keyring");
    assert_eq!(world.kept_in_the_keyring(ANN), Some(one));
    assert!(world.heroku.is_live(&other), "it is its owner's to revoke");
}

#[test]
fn a_daemon_of_gits_helper_cache_holds_the_token() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    let request = format!("protocol=https\nhost=git.heroku.com\nusername=x\npassword={token}\n\n");
    // The daemon outlives the command that starts it, and must not hold the story's pipes.
    let daemon = world.home().join("run-cache");
    fs::create_dir(&daemon).unwrap();
    world.sets("XDG_CACHE_HOME", daemon.to_str().unwrap());
    world
        .shell(
            "git credential-cache --timeout 60 store >/dev/null 2>&1",
            request.as_bytes(),
        )
        .succeeds();
    is_found_and_mended(&world, "copies.git-cache", "holds a token in its memory");
    world.shell("git credential-cache exit", b"").succeeds();
}

#[test]
fn no_daemon_is_started_by_the_question() {
    let world = healthy();
    assert_eq!(finding(&world, "copies.git-cache"), None);
    assert!(!world.home().join(".cache/git").exists());
}

#[test]
fn a_shell_gives_the_token_to_every_program() {
    for (file, line) in [
        (".bashrc", "export HEROKU_API_KEY="),
        (".zshenv", "export HEROKU_API_KEY="),
        (".config/fish/config.fish", "set -gx HEROKU_API_KEY "),
        (".profile", "alias api='curl -H \"Authorization: Bearer \"'"),
    ] {
        let world = healthy();
        let token = world.kept_in_the_keyring(ANN).unwrap();
        let line = line.replace("Bearer ", &format!("Bearer {token}"));
        let path = world.has_file(file, &format!("# mine\n{line}{token}\n"));
        world.is_planted(&path);
        is_found(
            &world,
            "copies.start-file",
            &format!("~/{file}, line 2, holds a token"),
        );
    }
}

#[test]
fn a_token_in_a_comment_or_behind_a_command_is_none() {
    let world = healthy();
    world.has_file(
        ".bashrc",
        "# export HEROKU_API_KEY=…\nexport HEROKU_API_KEY=$(git credential-heroku-rs token)\n",
    );
    assert_eq!(finding(&world, "copies.start-file"), None);
}

#[test]
fn a_token_in_an_env_file_is_told_and_worse_where_it_is_pushed() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    let path = world.work().join(".env");
    fs::write(&path, format!("HEROKU_API_KEY={token}\n")).unwrap();
    world.is_planted(&path);
    is_found(&world, "copies.env-file", ".env holds a token");
    world.git("add --intent-to-add .env").succeeds();
    is_found(&world, "copies.tracked", "holds a token, and is pushed");
    world.helper("doctor").exits_with(1);
}

#[test]
fn docker_keeps_what_it_logged_in_with() {
    let world = healthy();
    let config =
        r#"{"auths":{"registry.heroku.com":{"auth":"Xzp4"},"other.example":{"auth":"eDp5"}}}"#;
    world.has_file(".docker/config.json", config);
    is_found(
        &world,
        "copies.docker",
        "~/.docker/config.json holds a token",
    );
}
