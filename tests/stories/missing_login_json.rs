//! The Heroku CLI deletes its `login.json` after one failed read. The login still works here.

use std::fs;

use crate::world::{ANN, BOB, REQUEST, World};

#[test]
fn the_only_item_is_used_and_status_restores_login_json() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    fs::remove_file(world.login_json()).unwrap();
    world.pushes();
    assert_eq!(world.active_account(), None, "a push writes nothing");
    world.helper("status").succeeds().says(ANN);
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn an_unusable_login_json_is_ignored() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    for contents in ["", "{", "[]", r#"{"account":17}"#, r#"{"account":"a'b"}"#] {
        world.has_file(world.login_json(), contents);
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&token)
            .says(&format!("username={ANN}\n"));
    }
}

#[test]
fn with_two_items_and_no_login_json_no_account_is_active() {
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
    assert_eq!(world.active_account(), None, "no account is chosen");
    world.helper("switch ann@example.com").succeeds();
    world.pushes();
}
