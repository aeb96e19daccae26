//! `rotate --if-expires-within`, as a timer runs it.

use heroku_stand_in::Grant;

use crate::world::{ANN, World};

#[test]
fn a_timer_does_nothing_while_the_token_is_valid_for_long_enough() {
    let (world, token) = World::after_our_login_for_days(30);
    let asked = world.requests_to_the_api();
    world
        .helper("rotate --all --if-expires-within 7d")
        .succeeds()
        .says_nothing();
    assert_eq!(world.requests_to_the_api(), asked);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    let shown = world
        .on_a_terminal("git credential-heroku-rs rotate --if-expires-within 7d")
        .exits_with(0);
    assert!(
        shown.contains("Nothing to do for ann@example.com: the token does not expire within"),
        "{shown}"
    );
}

#[test]
fn a_timer_rotates_before_the_token_expires() {
    let (world, old) = World::after_our_login_for_days(6);
    let line = "rotate --all --if-expires-within 7d";
    world.helper(line).succeeds().says("  expires: 20");
    assert!(!world.heroku.is_live(&old));
    world
        .helper("rotate --if-expires-within 5d")
        .succeeds()
        .says_nothing();
    world.pushes_again();
}

#[test]
fn a_token_without_expiration_is_not_rotated() {
    let (world, token) = World::after_our_login();
    world
        .helper("rotate --if-expires-within 7d")
        .succeeds()
        .says_nothing();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_timer_looks_up_a_login_of_the_heroku_cli_once() {
    let world = World::ready_to_push();
    let grant = Grant {
        expires_in: Some(30 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.stores_in_the_keyring(ANN, &token);
    world.has_active_account(ANN);
    for _ in 0..2 {
        world
            .helper("rotate --if-expires-within 7d")
            .succeeds()
            .says_nothing();
    }
    let lists = world.heroku.requests();
    let lists = lists
        .iter()
        .filter(|one| one.path == "/oauth/authorizations");
    assert_eq!(lists.count(), 1);
}
