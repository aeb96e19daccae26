//! A rotation that a timer starts: quiet while there is time, and done when there is not.

use heroku_stand_in::Grant;

use crate::world::{ANN, World};

#[test]
fn a_timer_is_quiet_and_asks_nobody_while_there_is_time() {
    let (world, token) = World::after_our_login_for_days(30);
    let asked = world.requests_to_the_api();
    world
        .helper("rotate --all --if-expires-within 7d")
        .succeeds()
        .says_nothing();
    assert_eq!(world.requests_to_the_api(), asked);
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_timer_rotates_when_the_end_is_near() {
    let (world, old) = World::after_our_login_for_days(6);
    let line = "rotate --all --if-expires-within 7d";
    world.helper(line).succeeds().says("it ends on");
    assert!(!world.heroku.is_live(&old));
    world
        .helper("rotate --if-expires-within 5d")
        .succeeds()
        .says_nothing();
    world.pushes_again();
}

#[test]
fn a_token_that_never_ends_is_never_near_its_end() {
    let (world, token) = World::after_our_login();
    world
        .helper("rotate --if-expires-within 7d")
        .succeeds()
        .says_nothing();
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_timer_asks_heroku_once_about_a_login_of_the_heroku_cli() {
    let world = World::ready_to_push();
    let grant = Grant {
        expires_in: Some(30 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.keeps_in_the_keyring(ANN, &token);
    world.is_the_active_account(ANN);
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
