//! `HEROKU_HOST` selects another Heroku: it has its own logins in netrc, for the Heroku CLI and for us,
//! and no token of one is sent to the other.

use std::fs;

use crate::world::{ANN, BOB, Outcome, Version, World, heroku_line};

/// Logins in netrc: Ann's at Heroku, Bob's at another one.
fn world() -> (World, String, String) {
    let world = World::new().with_keyring();
    let (of_ann, of_bob) = (world.heroku.issue_token(ANN), world.heroku.issue_token(BOB));
    world.has_netrc(&format!(
        "machine api.heroku.com login {ANN} password {of_ann}\n\
         machine api.herokudev.com login {BOB} password {of_bob}\n"
    ));
    world.sets("HEROKU_NETRC_WRITE", "true");
    world.sets("HEROKU_HOST", "herokudev.com");
    (world, of_ann, of_bob)
}

fn get_for_host<'w>(world: &'w World, host: &str) -> Outcome<'w> {
    let request = format!("protocol=https\nhost={host}\n");
    world.helper_with_input("get", request).succeeds()
}

#[test]
fn every_command_uses_the_login_of_the_configured_heroku() {
    let (world, _, of_bob) = world();
    // Heroku cannot be reached, so it only prints the token.
    let unreachable = "https_proxy=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9";
    let line = format!(
        "{unreachable} sh -c '{}'",
        heroku_line(Version::Current, "auth:token")
    );
    world.shell(&line, b"").succeeds().prints_secret(&of_bob);
    world.helper("token").succeeds().prints_secret(&of_bob);
    world
        .helper("exec -- printenv HEROKU_API_KEY")
        .succeeds()
        .prints_secret(&of_bob);
    get_for_host(&world, "git.herokudev.com").prints_secret(&of_bob);
    world
        .helper("status --offline")
        .succeeds()
        .says("bob@example.com (active)")
        .says_nothing_about(ANN);
    world
        .helper("doctor --offline")
        .says("HEROKU_HOST selects api.herokudev.com")
        .says("netrc");
}

#[test]
fn doctor_ignores_the_entries_of_another_heroku() {
    let world = World::new().with_keyring().with_app("blue-sky");
    let token = world.heroku.issue_token(BOB);
    world.has_netrc(&format!(
        "machine git.herokudev.com login {BOB} password {token}\n"
    ));
    world.sets("HEROKU_HOST", "herokudev.com");
    world
        .helper("doctor --offline")
        .exits_with(1)
        .says("git gets no token")
        .says_nothing_about("asks no helper");
}

#[test]
fn a_token_of_one_heroku_is_not_sent_to_another() {
    let (world, of_ann, _) = world();
    get_for_host(&world, "git.heroku.com").prints_secret(&of_ann);
    world.sets("HEROKU_HOST", "staging.herokudev.com");
    get_for_host(&world, "git.staging.herokudev.com").stdout_is("username=heroku\n\n");
    world
        .heroku_cli(Version::Current, "auth:token")
        .fails()
        .says("not logged in");
    world.helper("token").exits_with(4).stdout_is("");
}

#[test]
fn a_browser_login_is_only_for_heroku_com() {
    let (world, ..) = world();
    world
        .helper("login --browser --no-open")
        .exits_with(1)
        .says("the browser login works only with heroku.com, and HEROKU_HOST is set")
        .says("log in with a token: git credential-heroku-rs login, or unset HEROKU_HOST");
    assert!(world.heroku.requests().is_empty());
}

#[test]
fn only_entries_of_the_configured_heroku_are_removed_from_netrc() {
    let (world, of_ann, _) = world();
    world.helper("netrc clean").succeeds();
    let left = fs::read_to_string(world.home().join(".netrc")).unwrap();
    assert_eq!(
        left,
        format!("machine api.heroku.com login {ANN} password {of_ann}\n")
    );
}

/// A token that is removed is removed everywhere.
#[test]
fn a_logout_removes_a_copy_for_heroku_com() {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    world.sets("HEROKU_HOST", STAGING);
    world.helper("logout --keep").succeeds();
    world.unsets("HEROKU_HOST");
    world.helper("token").exits_with(4);
}

