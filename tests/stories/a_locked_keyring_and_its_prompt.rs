//! The prompt of a locked keyring: only shown to a user at a terminal, and with a time limit.

use crate::world::{ANN, REQUEST, World};

const DISMISSED: &str =
    "heroku-rs: the keyring's prompt was closed, timed out or could not be shown";

fn locked() -> World {
    let world = World::new().with_a_fake_secret_service();
    let token = world.heroku.issue_token(ANN);
    world.secret_service().has_item(ANN, &token);
    world.secret_service().is_locked();
    world.has_active_account(ANN);
    world
}

fn login_ends_with_the_prompt(world: &World) {
    let shown = world
        .on_a_terminal("git-credential-heroku-rs login")
        .exits_with(1);
    let lines: Vec<&str> = shown.lines().take(2).collect();
    assert_eq!(
        lines,
        [
            "The keyring is locked: unlock it in the prompt of your keyring program",
            DISMISSED
        ]
    );
}

/// Over SSH, in a terminal without a desktop: the prompt appears where the user cannot see it.
#[test]
fn an_unanswered_prompt_ends_the_login_and_is_not_dismissed() {
    let world = locked();
    world.sets("HEROKU_RS_PROMPT_TIMEOUT", "0.3");
    login_ends_with_the_prompt(&world);
    let asked = world.secret_service().received_calls();
    assert_eq!(asked[asked.len() - 2..], ["Unlock", "Prompt"]);
    assert_eq!(world.requests_to_the_api(), 0, "no token is left at Heroku");
}

#[test]
fn without_a_terminal_no_prompt_is_shown() {
    let world = locked();
    let token = world.heroku.issue_token(ANN);
    world
        .shell(
            "setsid git-credential-heroku-rs login --with-token",
            token.as_bytes(),
        )
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: the keyring is locked\n  unlock: git credential-heroku-rs status --unlock, \
             or set HEROKU_API_KEY\n",
        );
    let asked = world.secret_service().received_calls();
    assert!(!asked.contains(&"Unlock".to_owned()), "{asked:?}");
    assert_eq!(world.requests_to_the_api(), 0);
}

/// gnome-keyring with no desktop to show its prompt on: there is nothing to wait for.
#[test]
fn a_prompt_that_cannot_be_shown_ends_the_login_immediately() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.keyring().locks();
    login_ends_with_the_prompt(&world);
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn a_login_at_a_terminal_unlocks_the_keyring_with_its_prompt() {
    let world = locked();
    world.secret_service().has_a_user_who_answers();
    let token = world.heroku.issue_token(ANN);
    world.is_not_searched(&world.has_file("token", &token));
    let shown = world
        .on_a_terminal("git-credential-heroku-rs login --with-token <$HOME/token")
        .exits_with(0);
    assert!(shown.contains("Logged in as ann@example.com"), "{shown}");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
}
