//! A token is revoked elsewhere: the push reports it, the token is removed, and the next login works.

use crate::world::{ANN, World};

#[test]
fn a_rejected_token_is_removed_with_a_message_and_the_next_login_works() {
    let world = World::ready_to_push();
    let dead = world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.revoke(&dead);
    world
        .git("push heroku main")
        .exits_with(128)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: Heroku rejected the token of ann@example.com \
             (revoked or expired); it was removed\n  \
             log in again: git credential-heroku-rs login\n\
             fatal: Authentication failed for 'https://git.heroku.com/blue-sky.git/'\n",
        );
    assert_eq!(world.stored_in_the_keyring(ANN), None);
    assert_eq!(world.requests_to_the_api(), 1);

    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.pushes();
}

#[test]
fn before_the_next_login_the_account_without_a_token_is_named() {
    let world = World::ready_to_push();
    world.heroku.issue_token(ANN);
    world.has_active_account(ANN);
    world
        .git("push heroku main")
        .exits_with(128)
        .says("heroku-rs: not logged in to Heroku as ann@example.com");
    assert_eq!(
        world.active_account().as_deref(),
        Some(ANN),
        "login.json stays, or another account would become the only one"
    );
}

#[test]
fn a_rejected_token_of_one_account_does_not_affect_the_other() {
    let world = World::ready_to_push();
    let of_bob = world.has_logged_in_with_the_heroku_cli("bob@example.com");
    let dead = world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.revoke(&dead);
    world.git("push heroku main").exits_with(128);
    assert_eq!(world.stored_in_the_keyring(ANN), None);
    assert_eq!(world.stored_in_the_keyring("bob@example.com"), Some(of_bob));
    world
        .git("push heroku main")
        .exits_with(128)
        .says("not logged in to Heroku as ann@example.com");
}
