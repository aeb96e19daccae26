//! A container: no bus, no keyring, no browser. The login says where it keeps the token, and works.

use std::fs;

use crate::world::{ANN, World};

fn container() -> World {
    let world = World::new().with_app("blue-sky").with_helper();
    world.is_planted(&world.home().join(".netrc"));
    world
}

fn netrc(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap_or_default()
}

#[test]
fn a_login_goes_to_netrc_says_so_and_the_push_works() {
    let world = container();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .stdout_is(
            "Logged in as ann@example.com: the token is in netrc, in plain text, \
             for git and for the Heroku CLI\n",
        )
        .says("there is no D-Bus session here: the token goes to netrc")
        .says("HEROKU_API_KEY");
    assert_eq!(
        netrc(&world),
        format!(
            "machine api.heroku.com\n  login {ANN}\n  password {token}\n\
             machine git.heroku.com\n  login {ANN}\n  password {token}\n"
        ),
        "to the byte what the Heroku CLI writes"
    );
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
    assert!(world.is_pushed());
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (in use)")
        .says("in netrc, and Heroku takes it");
}

#[test]
fn who_wants_the_keychain_and_no_other_place_gets_no_plain_text() {
    let world = container();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store keychain", &token)
        .exits_with(1)
        .stdout_is("")
        .says("there is no D-Bus session here");
    assert_eq!(netrc(&world), "");
}

#[test]
fn a_locked_keychain_is_no_reason_for_plain_text() {
    let world = World::new()
        .with_keychain()
        .with_app("blue-sky")
        .with_helper();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.keychain().locks();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .exits_with(1)
        .says("the keychain is locked");
    assert_eq!(netrc(&world), "");
}

#[test]
fn a_logout_takes_our_entries_and_no_other_byte() {
    let world = container();
    let others = "# mine\nmachine x.example login me password ü\n\nmacdef up\nput x\n\n";
    world.has_netrc(others);
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    assert!(netrc(&world).starts_with(others));
    world
        .helper("logout")
        .succeeds()
        .says("ann@example.com is logged out of this machine");
    assert_eq!(netrc(&world), others);
    assert!(!world.heroku.is_live(&token), "it is revoked at Heroku too");
    world.helper("status").exits_with(4);
}

#[test]
fn heroku_netrc_write_keeps_the_login_where_the_heroku_cli_looks() {
    let world = World::new()
        .with_keychain()
        .with_app("blue-sky")
        .with_helper();
    world.is_planted(&world.home().join(".netrc"));
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .says("in netrc, in plain text");
    assert_eq!(world.kept_in_the_keychain(ANN), None);
    world
        .helper_with_input("get", "protocol=https\nhost=git.heroku.com\n")
        .succeeds()
        .hands_out(&token);
}
