//! Control characters from a server, a file or git's configuration, tried with every command that
//! prints them.

use heroku_stand_in::{Fault, Grant, On, Times};
use serde_json::json;

use crate::world::{ANN, API_HOST, Outcome, World};

/// Clears the screen, sets the title, hides text, goes up a line, forges a line, turns the
/// direction of writing; with the one-byte forms of C1 too.
const WORDS: &str = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}8m\u{1b}[1A\rgit: configured\n\
                     git: configured, uses heroku-rs\u{202e}\u{200b}\u{7f}z";

/// Whether a terminal would do anything except show this character.
fn moves_a_terminal(c: char) -> bool {
    let unseen = ['\u{200b}', '\u{202e}'].contains(&c);
    unseen || (c.is_control() && c != '\n')
}

fn only_shows(outcome: &Outcome<'_>) {
    for text in [outcome.stdout(), outcome.stderr()] {
        assert!(!text.contains(moves_a_terminal), "{text:?}");
        let forged = text
            .lines()
            .any(|line| line.trim_start() == "git: configured");
        assert!(!forged, "{text}");
    }
}

fn with_hostile_words() -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    let grant = Grant {
        description: WORDS.to_owned(),
        scope: vec!["global".to_owned(), WORDS.to_owned()],
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.logs_in_with(&token);
    world
}

#[test]
fn control_characters_from_heroku_are_not_printed() {
    let world = with_hostile_words();
    for line in [
        "status",
        "status --offline",
        "status --json",
        "doctor",
        "doctor --json",
        "rotate --dry-run",
        "rotate --dry-run --json",
        "logout",
    ] {
        only_shows(&world.helper(line));
    }
}

#[test]
fn the_hostile_text_reaches_the_program() {
    let world = with_hostile_words();
    world.helper("status").says("]0;title");
    world.helper("status --json").says("]0;title");
}

#[test]
fn control_characters_from_gits_configuration_are_not_printed() {
    let world = with_hostile_words();
    let set = |key: &str, value: &str| {
        let file = world.home().join(".gitconfig");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let (section, name) = key.split_once(' ').unwrap();
        let value = value.replace('\n', "\\n").replace('\u{7}', "");
        world.has_file(
            ".gitconfig",
            &format!("{text}[{section}]\n\t{name} = \"{value}\"\n"),
        );
    };
    set("credential helper", &format!("!true {WORDS}"));
    set(
        "remote.x\u{1b}[2J\u{9b}8m\u{202e} url",
        "https://x:y@git.heroku.com/app.git",
    );
    let text = std::fs::read_to_string(world.home().join(".gitconfig")).unwrap();
    let subsection = text
        .replace("[remote.x", "[remote \"x")
        .replace("\u{202e}]", "\u{202e}\"]");
    world.has_file(".gitconfig", &subsection);
    world.helper("status").says("!true a");
    for line in [
        "status",
        "status --json",
        "doctor",
        "doctor --json",
        "setup",
        "unsetup",
    ] {
        only_shows(&world.helper(line));
    }
}

#[test]
fn control_characters_in_an_error_are_not_printed() {
    for (status, id) in [
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (422, "invalid_params"),
        (429, "rate_limit"),
        (503, "x"),
    ] {
        let world = with_hostile_words();
        world.heroku.fault(
            On::Host(API_HOST),
            Fault::api(status, id, WORDS),
            Times::Always,
        );
        for line in [
            "status",
            "doctor",
            "rotate",
            "token --check",
            "api account --silent",
            "logout",
        ] {
            only_shows(&world.helper(line));
        }
    }
}

#[test]
fn an_account_with_control_characters_is_rejected() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    for name in [
        format!("{WORDS}@example.com"),
        "a\u{202e}b@example.com".to_owned(),
    ] {
        world.heroku.clear_faults();
        let fault = Fault::Member("email", json!(name));
        world
            .heroku
            .fault(On::Path("/account"), fault, Times::Always);
        let outcome = world
            .helper_with_input("login --with-token", &token)
            .fails();
        only_shows(&outcome);
    }
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}
