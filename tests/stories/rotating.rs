//! `rotate` replaces the token that git and the Heroku CLI use, wherever it is stored.

use heroku_stand_in::{Grant, Origin, Redaction};

use crate::world::{ANN, BOB, World};

#[test]
fn the_new_token_pushes_and_the_old_one_is_revoked() {
    let (world, old) = World::after_our_login();
    world
        .helper("rotate")
        .succeeds()
        .stdout_is(
            "Replaced the token of ann@example.com in the keyring\n  expires: never\n\
             Revoked the old token\n",
        )
        .stderr_is("");
    let new = world.stored_in_the_keyring(ANN).unwrap();
    assert_ne!(new, old);
    assert!(world.heroku.is_live(&new) && !world.heroku.is_live(&old));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    world.pushes_again();
}

#[test]
fn description_scope_and_lifetime_stay_the_same() {
    let world = World::ready_to_push();
    let grant = Grant {
        description: "laptop".to_owned(),
        scope: vec!["global".to_owned(), "identity".to_owned()],
        expires_in: Some(30 * 86_400),
        ..Grant::default()
    };
    let old = world.heroku.issue(ANN, grant);
    world.logs_in_with(&old.token);
    world
        .heroku
        .advance(std::time::Duration::from_secs(10 * 86_400));
    world
        .helper("rotate")
        .succeeds()
        .says("Replaced the token of ann@example.com in the keyring\n  expires: 20")
        .says("in 30 days")
        .says(")\nRevoked the old token\n");
    world
        .helper("status")
        .succeeds()
        .says("  scope: global, identity\n")
        .says("  description: laptop\n");
    let requests = world.heroku.requests();
    let created = requests.iter().find(|one| one.method == "POST").unwrap();
    let body: serde_json::Value = serde_json::from_slice(&created.body).unwrap();
    assert_eq!(body["expires_in"], 30 * 86_400);
    assert_eq!(body["scope"], serde_json::json!(["global", "identity"]));
}

#[test]
fn repeated_rotations_change_neither_lifetime_nor_description() {
    let (world, _) = World::after_our_login_for_days(30);
    for _ in 0..3 {
        world.helper("rotate").succeeds();
    }
    world
        .helper("status")
        .succeeds()
        .says("  description: laptop\n");
    let made = world.heroku.requests().into_iter();
    let bodies: Vec<serde_json::Value> = made
        .filter(|one| one.method == "POST" && one.host == "api.heroku.com")
        .map(|one| serde_json::from_slice(&one.body).unwrap())
        .collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| body["expires_in"] == 30 * 86_400));
    assert_eq!(world.valid_tokens().len(), 1);
}

#[test]
fn the_heroku_cli_uses_the_new_token() {
    let world = World::ready_to_push();
    world.helper("setup").succeeds();
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    world.helper("rotate").succeeds();
    assert!(
        !world.heroku.is_live(&old),
        "found by the token, and revoked"
    );
    let new = world.valid_tokens();
    world
        .secret_tool(&format!("lookup service heroku-cli account {ANN}"))
        .succeeds()
        .prints_secret(&new[0])
        .stdout_is(&new[0]);
    world.pushes_again();
}

#[test]
fn the_session_of_a_browser_login_is_ended() {
    let world = World::ready_to_push();
    world.heroku.approve_browser_login(ANN);
    world.helper("login --browser --no-open").succeeds();
    let old = world.stored_in_the_keyring(ANN).unwrap();
    world
        .helper("rotate")
        .succeeds()
        .says("  expires: 20")
        .says("in 30 days")
        .says("Revoked the old token\n");
    assert!(!world.heroku.is_live(&old));
    world.pushes_again();
}

#[test]
fn an_old_token_that_cannot_be_identified_is_reported_as_valid() {
    let world = World::ready_to_push();
    world.heroku.set_redaction(Redaction::Short);
    let other = world.heroku.issue_token(ANN);
    let old = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("rotate")
        .exits_with(1)
        .says("Replaced the token of ann@example.com in the keyring")
        .stderr_is(
            "warning: the old token is still valid: could not determine its authorization\n  \
             revoke it: https://dashboard.heroku.com/account/applications\n",
        );
    assert!(world.heroku.is_live(&old) && world.heroku.is_live(&other));
    assert_ne!(world.stored_in_the_keyring(ANN), Some(old));
    world.helper("rotate").succeeds().stderr_is("");
    assert_eq!(
        world.valid_tokens().len(),
        3,
        "the second rotation knows the id of its old token"
    );
}

