//! `HEROKU_NETRC_WRITE=true`: only netrc decides who is logged in, for the Heroku CLI and for us.

use std::fs;

use crate::world::{ANN, BOB, REQUEST, Version, World};

/// A keyring with an older login of Bob's, which must be neither read nor changed.
fn world() -> (World, String) {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.is_not_searched(&world.home().join(".netrc"));
    world.helper("setup").succeeds();
    let of_bob = world.has_logged_in_with_the_heroku_cli(BOB);
    world.sets("HEROKU_NETRC_WRITE", "true");
    (world, of_bob)
}

fn logs_in(world: &World) -> String {
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .says("Logged in as ann@example.com\nThe token is stored in ~/.netrc (unencrypted)");
    token
}

fn netrc(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap_or_default()
}

fn entries(login: &str, token: &str) -> String {
    ["api", "git"]
        .map(|host| format!("machine {host}.heroku.com\n  login {login}\n  password {token}\n"))
        .concat()
}

#[test]
fn our_login_has_the_form_of_the_heroku_clis_and_takes_precedence() {
    let (world, of_bob) = world();
    let token = logs_in(&world);
    assert_eq!(netrc(&world), entries(ANN, &token));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    world
        .helper("token")
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)\n  token: ~/.netrc (unencrypted), valid\n");
    world.pushes();
    assert_eq!(world.stored_in_the_keyring(BOB), Some(of_bob));
}

#[test]
fn our_logout_removes_no_other_login() {
    let (world, of_bob) = world();
    let token = logs_in(&world);
    world
        .helper("logout")
        .succeeds()
        .says("Logged out of ann@example.com");
    assert_eq!(netrc(&world), "");
    assert!(!world.heroku.is_live(&token));
    assert_eq!(world.stored_in_the_keyring(BOB), Some(of_bob));
}

#[test]
fn the_heroku_clis_logout_also_logs_us_out() {
    let (world, _) = world();
    let token = logs_in(&world);
    world.heroku_cli(Version::Current, "auth:logout").succeeds();
    assert!(!netrc(&world).contains(&token));
    world
        .helper_with_input("get", format!("{REQUEST}username={ANN}\n"))
        .succeeds()
        .stdout_is("username=ann@example.com\n\n")
        .says("not logged in to Heroku as ann@example.com");
}

#[test]
fn status_changes_nothing() {
    let (world, of_bob) = world();
    let token = logs_in(&world);
    fs::remove_file(world.login_json()).unwrap();
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)")
        .says("bob@example.com\n")
        .stderr_is("");
    assert!(!world.login_json().exists(), "the CLI does not read it");
    assert_eq!(netrc(&world), entries(ANN, &token));
    assert_eq!(world.stored_in_the_keyring(BOB), Some(of_bob));
}

/// A container with the variable set, as the Heroku CLI's own documents advise: no keyring at all.
#[test]
fn a_token_pasted_at_gits_prompt_is_stored_where_the_heroku_cli_reads_it() {
    let world = World::new().with_app("blue-sky").with_helper();
    world.is_not_searched(&world.home().join(".netrc"));
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = world.heroku.issue_token(ANN);
    world
        .on_a_terminal("git push --quiet heroku main")
        .shows("Password for 'https://heroku@git.heroku.com': ")
        .types(&token)
        .exits_with(0);
    assert_eq!(netrc(&world), entries("heroku", &token));
    world
        .heroku_cli(Version::Current, "auth:token")
        .succeeds()
        .prints_secret(&token);
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)\n  token: ~/.netrc (unencrypted), valid\n");
    world.commits("Another");
    world.pushes();
}
