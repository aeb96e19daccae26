//! Whatever characters a token and an account are made of, both programs read what was stored.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::mac::{heroku_cli_saves, is_changed, items, mac, no_argument_held_a_token};
use crate::world::{ANN, REQUEST, World};

fn is_kept(world: &World, account: &str, token: &str) {
    is_changed(world, |state| state.items.clear());
    let asked = format!("{REQUEST}username={account}\n");
    let stored = format!("{asked}password={token}\nstate[]=heroku-rs:asked\n");
    world.helper_with_input("store", stored).succeeds();
    let kept = items(world);
    assert_eq!(kept.len(), 1, "{account}");
    assert_eq!(kept[0].account, account);
    assert_eq!(kept[0].secret, token.as_bytes(), "{account}");
    let served = world
        .helper_with_input("get", asked)
        .succeeds()
        .raw_stdout();
    assert!(served.contains(&format!("password={token}\n")), "{account}");
}

#[test]
fn printable_ascii_and_letters_of_other_scripts_are_stored_unchanged() {
    let world = mac();
    let names = prop_oneof!["[a-zA-Z0-9._+~%]{1,40}", "\\p{L}{1,20}"];
    let cases = (names, "[!-~]{20,512}");
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(64)
    });
    let run = runner.run(&cases, |(name, token)| {
        let account = format!("{name}@example.com");
        is_kept(&world, &account, &token);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn special_characters_of_the_shell_and_the_tool_are_stored_unchanged() {
    let world = mac();
    for token in [
        r#"HRKU-"quoted"-and-\backslash\\"#,
        "-HRKU-a-leading-hyphen-0123",
        r"HRKU-it's-$HOME-#no-comment",
        "0123456789abcdef0123456789abcdef01234567",
        &"x".repeat(512),
    ] {
        is_kept(&world, ANN, token);
    }
    no_argument_held_a_token(&world);
    for account in [
        "ann+heroku@example.com",
        "a~b%c@example.com",
        "ännchen@exämple.com",
    ] {
        let token = world.heroku.issue_token(ANN);
        heroku_cli_saves(&world, account, &token);
        let asked = format!("{REQUEST}username={account}\n");
        world
            .helper_with_input("get", asked)
            .succeeds()
            .prints_secret(&token)
            .says(&format!("password={token}"));
    }
}