#[test]
fn no_token_is_printed_for_a_host_outside_heroku() {
    let (world, of_ann, _) = world();
    world.sets("HEROKU_HOST", "evil.example");
    for line in ["token", "exec -- printenv HEROKU_API_KEY", "netrc print"] {
        world.helper(line).exits_with(1).stdout_is("").stderr_is(
            "heroku-rs: HEROKU_HOST is not a domain of Heroku, such as herokudev.com\n  run: unset HEROKU_HOST\n",
        );
    }
    get_for_host(&world, "git.heroku.com").prints_secret(&of_ann);
}

const STAGING: &str = "staging.herokudev.com";

/// Ann is logged in at Heroku, and `HEROKU_HOST` selects another one, which rejects her token.
fn with_another_heroku() -> (World, String) {
    let world = World::ready_to_push();
    world.heroku.add_host("api.staging.herokudev.com");
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world.sets("HEROKU_HOST", STAGING);
    (world, token)
}

fn erase_request(host: &str, token: &str) -> String {
    format!("protocol=https\nhost={host}\nusername={ANN}\npassword={token}\n")
}

fn requested_hosts(world: &World) -> Vec<String> {
    let requests = world.heroku.requests().into_iter();
    requests.map(|request| request.host).collect()
}

#[test]
fn after_a_401_the_token_is_checked_at_the_same_heroku() {
    let (world, token) = with_another_heroku();
    world
        .helper_with_input("erase", erase_request("git.heroku.com", &token))
        .succeeds()
        .says("the token of ann@example.com is valid; it was kept");
    assert_eq!(requested_hosts(&world), ["api.heroku.com"]);
    world.heroku.revoke(&token);
    world
        .helper_with_input("erase", erase_request("git.heroku.com", &token))
        .succeeds()
        .says("it was removed");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn a_rejection_by_another_heroku_does_not_remove_the_token() {
    let (world, token) = with_another_heroku();
    world
        .helper_with_input("erase", erase_request("git.staging.herokudev.com", &token))
        .succeeds()
        .says("git.staging.herokudev.com rejected git; the token of ann@example.com may belong to another Heroku and was kept");
    let unproven = "another Heroku may have issued it";
    world.helper("doctor --fix --yes").says(unproven);
    world.helper("status").says(unproven);
    world
        .helper("token --check")
        .exits_with(1)
        .says("could not check the token");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_logout_that_cannot_revoke_the_token_reports_it() {
    let (world, token) = with_another_heroku();
    world
        .helper("logout")
        .exits_with(1)
        .says("could not revoke the token: ")
        .says("another Heroku may have issued it");
    assert!(world.heroku.is_live(&token));
}

/// The metadata that `login` and `status` save names the Heroku that issued a token.
#[test]
fn a_token_is_served_checked_and_revoked_where_it_was_issued() {
    let (world, token) = World::after_our_login();
    world.heroku.add_host("api.staging.herokudev.com");
    world.sets("HEROKU_HOST", STAGING);
    get_for_host(&world, "git.staging.herokudev.com").stdout_is("username=heroku\n\n");
    get_for_host(&world, "git.heroku.com").prints_secret(&token);
    world.helper("logout").succeeds();
    assert!(!world.heroku.is_live(&token));
}

#[test]
fn another_heroku_is_named_and_asked_only_about_the_active_account() {
    let (world, _) = with_another_heroku();
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    for line in [
        "status",
        "doctor",
        "rotate --all",
        "token --check",
        "api account",
        "authorizations",
    ] {
        world
            .helper(line)
            .says("HEROKU_HOST is set: tokens are sent to api.staging.herokudev.com\n");
    }
    world.helper("status").says(
        "api.staging.herokudev.com was not asked about this token: its account is not active",
    );
    let requests = world.heroku.requests();
    let shows_bobs = |request: &heroku_stand_in::Recorded| {
        let shown = request.header("authorization").unwrap_or_default();
        shown.contains(&of_bob)
    };
    assert!(!requests.iter().any(shows_bobs));
    world
        .on_a_terminal("git credential-heroku-rs login --interactive")
        .shows("HEROKU_HOST is set: tokens are sent to api.staging.herokudev.com")
        .shows("Email for api.staging.herokudev.com: ")
        .types(ANN)
        .shows("Password for api.staging.herokudev.com: ")
        .presses_control('c');
}
