//! `doctor` on git's settings for a request: URLs, headers, certificates.

use std::fs;
use std::path::PathBuf;

use crate::doctor::{finding, healthy, is_found, is_found_and_left_to_the_user};
use crate::world::{ANN, BOB, World};

/// The fix if a rule makes the URL, or if the remote has several URLs.
const SHOW: &str = r"git config --show-origin --get-regexp '^(remote|url)\.'";

/// Adds text, which may contain a secret, to a file. Returns its path.
fn append(world: &World, path: PathBuf, text: &str) -> PathBuf {
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, before + text).unwrap();
    world.is_not_searched(&path);
    path
}

fn append_to_repository_config(world: &World, text: &str) -> PathBuf {
    append(world, world.work().join(".git/config"), text)
}

fn append_to_user_config(world: &World, text: &str) -> PathBuf {
    append(world, world.home().join(".gitconfig"), text)
}

/// Puts this user, and password, into the remote URL.
fn with_user_in_url(world: &World, user: &str) -> PathBuf {
    let path = world.work().join(".git/config");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "https://git.heroku.com",
        &format!("https://{user}@git.heroku.com"),
    );
    fs::write(&path, text).unwrap();
    world.is_not_searched(&path);
    path
}

pub(crate) fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut written = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = group.iter().chain(&[0, 0]).take(3);
        let bits = bits.fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let letters = [18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63]));
        written.extend(letters.iter().take(group.len() + 1));
        written.extend(std::iter::repeat_n('=', 3 - group.len()));
    }
    written
}

#[test]
fn a_remote_url_contains_the_token_in_use() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    with_user_in_url(&world, &format!("x:{token}"));
    let words = "the remote URL remote.heroku.url contains a password";
    is_found_and_left_to_the_user(&world, "git.remotes", words);
}

#[test]
fn a_token_in_a_remote_url_never_becomes_a_login() {
    let world = healthy();
    let token = world.heroku.issue_token(BOB);
    with_user_in_url(&world, &format!("x:{token}"));
    let words = "this is a valid token of b…@example.com";
    is_found_and_left_to_the_user(&world, "git.remotes", words);
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn a_push_url_contains_a_rejected_token() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    let url = format!("https://heroku:{token}@git.heroku.com/blue-sky.git");
    append_to_repository_config(&world, &format!("[remote \"heroku\"]\n\tpushurl = {url}\n"));
    is_found_and_left_to_the_user(&world, "git.remotes", "Heroku rejects this token");
}

#[test]
fn the_other_urls_of_a_remote_stay() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    let other = "https://mygit.heroku.com/blue-sky.git";
    let url = format!("https://x:{token}@git.heroku.com/blue-sky.git");
    append_to_repository_config(
        &world,
        &format!("[remote \"all\"]\n\turl = {other}\n\turl = {url}\n"),
    );
    let words = "the URL of the remote all contains a password";
    let found = is_found(&world, "git.remotes", words);
    assert_eq!(found["command"], SHOW);
}

#[test]
fn a_push_url_names_an_account_without_a_token() {
    let world = healthy();
    let url = "https://bob%40example.com@git.heroku.com/blue-sky.git";
    world
        .git(&format!("config --local remote.heroku.pushurl {url}"))
        .succeeds();
    is_found_and_left_to_the_user(&world, "push.credential", "names b…@example.com");
}

#[test]
fn a_remote_that_does_not_use_https_is_found() {
    for (url, words) in [
        ("http://git.heroku.com/blue-sky.git", "can read the token"),
        (
            "git@heroku.com:blue-sky.git",
            "which Heroku no longer supports",
        ),
    ] {
        let world = healthy();
        world
            .git(&format!("remote set-url heroku {url}"))
            .succeeds();
        is_found_and_left_to_the_user(&world, "git.remotes", words);
    }
}

/// Only the user knows whether the remote or the rule has to change.
#[test]
fn a_rule_that_makes_a_url_for_ssh_is_found_and_shown() {
    for (rule, short, written) in [
        (
            "url.git@heroku.com:.insteadof",
            "https://git.heroku.com/",
            "https://git.heroku.com/blue-sky.git",
        ),
        (
            "url.ssh://git@heroku.com/.insteadof",
            "heroku:",
            "heroku:blue-sky.git",
        ),
        (
            "url.ssh://git@.pushinsteadof",
            "https://",
            "https://git.heroku.com/blue-sky.git",
        ),
    ] {
        let world = healthy();
        for setting in [
            format!("--global {rule} {short}"),
            format!("--local remote.heroku.url {written}"),
        ] {
            world.git(&format!("config {setting}")).succeeds();
        }
        let words = "the URL of the remote heroku uses SSH";
        let found = is_found(&world, "git.remotes", words);
        assert_eq!(found["severity"], "fail");
        assert_eq!(found["command"], SHOW);
        world
            .shell(SHOW, b"")
            .succeeds()
            .says(&format!("{rule} {short}\n"))
            .says(&format!("remote.heroku.url {written}\n"));
    }
}

