//! `token`: the token for scripts, `--check` for its status, `--json` for its metadata.

use heroku_stand_in::{Fault, Grant, On, Times};
use serde_json::{Value, json};

use crate::world::{ANN, API_HOST, BOB, World};

fn with_ann() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

fn parse_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_script_gets_the_token_and_nothing_else() {
    let (world, token) = with_ann();
    let outcome = world.helper("token").succeeds().stderr_is("");
    let outcome = outcome.prints_secret(&token);
    assert_eq!(outcome.stdout(), format!("{token}\n"));
    assert_eq!(world.heroku.requests().len(), 0);
    let bobs = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &bobs);
    world
        .helper(&format!("token --account {BOB}"))
        .prints_secret(&bobs);
}

#[test]
fn a_token_on_a_terminal_comes_with_a_warning() {
    let (world, token) = with_ann();
    world.is_public(&token);
    for line in ["token", "token --json --show-token"] {
        let shown = world
            .on_a_terminal(&format!("git-credential-heroku-rs {line}"))
            .exits_with(0);
        assert!(shown.contains("in its scrollback") && shown.contains(&token));
    }
}

#[test]
fn check_prints_no_token() {
    let (world, _) = with_ann();
    world
        .helper("token --check")
        .succeeds()
        .stdout_is("")
        .stderr_is("Heroku accepts the token of ann@example.com in the keyring\n");
    let key = world.heroku.issue_token(BOB);
    world.sets("HEROKU_API_KEY", &key);
    world
        .helper("token --check")
        .succeeds()
        .stderr_is("Heroku accepts the token of bob@example.com in HEROKU_API_KEY\n");
}

#[test]
fn a_token_without_the_scope_to_read_its_account_is_valid() {
    let world = World::new().with_keyring();
    let scope = vec!["read".to_owned()];
    let grant = Grant {
        scope,
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    world.sets("HEROKU_API_KEY", &issued.token);
    world
        .helper("token --check")
        .succeeds()
        .says("its scope hides the account");
    world
        .helper("status")
        .says("token: HEROKU_API_KEY, valid (Heroku does not allow this: ");
}

#[test]
fn a_rejected_token_and_an_unreachable_heroku_have_different_errors() {
    let (world, token) = with_ann();
    world.heroku.revoke(&token);
    world
        .helper("token --check")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: Heroku rejected the token of ann@example.com (revoked or expired)\n  \
         log in again: git credential-heroku-rs login\n",
        );
    let output = world.helper("token --check --json").exits_with(1).stdout();
    assert_eq!(parse_json(&output)["status"], "rejected");

    for (fault, why) in [
        (
            Fault::Close,
            "cannot reach api.heroku.com: connection closed",
        ),
        (Fault::page(401), "a proxy answered instead of Heroku (401)"),
        (Fault::NoTunnel, "connection not allowed"),
    ] {
        world.heroku.fault(On::Host(API_HOST), fault, Times::Always);
        world
            .helper("token --check")
            .exits_with(1)
            .stdout_is("")
            .says("heroku-rs: could not check the token: ")
            .says(why);
        let output = world.helper("token --check --json").exits_with(1).stdout();
        assert_eq!(parse_json(&output)["status"], "unknown");
        world.heroku.clear_faults();
    }
    // None of this has changed the stored token.
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn without_a_token_there_is_nothing_to_check() {
    let world = World::new().with_keyring();
    for line in ["token", "token --check", "token --json"] {
        world.helper(line).exits_with(4).stdout_is("");
    }
    assert_eq!(world.heroku.requests().len(), 0);
}

#[test]
fn json_has_the_metadata_without_the_token() {
    let world = World::new().with_keyring();
    let grant = Grant {
        description: "laptop".to_owned(),
        expires_in: Some(3600),
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    world.logs_in_with(&issued.token);
    world.heroku.forget_requests();
    let output = world
        .helper("token --json")
        .succeeds()
        .stderr_is("")
        .stdout();
    assert_eq!(world.heroku.requests().len(), 0);
    let mut output = parse_json(&output);
    for time in ["created", "expires"] {
        let value = output[time].take();
        assert!(
            value.as_str().is_some_and(|time| time.ends_with('Z')),
            "{time}: {value}"
        );
    }
    assert_eq!(
        output,
        json!({
            "account": ANN,
            "active": true,
            "source": "keyring",
            "status": "not_checked",
            "error": null,
            "authorization": issued.id,
            "description": "laptop",
            "scope": ["global"],
            "created": null,
            "expires": null,
        })
    );
}

#[test]
fn json_has_the_token_only_with_show_token() {
    let (world, token) = with_ann();
    let outcome = world.helper("token --json --show-token").succeeds();
    let outcome = outcome.prints_secret(&token);
    assert_eq!(parse_json(&outcome.stdout())["token"], token);
    world
        .helper("token --show-token")
        .exits_with(2)
        .stdout_is("");
}

#[test]
fn json_of_another_account_is_not_active() {
    let (world, _) = with_ann();
    let bobs = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &bobs);
    let output = world
        .helper(&format!("token --json --account {BOB}"))
        .succeeds()
        .stdout();
    let output = parse_json(&output);
    assert_eq!(
        (&output["account"], &output["active"]),
        (&json!(BOB), &json!(false))
    );
}
