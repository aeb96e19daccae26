//! `token`: for scripts, with a word of Heroku's on it, and what is known of it.

use heroku_stand_in::{Fault, Grant, On, Times};
use serde_json::{Value, json};

use crate::world::{ANN, API_HOST, BOB, World};

fn with_ann() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_script_gets_the_token_and_nothing_else() {
    let (world, token) = with_ann();
    let outcome = world.helper("token").succeeds().stderr_is("");
    let outcome = outcome.hands_out(&token);
    assert_eq!(outcome.stdout(), format!("{token}\n"));
    assert_eq!(world.heroku.requests().len(), 0);
    let bobs = world.heroku.issue_token(BOB);
    world.keeps_in_the_keyring(BOB, &bobs);
    world
        .helper(&format!("token --account {BOB}"))
        .hands_out(&bobs);
}

#[test]
fn a_person_is_told_where_their_token_stands_now() {
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
fn a_good_token_is_checked_without_being_told() {
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
fn a_token_that_may_tell_little_is_good_all_the_same() {
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
}

#[test]
fn a_token_that_heroku_refuses_is_told_from_one_that_it_could_not_be_asked_about() {
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
    let told = world.helper("token --check --json").exits_with(1).stdout();
    assert_eq!(json_of(&told)["status"], "rejected");

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
        let told = world.helper("token --check --json").exits_with(1).stdout();
        assert_eq!(json_of(&told)["status"], "unknown");
        world.heroku.clear_faults();
    }
    // Nothing of this has changed what is kept.
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
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
fn what_is_known_of_a_token_is_told_without_it() {
    let world = World::new().with_keyring();
    let grant = Grant {
        description: "laptop".to_owned(),
        expires_in: Some(3600),
        ..Grant::default()
    };
    let issued = world.heroku.issue(ANN, grant);
    world.logs_in_with(&issued.token);
    world.heroku.forget_requests();
    let told = world
        .helper("token --json")
        .succeeds()
        .stderr_is("")
        .stdout();
    assert_eq!(world.heroku.requests().len(), 0);
    // What `status` has just noted has the form of what is read back.
    let noted = json_of(&world.helper("status --json").succeeds().stdout());
    let checked = noted["accounts"][0]["last_checked"].as_str().unwrap();
    assert_eq!(checked.len(), "2026-11-25T10:00:00Z".len(), "{checked}");
    let mut told = json_of(&told);
    for time in ["created", "expires", "last_checked"] {
        let value = told[time].take();
        assert!(
            value.as_str().is_some_and(|time| time.ends_with('Z')),
            "{time}: {value}"
        );
    }
    assert_eq!(
        told,
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
            "last_checked": null,
        })
    );
}

#[test]
fn the_token_is_in_the_json_where_that_is_asked_for() {
    let (world, token) = with_ann();
    let outcome = world.helper("token --json --show-token").succeeds();
    let outcome = outcome.hands_out(&token);
    assert_eq!(json_of(&outcome.stdout())["token"], token);
    world
        .helper("token --show-token")
        .exits_with(2)
        .stdout_is("");
}

#[test]
fn the_json_of_another_account_says_that_it_is_not_active() {
    let (world, _) = with_ann();
    let bobs = world.heroku.issue_token(BOB);
    world.keeps_in_the_keyring(BOB, &bobs);
    let told = world
        .helper(&format!("token --json --account {BOB}"))
        .succeeds()
        .stdout();
    let told = json_of(&told);
    assert_eq!(
        (&told["account"], &told["active"]),
        (&json!(BOB), &json!(false))
    );
}
