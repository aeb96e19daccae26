//! Authorizations made, renamed and revoked: a new token is told once, and the one that this machine
//! lives on is not revoked by a slip.

use heroku_stand_in::{Fault, Grant, On, Origin, Redaction, Times};
use serde_json::{Value, json};

use super::{issues, logged_in};
use crate::world::{ANN, World};

#[test]
fn a_new_token_is_printed_once_and_alone() {
    let (world, ..) = logged_in();
    let outcome = world
        .helper("authorizations create --description 'CI of blue-sky' --scope read --scope write --expires-in 90d")
        .succeeds();
    let token = the_newest_token(&world);
    let outcome = outcome.stdout_is(&format!("{token}\n")).hands_out(&token);
    let told = outcome.stderr();
    assert!(told.starts_with("Made \"CI of blue-sky\" ("), "{told}");
    assert!(told.contains("): it ends on 20"), "{told}");
    assert!(
        told.ends_with(". Its token is shown this once:\n"),
        "{told}"
    );
    let made = world.heroku.requests();
    let made = made.iter().find(|one| one.method == "POST").unwrap();
    let body: Value = serde_json::from_slice(&made.body).unwrap();
    let expected = json!({
        "description": "CI of blue-sky", "scope": ["read", "write"], "expires_in": 90 * 86_400,
    });
    assert_eq!(body, expected);
    world
        .helper("authorizations info 'CI of blue-sky'")
        .succeeds()
        .says("  scope    read, write\n")
        .says("  here     not on this machine\n");
}

#[test]
fn a_new_token_may_come_as_json() {
    let (world, ..) = logged_in();
    let outcome = world
        .helper("authorizations create --description CI2 --expires-in never --json")
        .succeeds()
        .stderr_is("");
    let token = the_newest_token(&world);
    let outcome = outcome.hands_out(&token);
    let told: Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(told["token"], json!(token));
    assert_eq!(
        (&told["description"], &told["expires"]),
        (&json!("CI2"), &Value::Null)
    );
}

/// The last secret that this world's Heroku issued.
fn the_newest_token(world: &World) -> String {
    world.heroku.secrets().pop().unwrap()
}

#[test]
fn a_new_login_takes_the_place_of_the_one_in_use() {
    let (world, laptop, _) = logged_in();
    let outcome = world
        .helper("authorizations create --description desk --login")
        .succeeds()
        .stderr_is(
            "The one before is still valid: git credential-heroku-rs authorizations lists it\n",
        );
    let told = outcome.stdout();
    assert!(
        told.starts_with("ann@example.com uses \"desk\" ("),
        "{told}"
    );
    assert!(
        told.ends_with(") now: the token is in the keyring\n"),
        "{told}"
    );
    assert_eq!(
        world.kept_in_the_keyring(ANN),
        Some(the_newest_token(&world))
    );
    assert!(world.heroku.is_live(&laptop.token));
    world.helper("status").succeeds().says("  made as  desk\n");
}

#[test]
fn what_would_be_no_login_is_not_made() {
    let (world, ..) = logged_in();
    let made = || world.heroku.secrets().len();
    let before = made();
    world
        .helper("authorizations create --description x --login --scope read")
        .exits_with(2)
        .says("a token with scope read cannot push, so it cannot be used for a login");
    world.keyring().locks();
    world
        .helper("authorizations create --description x --login")
        .exits_with(1)
        .says("the keyring is locked");
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    world
        .helper("authorizations create --description x --login")
        .exits_with(1)
        .says("HEROKU_API_KEY is set, and goes before every login");
    assert_eq!(made(), before + 1, "only the key");
}

#[test]
fn one_that_cannot_be_kept_is_revoked_again() {
    let (world, ..) = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    let create = "authorizations create --description x --login";
    let running = world.starts_the_helper_until(create, made, Fault::PauseAnswer);
    let token = the_newest_token(&world);
    world.keyring().locks();
    world.heroku_recovers();
    assert_eq!(running.ends(), Some(1));
    assert!(!world.heroku.is_live(&token));
}

#[test]
fn one_whose_token_nobody_saw_is_revoked_again() {
    let (world, ..) = logged_in();
    let before = world.live_tokens();
    for json in ["", "--json"] {
        world
            .helper(&format!(
                "authorizations create --description x {json} >/dev/full"
            ))
            .exits_with(1)
            .says("no space is left there");
        assert_eq!(world.live_tokens(), before);
    }
}

