//! A container: no bus, no keyring, no browser. The login says where it keeps the token, and works.

use std::fs;

use crate::world::{ANN, REQUEST, World};

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
        .stderr_is(
            "there is no D-Bus session here: the token goes to netrc, where the Heroku CLI keeps it \
             on such a machine.\n  rather not in plain text? put it into HEROKU_API_KEY (a Codespaces \
             secret, a CI variable),\n  or install a keyring such as gnome-keyring; then: git \
             credential-heroku-rs logout --keep\n",
        );
    assert_eq!(
        netrc(&world),
        format!(
            "machine api.heroku.com\n  login {ANN}\n  password {token}\n\
             machine git.heroku.com\n  login {ANN}\n  password {token}\n"
        ),
        "to the byte what the Heroku CLI writes"
    );
    world.pushes();
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (in use)")
        .says("in netrc, and Heroku takes it");
}

#[test]
fn who_wants_the_keyring_and_no_other_place_gets_no_plain_text() {
    let world = container();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store keyring", &token)
        .exits_with(1)
        .stdout_is("")
        .says("there is no D-Bus session here");
    assert_eq!(netrc(&world), "");
}

#[test]
fn a_locked_keyring_is_no_reason_for_plain_text() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.keyring().locks();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .exits_with(1)
        .says("the keyring is locked");
    assert_eq!(netrc(&world), "");
}

#[test]
fn a_logout_takes_our_entries_and_no_other_byte() {
    let world = container();
    let others = "# mine\nmachine x.example login me password ü\n\nmacdef up\nput x\n\n";
    world.has_netrc(others);
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
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
    let world = World::ready_to_push();
    world.is_planted(&world.home().join(".netrc"));
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .says("in netrc, in plain text");
    assert_eq!(world.kept_in_the_keyring(ANN), None);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token);
}

const WAYS_OUT: &str =
    "put a token into HEROKU_API_KEY, or run: git credential-heroku-rs login --store netrc";

/// What a `get` says, and a `login` that insists on the keyring: the same cause and the same mend.
fn is_told(world: &World, what: &str, fix: &str) {
    is_told_in(world, "not logged in to Heroku", what, fix);
}

fn is_told_in(world: &World, fact: &str, what: &str, fix: &str) {
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .stderr_is(&format!("heroku-rs: {fact}: {what}\n  {fix}\n"));
    world
        .shell(
            "setsid git-credential-heroku-rs login --with-token --store keyring",
            token.as_bytes(),
        )
        .exits_with(1)
        .stdout_is("")
        .stderr_is(&format!("heroku-rs: {what}\n  {fix}\n"));
    assert_eq!(netrc(world), "");
    assert!(!world.login_json().exists());
}

#[test]
fn each_machine_without_a_keyring_is_told_what_it_lacks_and_what_helps() {
    is_told(&World::new(), "there is no D-Bus session here", WAYS_OUT);
    let dangling = World::new();
    dangling.sets("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    is_told_in(
        &dangling,
        "the Heroku token could not be read from the keyring",
        "the D-Bus session cannot be reached",
        &format!(
            "DBUS_SESSION_BUS_ADDRESS is stale: log out of the desktop and in again, or {WAYS_OUT}"
        ),
    );
    is_told(
        &World::new().with_a_bus_alone(),
        "no keyring program runs in this D-Bus session",
        &format!("start one, such as gnome-keyring, or {WAYS_OUT}"),
    );
    let locked = World::new().with_keyring();
    locked.keyring().locks();
    is_told_in(
        &locked,
        "the Heroku token could not be read from the keyring",
        "the keyring is locked",
        "unlock it: git credential-heroku-rs status --unlock \
         (or for this push only: HEROKU_API_KEY=… git push heroku main)",
    );
}

/// It is empty, which is no failure; but it takes nothing, and then says why.
#[test]
fn a_keyring_that_was_never_set_up_takes_nothing_and_plain_text_is_the_users_word() {
    let world = World::new().with_a_keyring_never_set_up();
    world.is_planted(&world.home().join(".netrc"));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .stderr_is(
            "heroku-rs: not logged in to Heroku\n  run: git credential-heroku-rs login (or paste a \
             token as the password: https://dashboard.heroku.com/account/applications)\n",
        );
    let token = world.heroku.issue_token(ANN);
    for login in ["login --with-token --store keyring", "login --with-token"] {
        world
            .helper_with_input(login, &token)
            .exits_with(1)
            .stderr_is(&format!(
                "heroku-rs: the keyring program has no default keyring\n  \
                 create one in your keyring program, or {WAYS_OUT}\n"
            ));
        assert_eq!(netrc(&world), "");
    }
    world
        .helper_with_input("login --with-token --store netrc", &token)
        .succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&token)
        .stderr_is("");
}