/// git splits a URL at its first @, so it asks the helpers for the host `example.com@git.heroku.com`.
#[test]
fn an_email_in_a_remote_url_is_not_encoded() {
    let world = healthy();
    world
        .git("remote set-url heroku https://ann@example.com@git.heroku.com/blue-sky.git")
        .succeeds();
    world.has_program("an-editor", "sed -i 's/ann@/ann%40/' \"$1\"");
    world.sets("GIT_EDITOR", "an-editor");
    let words = "the user name in the remote URL remote.heroku.url contains an @";
    is_found_and_left_to_the_user(&world, "git.remotes", words);
}

#[test]
fn a_password_after_an_at_that_is_not_encoded_is_found() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.is_public(&token);
    let url = format!("https://ann@example.com:{token}@git.heroku.com/blue-sky.git");
    world
        .git(&format!("remote set-url heroku {url}"))
        .succeeds();
    let found = is_found(&world, "git.remotes", "contains a password");
    assert_eq!(found["severity"], "fail");
    for line in ["setup", "status --offline"] {
        world
            .helper(line)
            .says("remote.heroku.url contains a password")
            .says_nothing_about("git remote add")
            .says_nothing_about(&token);
    }
}

#[test]
fn a_name_from_a_repository_cannot_break_out_of_a_command() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    append_to_repository_config(
        &world,
        &format!(
            "[remote \"x;touch${{IFS}}PWN\"]\n\turl = https://x:{token}@git.heroku.com/blue-sky.git\n"
        ),
    );
    is_found_and_left_to_the_user(&world, "git.remotes", "touch");
    assert!(!world.work().join("PWN").exists());
}

#[test]
fn a_rule_that_puts_a_token_into_a_url_is_found_and_its_token_is_not_shown() {
    for (short, written) in [
        (
            "https://git.heroku.com/",
            "https://git.heroku.com/blue-sky.git",
        ),
        ("heroku:", "heroku:blue-sky.git"),
    ] {
        let world = healthy();
        let token = world.heroku.issue_token(ANN);
        let base = format!("https://x:{token}@git.heroku.com/");
        append_to_user_config(
            &world,
            &format!("[url \"{base}\"]\n\tinsteadOf = {short}\n"),
        );
        world
            .git(&format!("config --local remote.heroku.url {written}"))
            .succeeds();
        let words = "the URL of the remote heroku contains a password, so git asks no helper";
        let found = is_found(&world, "git.remotes", words);
        assert_eq!(found["command"], SHOW);
        assert_eq!(found["fixable"], false);
        assert!(!found.to_string().contains(&token));
        world.heroku.revoke(&token);
        let found = is_found(&world, "push.credential", "Heroku rejects it");
        assert_eq!(found["severity"], "fail");
        assert!(!found.to_string().contains(&token));
    }
}

#[test]
fn a_header_sends_our_token_to_heroku() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    let pair = base64(&format!("x:{token}"));
    let config = append_to_user_config(
        &world,
        &format!(
            "[http \"https://git.heroku.com\"]\n\textraHeader = Authorization: Basic {pair}\n\textraHeader = X-Trace: 1\n"
        ),
    );
    is_found_and_left_to_the_user(
        &world,
        "push.credential",
        "from http.https://git.heroku.com.extraheader in ~/.gitconfig, and uses no helper",
    );
    let text = fs::read_to_string(config).unwrap();
    assert!(
        !text.contains("Authorization") && text.contains("X-Trace: 1"),
        "{text}"
    );
}

#[test]
fn a_foreign_header_is_reported_but_not_sent_to_heroku_and_not_removed() {
    let world = healthy();
    let secret = "ghp_0123456789abcdef0123456789abcdef";
    let config = append_to_user_config(
        &world,
        &format!("[http]\n\textraHeader = Authorization: Bearer {secret}\n"),
    );
    let found = is_found(
        &world,
        "push.credential",
        "git gets a password instead of a token from http.extraheader in ~/.gitconfig",
    );
    assert_eq!(found["fixable"], false);
    world
        .helper("doctor --fix --yes")
        .exits_with(1)
        .says_nothing_about(secret);
    assert!(fs::read_to_string(config).unwrap().contains(secret));
    let is_sent = world
        .heroku
        .requests()
        .iter()
        .any(|request| format!("{request:?}").contains(secret));
    assert!(!is_sent, "Heroku got the secret of another service");
}

#[test]
fn a_certificate_that_is_not_verified_is_found() {
    for setting in [
        "--global http.sslVerify false",
        "http.https://git.heroku.com.sslVerify 0",
        "--global http.sslVerify ''",
    ] {
        let world = healthy();
        world.git(&format!("config {setting}")).succeeds();
        is_found_and_left_to_the_user(&world, "git.certificates", "anyone can impersonate Heroku");
    }
}

