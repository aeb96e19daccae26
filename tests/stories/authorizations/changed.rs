//! `authorizations create`, `update` and `revoke`: a new token is printed once, and the token that
//! this machine uses is not revoked by mistake.

use std::fs;

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
    let token = newest_token(&world);
    let outcome = outcome
        .stdout_is(&format!("{token}\n"))
        .prints_secret(&token);
    let output = outcome.stderr();
    assert!(
        output.starts_with("Created \"CI of blue-sky\" ("),
        "{output}"
    );
    assert!(output.contains(")\n  expires: 20"), "{output}");
    assert!(
        output.ends_with("\nThe token is shown only once:\n"),
        "{output}"
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
        .says("  scope: read, write\n")
        .says("  stored: not on this machine\n");
}

#[test]
fn a_new_token_can_be_printed_as_json() {
    let (world, ..) = logged_in();
    let outcome = world
        .helper("authorizations create --description CI2 --expires-in never --json")
        .succeeds()
        .stderr_is("");
    let token = newest_token(&world);
    let outcome = outcome.prints_secret(&token);
    let output: Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(output["token"], json!(token));
    assert_eq!(
        (&output["description"], &output["expires"]),
        (&json!("CI2"), &Value::Null)
    );
}

/// The last secret that this world's Heroku issued.
fn newest_token(world: &World) -> String {
    world.heroku.secrets().pop().unwrap()
}

#[test]
fn a_new_token_can_replace_the_active_one() {
    let (world, laptop, _) = logged_in();
    let outcome = world
        .helper("authorizations create --description desk --login")
        .succeeds()
        .stderr_is(
            "The previous token is still valid\n  \
             list authorizations: git credential-heroku-rs authorizations\n",
        );
    let output = outcome.stdout();
    assert!(output.starts_with("Created \"desk\" ("), "{output}");
    let login = ")\nLogged in as ann@example.com\n\
                 The token is stored in the keyring, shared with the Heroku CLI\n\
                 The token expires on ";
    assert!(output.contains(login), "{output}");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(newest_token(&world)));
    assert!(world.heroku.is_live(&laptop.token));
    world
        .helper("status")
        .succeeds()
        .says("  description: desk\n");
}

#[test]
fn nothing_is_created_if_the_login_would_fail() {
    let (world, ..) = logged_in();
    let made = || world.heroku.secrets().len();
    let before = made();
    world
        .helper("authorizations create --description x --login --scope read")
        .exits_with(2)
        .says("a token with scope read cannot push, so it cannot be used for a login");
    let encrypted = world.has_file(world.home().join(".netrc.gpg"), "encrypted");
    world.sets("HEROKU_NETRC_WRITE", "true");
    world
        .helper("authorizations create --description x --login")
        .exits_with(1)
        .says(".netrc.gpg");
    world.unsets("HEROKU_NETRC_WRITE");
    fs::remove_file(encrypted).unwrap();
    world.keyring().locks();
    world
        .helper("authorizations create --description x --login")
        .exits_with(1)
        .says("the keyring is locked");
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    world
        .helper("authorizations create --description x --login")
        .exits_with(1)
        .says("HEROKU_API_KEY is set and takes precedence over a login");
    assert_eq!(made(), before + 1, "only the key");
}

#[test]
fn an_authorization_whose_token_cannot_be_stored_is_revoked() {
    let (world, ..) = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    let create = "authorizations create --description x --login";
    let running = world.starts_the_helper_until(create, made, Fault::PauseAnswer);
    let token = newest_token(&world);
    world.keyring().locks();
    world.heroku_recovers();
    assert_eq!(running.ends(), Some(1));
    assert!(!world.heroku.is_live(&token));
}

#[test]
fn an_authorization_whose_token_cannot_be_printed_is_revoked() {
    let (world, ..) = logged_in();
    let before = world.valid_tokens();
    for json in ["", "--json"] {
        world
            .helper(&format!(
                "authorizations create --description x {json} >/dev/full"
            ))
            .exits_with(1)
            .says("no space left on the device (the new authorization was revoked)\n");
        assert_eq!(world.valid_tokens(), before);
    }
    let revoke = On::Path("DELETE /oauth/authorizations");
    world.heroku.fault(revoke, Fault::page(503), Times::Always);
    world
        .helper("authorizations create --description x >/dev/full")
        .exits_with(1)
        .says("no space left on the device (the new authorization is still valid)\n")
        .says("  revoke \"x\": https://dashboard.heroku.com/account/applications\n");
}

#[test]
fn a_lost_reply_is_reported() {
    let (world, ..) = logged_in();
    let made = On::Path("POST /oauth/authorizations");
    world.heroku.fault(made, Fault::LoseAnswer, Times::Always);
    world
        .helper("authorizations create --description x")
        .exits_with(1)
        .stdout_is("")
        .says("the authorization may have been created, but its token is lost: ")
        .says("list authorizations, and revoke it: git credential-heroku-rs authorizations");
    world.heroku_recovers();
    world.helper("authorizations info x").succeeds();
}

