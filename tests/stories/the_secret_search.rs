//! Tests of the search for secrets: its results only count if it can find one.

use std::fs;

use crate::world::{ANN, World};

/// Returns what the search for secrets finds, and skips the search at the end of the story, which would fail.
fn leaks_at_the_end(world: World, secret: &str) -> Vec<String> {
    let findings = world.leaks();
    world.is_public(secret);
    drop(world);
    findings
}

#[test]
fn a_token_in_a_file_is_found_in_every_form() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    assert!(world.leaks().is_empty());
    let base64 = world.shell("base64 -w0", format!("a{token}b").as_bytes());
    let base64 = base64.succeeds().stdout();
    let hex = world.shell("od -An -v -tx1 | tr -d ' \\n'", token.as_bytes());
    let hex = hex.succeeds().stdout();
    for (name, text) in [("plain", &token), ("base64", &base64), ("hex", &hex)] {
        let path = format!("deep/down/{name}");
        world.has_file(path, &format!("some text {text} and more"));
    }
    let found = leaks_at_the_end(world, &token).join("\n");
    for name in ["plain text in", "base64 in", "hex in"] {
        assert!(found.contains(name), "{name}: {found}");
    }
}

#[test]
fn a_token_on_either_stream_or_in_argv_is_found() {
    for (line, place) in [
        ("cat", "stdout of cat"),
        ("cat >&2", "stderr of cat"),
        ("true TOKEN", "argv of true"),
    ] {
        let world = World::new();
        let token = world.heroku.issue_token(ANN);
        let line = line.replace("TOKEN", &token);
        world.shell(&line, token.as_bytes()).succeeds();
        let found = leaks_at_the_end(world, &token).join("\n");
        assert!(found.contains(place), "{place}: {found}");
        assert!(!found.contains("HRKU"), "the report contains the token");
    }
}

#[test]
fn a_token_printed_on_purpose_is_still_searched_for_everywhere_else() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world
        .shell("tee /dev/stderr", token.as_bytes())
        .succeeds()
        .prints_secret(&token);
    let found = leaks_at_the_end(world, &token).join("\n");
    assert!(found.contains("stderr of"), "{found}");
    assert!(!found.contains("stdout of"), "{found}");
}

#[test]
fn a_keyring_file_does_not_show_its_token() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.stores_in_the_keyring(ANN, &token);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token.clone()));
    let file = world.home().join(".local/share/keyrings/login.keyring");
    assert!(fs::metadata(file).unwrap().len() > 200);
    assert_eq!(world.leaks(), Vec::<String>::new());
}

#[test]
fn a_locked_keyring_returns_nothing_and_a_restarted_one_every_item() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.stores_in_the_keyring(ANN, &token);
    world.keyring().locks();
    assert_eq!(world.stored_in_the_keyring(ANN), None);
    world.keyring().restarts();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn terminal_input_is_searched_too() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let line = r#"printf "word? "; read -r word; echo done"#;
    let terminal = world.on_a_terminal(line).shows("word? ").types(&token);
    let shown = terminal.shows("done").exits_with(0);
    assert!(shown.contains(&token), "the terminal echoes its input");
    let found = leaks_at_the_end(world, &token).join("\n");
    assert!(found.contains("stdout of printf"), "{found}");
}