#[test]
fn a_missing_ca_file_is_found() {
    let world = healthy();
    world
        .git("config --global http.sslCAInfo /nowhere/ca.pem")
        .succeeds();
    is_found_and_left_to_the_user(
        &world,
        "git.certificates",
        "names a file that does not exist",
    );
}

#[test]
fn a_variable_turns_off_certificate_checks() {
    for value in ["1", ""] {
        let world = healthy();
        world.sets("GIT_SSL_NO_VERIFY", value);
        is_found(&world, "git.certificates", "GIT_SSL_NO_VERIFY is set");
    }
}

/// The world's git trusts Heroku's certificate by a variable, so that the setting for its file is not used.
#[test]
fn a_setting_for_another_app_is_not_for_this_one() {
    let world = healthy();
    let pair = base64(&format!("x:{}", world.heroku.issue_token(BOB)));
    append_to_user_config(
        &world,
        &format!(
            "[http \"https://git.heroku.com/other-app.git\"]\n\
             \textraHeader = Authorization: Basic {pair}\n\
             \tsslCAInfo = /nowhere/ca.pem\n\
             \tsslVerify = false\n\
             [credential \"https://git.heroku.com/other-app.git\"]\n\
             \tusername = {BOB}\n"
        ),
    );
    world
        .helper("doctor")
        .succeeds()
        .says("\nno problems found\n");
    world
        .helper("status")
        .succeeds()
        .says_nothing_about("git uses bob@example.com here")
        .stdout();
    // A more specific setting for another URL changes nothing for this one.
    for setting in [
        "http.sslVerify false",
        "http.https://git.heroku.com/other-app.git.sslVerify true",
    ] {
        world.git(&format!("config {setting}")).succeeds();
    }
    is_found_and_left_to_the_user(&world, "git.certificates", "anyone can impersonate Heroku");
}

#[test]
fn a_helper_without_a_value_stops_git() {
    let world = healthy();
    let config = world.home().join(".gitconfig");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("[credential]\n\thelper\n{before}")).unwrap();
    let words = "bad config variable 'credential.helper' in file '~/.gitconfig' at line 2";
    for id in ["git.usable", "push.credential"] {
        let found = is_found(&world, id, words);
        assert_eq!(found["command"], "${EDITOR:-vi} +2 ~/.gitconfig", "{id}");
    }
    assert!(finding(&world, "git.helpers").is_none());
    world
        .helper("setup")
        .exits_with(1)
        .stdout_is("")
        .says(words)
        .says("open the file at this line: ${EDITOR:-vi} +2 ~/.gitconfig");
    let own = "[credential]\n\thelper\n[user]\n\tname = Ann\n";
    fs::write(&config, own).unwrap();
    world.helper("setup").exits_with(1).stdout_is("");
    assert_eq!(fs::read_to_string(&config).unwrap(), own);
}

#[test]
fn git_uses_a_proxy_that_we_do_not() {
    let world = healthy();
    world
        .git("config --global http.proxy http://ann:open-sesame@proxy.example:3128")
        .succeeds();
    world.api_is_unreachable();
    let words = "git uses the proxy in http.proxy (~/.gitconfig)";
    let found = is_found(&world, "heroku.connection", words);
    assert_eq!(found["severity"], "warn");
    assert!(!found.to_string().contains("open-sesame"), "{found}");
}

#[test]
fn a_proxy_that_git_also_uses_is_not_reported() {
    let world = healthy();
    let proxy = "http://127.0.0.1:9";
    world
        .git(&format!("config --global http.proxy {proxy}"))
        .succeeds();
    world.sets("https_proxy", proxy);
    world.api_is_unreachable();
    let found = is_found(&world, "heroku.connection", "cannot reach api.heroku.com");
    assert_eq!(found["severity"], "fail");
    assert_eq!(found["details"], "");
}

#[test]
fn a_configuration_that_git_cannot_read_is_named() {
    let world = healthy();
    append_to_user_config(&world, "[credential\n");
    let found = is_found(&world, "git.usable", "bad config line");
    assert_eq!(found["severity"], "fail");
    world.has_program("an-editor", "echo \"$@\"");
    world.sets("EDITOR", "an-editor");
    let text = fs::read_to_string(world.home().join(".gitconfig")).unwrap();
    let last = text.lines().count();
    let opened = world.shell(found["command"].as_str().unwrap(), b"");
    opened.stdout_is(&format!("+{last} ~/.gitconfig\n"));
    // git names the repository's file without its directory.
    fs::remove_file(world.home().join(".gitconfig")).unwrap();
    append_to_repository_config(&world, "[credential\n");
    let found = is_found(&world, "git.usable", "bad config line");
    let fix = found["fix"].as_str().unwrap();
    assert!(
        fix.ends_with(" of .git/config, at the top of the repository"),
        "{fix}"
    );
    // `setup` cannot read the file either.
    assert_eq!(finding(&world, "push.credential").unwrap()["fix"], fix);
}