#[test]
fn the_accounts_api_key_is_replaced_but_not_revoked() {
    let world = World::ready_to_push();
    let grant = Grant {
        origin: Origin::Default,
        ..Grant::default()
    };
    let key = world.heroku.issue(ANN, grant).token;
    world.logs_in_with(&key);
    world.helper("rotate").succeeds().stderr_is(
        "The old token stays valid: it is the account's API key, which other programs may use\n",
    );
    assert!(world.heroku.is_live(&key));
    assert_ne!(world.stored_in_the_keyring(ANN), Some(key));
}

#[test]
fn a_token_in_the_environment_is_not_replaced() {
    let (world, old) = World::after_our_login();
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    let asked = world.requests_to_the_api();
    world
        .helper("rotate")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: cannot replace the token in HEROKU_API_KEY\n  \
         set it to a new token; to rotate the stored token, unset HEROKU_API_KEY\n",
        );
    assert_eq!(world.requests_to_the_api(), asked);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(old));
}

#[test]
fn without_a_login_there_is_nothing_to_replace() {
    let world = World::ready_to_push();
    for line in ["rotate", "rotate --all", "rotate --if-expires-within 7d"] {
        world
            .helper(line)
            .exits_with(4)
            .stdout_is("")
            .says("not logged in to Heroku");
    }
}

fn netrc(email: &str, token: &str) -> String {
    ["api.heroku.com", "git.heroku.com"]
        .map(|host| format!("machine {host}\n  login {email}\n  password {token}\n"))
        .concat()
}

fn netrc_holds(world: &World) -> String {
    std::fs::read_to_string(world.home().join(".netrc")).unwrap()
}

#[test]
fn a_token_in_netrc_is_replaced_there() {
    let world = World::new().with_app("blue-sky").with_helper();
    let old = world.heroku.issue_token(ANN);
    let others = "machine example.org\n  login x\n  password y\n";
    world.has_netrc(&format!("{others}{}", netrc(ANN, &old)));
    world
        .helper("rotate")
        .succeeds()
        .says("Replaced the token of ann@example.com in netrc\n  expires: never\n");
    assert!(!world.heroku.is_live(&old));
    assert_eq!(world.valid_tokens().len(), 1);
    let new = world.valid_tokens().remove(0);
    assert_eq!(netrc_holds(&world), format!("{others}{}", netrc(ANN, &new)));
    world.pushes_again();
}

#[test]
fn a_copy_in_netrc_is_replaced_too() {
    let (world, old) = World::after_our_login();
    world.has_netrc(&netrc(ANN, &old));
    world.helper("rotate --all").succeeds().stderr_is("");
    let new = world.stored_in_the_keyring(ANN).unwrap();
    assert_eq!(netrc_holds(&world), netrc(ANN, &new));
    assert_eq!(
        world.valid_tokens(),
        [new],
        "one rotation, not one for each place"
    );
}

#[test]
fn a_copy_in_the_keyring_is_replaced_too() {
    let (world, old) = World::after_our_login();
    world.has_netrc(&netrc(ANN, &old));
    world.sets("HEROKU_NETRC_WRITE", "true");
    world
        .helper("rotate")
        .succeeds()
        .says("Replaced the token of ann@example.com in netrc\n  expires: never\n")
        .stderr_is("");
    let new = world.stored_in_the_keyring(ANN).unwrap();
    assert_eq!(netrc_holds(&world), netrc(ANN, &new));
    assert_eq!(world.valid_tokens(), [new]);
}

#[test]
fn a_copy_in_a_locked_keyring_is_reported() {
    let (world, old) = World::after_our_login();
    world.has_netrc(&netrc(ANN, &old));
    world.sets("HEROKU_NETRC_WRITE", "true");
    world.keyring().locks();
    world
        .helper("rotate")
        .succeeds()
        .says("warning: the keyring may still contain the old token: the keyring is locked\n");
}

/// As in cron on a desktop.
#[test]
fn a_copy_in_the_keyring_is_reported_without_a_session() {
    let (world, old) = World::after_our_login();
    world.has_netrc(&netrc(ANN, &old));
    world.sets("HEROKU_NETRC_WRITE", "true");
    world.unsets("DBUS_SESSION_BUS_ADDRESS");
    world.unsets("XDG_RUNTIME_DIR");
    world.helper("rotate").succeeds().says(
        "warning: the keyring may still contain the old token: no keyring: no D-Bus session\n",
    );
}

