//! `doctor` on copies of the token that other programs store.

use std::fs;

use crate::doctor::{healthy, is_found, is_found_and_left_to_the_user};
use crate::world::{ANN, World};

const OTHERS: &str = "https://me:pass@example.com\nhttps://x:y@github.com\n";

fn has_credential_file(world: &World, file: &str, token: &str) -> std::path::PathBuf {
    let lines = format!(
        "https://x:y@github.com\nhttps://heroku:{token}@git.heroku.com\nhttps://me:pass@example.com\n"
    );
    let path = world.has_file(file, &lines);
    world.is_not_searched(&path);
    path
}

#[test]
fn gits_helper_store_has_the_token_in_plain_text() {
    for file in [".git-credentials", ".config/git/credentials"] {
        let world = healthy();
        let token = world.stored_in_the_keyring(ANN).unwrap();
        let path = has_credential_file(&world, file, &token);
        is_found_and_left_to_the_user(
            &world,
            "copies.plain-text",
            &format!("~/{file} contains a token"),
        );
        let left = fs::read_to_string(&path).unwrap();
        assert_eq!(left.lines().count(), 2, "{left}");
        assert!(OTHERS.lines().all(|line| left.contains(line)), "{left}");
    }
}

#[test]
fn an_entry_of_another_protocol_or_port_is_removed_too() {
    for (scheme, port) in [("http", ""), ("https", ":443")] {
        let world = healthy();
        let token = world.stored_in_the_keyring(ANN).unwrap();
        let lines = format!("{scheme}://heroku:{token}@git.heroku.com{port}\n{OTHERS}");
        let path = world.has_file(".git-credentials", &lines);
        world.is_not_searched(&path);
        is_found_and_left_to_the_user(&world, "copies.plain-text", "contains a token");
        assert_eq!(fs::read_to_string(&path).unwrap(), OTHERS);
    }
}

#[test]
fn dockers_configuration_contains_a_token() {
    let world = healthy();
    let config =
        r#"{"auths":{"registry.heroku.com":{"auth":"Xzp4"},"other.example":{"auth":"eDp5"}}}"#;
    world.has_file(".docker/config.json", config);
    is_found(
        &world,
        "copies.plain-text",
        "~/.docker/config.json contains a token",
    );
}
