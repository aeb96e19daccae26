//! A keyring that is locked, hangs or is missing: the cause is reported in time, and nothing is lost.

use std::time::Duration;

use crate::world::{ANN, REQUEST, World};

fn logged_in() -> (World, String) {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

/// Each operation fails in time, reports the cause and loses nothing.
fn push_fails_and_nothing_is_lost(world: &World, token: &str, cause: &str) {
    let login_json = world.active_account();
    world
        .git("push heroku main")
        .exits_with(128)
        .says(cause)
        .ends_within(Duration::from_secs(8));
    for operation in ["store", "erase"] {
        let request = format!("{REQUEST}username={ANN}\npassword={token}\n");
        world
            .helper_with_input(operation, request)
            .succeeds()
            .stdout_is("")
            .ends_within(Duration::from_secs(4));
    }
    assert_eq!(world.active_account(), login_json);
    assert_eq!(
        world.requests_to_the_api(),
        0,
        "nothing was checked for removal"
    );
}

fn still_pushes_with(world: &World, token: String) {
    world.pushes();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_locked_keyring_is_not_an_empty_one() {
    let (world, token) = logged_in();
    world.keyring().locks();
    push_fails_and_nothing_is_lost(&world, &token, "the keyring is locked");
    world.keyring().restarts();
    still_pushes_with(&world, token);
}

#[test]
fn a_keyring_that_was_never_unlocked_in_this_session_is_locked() {
    let (world, token) = logged_in();
    world.keyring().ends();
    world.keyring().starts_locked();
    push_fails_and_nothing_is_lost(&world, &token, "the keyring is locked");
    world.keyring().restarts();
    still_pushes_with(&world, token);
}

#[test]
fn a_keyring_that_never_replies_times_out() {
    let (world, token) = logged_in();
    world.unsets("HEROKU_RS_TIMEOUT");
    world.keyring().hangs();
    push_fails_and_nothing_is_lost(&world, &token, "the keyring");
    world.keyring().resumes();
    still_pushes_with(&world, token);
}

#[test]
fn the_user_can_set_the_time_limit() {
    let (world, _) = logged_in();
    world.keyring().hangs();
    world.sets("HEROKU_RS_TIMEOUT", "0.2");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .says("HEROKU_RS_TIMEOUT")
        .ends_within(Duration::from_millis(1500));
    world.keyring().resumes();
}

#[test]
fn no_login_is_lost_if_the_keyring_program_has_exited() {
    let (world, token) = logged_in();
    world.keyring().ends();
    push_fails_and_nothing_is_lost(
        &world,
        &token,
        "no keyring: no keyring program runs in this D-Bus session",
    );
    world.keyring().starts_unlocked();
    still_pushes_with(&world, token);
}

#[test]
fn without_a_bus_the_error_names_another_way_to_log_in() {
    let world = World::new().with_app("blue-sky").with_helper();
    world
        .git("push heroku main")
        .exits_with(128)
        .says("heroku-rs: ")
        .says("HEROKU_API_KEY");
}

#[test]
fn on_a_bus_without_a_keyring_the_error_names_another_way_to_log_in() {
    let world = World::new()
        .with_a_bus_alone()
        .with_app("blue-sky")
        .with_helper();
    world
        .git("push heroku main")
        .exits_with(128)
        .says("heroku-rs: ")
        .says("HEROKU_API_KEY");
}

#[test]
fn a_bus_at_its_standard_path_needs_no_variable() {
    let (world, _) = logged_in();
    world.unsets("DBUS_SESSION_BUS_ADDRESS");
    world.pushes();
}

#[test]
fn a_keyring_never_set_up_is_empty_and_accepts_no_token() {
    let world = World::new()
        .with_a_keyring_never_set_up()
        .with_app("blue-sky")
        .with_helper();
    world
        .git("push heroku main")
        .exits_with(128)
        .says("heroku-rs: ");
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store keyring", &token)
        .exits_with(1)
        .stdout_is("");
}

#[test]
fn a_store_waits_for_the_keyring_once_and_reports_that_nothing_was_stored() {
    let world = World::new().with_keyring();
    world.sets("HEROKU_RS_TIMEOUT", "2");
    world.keyring().hangs();
    let token = world.heroku.issue_token(ANN);
    let request =
        format!("protocol=https\nhost=git.heroku.com\nusername={ANN}\npassword={token}\n");
    world
        .helper_with_input("store", request)
        .succeeds()
        .stdout_is("")
        .says("the token was not stored (the keyring did not answer within")
        .ends_within(Duration::from_millis(3500));
    world.keyring().resumes();
}
