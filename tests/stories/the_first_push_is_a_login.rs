//! Without a login git asks for a password, and the token that is pasted there is stored.

use crate::world::{ANN, BOB, REQUEST, World};

const HINT: &str = "heroku-rs: not logged in to Heroku\n  \
    log in: git credential-heroku-rs login, or paste a token as the password\n";

const QUESTION: &str = "Password for 'https://heroku@git.heroku.com': ";

fn not_logged_in() -> World {
    World::ready_to_push()
}

#[test]
fn git_asks_only_for_the_password_and_the_next_push_for_nothing() {
    let world = not_logged_in();
    let token = world.heroku.issue_token(ANN);
    let shown = world
        .on_a_terminal("git push heroku main")
        .shows(QUESTION)
        .types(&token)
        .exits_with(0);
    assert!(shown.contains("heroku-rs: not logged in to Heroku"));
    assert!(!shown.contains("Username"));
    assert!(world.is_pushed());

    world.commits("The second commit");
    world.pushes();
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token));
}

#[test]
fn a_token_from_askpass_is_a_login_too() {
    let world = not_logged_in();
    let token = world.heroku.issue_token(ANN);
    world.has_program("askpass", "printenv TOKEN_OF_ANN");
    world.sets("GIT_ASKPASS", "askpass");
    world.sets("TOKEN_OF_ANN", &token);
    world
        .git("push --quiet heroku main")
        .succeeds()
        .stdout_is("")
        .stderr_is(HINT);
    world.unsets("GIT_ASKPASS");
    world.commits("The second commit");
    world.pushes();
}

#[test]
fn without_prompts_only_the_hint_is_printed() {
    let world = not_logged_in();
    world.git("push --quiet heroku main").exits_with(128).stderr_is(&format!(
        "{HINT}fatal: could not read Password for 'https://heroku@git.heroku.com': terminal prompts disabled\n"
    ));
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn a_rejected_pasted_token_is_not_stored() {
    let world = not_logged_in();
    let shown = world
        .on_a_terminal("git push heroku main")
        .shows(QUESTION)
        .types("HRKU-this-is-not-a-token-of-anyone")
        .exits_with(128);
    assert!(shown.contains("Authentication failed"));
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn status_finds_the_account_of_a_pasted_token() {
    let world = not_logged_in();
    let token = world.heroku.issue_token(ANN);
    world.stores_in_the_keyring("heroku", &token);
    world
        .helper("status")
        .succeeds()
        .says("The token pasted at git's prompt is now stored as the login of ann@example.com");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

/// The pasted token replaced the login, and the token of the login stayed valid but was lost.
#[test]
fn status_never_replaces_a_newer_login_with_a_pasted_token() {
    let world = not_logged_in();
    let (pasted, token) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.stores_in_the_keyring("heroku", &pasted);
    world.logs_in_with(&token);
    world
        .helper("status")
        .succeeds()
        .says_nothing_about("is now stored as");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(pasted));
}

#[test]
fn status_replaces_a_rejected_token_with_a_pasted_one() {
    let world = not_logged_in();
    let (dead, pasted) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.logs_in_with(&dead);
    world.heroku.revoke(&dead);
    world.stores_in_the_keyring("heroku", &pasted);
    world
        .helper("status")
        .succeeds()
        .says("is now stored as the login of ann@example.com")
        .says_nothing_about("rejected");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(pasted));
}

#[test]
fn status_lists_a_pasted_token_once_if_it_is_also_a_login() {
    let world = not_logged_in();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.stores_in_the_keyring("heroku", &token);
    let report = world.helper("status --json").succeeds().stdout();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let accounts = report["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1, "{report}");
    assert_eq!(accounts[0]["account"], ANN);
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

/// `status` made the account of an older paste the active one.
#[test]
fn status_does_not_change_the_active_account() {
    let world = not_logged_in();
    world.stores_in_the_keyring("heroku", &world.heroku.issue_token(BOB));
    world.logs_in_with(&world.heroku.issue_token(ANN));
    world
        .helper("status")
        .succeeds()
        .says("is now stored as the login of bob@example.com");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    assert_eq!(world.accounts_in_the_keyring(), [ANN, BOB]);
}

#[test]
fn a_pasted_token_stays_active_if_the_active_account_had_none() {
    let world = not_logged_in();
    let pasted = world.heroku.issue_token(BOB);
    world.has_active_account(ANN);
    world.stores_in_the_keyring("heroku", &pasted);
    world.helper("status").succeeds();
    world
        .helper_with_input("get", REQUEST)
        .prints_secret(&pasted)
        .says("username=bob@example.com\n")
        .stderr_is("");
}

/// The token was stored under its account, stayed under the other name, and was reported at every `status`.
#[test]
fn status_moves_a_token_stored_under_a_user_name() {
    let world = not_logged_in();
    world.stores_in_the_keyring("deploy", &world.heroku.issue_token(ANN));
    world
        .helper("status")
        .succeeds()
        .says("is now stored as the login of ann@example.com");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    world.helper("status").succeeds().stderr_is("");
}

#[test]
fn a_login_with_a_token_from_a_pipe_serves_git_and_the_heroku_cli() {
    let world = not_logged_in();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", format!("{token}\n"))
        .succeeds()
        .says("Logged in as ann@example.com");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
    world.pushes();
}

#[test]
fn a_login_with_a_rejected_token_stores_nothing() {
    let world = not_logged_in();
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    world
        .helper_with_input("login --with-token", &token)
        .exits_with(1)
        .says("Heroku rejected the token");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    assert_eq!(world.active_account(), None);
}