#[test]
fn a_token_pasted_at_gits_prompt_keeps_its_account() {
    let world = World::ready_to_push();
    let old = world.heroku.issue_token(ANN);
    world.stores_in_the_keyring("heroku", &old);
    world
        .helper("rotate")
        .succeeds()
        .says("Replaced the token of an unnamed account (token pasted at git's prompt) in the keyring\n  expires: never\n");
    assert_eq!(world.accounts_in_the_keyring(), ["heroku"]);
    assert_eq!(
        world.valid_tokens(),
        [world.stored_in_the_keyring("heroku").unwrap()]
    );
    world.pushes_again();
}

#[test]
fn a_token_without_the_scope_to_rotate_is_reported() {
    let world = World::ready_to_push();
    let grant = Grant {
        scope: vec!["write".to_owned()],
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.stores_in_the_keyring(ANN, &token);
    world
        .helper("rotate")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: Heroku does not allow this: The scope of this token is too small\n  \
             use an account that may do this, and a token with scope global\n",
        );
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_copy_beside_another_login_in_netrc_is_removed() {
    let (world, token) = World::after_our_login();
    let bobs = world.heroku.issue_token(BOB);
    let of_bob = format!("machine api.heroku.com login {BOB} password {bobs}\n");
    let copy = format!("machine git.heroku.com login {ANN} password {token}\n");
    world.has_netrc(&(copy + &of_bob));
    world
        .helper("rotate")
        .succeeds()
        .says("warning: the old token was removed from netrc, which has another login too\n");
    assert_eq!(netrc_holds(&world), of_bob);
    assert!(world.heroku.is_live(&bobs));
}

#[test]
fn another_login_in_netrc_is_not_changed() {
    let (world, _) = World::after_our_login();
    let bobs = world.heroku.issue_token(BOB);
    world.has_netrc(&netrc(BOB, &bobs));
    world.helper("rotate --account ann@example.com").succeeds();
    assert_eq!(netrc_holds(&world), netrc(BOB, &bobs));
    assert!(world.heroku.is_live(&bobs));
}

#[test]
fn a_netrc_with_two_tokens_is_not_changed() {
    let world = World::new();
    let (one, two) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    let text = netrc(ANN, &one).replacen(&one, &two, 1);
    world.has_netrc(&text);
    world
        .helper("rotate")
        .exits_with(1)
        .says("the token was not replaced: ~/.netrc has several tokens for Heroku\n")
        .says("leave the entries of one: ${EDITOR:-vi} ~/.netrc\n");
    assert_eq!(netrc_holds(&world), text);
    assert_eq!(world.valid_tokens().len(), 2);
}

#[test]
fn a_dry_run_changes_nothing() {
    let (world, token) = World::after_our_login_for_days(30);
    let outcome = world.helper("rotate --dry-run --expires-in 8h").succeeds();
    assert!(outcome.stdout().starts_with(
        "The token of ann@example.com in the keyring will be replaced\n  \
         expires: in 8 hours\n  scope: global\n  description: laptop\n\
         The old token will be revoked (authorization "
    ));
    let _ = outcome.stderr_is("");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.valid_tokens().len(), 1);
    let requests = world.heroku.requests();
    assert!(requests.iter().all(|one| one.method == "GET"));
}

#[test]
fn all_rotates_every_account_and_continues_after_an_error() {
    let (world, anns) = World::after_our_login();
    let bobs = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &bobs);
    world.heroku.revoke(&bobs);
    world
        .helper("rotate --all")
        .exits_with(1)
        .says("Replaced the token of ann@example.com in the keyring")
        .says("heroku-rs: bob@example.com: Heroku rejected the token (revoked or expired)\n");
    assert!(!world.heroku.is_live(&anns));
    assert_eq!(world.stored_in_the_keyring(BOB), Some(bobs));
}

#[test]
fn rotating_another_account_does_not_make_it_active() {
    let (world, anns) = World::after_our_login();
    let bobs = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &bobs);
    world
        .helper("rotate --account bob@example.com")
        .succeeds()
        .says("Replaced the token of bob@example.com in the keyring");
    assert!(!world.heroku.is_live(&bobs) && world.heroku.is_live(&anns));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}
