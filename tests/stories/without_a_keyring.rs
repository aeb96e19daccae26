//! A container without a bus, a keyring or a browser: the login says where the token is stored, and works.

use std::fs;

use crate::world::{ANN, REQUEST, World};

fn container() -> World {
    let world = World::new().with_app("blue-sky").with_helper();
    world.is_not_searched(&world.home().join(".netrc"));
    world
}

fn netrc(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap_or_default()
}

#[test]
fn a_login_is_stored_in_netrc_with_a_warning_and_the_push_works() {
    let world = container();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .stdout_is(
            "Logged in as ann@example.com\nThe token is stored in ~/.netrc (unencrypted)\n\
             Done. Push with: git push heroku main\n",
        )
        .stderr_is(
            "warning: no keyring: no D-Bus session; the token will be stored in ~/.netrc (unencrypted)\n  \
             to avoid plain text, set HEROKU_API_KEY instead of logging in\n",
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
        .says("ann@example.com (active)")
        .says("token: ~/.netrc (unencrypted), valid");
}

#[test]
fn a_login_with_a_new_authorization_warns_of_plain_text() {
    let world = container();
    let token = world.heroku.issue_token(ANN);
    let _ = world.helper_with_input("login --with-token", &token);
    world
        .helper("authorizations create --description desk --login")
        .succeeds()
        .says("The token is stored in ~/.netrc (unencrypted)\n")
        .says("no keyring: no D-Bus session; the token will be stored in ~/.netrc (unencrypted)\n");
}

/// On a terminal the first line says that the user is not logged in, not that there is no keyring.
#[test]
fn status_begins_with_what_prevents_a_push() {
    let world = container();
    let status = || world.on_a_terminal("git-credential-heroku-rs status");
    let shown = status().exits_with(4);
    assert!(
        shown.starts_with("heroku-rs: not logged in to Heroku (no keyring: no D-Bus session)\n"),
        "{shown}"
    );
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    world.sets("HEROKU_API_KEY", &token);
    let shown = status().exits_with(1);
    assert!(
        shown.starts_with(
            "heroku-rs: Heroku rejected the token in HEROKU_API_KEY\n  \
             set HEROKU_API_KEY to a valid token, or unset it\n\
             unknown account (active)\n  token: HEROKU_API_KEY, rejected by Heroku\n"
        ),
        "{shown}"
    );
    world
        .helper("status --offline")
        .succeeds()
        .says("  token: HEROKU_API_KEY, not checked\n");
}

/// An encrypted file is never written. Without this check, a new token would be created in vain.
#[test]
fn with_an_encrypted_netrc_login_fails_before_the_prompt() {
    let world = container();
    let _ = world.has_file(world.home().join(".netrc.gpg"), "not decrypted here");
    let shown = world
        .on_a_terminal("git-credential-heroku-rs login")
        .exits_with(1);
    assert!(
        shown.contains("~/.netrc.gpg") && !shown.contains("Token: "),
        "{shown}"
    );
}

#[test]
fn store_keyring_never_writes_plain_text() {
    let world = container();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store keyring", &token)
        .exits_with(1)
        .stdout_is("")
        .says("no keyring: no D-Bus session");
    assert_eq!(netrc(&world), "");
}

#[test]
fn a_locked_keyring_never_causes_a_plain_text_login() {
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
fn a_logout_removes_only_our_entries_from_netrc() {
    let world = container();
    let others = "# mine\nmachine x.example login me password ü\n\nmacdef up\nput x\n\n";
    world.has_netrc(others);
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    assert!(netrc(&world).starts_with(others));
    world
        .helper("logout")
        .succeeds()
        .says("Logged out of ann@example.com");
    assert_eq!(netrc(&world), others);
    assert!(!world.heroku.is_live(&token), "it is revoked at Heroku too");
    world.helper("status").exits_with(4);
}

#[test]
fn with_heroku_netrc_write_the_login_is_stored_in_netrc() {
    let world = World::ready_to_push();
    world.is_not_searched(&world.home().join(".netrc"));
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .says("The token is stored in ~/.netrc (unencrypted)\n");
    assert_eq!(world.stored_in_the_keyring(ANN), None);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
}

const LOG_IN: &str = "log in: git credential-heroku-rs login, or set HEROKU_API_KEY";

/// The same if git is about to ask for a password.
const LOG_IN_OR_PASTE: &str = "log in: git credential-heroku-rs login, or set HEROKU_API_KEY, or paste a token as the password";

/// The same if `login` needs the keyring.
const STORE_IN_NETRC: &str =
    "store it in netrc, unencrypted: git credential-heroku-rs login --store netrc";

/// `get` says that the user is not logged in, and a `login` that needs the keyring says why it fails: the
/// cause is the same.
fn is_not_logged_in(world: &World, cause: &str, fix: &str) {
    reports(
        world,
        &format!("not logged in to Heroku ({cause})"),
        cause,
        fix,
    );
}

/// The same for a keyring that may have a login.
fn is_unreadable(world: &World, cause: &str, fix: &str) {
    reports(
        world,
        &format!("could not read the Heroku token: {cause}"),
        cause,
        fix,
    );
}

fn reports(world: &World, of_get: &str, of_login: &str, fix: &str) {
    let (before_prompt, fix) = match fix {
        LOG_IN => (LOG_IN_OR_PASTE, STORE_IN_NETRC),
        fix => (fix, fix),
    };
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .stderr_is(&format!("heroku-rs: {of_get}\n  {before_prompt}\n"));
    world
        .shell(
            "setsid git-credential-heroku-rs login --with-token --store keyring",
            token.as_bytes(),
        )
        .exits_with(1)
        .stdout_is("")
        .stderr_is(&format!("heroku-rs: {of_login}\n  {fix}\n"));
    assert_eq!(netrc(world), "");
    assert!(!world.login_json().exists());
}

#[test]
fn each_machine_without_a_keyring_reports_the_cause_and_the_fix() {
    is_not_logged_in(&World::new(), "no keyring: no D-Bus session", LOG_IN);
    let dangling = World::new();
    dangling.sets("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    is_unreadable(
        &dangling,
        "the D-Bus session cannot be reached",
        "log out of this machine and in again, or set HEROKU_API_KEY",
    );
    is_not_logged_in(
        &World::new().with_a_bus_alone(),
        "no keyring: no keyring program runs in this D-Bus session",
        LOG_IN,
    );
    let locked = World::new().with_keyring();
    locked.keyring().locks();
    is_unreadable(
        &locked,
        "the keyring is locked",
        "unlock: git credential-heroku-rs status --unlock, or set HEROKU_API_KEY",
    );
}

/// Such a keyring is empty, which is no error; but it cannot store a token, and the error says why.
#[test]
fn a_keyring_without_a_collection_stores_nothing_and_plain_text_needs_a_flag() {
    let world = World::new().with_a_keyring_never_set_up();
    world.is_not_searched(&world.home().join(".netrc"));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .stderr_is(
            "heroku-rs: not logged in to Heroku\n  log in: git credential-heroku-rs login, \
             or paste a token as the password\n",
        );
    let token = world.heroku.issue_token(ANN);
    for login in ["login --with-token --store keyring", "login --with-token"] {
        world
            .helper_with_input(login, &token)
            .exits_with(1)
            .stderr_is(
                "heroku-rs: the keyring program has no default keyring\n  \
                 create one in the keyring program, or set HEROKU_API_KEY\n",
            );
        assert_eq!(netrc(&world), "");
    }
    world
        .helper_with_input("login --with-token --store netrc", &token)
        .succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
}