#[test]
fn a_lost_answer_is_told_as_one() {
    let (world, ..) = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    world.heroku.fault(made, Fault::LoseAnswer, Times::Always);
    world
        .helper("authorizations create --description x")
        .exits_with(1)
        .stdout_is("")
        .says("it may have been made, and its token is lost: ")
        .says("see, and revoke it: git credential-heroku-rs authorizations");
    world.heroku_recovers();
    world.helper("authorizations info x").succeeds();
}

#[test]
fn one_gets_another_description() {
    let (world, laptop, ci) = logged_in();
    world
        .helper("authorizations update CI --description 'CI of blue-sky'")
        .succeeds()
        .stdout_is(&format!("{} is called \"CI of blue-sky\" now\n", ci.id))
        .stderr_is("");
    assert!(world.heroku.is_live(&ci.token));
    world
        .helper(&format!(
            "authorizations update {} --description desk",
            laptop.id
        ))
        .succeeds();
    world
        .helper("status --offline")
        .succeeds()
        .says("  made as  desk\n");
}

#[test]
fn a_revoked_token_is_dead() {
    let (world, laptop, ci) = logged_in();
    world
        .helper("authorizations revoke CI --yes")
        .succeeds()
        .stdout_is(&format!(
            "\"CI\" ({}) is revoked: its token is dead\n",
            ci.id
        ))
        .stderr_is("");
    assert!(!world.heroku.is_live(&ci.token) && world.heroku.is_live(&laptop.token));
    world
        .helper("authorizations revoke CI --yes")
        .exits_with(1)
        .says("there is no authorization CI in this account");
}

#[test]
fn a_person_is_asked_before_and_enter_alone_is_no() {
    let (world, _, ci) = logged_in();
    let question = format!(
        "Revoke \"CI\" ({})? Whoever uses its token is shut out at once. [y/N] ",
        ci.id
    );
    for (answer, lives) in [("", true), ("n", true), ("y", false)] {
        let shown = world
            .on_a_terminal("git credential-heroku-rs authorizations revoke CI")
            .shows(&question)
            .types(answer)
            .exits_with(0);
        assert_eq!(shown.contains("Nothing has changed"), lives, "{shown}");
        assert_eq!(world.heroku.is_live(&ci.token), lives);
    }
}

#[test]
fn without_a_terminal_the_flag_is_named() {
    let (world, _, ci) = logged_in();
    world
        .shell(
            "setsid git-credential-heroku-rs authorizations revoke CI",
            b"",
        )
        .exits_with(2)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: not running in a terminal\n  to do it without being asked, give --yes\n",
        );
    assert!(world.heroku.is_live(&ci.token));
}

#[test]
fn the_one_that_this_machine_uses_is_not_revoked_by_a_slip() {
    let (world, laptop, _) = logged_in();
    world
        .helper("authorizations revoke laptop --yes")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(&format!(
            "heroku-rs: this machine uses \"laptop\" ({})\n  to log out: git credential-heroku-rs \
             logout; to revoke it all the same: --force\n",
            laptop.id
        ));
    assert!(world.heroku.is_live(&laptop.token));
    world
        .helper("authorizations revoke laptop --yes --force")
        .succeeds()
        .says("is revoked: its token is dead\n")
        .stderr_is("It was this machine's: git credential-heroku-rs login makes a new login\n");
    assert!(!world.heroku.is_live(&laptop.token));
}

#[test]
fn the_accounts_api_key_is_not_revoked_by_a_slip() {
    let (world, ..) = logged_in();
    let grant = Grant {
        origin: Origin::Default,
        description: "the key".to_owned(),
        ..Grant::default()
    };
    let key = world.heroku.issue(ANN, grant);
    world
        .helper("authorizations revoke 'the key' --yes")
        .exits_with(1)
        .stderr_is(&format!(
            "heroku-rs: \"the key\" ({}) is the account's API key, which others may use\n  \
             to revoke it all the same: --force\n",
            key.id
        ));
    assert!(world.heroku.is_live(&key.token));
    world
        .helper("authorizations revoke 'the key' --yes --force")
        .succeeds();
    assert!(!world.heroku.is_live(&key.token));
}

#[test]
fn one_that_may_be_this_machines_is_not_revoked_by_a_slip() {
    let world = World::new().with_keyring();
    world.heroku.redaction(Redaction::Short);
    let other = issues(&world, "CI", None);
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("authorizations revoke CI --yes")
        .exits_with(1)
        .stdout_is("")
        .says("Heroku shows too little of its token to tell")
        .says("--force");
    assert!(world.heroku.is_live(&other.token) && world.heroku.is_live(&token));
    world
        .helper("authorizations revoke CI --yes --force")
        .succeeds()
        .stderr_is("");
    assert!(!world.heroku.is_live(&other.token) && world.heroku.is_live(&token));
}