#[test]
fn a_code_that_cannot_be_sent_leads_to_the_dashboard() {
    let (world, ..) = logged_in();
    let listed = On::Path("GET /oauth/authorizations");
    let refused = Fault::api(403, "two_factor", "A second factor is required.");
    world.heroku.fault(listed, refused, Times::Always);
    for line in ["authorizations", "rotate"] {
        world.helper(line).exits_with(1).says(
            "heroku-rs: Heroku requires a code from your authenticator app\n  \
             use the dashboard, which asks for it: \
             https://dashboard.heroku.com/account/applications\n",
        );
    }
}

#[test]
fn a_description_is_updated() {
    let (world, laptop, ci) = logged_in();
    world
        .helper("authorizations update CI --description 'CI of blue-sky'")
        .succeeds()
        .stdout_is(&format!(
            "Updated {}: the description is now \"CI of blue-sky\"\n",
            ci.id
        ))
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
        .says("  description: desk\n");
}

#[test]
fn a_revoked_token_is_rejected() {
    let (world, laptop, ci) = logged_in();
    world
        .helper("authorizations revoke CI --yes")
        .succeeds()
        .stdout_is(&format!("Revoked \"CI\" ({})\n", ci.id))
        .stderr_is("");
    assert!(!world.heroku.is_live(&ci.token) && world.heroku.is_live(&laptop.token));
    world
        .helper("authorizations revoke CI --yes")
        .exits_with(1)
        .says("no authorization \"CI\" in this account");
}

#[test]
fn revoke_asks_first_and_enter_means_no() {
    let (world, _, ci) = logged_in();
    let question = format!(
        "Revoke \"CI\" ({})? Its token will no longer work anywhere. [y/N] ",
        ci.id
    );
    for (answer, lives) in [("", true), ("n", true), ("y", false)] {
        let shown = world
            .on_a_terminal("git credential-heroku-rs authorizations revoke CI")
            .shows(&question)
            .types(answer)
            .exits_with(0);
        assert_eq!(shown.contains("Nothing was revoked"), lives, "{shown}");
        assert_eq!(world.heroku.is_live(&ci.token), lives);
    }
}

#[test]
fn without_a_terminal_the_error_names_the_flag() {
    let (world, _, ci) = logged_in();
    world
        .shell(
            "setsid git-credential-heroku-rs authorizations revoke CI",
            b"",
        )
        .exits_with(2)
        .stdout_is("")
        .stderr_is("heroku-rs: not running in a terminal\n  run it without a question: --yes\n");
    assert!(world.heroku.is_live(&ci.token));
}

#[test]
fn the_token_that_this_machine_uses_is_not_revoked_by_mistake() {
    let (world, laptop, _) = logged_in();
    world
        .helper("authorizations revoke laptop --yes")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(&format!(
            "heroku-rs: this machine uses \"laptop\" ({})\n  \
             use --force to revoke it, or log out: git credential-heroku-rs logout\n",
            laptop.id
        ));
    assert!(world.heroku.is_live(&laptop.token));
    world
        .helper("authorizations revoke laptop --yes --force")
        .succeeds()
        .says("Revoked \"laptop\" (")
        .stderr_is("This machine used its token\n  log in: git credential-heroku-rs login\n");
    assert!(!world.heroku.is_live(&laptop.token));
}

#[test]
fn a_token_in_a_locked_keyring_is_not_revoked_by_mistake() {
    let (world, laptop, ci) = logged_in();
    world.sets("HEROKU_API_KEY", &ci.token);
    world.keyring().locks();
    let unlock = "  unlock: git credential-heroku-rs status --unlock";
    world
        .helper("authorizations revoke laptop --yes")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(&format!(
            "heroku-rs: this machine may use \"laptop\" ({}): the keyring is locked\n\
             {unlock}, or use --force to revoke it\n",
            laptop.id
        ));
    assert!(world.heroku.is_live(&laptop.token));
    let warning =
        format!("warning: some stored tokens may not be marked: the keyring is locked\n{unlock}\n");
    world
        .helper("authorizations")
        .succeeds()
        .stderr_is(&warning);
    world
        .helper("authorizations info laptop")
        .succeeds()
        .says("  stored: unknown\n")
        .stderr_is(&warning);
    world
        .helper("authorizations revoke laptop --yes --force")
        .succeeds();
    assert!(!world.heroku.is_live(&laptop.token));
}

#[test]
fn the_accounts_api_key_is_not_revoked_by_mistake() {
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
            "heroku-rs: \"the key\" ({}) is the account's API key, which other programs may use\n  \
             use --force to revoke it\n",
            key.id
        ));
    assert!(world.heroku.is_live(&key.token));
    world
        .helper("authorizations revoke 'the key' --yes --force")
        .succeeds();
    assert!(!world.heroku.is_live(&key.token));
}

#[test]
fn a_token_that_this_machine_may_use_is_not_revoked_by_mistake() {
    let world = World::new().with_keyring();
    world.heroku.set_redaction(Redaction::Short);
    let other = issues(&world, "CI", None);
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("authorizations revoke CI --yes")
        .exits_with(1)
        .stdout_is("")
        .says("Heroku does not show enough of its token")
        .says("--force");
    assert!(world.heroku.is_live(&other.token) && world.heroku.is_live(&token));
    world
        .helper("authorizations revoke CI --yes --force")
        .succeeds()
        .stderr_is("");
    assert!(!world.heroku.is_live(&other.token) && world.heroku.is_live(&token));
}
