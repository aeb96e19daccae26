//! A rotation that a timer starts: quiet while there is time, and done when there is not.

use heroku_stand_in::Grant;

use crate::world::{ANN, World};

fn world() -> World {
    World::new()
        .with_keychain()
        .with_app("blue-sky")
        .with_helper()
}

fn logged_in() -> (World, String) {
    let world = world();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    (world, token)
}

/// A login by a token that ends in so many days.
fn logged_in_for_days(days: i64) -> (World, String) {
    let world = world();
    let grant = Grant {
        expires_in: Some(days * 86_400),
        description: "laptop".to_owned(),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    (world, token)
}

fn pushes(world: &World) {
    world.commits("one more");
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
    assert!(world.is_pushed());
}

#[test]
fn a_timer_is_quiet_and_asks_nobody_while_there_is_time() {
    let (world, token) = logged_in_for_days(30);
    let asked = world.requests_to_the_api();
    world
        .helper("rotate --all --if-expires-within 7d")
        .succeeds()
        .says_nothing();
    assert_eq!(world.requests_to_the_api(), asked);
    assert_eq!(world.kept_in_the_keychain(ANN), Some(token));
}

#[test]
fn a_timer_rotates_when_the_end_is_near() {
    let (world, old) = logged_in_for_days(6);
    let line = "rotate --all --if-expires-within 7d";
    world.helper(line).succeeds().says("it ends on");
    assert!(!world.heroku.is_live(&old));
    world
        .helper("rotate --if-expires-within 5d")
        .succeeds()
        .says_nothing();
    pushes(&world);
}

#[test]
fn a_token_that_never_ends_is_never_near_its_end() {
    let (world, token) = logged_in();
    world
        .helper("rotate --if-expires-within 7d")
        .succeeds()
        .says_nothing();
    assert_eq!(world.kept_in_the_keychain(ANN), Some(token));
}

#[test]
fn a_timer_asks_heroku_once_about_a_login_of_the_heroku_cli() {
    let world = world();
    let grant = Grant {
        expires_in: Some(30 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.keeps_in_the_keychain(ANN, &token);
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
