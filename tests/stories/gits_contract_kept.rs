//! git's own contract for helpers, the second half: what is kept, and for how long. As in
//! `gits_contract`, a test has the name of its model, or names the one that it differs from.

use crate::world::{ANN, BOB, Outcome, REQUEST, World};

/// `check OPERATION` of the suite, for Heroku.
fn check<'w>(world: &'w World, operation: &str, fields: &str) -> Outcome<'w> {
    world.git_with_input(
        &format!("-c credential.helper= -c credential.helper=heroku-rs credential {operation}"),
        &format!("{REQUEST}{fields}\n"),
    )
}

fn empty() -> World {
    World::new().with_keyring()
}

/// A token of Ann, and its `password` line.
fn password(world: &World) -> (String, String) {
    let token = world.heroku.issue_token(ANN);
    let line = format!("password={token}\n");
    (token, line)
}

fn no_account_is_logged_in(world: &World) {
    check(world, "fill", "")
        .exits_with(128)
        .stdout_is("")
        .says("could not read Password for 'https://heroku@git.heroku.com'");
}

/// Not git's `overwrites on store`: a URL can bring a token under any name. `login` overwrites.
#[test]
fn helper_overwrites_nothing_on_store() {
    let world = empty();
    let (token, first) = password(&world);
    let (_, second) = password(&world);
    for line in [&first, &second] {
        check(&world, "approve", &format!("username=heroku\n{line}"))
            .succeeds()
            .says_nothing();
    }
    check(&world, "fill", "username=heroku\n")
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("{REQUEST}username=heroku\n{first}"));
    world.heroku.revoke(&token);
    check(&world, "reject", &format!("username=heroku\n{first}"))
        .succeeds()
        .says("it was removed");
    no_account_is_logged_in(&world);
}

/// Not git's `can forget host`, `can forget user`, `erases all matching credentials`: the Heroku
/// CLI's login ends with such a request.
#[test]
fn helper_forgets_nothing_without_the_password() {
    let world = empty();
    let (token, line) = password(&world);
    check(&world, "approve", &format!("username=heroku\n{line}")).succeeds();
    for fields in ["", "username=heroku\n"] {
        check(&world, "reject", fields).succeeds().says_nothing();
    }
    check(&world, "fill", "").succeeds().prints_secret(&token);
}

/// Not git's `can store multiple users`, `remembers other user`: further accounts are for `login`.
#[test]
fn helper_stores_no_second_user() {
    let world = empty();
    let (token, first) = password(&world);
    let (_, second) = password(&world);
    check(&world, "approve", &format!("username={ANN}\n{first}")).succeeds();
    check(&world, "approve", &format!("username={BOB}\n{second}"))
        .succeeds()
        .says("the token was not stored (other Heroku accounts are logged in)");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    check(&world, "fill", "").succeeds().prints_secret(&token);
}

/// Not git's `can store empty username`: with an empty user name git sends no password.
#[test]
fn helper_stores_no_empty_password() {
    let world = empty();
    check(&world, "approve", "username=\npassword=\n")
        .succeeds()
        .says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    no_account_is_logged_in(&world);
}

#[test]
fn helper_stores_password_expiry_utc() {
    let world = empty();
    let (token, line) = password(&world);
    let fields = format!("username=heroku\n{line}password_expiry_utc=9999999999\n");
    check(&world, "approve", &fields).succeeds().says_nothing();
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token));
}

/// Not git's `gets password_expiry_utc`, `overwrites when password_expiry_utc changes`: only
/// Heroku decides when a token expires.
#[test]
fn helper_accepts_no_expiry_from_others() {
    let world = empty();
    let (token, line) = password(&world);
    let fields = format!("username=heroku\n{line}password_expiry_utc=9999999999\n");
    check(&world, "approve", &fields).succeeds();
    check(&world, "fill", "")
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("{REQUEST}username=heroku\n{line}"));
}

#[test]
fn helper_stores_oauth_refresh_token() {
    let world = empty();
    let (token, line) = password(&world);
    let fields = format!("username=heroku\n{line}oauth_refresh_token=xyzzy\n");
    check(&world, "approve", &fields).succeeds().says_nothing();
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token));
}

/// Not git's `gets oauth_refresh_token`: it can create new tokens for as long as it is valid.
#[test]
fn helper_keeps_no_refresh_token() {
    let world = empty();
    let (token, line) = password(&world);
    let fields = format!("username=heroku\n{line}oauth_refresh_token=xyzzy-refresh\n");
    check(&world, "approve", &fields).succeeds();
    check(&world, "fill", "")
        .succeeds()
        .prints_secret(&token)
        .says_nothing_about("oauth_refresh_token");
    world
        .secret_tool("search --all service heroku-cli")
        .succeeds()
        .prints_secret(&token)
        .says_nothing_about("xyzzy-refresh");
}

/// git passes on an `Authorization` header only between helpers that announce this capability.
const AUTHTYPE: &str = "capability[]=authtype\nauthtype=Bearer\ncredential=random-token\n";

#[test]
fn helper_stores_authtype_and_credential() {
    let world = empty();
    check(&world, "approve", AUTHTYPE).succeeds().says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn helper_stores_authtype_and_credential_with_username() {
    let world = empty();
    check(&world, "approve", &format!("{AUTHTYPE}username=foobar\n"))
        .succeeds()
        .says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

/// Not git's `gets authtype and credential`, `gets authtype and credential with username`: every
/// git understands a user name and a password.
#[test]
fn helper_answers_with_a_password_whatever_git_can_take() {
    let world = empty();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    for username in [ANN, "foobar"] {
        let fields = format!("capability[]=authtype\nusername={username}\n");
        check(&world, "fill", &fields)
            .succeeds()
            .prints_secret(&token)
            .stdout_is(&format!("{REQUEST}username={username}\npassword={token}\n"));
    }
}

#[test]
fn helper_gets_authtype_and_credential_only_if_request_has_authtype_capability() {
    let world = empty();
    check(&world, "approve", AUTHTYPE).succeeds();
    no_account_is_logged_in(&world);
}

#[test]
fn helper_does_not_get_authtype_and_credential_with_different_username() {
    let world = empty();
    check(&world, "approve", &format!("{AUTHTYPE}username=foobar\n")).succeeds();
    check(&world, "fill", "capability[]=authtype\nusername=barbaz\n")
        .exits_with(128)
        .stdout_is("")
        .says("could not read Password for 'https://barbaz@git.heroku.com'");
}

#[test]
fn helper_does_not_store_ephemeral_authtype_and_credential() {
    let world = empty();
    check(&world, "approve", &format!("{AUTHTYPE}ephemeral=1\n"))
        .succeeds()
        .says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

/// In git's own suite this case has a typo, and no helper is asked.
#[test]
fn helper_does_not_store_ephemeral_username_and_password() {
    let world = empty();
    let (token, line) = password(&world);
    for (ephemeral, kept) in [
        ("1", None),
        ("true", None),
        ("0", Some(&token)),
        ("false", Some(&token)),
    ] {
        // Other spellings reach a helper from programs that are not git.
        let fields = format!("{REQUEST}username=heroku\n{line}ephemeral={ephemeral}\n");
        world
            .helper_with_input("store", fields)
            .succeeds()
            .says_nothing();
        assert_eq!(
            world.stored_in_the_keyring("heroku").as_ref(),
            kept,
            "{ephemeral}"
        );
    }
    let (_, next) = password(&world);
    let fields = format!("capability[]=authtype\nusername=heroku\n{next}ephemeral=1\n");
    check(&world, "approve", &fields).succeeds().says_nothing();
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token));
}
