//! `HEROKU_API_KEY` takes precedence over the keyring, and the keyring over netrc.

use crate::world::{ANN, BOB, REQUEST, World};

#[test]
fn a_key_in_the_environment_takes_precedence() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(BOB);
    let key = world.heroku.issue_token(ANN);
    world.git("push heroku main").exits_with(128).says("403");
    world.sets("HEROKU_API_KEY", &key);
    world.pushes();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&key)
        .stdout_is(&format!("username=heroku\npassword={key}\n\n"));
    assert_eq!(
        world.accounts_in_the_keyring(),
        [BOB],
        "the token is not stored"
    );
}

#[test]
fn with_a_key_in_the_environment_no_keyring_is_started() {
    let world = World::new().with_keyring();
    let key = world.heroku.issue_token(ANN);
    world.sets("HEROKU_API_KEY", &key);
    world.keyring().hangs();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&key)
        .stderr_is("");
    world.keyring().resumes();
}

#[test]
fn a_git_that_does_not_read_netrc_gets_its_token_from_us() {
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
        .prints_secret(&token)
        .stderr_is("heroku-rs: other users can read your netrc\n  restrict its permissions: chmod 600 ~/.netrc\n");
}

#[test]
fn a_second_token_in_netrc_keeps_the_metadata_of_the_first() {
    let (world, token) = World::after_our_login_for_days(30);
    world.is_not_searched(&world.home().join(".netrc"));
    let second = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store netrc", &second)
        .succeeds()
        .says("which takes precedence over netrc");
    world.helper("status").succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .says("password_expiry_utc=");
}
