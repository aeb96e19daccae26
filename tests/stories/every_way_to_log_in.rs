//! `login` by paste, pipe, password with MFA and browser: what the user sees, and each error.

use heroku_stand_in::{Fault, Form, Grant, On, Redaction, Times};
use serde_json::Value;

use crate::world::{ANN, REQUEST, World};

fn world() -> World {
    World::ready_to_push()
}

#[test]
fn a_pasted_token_is_not_shown_and_is_stored() {
    let world = world();
    let token = world.heroku.issue_token(ANN);
    let shown = world
        .on_a_terminal("git credential-heroku-rs login")
        .shows("1. Create a token on this page:")
        .shows("https://dashboard.heroku.com/account/applications/authorizations/new")
        .shows("2. Paste the token below")
        .shows("The token will be stored in the keyring")
        .shows("Token: ")
        .types(&token)
        .exits_with(0);
    assert!(shown.ends_with(
        "\nLogged in as ann@example.com\nThe token is stored in the keyring, shared with the \
         Heroku CLI\nDone. Push with: git push heroku main\n"
    ));
    assert!(!shown.contains(&token));
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn a_hidden_line_can_be_corrected_on_a_terminal_in_any_state() {
    let world = world();
    let token = world.heroku.issue_token(ANN);
    world
        .on_a_terminal("stty -icanon -isig -icrnl; git-credential-heroku-rs login")
        .shows("Token: ")
        .types_without_enter("HRKU-wrong")
        // Neither stops the program while the echo is off.
        .presses_control('z')
        .presses_control('y')
        .presses_control('u')
        .types(&token)
        .exits_with(0);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn an_incomplete_token_and_a_rejected_one_have_different_errors() {
    let world = world();
    let shown = world
        .on_a_terminal("git credential-heroku-rs login")
        .shows("Token: ")
        .types("HRKU-AA")
        .exits_with(1);
    assert!(shown.contains("it is too short or too long"));
    world
        .helper_with_input("login --with-token", "HRKU-this-is-nobodys-token-at-all\n")
        .exits_with(1)
        .says("Heroku rejected the token (revoked, expired or incomplete)");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn ctrl_c_and_ctrl_d_change_nothing() {
    let flows = [
        ("login", &[][..], "Token: ", &['c', 'd'][..]),
        ("login --interactive", &[], "Email: ", &['c', 'd']),
        (
            "login --interactive",
            &[("Email: ", ANN)],
            "Password: ",
            &['c', 'd'],
        ),
        (
            "login --browser --no-open",
            &[],
            "Open this page in your browser:",
            &['c'],
        ),
    ];
    let world = world();
    for (flow, key) in flows
        .iter()
        .flat_map(|flow| flow.3.iter().map(move |key| (flow, *key)))
    {
        let (command, answers, question, _) = flow;
        let line =
            format!("trap : INT; (git credential-heroku-rs {command}); stty -a | grep -o ' echo '");
        let mut terminal = world.on_a_terminal(&line);
        for (question, answer) in *answers {
            terminal = terminal.shows(question).types(answer);
        }
        let shown = terminal.shows(question).presses_control(key).exits_with(0);
        assert!(
            shown.contains(" echo "),
            "the terminal shows again what is typed: {shown}"
        );
        assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    }
}

#[test]
fn without_a_terminal_the_error_names_the_flag() {
    let world = world();
    world
        .shell("setsid git-credential-heroku-rs login", b"")
        .exits_with(2)
        .stdout_is("")
        .says("not running in a terminal")
        .says("login --with-token");
    world
        .shell("setsid git-credential-heroku-rs login --interactive", b"")
        .exits_with(2)
        .says("--with-token");
}

#[test]
fn an_empty_stdin_is_not_a_token() {
    world()
        .helper_with_input("login --with-token", "")
        .exits_with(1)
        .says("the input on stdin is not a Heroku token: it is empty");
}

#[test]
fn tokens_of_every_format_are_accepted() {
    let world = world();
    for form in [Form::Current, Form::Prefixed, Form::Bare, Form::Hex] {
        let grant = Grant {
            form,
            ..Grant::default()
        };
        let token = world.heroku.issue(ANN, grant).token;
        world.logs_in_with(&token);
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&token);
        world.pushes_again();
    }
}

#[test]
fn a_login_that_cannot_be_stored_leaves_no_authorization() {
    let world = World::new().with_keyring();
    let _ = world
        .heroku
        .add_account(ANN)
        .password("a good passphrase")
        .mfa_codes(&["123456"]);
    let terminal = world
        .on_a_terminal("git credential-heroku-rs login --interactive")
        .shows("Email: ")
        .types(ANN)
        .shows("Password: ")
        .types("a good passphrase")
        .shows("MFA code: ");
    world.keyring().locks();
    let shown = terminal.types("123456").exits_with(1);
    let said = "the keyring is locked (the new authorization was revoked)";
    assert!(shown.contains(said), "{shown}");
    let tokens = world.heroku.secrets();
    assert!(tokens.iter().all(|token| !world.heroku.is_live(token)));
}

#[test]
fn a_password_and_a_code_create_an_authorization() {
    let world = world();
    let _ = world
        .heroku
        .add_account(ANN)
        .password("a good passphrase")
        .mfa_codes(&["123456", "654321"]);
    let shown = world
        .on_a_terminal("git credential-heroku-rs login --interactive --expires-in 8h")
        .shows("Email: ")
        .types(ANN)
        .shows("Password: ")
        .types("a good passphrase")
        .shows("MFA code: ")
        .types("000000")
        .shows("Heroku rejected the code")
        .shows("MFA code: ")
        .types("123 456")
        .exits_with(0);
    assert!(shown.contains("Logged in as ann@example.com"));
    assert!(shown.contains("The token expires on "));
    world
        .helper("status --offline --json")
        .succeeds()
        .says("\"description\": \"git-credential-heroku-rs login");
    world.pushes();
}

#[test]
fn three_wrong_codes_end_the_login() {
    let world = world();
    let _ = world
        .heroku
        .add_account(ANN)
        .password("a good passphrase")
        .mfa_codes(&["123456"]);
    let mut terminal = world
        .on_a_terminal("git credential-heroku-rs login -i")
        .shows("Email: ")
        .types(ANN)
        .shows("Password: ")
        .types("a good passphrase");
    for _ in 0..3 {
        terminal = terminal.shows("MFA code: ").types("000000");
    }
    let shown = terminal.exits_with(1);
    assert!(
        shown.contains("run the command again with a new code"),
        "{shown}"
    );
}

const PASSPHRASE: &str = "a good passphrase";

fn types_email_and_password(world: &World, email: &str) -> String {
    world
        .on_a_terminal("git credential-heroku-rs login --interactive")
        .shows("Email: ")
        .types(email)
        .shows("Password: ")
        .types(PASSPHRASE)
        .exits_with(1)
}

#[test]
fn each_error_of_a_password_login_names_a_way_that_works() {
    let token_way = "log in with a token: git credential-heroku-rs login";
    let world = world();
    let account = |email| world.heroku.add_account(email).password(PASSPHRASE);

    let _ = account("untrusted@example.com").untrusted();
    let shown = types_email_and_password(&world, "untrusted@example.com");
    assert!(
        shown.contains("Trust this device in a browser first") && shown.contains(token_way),
        "{shown}"
    );

    let _ = account("federated@example.com").federated();
    let shown = types_email_and_password(&world, "federated@example.com");
    let message = "This account logs in through its identity provider";
    assert!(shown.contains(message) && shown.contains(token_way));

    let _ = account("suspended@example.com").suspended();
    let shown = types_email_and_password(&world, "suspended@example.com");
    assert!(shown.contains("Heroku has suspended this account"));

    let _ = world.heroku.add_account(ANN).password("another passphrase");
    let shown = types_email_and_password(&world, ANN);
    assert!(shown.contains("wrong email or password"));
}

#[test]
fn a_lost_reply_to_a_password_login_is_reported() {
    let world = world();
    let _ = world.heroku.add_account(ANN).password(PASSPHRASE);
    let created = On::Path("POST /oauth/authorizations");
    for fault in [
        Fault::LoseAnswer,
        Fault::Member("access_token.token", Value::Null),
    ] {
        world.heroku.fault(created, fault, Times::Exactly(1));
        let shown = types_email_and_password(&world, ANN);
        let said = "the authorization may have been created, but its token is lost: ";
        let fix = "revoke it if it exists: https://dashboard.heroku.com/account/applications";
        assert!(shown.contains(said) && shown.contains(fix), "{shown}");
    }
}

#[test]
fn the_browser_login_prints_its_page_and_waits() {
    let world = world();
    world.heroku.approve_browser_login(ANN);
    world
        .helper("login --browser --no-open")
        .succeeds()
        .says("Open this page in your browser:\n  https://cli-auth.heroku.com/auth/browser/")
        .says("Logged in as ann@example.com");
    world.pushes();
}

#[test]
fn a_browser_login_that_cannot_be_stored_ends_its_session() {
    let world = World::new().with_keyring();
    let poll = On::Path("GET /auth/cli");
    world.heroku.approve_browser_login(ANN);
    let login = "login --browser --no-open";
    let running = world.starts_the_helper_until(login, poll, Fault::PauseAnswer);
    world.keyring().locks();
    world.heroku_recovers();
    assert_eq!(running.ends(), Some(1));
    let token = world.heroku.secrets().pop().unwrap();
    assert!(!world.heroku.is_live(&token));
}

/// The new process of the program does not know our session.
#[test]
fn a_keyring_program_that_restarts_during_a_login_gets_the_token() {
    let world = World::new().with_keyring();
    world.heroku.approve_browser_login(ANN);
    let poll = On::Path("GET /auth/cli");
    let running =
        world.starts_the_helper_until("login --browser --no-open", poll, Fault::PauseAnswer);
    world.keyring().restarts();
    world.heroku_recovers();
    assert_eq!(running.ends(), Some(0));
    let token = world.heroku.secrets().pop().unwrap();
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

/// A token that Heroku rejects has no session that could be ended.
#[test]
fn a_browser_login_with_a_rejected_token_leaves_no_session() {
    let world = world();
    world.heroku.approve_browser_login(ANN);
    let rejected = Fault::api(401, "unauthorized", "Invalid credentials provided.");
    let api = On::Host("api.heroku.com");
    world.heroku.fault(api, rejected, Times::Always);
    world
        .helper("login --browser --no-open")
        .exits_with(1)
        .says("Heroku rejected the token (revoked, expired or incomplete) (the new session was revoked)");
}

#[test]
fn a_failed_browser_login_suggests_a_token() {
    let world = world();
    world.sets("CODESPACES", "true");
    world.heroku.refuse_browser_login("IP address mismatch");
    world
        .helper("login --browser --no-open")
        .exits_with(1)
        .says("in a Codespace this login usually fails")
        .says("the browser login failed: IP address mismatch")
        .says("log in with a token: git credential-heroku-rs login");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
}

#[test]
fn the_program_in_browser_is_started_without_a_secret() {
    let world = world();
    world.has_program("a-browser", "printf '%s\\n' \"$1\" > \"$HOME/opened\"");
    world.sets("BROWSER", "a-browser");
    world.heroku.approve_browser_login(ANN);
    world.helper("login --browser").succeeds();
    world
        .shell("sleep 0.5; cat ~/opened", b"")
        .succeeds()
        .says("https://cli-auth.heroku.com/auth/browser/");
}

#[test]
fn a_token_that_cannot_push_is_stored_only_with_force() {
    let world = world();
    let grant = Grant {
        scope: vec!["global".to_owned(), "read".to_owned()],
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.logs_in_with(&token);

    // Only a token with the scope `global` can list authorizations, so the other one is created here.
    let _ = world.heroku.add_account(ANN).password("a good passphrase");
    let line = "git credential-heroku-rs login -i --scope read";
    let refused = world.on_a_terminal(line).exits_with(2);
    assert!(refused.contains("a token with scope read cannot push"));
    assert!(
        !refused.contains("Email: "),
        "the error comes before the prompt"
    );
    let forced = world
        .on_a_terminal(&format!("{line} --force"))
        .shows("Email: ")
        .types(ANN)
        .shows("Password: ")
        .types("a good passphrase")
        .exits_with(0);
    assert!(forced.contains("warning: the token cannot push (scope: read)"));
    assert!(forced.contains("Logged in as ann@example.com"));
}

#[test]
fn an_expiry_is_printed_and_passed_to_git() {
    let world = world();
    world.heroku.set_redaction(Redaction::Whole);
    let grant = Grant {
        expires_in: Some(30 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .says("The token expires on ")
        .says(" (in 30 days)\n");
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .says("password_expiry_utc=")
        .stderr_is("");
}

#[test]
fn a_token_that_expires_soon_is_reported_once_a_day_and_an_expired_one_is_not_served() {
    let world = world();
    world.heroku.set_redaction(Redaction::Whole);
    let login = |seconds| {
        let grant = Grant {
            expires_in: Some(seconds),
            ..Grant::default()
        };
        let token = world.heroku.issue(ANN, grant).token;
        world.logs_in_with(&token);
        token
    };
    let token = login(2 * 86_400);
    // As if it had been created a month ago: a token with a lifetime of two days does not expire soon yet.
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    let notes = "~/.local/state/git-credential-heroku-rs/authorizations.json";
    world
        .shell(&format!("sed -i '/\"created\"/d' {notes}"), b"")
        .succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is(
            "heroku-rs: the Heroku token of ann@example.com expires in 47 hours\n  \
             renew: git credential-heroku-rs rotate\n",
        );
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .stderr_is("");
    login(1);
    world.shell("sleep 1.2", b"").succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .says("the Heroku token of ann@example.com in the keyring expired on ")
        .says("log in again: git credential-heroku-rs login");
}
