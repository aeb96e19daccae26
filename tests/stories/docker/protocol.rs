//! docker's protocol: its requests to a helper, and our replies.

use super::{REGISTRY, logged_in, set_up};
use crate::world::{ANN, BOB, Outcome, REQUEST, World};

const NOT_FOUND: &str = "credentials not found in native keychain\n";

fn run_docker_helper<'w>(world: &'w World, action: &str, input: &str) -> Outcome<'w> {
    let line = format!("docker-credential-heroku-rs {action}");
    world.shell(&line, input.as_bytes())
}

fn store_request(username: &str, token: &str) -> String {
    format!(r#"{{"ServerURL":"{REGISTRY}","Username":"{username}","Secret":"{token}"}}"#)
}

#[test]
fn another_token_never_replaces_a_login_and_docker_gets_an_error() {
    let (world, token) = logged_in();
    let other = world.heroku.issue_token(BOB);
    run_docker_helper(&world, "store", &store_request(BOB, &other))
        .exits_with(1)
        .stdout_is("the token was not stored (other Heroku accounts are logged in)\n")
        .says("git credential-heroku-rs login");
    for username in ["_", "heroku", "<token>"] {
        run_docker_helper(&world, "store", &store_request(username, &other))
            .exits_with(1)
            .stdout_is(
                "the token was not stored: the keyring already has a token of ann@example.com\n",
            )
            .says("git credential-heroku-rs login");
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

#[test]
fn a_new_token_for_the_same_account_replaces_the_old_one() {
    let (world, token) = logged_in();
    run_docker_helper(&world, "store", &store_request("_", &token))
        .succeeds()
        .says_nothing();
    let new = world.heroku.issue_token(ANN);
    run_docker_helper(&world, "store", &store_request(ANN, &new))
        .succeeds()
        .says_nothing();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(new));
}

#[test]
fn a_password_that_is_not_a_token_is_neither_stored_nor_printed() {
    let world = set_up();
    run_docker_helper(&world, "store", &store_request("_", "correct horse"))
        .exits_with(1)
        .says("not a Heroku token")
        .says_nothing_about("horse");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn the_reply_repeats_the_server_name_of_the_request() {
    let (world, token) = logged_in();
    for server in [REGISTRY, "https://registry.heroku.com/v2/"] {
        let answer =
            format!("{{\"ServerURL\":\"{server}\",\"Username\":\"_\",\"Secret\":\"{token}\"}}\n");
        run_docker_helper(&world, "get", server)
            .succeeds()
            .prints_secret(&token)
            .stdout_is(&answer)
            .stderr_is("");
    }
    run_docker_helper(&world, "list", "unused")
        .succeeds()
        .stdout_is("{\"registry.heroku.com\":\"_\"}\n");
}

#[test]
fn other_registries_get_nothing_and_open_no_connection() {
    let (world, token) = logged_in();
    for server in [
        "https://index.docker.io/v1/",
        "ghcr.io",
        "git.heroku.com",
        "http://registry.heroku.com",
        "registry.heroku.com.example.com",
    ] {
        let (outcome, trace) = world.traced("docker-credential-heroku-rs get", server);
        outcome.exits_with(1).stdout_is(NOT_FOUND).stderr_is("");
        assert_eq!(trace.calls(&["socket", "connect"]), Vec::<&str>::new());
        run_docker_helper(&world, "erase", server)
            .succeeds()
            .says_nothing();
        let offer = store_request("_", &token).replace(REGISTRY, server);
        run_docker_helper(&world, "store", &offer)
            .exits_with(1)
            .says("stores credentials for registry.heroku.com only");
    }
    let (outcome, trace) = world.traced("docker-credential-heroku-rs get", REGISTRY);
    outcome.succeeds().prints_secret(&token);
    assert!(!trace.calls(&["socket", "connect"]).is_empty());
}

#[test]
fn not_logged_in_and_a_locked_keyring_are_different_errors() {
    let world = set_up();
    run_docker_helper(&world, "get", REGISTRY)
        .exits_with(1)
        .stdout_is(NOT_FOUND)
        .says("heroku-rs: not logged in to Heroku")
        .says("git credential-heroku-rs login");
    run_docker_helper(&world, "list", "")
        .succeeds()
        .stdout_is("{}\n");
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.keyring().locks();
    run_docker_helper(&world, "get", REGISTRY)
        .exits_with(1)
        .says_nothing_about("not found")
        .says("could not read the Heroku token: the keyring is locked");
}

#[test]
fn docker_gets_the_token_from_the_variable_and_netrc_as_git_does() {
    let world = World::new();
    world.helper("setup --docker").succeeds();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&format!(
        "machine api.heroku.com login {ANN} password {token}\n"
    ));
    run_docker_helper(&world, "get", REGISTRY)
        .succeeds()
        .prints_secret(&token);
    let key = world.heroku.issue_token(BOB);
    world.sets("HEROKU_API_KEY", &key);
    run_docker_helper(&world, "get", REGISTRY)
        .succeeds()
        .prints_secret(&key);
}

/// What docker's own helper says to the same request, in the same world.
#[test]
fn dockers_own_helper_gives_the_same_replies() {
    let world = set_up();
    let no_user = store_request("", "x");
    for (action, input) in [
        ("get", ""),
        ("get", "\n"),
        ("get", "ghcr.io"),
        ("get", REGISTRY),
        ("erase", ""),
        ("store", "{}"),
        ("store", &no_user),
        ("list", ""),
        ("frobnicate", ""),
    ] {
        let line = format!("docker-credential-secretservice {action}");
        let theirs = world.shell(&line, input.as_bytes());
        let code = i32::from(!theirs.is_success());
        let output = theirs.stdout();
        run_docker_helper(&world, action, input)
            .exits_with(code)
            .stdout_is(&output);
    }
}

#[test]
fn an_invalid_call_prints_the_usage_of_dockers_helpers() {
    let world = set_up();
    let usage = "Usage: docker-credential-heroku-rs <store|get|erase|list|version>\n";
    run_docker_helper(&world, "", "")
        .exits_with(1)
        .stdout_is(usage);
    run_docker_helper(&world, "get list", "")
        .exits_with(1)
        .stdout_is(usage);
    run_docker_helper(&world, "--help", "")
        .succeeds()
        .stdout_is(usage);
    let version = format!(
        "docker-credential-heroku-rs (git-credential-heroku-rs) {}\n",
        env!("CARGO_PKG_VERSION")
    );
    run_docker_helper(&world, "version", "")
        .succeeds()
        .stdout_is(&version);
}

#[test]
fn a_reply_to_docker_costs_no_more_than_a_reply_to_git() {
    let (world, token) = logged_in();
    let (outcome, to_docker) = world.traced("docker-credential-heroku-rs get", REGISTRY);
    outcome.succeeds().prints_secret(&token);
    let (outcome, to_git) = world.traced("git-credential-heroku-rs get", REQUEST);
    outcome.succeeds().prints_secret(&token);
    let (docker, git) = (to_docker.count(), to_git.count());
    assert!(
        docker <= git + 10,
        "{docker} system calls, and {git} for git"
    );
    assert_eq!(to_docker.calls(&["execve"]).len(), 1);
}

#[test]
fn with_several_accounts_none_is_chosen() {
    let world = set_up();
    for email in [ANN, BOB] {
        world.stores_in_the_keyring(email, &world.heroku.issue_token(email));
    }
    run_docker_helper(&world, "get", REGISTRY)
        .exits_with(1)
        .stdout_is(NOT_FOUND)
        .says("several Heroku accounts are logged in and none is active")
        .says("git credential-heroku-rs switch");
}

#[test]
fn heroku_host_has_a_registry_only_if_it_is_a_host_of_heroku() {
    let (world, token) = logged_in();
    world.sets("HEROKU_HOST", "herokudev.com");
    run_docker_helper(&world, "get", "registry.herokudev.com")
        .succeeds()
        .prints_secret(&token);
    run_docker_helper(&world, "list", "")
        .succeeds()
        .stdout_is("{\"registry.herokudev.com\":\"_\"}\n");
    world.sets("HEROKU_HOST", "example.com");
    run_docker_helper(&world, "get", "registry.example.com")
        .exits_with(1)
        .stdout_is(NOT_FOUND)
        .stderr_is("");
    run_docker_helper(&world, "list", "")
        .succeeds()
        .stdout_is("{}\n");
}
