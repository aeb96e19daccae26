//! `doctor` on Heroku itself, on what it says about the tokens, and on the Heroku CLI.

use std::fs;

use heroku_stand_in::{Fault, Grant, On, Times};

use crate::doctor::{finding, finding_offline, healthy, is_found, report};
use crate::world::{ANN, Version, World, heroku_line};

/// Logged in by our own `login`, with such a token.
fn granted(grant: Grant) -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue(ANN, grant).token;
    world
        .helper_with_input("login --with-token --force", &token)
        .succeeds();
    world
}

/// Changes what is noted about the token.
pub(crate) fn is_noted(world: &World, member: &str, value: serde_json::Value) {
    let state = world.home().join(".local/state/git-credential-heroku-rs");
    let notes = state.join("authorizations.json");
    let text = fs::read_to_string(&notes).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["authorizations"][0][member] = value;
    fs::write(&notes, json.to_string()).unwrap();
}

#[test]
fn a_rejected_token_is_found_and_stays_until_the_next_login() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.heroku.revoke(&token);
    let found = is_found(&world, "heroku.token", "(revoked or expired)");
    assert_eq!(found["command"], "git credential-heroku-rs login");
    assert_eq!(found["fixable"], false);
    world.helper("doctor --fix --yes").exits_with(1);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn the_token_stays_while_heroku_cannot_be_reached() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN);
    world.heroku.revoke(token.as_deref().unwrap());
    world.api_answers(502);
    is_found(&world, "heroku.token", "could not be checked");
    world.helper("doctor --fix --yes").succeeds();
    assert_eq!(world.stored_in_the_keyring(ANN), token);
}

#[test]
fn the_account_is_suspended() {
    let world = healthy();
    let suspended = Fault::api(403, "suspended", "No.");
    let account = On::Path("GET /account");
    world.heroku.fault(account, suspended, Times::Always);
    is_found(
        &world,
        "heroku.token",
        "the token is valid, but Heroku does not show its account: Heroku has suspended this account",
    );
}

#[test]
fn the_token_has_expired() {
    let world = granted(Grant {
        expires_in: Some(86_400),
        ..Grant::default()
    });
    is_noted(&world, "expires", 1_700_000_000.into());
    is_found(&world, "push.credential", "expired on 2023-11-14");
}

#[test]
fn the_token_expires_soon() {
    let world = granted(Grant {
        expires_in: Some(2 * 86_400 + 60),
        ..Grant::default()
    });
    assert_eq!(
        finding(&world, "heroku.token"),
        None,
        "it is valid for two days"
    );
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(40 * 86_400);
    let long_ago = long_ago.duration_since(std::time::UNIX_EPOCH).unwrap();
    is_noted(&world, "created", long_ago.as_secs().into());
    let found = is_found(&world, "heroku.token", "is valid, and expires in 2 days");
    assert!(
        found["fix"].as_str().unwrap().ends_with("rotate"),
        "{found}"
    );
}

#[test]
fn a_token_for_eight_hours_is_not_reported_as_expiring() {
    let world = granted(Grant {
        expires_in: Some(8 * 3_600),
        ..Grant::default()
    });
    assert_eq!(finding(&world, "heroku.token"), None);
}

#[test]
fn the_token_has_no_scope_to_push() {
    let world = granted(Grant::default());
    is_noted(&world, "scope", vec!["read"].into());
    is_found(&world, "heroku.token", "scope: read");
}

#[test]
fn heroku_cannot_be_reached() {
    let world = healthy();
    world.api_is_unreachable();
    is_found(&world, "heroku.connection", "cannot reach api.heroku.com");
}

#[test]
fn offline_heroku_is_not_asked() {
    let world = healthy();
    world
        .helper("doctor --offline")
        .succeeds()
        .says("heroku\n  ok    Heroku was not asked (--offline)\n");
    assert_eq!(world.requests_to_the_api(), 0);
    world.helper("doctor").succeeds();
    assert_ne!(world.requests_to_the_api(), 0);
}

#[test]
fn variables_that_change_the_login_are_reported() {
    for (name, value) in [
        ("HEROKU_API_KEY", "too short"),
        (
            "HEROKU_API_KEY",
            "HRKU-00000000-0000-0000-0000-000000000000",
        ),
        ("HEROKU_HOST", "evil.example"),
    ] {
        let world = healthy();
        world.sets(name, value);
        let found = finding_offline(&world, "login.variables");
        assert!(found.is_some(), "{name}: {:#}", report(&world));
    }
}

#[test]
fn only_a_heroku_cli_older_than_the_keyring_is_reported() {
    for (version, is_old) in [("9.3.1", true), ("11.10.0", false)] {
        let world = healthy();
        let package = world.home().join("node_modules/heroku");
        fs::create_dir_all(package.join("bin")).unwrap();
        let text = format!("{{\"name\":\"heroku\",\"version\":\"{version}\"}}");
        fs::write(package.join("package.json"), text).unwrap();
        // If it were started, it would leave a file.
        let program = world.has_program("heroku", "touch ~/started");
        let inside = package.join("bin/run");
        fs::rename(&program, &inside).unwrap();
        std::os::unix::fs::symlink(&inside, &program).unwrap();
        assert_eq!(
            finding(&world, "heroku-cli.keyring").is_some(),
            is_old,
            "{version}"
        );
        world.helper("doctor").succeeds().says(version);
        assert!(!world.home().join("started").exists());
    }
}

#[test]
fn the_version_of_the_heroku_cli_is_read_from_its_package() {
    let world = healthy();
    let line = heroku_line(Version::Current, "");
    let program = line
        .split(' ')
        .find(|word| word.ends_with("/heroku"))
        .unwrap();
    std::os::unix::fs::symlink(program, world.bin().join("heroku")).unwrap();
    world
        .helper("doctor")
        .succeeds()
        .says("heroku-cli\n  ok    the Heroku CLI 11.");
}

#[test]
fn without_secret_tool_the_heroku_cli_cannot_read_the_keyring() {
    let world = healthy();
    world.has_program("heroku", "exit 0");
    world.lacks_the_program("secret-tool");
    is_found(
        &world,
        "heroku-cli.keyring",
        "the Heroku CLI cannot read the keyring",
    );
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    world.helper("doctor").says(
        "install the package libsecret-tools for the Heroku CLI, then remove the copy: \
         git credential-heroku-rs netrc clean",
    );
}
