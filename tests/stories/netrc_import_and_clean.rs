//! Tokens that older Heroku CLIs left in netrc are moved into the keyring, and nothing else changes.

use std::fs;

use heroku_stand_in::Grant;

use crate::world::{ANN, BOB, REQUEST, World};

fn netrc_of(world: &World) -> String {
    fs::read_to_string(world.home().join(".netrc")).unwrap()
}

fn entries(email: &str, token: &str) -> String {
    format!(
        "machine api.heroku.com\n  login {email}\n  password {token}\n\
         machine git.heroku.com\n  login {email}\n  password {token}\n"
    )
}

#[test]
fn an_import_moves_the_token_and_changes_no_other_byte() {
    let world = World::ready_to_push();
    let token = world.heroku.issue_token(ANN);
    let others = "machine x.example login me password \"a b\" # mine\r\n";
    world.has_netrc(&format!("{}{others}", entries(ANN, &token)));
    world
        .helper("netrc import --dry-run")
        .succeeds()
        .stdout_is("")
        .says("The token of ann@example.com will be moved from netrc (line 4) to the keyring");
    assert_eq!(world.stored_in_the_keyring(ANN), None);
    world
        .helper("netrc import --yes")
        .succeeds()
        .stdout_is("The token of ann@example.com is now stored in the keyring\n");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(netrc_of(&world), others);
    world.pushes();
}

#[test]
fn an_import_keeps_the_metadata_of_the_token() {
    let world = World::new().with_keyring();
    let grant = Grant {
        expires_in: Some(60 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.has_netrc(&entries(ANN, &token));
    world.helper("netrc import --yes").succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token)
        .says("password_expiry_utc=");
}

#[test]
fn answering_no_changes_nothing() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entries(ANN, &token));
    let shown = world
        .on_a_terminal("git credential-heroku-rs netrc import")
        .shows("Continue? [Y/n] ")
        .types("n")
        .exits_with(0);
    assert!(shown.contains("Nothing was changed"), "{shown}");
    assert_eq!(netrc_of(&world), entries(ANN, &token));
}

#[test]
fn a_rejected_token_is_not_moved() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    world.has_netrc(&entries(ANN, &token));
    world
        .helper("netrc import --yes")
        .exits_with(1)
        .says("Heroku rejected the token (revoked or expired)");
    assert_eq!(netrc_of(&world), entries(ANN, &token));
    assert_eq!(world.stored_in_the_keyring(ANN), None);
}

#[test]
fn with_two_different_tokens_none_is_imported() {
    let world = World::new().with_keyring();
    let (of_ann, of_bob) = (world.heroku.issue_token(ANN), world.heroku.issue_token(BOB));
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {of_ann}\n\
         machine api.heroku.com login {BOB} password {of_bob}\n"
    ));
    world
        .helper("netrc import --yes")
        .exits_with(1)
        .says("netrc contains different tokens on lines 1 and 2");
    world
        .helper("netrc import --yes --account zed@example.com")
        .exits_with(4)
        .says("netrc contains no login of zed@example.com");
    world
        .helper("netrc import --yes --account bob@example.com")
        .succeeds()
        .says("Heroku's entries with this token will be removed from netrc\n")
        .says("netrc still contains other tokens for Heroku\n  move them too: ");
    world
        .helper("netrc clean --dry-run")
        .succeeds()
        .stdout_is("Heroku's entry on line 1 will be removed from netrc\n");
    assert_eq!(world.stored_in_the_keyring(BOB), Some(of_bob));
}

#[test]
fn with_two_tokens_of_one_account_none_is_imported() {
    let world = World::new().with_keyring();
    let (one, other) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {one}\n\
         machine api.heroku.com login {ANN} password {other}\n"
    ));
    let fix = "log in, and remove both: \
               git credential-heroku-rs login && git credential-heroku-rs netrc clean";
    for account in ["", " --account ann@example.com"] {
        let import = format!("netrc import --yes{account}");
        world.helper(&import).exits_with(1).says(fix);
    }
}

#[test]
fn a_second_token_of_the_account_is_not_imported_over_the_first() {
    let world = World::new().with_keyring();
    let (one, other) = (world.heroku.issue_token(ANN), world.heroku.issue_token(ANN));
    let line = |token: &str| format!("machine git.heroku.com login {ANN} password {token}\n");
    world.has_netrc(&(line(&one) + &line(&other)));
    world
        .helper("netrc import --yes")
        .succeeds()
        .says("netrc still contains other tokens for Heroku\n  revoke them: https://");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(one));
}

#[test]
fn a_clean_removes_and_lists_our_entries() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let others = "machine x login y password z\n";
    let before = format!("{others}{}", entries(ANN, &token));
    world.has_netrc(&before);
    world
        .helper("netrc clean --dry-run")
        .succeeds()
        .stdout_is("Heroku's entries on lines 2, 5 will be removed from netrc\n");
    assert_eq!(netrc_of(&world), before);
    world
        .helper("netrc clean")
        .succeeds()
        .stdout_is("Removed Heroku's entries on lines 2, 5 from netrc\n");
    assert_eq!(netrc_of(&world), others);
    world
        .helper("netrc clean")
        .succeeds()
        .stdout_is("netrc contains no entry for Heroku\n");
}

