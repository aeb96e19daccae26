//! `HEROKU_API_KEY` takes precedence over the keyring, and the keyring over netrc.

use crate::world::{ANN, BOB, REQUEST, World};

/// A netrc as the Heroku CLI writes it.
fn netrc(email: &str, token: &str) -> String {
    ["api.heroku.com", "git.heroku.com"]
        .map(|host| format!("machine {host}\n  login {email}\n  password {token}\n"))
        .concat()
}

#[test]
fn a_key_in_the_environment_takes_precedence() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(BOB);
    let key = world.heroku.issue_token(ANN);
    world.git("push heroku main").exits_with(128).says("403");
    world.sets("HEROKU_API_KEY", &key);
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&key)
        .stdout_is(&format!("username=heroku\npassword={key}\n\n"));
    assert_eq!(world.accounts_in_the_keyring(), [BOB], "it is kept nowhere");
}

#[test]
fn a_key_in_the_environment_wakes_no_keyring() {
    let world = World::new().with_keyring();
    let key = world.heroku.issue_token(ANN);
    world.sets("HEROKU_API_KEY", &key);
    world.keyring().hangs();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&key)
        .stderr_is("");
    world.keyring().goes_on();
}

#[test]
fn an_invalid_key_is_ignored_with_a_warning() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.sets("HEROKU_API_KEY", "sesame");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
        .says("HEROKU_API_KEY is not a Heroku token")
        .says_nothing_about("sesame");
    world.sets("HEROKU_API_KEY", "");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
        .stderr_is("");
}

#[test]
fn netrc_serves_where_the_keyring_has_nothing() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&netrc(ANN, &token));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"))
        .stderr_is("");
}

#[test]
fn netrc_is_used_silently_without_a_bus() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&netrc(ANN, &token));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
        .stderr_is("");
}

#[test]
fn netrc_serves_a_git_that_does_not_read_it_itself() {
    let world = World::ready_to_push();
    let dead = world.heroku.issue_token(ANN);
    world.heroku.revoke(&dead);
    let token = world.heroku.issue_token(ANN);
    // git's own reader takes the first entry for its host; the CLI's entry is that of the API.
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    world.pushes();
}

#[test]
fn the_keyring_takes_precedence_unless_the_cli_uses_netrc() {
    let world = World::new().with_keyring();
    let kept = world.has_logged_in_with_the_heroku_cli(ANN);
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&netrc(ANN, &token));
    let get = || world.helper_with_input("get", REQUEST);
    get().succeeds().hands_out(&kept);
    world.sets("HEROKU_NETRC_WRITE", "true");
    get().succeeds().hands_out(&token);
}

#[test]
fn a_netrc_entry_of_another_account_is_not_the_answer() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(BOB);
    world.has_netrc(&netrc(BOB, &token));
    world.is_the_active_account(ANN);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .says("not logged in to Heroku as ann@example.com");
}

#[test]
fn a_netrc_that_others_can_read_is_used_with_a_warning() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    world.shell("chmod 644 ~/.netrc", b"").succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
        .stderr_is("heroku-rs: other users can read your netrc\n  restrict its permissions: chmod 600 ~/.netrc\n");
}
