//! With the real Heroku CLI: one login serves both programs, and neither one removes the login of the other.

use std::fs;

use heroku_stand_in::Grant;

use crate::world::{ANN, API_HOST, BOB, REQUEST, Terminal, Version, World, heroku_line};

fn world() -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    world
}

fn logs_in(world: &World) -> String {
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    token
}

fn helpers(world: &World) -> String {
    world
        .git("config --global --get-all credential.https://git.heroku.com.helper")
        .stdout()
}

/// The Heroku CLI's login, up to the password.
fn enters_the_password(world: &World) -> Terminal<'_> {
    world
        .on_a_terminal(&heroku_line(Version::Current, "login --interactive"))
        .shows("Email")
        .types(ANN)
        .shows("Password")
        .types("a good passphrase")
}

#[test]
fn after_our_login_the_heroku_cli_is_logged_in() {
    let world = world();
    let token = logs_in(&world);
    world.heroku.forget_requests();
    world
        .heroku_cli(Version::Current, "apps")
        .succeeds()
        .says("blue-sky");
    let sent = world.heroku.requests_to(API_HOST);
    let bearer = format!("Bearer {token}");
    assert_eq!(sent[0].header("authorization"), Some(bearer.as_str()));
    assert_eq!(
        helpers(&world),
        "\nheroku-rs\n",
        "its hook leaves our two values alone"
    );
    world.pushes();
}

#[test]
fn after_the_heroku_clis_login_we_push() {
    let world = world();
    let _ = world
        .heroku
        .add_account(ANN)
        .password("a good passphrase")
        .mfa_codes(&["123456"]);
    let shown = enters_the_password(&world)
        .shows("Two-factor code")
        .types("123456")
        .exits_with(0);
    assert!(shown.contains("Logged in as"), "{shown}");
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    world.pushes();
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)\n")
        .says("description: Heroku CLI login from");
}

#[test]
fn after_the_heroku_clis_logout_a_login_offers_to_configure_git_again() {
    let world = world();
    logs_in(&world);
    world.heroku_cli(Version::Current, "logout").succeeds();
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    world
        .helper("status")
        .exits_with(4)
        .says("git: not configured\n  git has no credential helper for git.heroku.com\n    run: git credential-heroku-rs setup\n")
        .says("not logged in to Heroku");
    let login = || {
        world
            .on_a_terminal("git credential-heroku-rs login")
            .shows("Token: ")
            .types(&world.heroku.issue_token(ANN))
            .shows("Configure git to use this helper for Heroku? [Y/n] ")
    };
    let declined = login().types("n").exits_with(0);
    assert!(declined.ends_with("\nNext, configure git: git credential-heroku-rs setup\n"));
    let configured = login().types("y").exits_with(0);
    assert!(configured.ends_with("\nDone. Push with: git push heroku main\n"));
    world.pushes();
}

#[test]
fn after_our_logout_the_heroku_cli_is_logged_out() {
    let world = world();
    logs_in(&world);
    world.helper("logout").succeeds();
    world
        .heroku_cli(Version::Current, "auth:whoami")
        .exits_with(100)
        .says("not logged in");
}

#[test]
fn a_keyring_locked_for_a_short_time_logs_out_only_the_heroku_cli() {
    let world = world();
    logs_in(&world);
    world.keyring().locks();
    world
        .heroku_cli(Version::Current, "auth:whoami")
        .fails()
        .says("not logged in");
    assert_eq!(
        world.active_account(),
        None,
        "the CLI has deleted login.json"
    );
    world.keyring().restarts();
    world.pushes();
    world
        .helper("status")
        .succeeds()
        .says("Restored login.json, so that the Heroku CLI finds the login of ann@example.com");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn a_switch_in_the_heroku_cli_is_followed() {
    let world = world();
    let of_bob = world.heroku.issue_token(BOB);
    world.stores_in_the_keyring(BOB, &of_bob);
    logs_in(&world);
    let add = "printf 'username: bob@example.com\\n' > ~/.config/heroku/accounts/work";
    world
        .shell(&format!("mkdir -p ~/.config/heroku/accounts && {add}"), b"")
        .succeeds();
    world
        .heroku_cli(Version::Current, "accounts:set work")
        .succeeds();
    assert_eq!(world.active_account().as_deref(), Some(BOB));
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&of_bob)
        .says("username=bob@example.com\n");
    world.helper("switch ann@example.com").succeeds();
    world
        .heroku_cli(Version::Current, "auth:whoami")
        .succeeds()
        .says("ann@example.com\n");
}

#[test]
fn netrc_mode_is_understood_in_both_directions() {
    let world = world();
    world.is_not_searched(&world.home().join(".netrc"));
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = logs_in(&world);
    world
        .heroku_cli(Version::Current, "auth:whoami")
        .succeeds()
        .says("ann@example.com\n");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn a_heroku_cli_login_in_netrc_is_used_and_imported() {
    let world = world();
    world.is_not_searched(&world.home().join(".netrc"));
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store netrc", &token)
        .succeeds();
    world
        .heroku_cli(Version::OnNetrc, "auth:whoami")
        .succeeds()
        .says("ann@example.com\n");
    world.helper("netrc import --yes").succeeds();
    assert_eq!(fs::read_to_string(world.home().join(".netrc")).unwrap(), "");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn without_secret_tool_both_programs_can_use_netrc() {
    let world = world();
    world.is_not_searched(&world.home().join(".netrc"));
    world.lacks_the_program("secret-tool");
    let _ = world.heroku.add_account(ANN).password("a good passphrase");
    enters_the_password(&world).exits_with(0);
    world.pushes();
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)\n")
        .says("token: ~/.netrc (unencrypted), valid");
    world.has_program("heroku", "exit 1");
    world.helper("netrc import --dry-run").succeeds().says(
        "warning: the Heroku CLI cannot use this login (without secret-tool it reads only netrc)\n",
    );
}

/// A Codespace with MFA, without a keyring or a browser: one login is enough.
#[test]
fn in_a_codespace_one_login_serves_git_and_the_heroku_cli() {
    let world = World::new().with_app("blue-sky");
    world.is_not_searched(&world.home().join(".netrc"));
    world.sets("CODESPACES", "true");
    let _ = world.heroku.add_account(ANN).mfa_codes(&["123456"]);
    let grant = Grant {
        description: "codespace blue-sky".to_owned(),
        expires_in: Some(30 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    let shown = world
        .on_a_terminal("git credential-heroku-rs login")
        .shows("https://dashboard.heroku.com/account/applications/authorizations/new")
        .shows("The token will be stored in ~/.netrc (unencrypted)")
        .shows("set HEROKU_API_KEY instead")
        .shows("Token: ")
        .types(&token)
        .shows("Configure git to use this helper for Heroku? [Y/n] ")
        .types("")
        .exits_with(0);
    assert!(
        shown.contains(
            "Logged in as ann@example.com\nThe token is stored in ~/.netrc (unencrypted)\n"
        )
    );
    assert!(shown.contains(" (in 30 days)\n"), "{shown}");
    world.pushes();
    world
        .heroku_cli(Version::Current, "auth:whoami")
        .succeeds()
        .says("ann@example.com\n");
}