#[test]
fn ambiguous_entries_are_reported_and_not_changed() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let before = format!("machine git.heroku.com password {token}\n\nmacdef init\nput x\n\n");
    world.has_netrc(&before);
    world
        .helper("netrc clean")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: ~/.netrc: line 1: removing this entry would attach the macro after it to \
             another entry\n  fix that line, or remove the entries for Heroku\n",
        );
    assert_eq!(netrc_of(&world), before);
}

/// Only the user knows for which keys a file is encrypted: we read it, and work in a pipe.
#[test]
fn an_encrypted_netrc_is_cleaned_through_a_pipe() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let others = "machine x login y password z # ü\r\n";
    world.has_netrc(&entries(BOB, &token));
    let before = netrc_of(&world);
    let piped = format!("{}{others}", entries(ANN, &token));
    world
        .helper_with_input("netrc clean -", piped)
        .succeeds()
        .stdout_is(others)
        .stderr_is("");
    let doubtful = format!("machine git.heroku.com password {token} extra\n{others}");
    world
        .helper_with_input("netrc clean -", doubtful)
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: netrc: line 1: an unknown word\n  \
             fix that, then run the command again: nothing was printed\n",
        );
    world.helper("netrc clean - --dry-run").exits_with(2);
    assert_eq!(
        netrc_of(&world),
        before,
        "the user's own file is not changed"
    );
}

#[test]
fn an_error_names_the_right_file() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc("");
    let other = world.has_file(
        "elsewhere",
        &format!("machine git.heroku.com password {token} extra\n"),
    );
    world.is_not_searched(&other);
    world.sets("NETRC", other.to_str().unwrap());
    world
        .helper("netrc clean")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: $NETRC: line 1: an unknown word\n  \
             fix that line, or remove the entries for Heroku\n",
        );
    world
        .shell("chmod 660 ~/elsewhere", b"")
        .succeeds()
        .says_nothing();
    world
        .helper("netrc clean")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: $NETRC is not used: other users can write to it\n  \
             restrict its permissions: chmod 600 \"$NETRC\"\n",
        );
}

/// git sends what `default` holds to every server that has no entry of its own.
#[test]
fn a_default_entry_that_applies_to_heroku_is_reported() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let rest = "# mine\ndefault login me password elsewhere\n";
    world.has_netrc(&format!("{}{rest}", entries(ANN, &token)));
    let warning = |line| {
        format!(
            "warning: git also sends Heroku the password of the default entry (netrc, line {line})\n  \
             replace default with the names of the servers that it is for\n"
        )
    };
    world
        .helper("netrc clean")
        .succeeds()
        .stdout_is("Removed Heroku's entries on lines 1, 4 from netrc\n")
        .stderr_is(&warning(2));
    world
        .helper("netrc clean")
        .succeeds()
        .stdout_is("netrc contains no entry for Heroku\n")
        .stderr_is(&warning(2));
    assert_eq!(netrc_of(&world), rest);
}

#[test]
fn curl_reads_the_lines_that_we_print() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("netrc print")
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!(
            "machine api.heroku.com login {ANN} password {token}\n\
             machine git.heroku.com login {ANN} password {token}\n"
        ));
    world
        .shell(
            "git-credential-heroku-rs netrc print | curl --silent --netrc-file /dev/stdin \
             --cacert $SSL_CERT_FILE --header 'Accept: application/vnd.heroku+json; version=3' \
             https://api.heroku.com/account",
            b"",
        )
        .succeeds()
        .says("\"email\":\"ann@example.com\"");
}

/// The older login would have been used without a message.
#[test]
fn a_login_in_netrc_reports_a_token_that_takes_precedence() {
    let (world, _) = World::after_our_login();
    let token = world.heroku.issue_token(ANN);
    world.is_not_searched(&world.home().join(".netrc"));
    let login = || world.helper_with_input("login --with-token --store netrc", &token);
    login().succeeds().says(
        "the keyring has another token of ann@example.com, which takes precedence over netrc",
    );
    world.sets("HEROKU_NETRC_WRITE", "true");
    login().succeeds().stderr_is("");
}

#[test]
fn git_curl_and_python_read_our_entries() {
    let world = World::new().with_app("blue-sky");
    world.is_not_searched(&world.home().join(".netrc"));
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token --store netrc", &token)
        .succeeds();
    world.pushes();
    world
        .shell(
            "python3 -c 'import netrc; print(netrc.netrc().authenticators(\"git.heroku.com\")[0])'",
            b"",
        )
        .succeeds()
        .stdout_is("ann@example.com\n");
    world
        .shell(
            "curl --silent --netrc --cacert $SSL_CERT_FILE \
             --header 'Accept: application/vnd.heroku+json; version=3' \
             https://api.heroku.com/account",
            b"",
        )
        .succeeds()
        .says("\"email\":\"ann@example.com\"");
}
