//! One failed read makes the Heroku CLI delete its `login.json`. We still know the login.

use std::fs;

use crate::world::{ANN, BOB, REQUEST, World};

#[test]
fn the_only_item_is_still_served_and_status_writes_login_json_back() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    fs::remove_file(world.login_json()).unwrap();
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
    assert_eq!(world.active_account(), None, "a push writes nothing");
    world.helper("status").succeeds().says(ANN);
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn a_login_json_that_cannot_be_read_is_none() {
    for contents in ["", "{", "[]", r#"{"account":17}"#, r#"{"account":"a'b"}"#] {
        let world = World::new().with_keyring();
        let token = world.has_logged_in_with_the_heroku_cli(ANN);
        world.has_file(world.login_json(), contents);
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .hands_out(&token)
            .says(&format!("username={ANN}\n"));
    }
}

#[test]
fn two_items_and_no_login_json_are_no_choice() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(BOB);
    world.has_logged_in_with_the_heroku_cli(ANN);
    fs::remove_file(world.login_json()).unwrap();
    world
        .git("push heroku main")
        .exits_with(128)
        .says("several Heroku accounts are logged in and none is active")
        .says("git credential-heroku-rs switch ");
    world
        .helper("status")
        .exits_with(4)
        .says("git credential-heroku-rs switch ");
    assert_eq!(world.active_account(), None, "nobody guesses");
    world.helper("switch ann@example.com").succeeds();
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
}
