//! `doctor` on what git's settings do to a request: addresses, headers, certificates.

use std::fs;
use std::path::PathBuf;

use crate::doctor::{finding_offline, healthy, is_found, is_found_and_mended, is_undone};
use crate::world::{ANN, BOB, World};

/// Adds to a file that a secret may lie in, and gives its path.
fn plants(world: &World, path: PathBuf, text: &str) -> PathBuf {
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, before + text).unwrap();
    world.is_planted(&path);
    path
}

fn of_the_repository(world: &World, text: &str) -> PathBuf {
    plants(world, world.work().join(".git/config"), text)
}

fn of_the_user(world: &World, text: &str) -> PathBuf {
    plants(world, world.home().join(".gitconfig"), text)
}

/// The remote's address, with this in front of the host.
fn with_the_address(world: &World, user: &str) -> PathBuf {
    let path = world.work().join(".git/config");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "https://git.heroku.com",
        &format!("https://{user}@git.heroku.com"),
    );
    fs::write(&path, text).unwrap();
    world.is_planted(&path);
    path
}

fn base64(text: &str) -> String {
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
fn the_token_in_use_stands_in_a_remotes_address() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    let config = with_the_address(&world, &format!("x:{token}"));
    let words = "the address remote.heroku.url carries a password";
    is_found_and_mended(&world, "git.token-in-url", words);
    assert!(!fs::read_to_string(&config).unwrap().contains(&token));
}

#[test]
fn the_only_token_there_is_stands_in_a_remotes_address_and_is_not_lost() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    let config = with_the_address(&world, &token);
    is_found_and_mended(
        &world,
        "git.token-in-url",
        "goes to the keyring as the login of a…@example.com",
    );
    assert!(!fs::read_to_string(&config).unwrap().contains(&token));
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn a_good_token_of_somebody_else_does_not_become_the_one_in_use() {
    let world = healthy();
    let token = world.heroku.issue_token(BOB);
    with_the_address(&world, &format!("x:{token}"));
    is_found_and_mended(&world, "git.token-in-url", "as the login of b…@example.com");
    assert_eq!(world.kept_in_the_keyring(BOB), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn a_dead_token_stands_in_an_address_to_push_to() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    world.heroku.revoke(&token);
    let address = format!("https://heroku:{token}@git.heroku.com/blue-sky.git");
    of_the_repository(
        &world,
        &format!("[remote \"heroku\"]\n\tpushurl = {address}\n"),
    );
    is_found_and_mended(&world, "git.token-in-url", "Heroku refuses it");
}

#[test]
fn while_heroku_cannot_say_a_token_keeps_its_place() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    let config = with_the_address(&world, &format!("x:{token}"));
    world.api_answers(500);
    let found = is_found(&world, "git.token-in-url", "it stays");
    assert_eq!(found["fixable"], false);
    world.helper("doctor --fix --yes").exits_with(1);
    assert!(fs::read_to_string(&config).unwrap().contains(&token));
}

#[test]
fn a_remote_goes_in_clear_text() {
    let world = healthy();
    world
        .git("remote set-url heroku http://git.heroku.com/blue-sky.git")
        .succeeds();
    let said = is_found_and_mended(
        &world,
        "git.clear-text",
        "whoever is on the way reads the token",
    );
    is_undone(&world, &said, "git.clear-text");
}

#[test]
fn a_remote_goes_by_ssh() {
    let world = healthy();
    world
        .git("remote set-url heroku git@heroku.com:blue-sky.git")
        .succeeds();
    is_found_and_mended(&world, "git.ssh", "by SSH, which Heroku no longer answers");
}

#[test]
fn every_address_of_herokus_is_turned_to_ssh() {
    let world = healthy();
    world
        .git("config --global url.git@heroku.com:.insteadOf https://git.heroku.com/")
        .succeeds();
    let said = is_found_and_mended(&world, "git.rewritten", "by SSH");
    is_undone(&world, &said, "git.rewritten");
}

#[test]
fn a_token_is_put_into_every_address() {
    let world = healthy();
    let token = world.heroku.issue_token(ANN);
    let rule = format!(
        "[url \"https://x:{token}@git.heroku.com/\"]\n\tinsteadOf = https://git.heroku.com/\n"
    );
    of_the_user(&world, &rule);
    let found = is_found(
        &world,
        "git.token-in-rewrite",
        "git sends it, and asks no helper",
    );
    assert_eq!(
        found["fixable"], false,
        "its removal would show the token in the process list"
    );
    assert!(!found.to_string().contains(&token));
}

#[test]
fn a_header_carries_our_token_to_heroku() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    let pair = base64(&format!("x:{token}"));
    let config = of_the_user(
        &world,
        &format!(
            "[http \"https://git.heroku.com\"]\n\textraHeader = Authorization: Basic {pair}\n\textraHeader = X-Trace: 1\n"
        ),
    );
    is_found_and_mended(&world, "git.header", "sends a password to Heroku");
    let text = fs::read_to_string(config).unwrap();
    assert!(
        !text.contains("Authorization") && text.contains("X-Trace: 1"),
        "{text}"
    );
}

#[test]
fn a_header_carries_our_token_to_every_server() {
    let world = healthy();
    let token = world.kept_in_the_keyring(ANN).unwrap();
    of_the_user(
        &world,
        &format!("[http]\n\textraHeader = Authorization: Bearer {token}\n"),
    );
    is_found_and_mended(&world, "git.header", "sends a password to every server");
}

#[test]
fn somebody_elses_header_is_told_and_neither_shown_to_heroku_nor_removed() {
    let world = healthy();
    let secret = "ghp_0123456789abcdef0123456789abcdef";
    let config = of_the_user(
        &world,
        &format!("[http]\n\textraHeader = Authorization: Bearer {secret}\n"),
    );
    let found = is_found(&world, "git.header", "sends a password to every server");
    assert_eq!(found["fixable"], false);
    world
        .helper("doctor --fix --yes")
        .exits_with(1)
        .says_nothing_about(secret);
    assert!(fs::read_to_string(config).unwrap().contains(secret));
    let told = world
        .heroku
        .requests()
        .iter()
        .any(|request| format!("{request:?}").contains(secret));
    assert!(!told, "Heroku was shown a secret of somebody else's");
}

#[test]
fn certificates_are_not_checked() {
    let world = healthy();
    world.git("config --global http.sslVerify false").succeeds();
    let said = is_found_and_mended(
        &world,
        "git.no-certificate",
        "whoever says that he is Heroku",
    );
    world
        .git("config http.sslVerify")
        .succeeds()
        .stdout_is("false\n");
    is_undone(&world, &said, "git.no-certificate");
}

#[test]
fn certificates_are_not_checked_for_heroku_alone() {
    let world = healthy();
    world
        .git("config http.https://git.heroku.com.sslVerify 0")
        .succeeds();
    is_found_and_mended(&world, "git.no-certificate", "is off");
}

#[test]
fn certificates_are_not_checked_by_a_variable() {
    let world = healthy();
    world.sets("GIT_SSL_NO_VERIFY", "1");
    is_found(&world, "git.no-certificate", "GIT_SSL_NO_VERIFY is set");
}

#[test]
fn the_authorities_are_in_a_file_that_is_gone() {
    let world = healthy();
    world
        .git("config --global http.sslCAInfo /nowhere/ca.pem")
        .succeeds();
    let said = is_found_and_mended(&world, "git.ca-file", "names a file that is not there");
    is_undone(&world, &said, "git.ca-file");
}

#[test]
fn git_takes_a_proxy_that_we_do_not_know_of() {
    let world = healthy();
    world
        .git("config --global http.proxy http://ann:open-sesame@proxy.example:3128")
        .succeeds();
    for name in ["https_proxy", "HTTPS_PROXY"] {
        world.unsets(name);
    }
    let found = finding_offline(&world, "git.proxy").unwrap();
    assert!(!found.to_string().contains("open-sesame"), "{found}");
}

#[test]
fn a_configuration_that_git_cannot_read_is_named() {
    let world = healthy();
    of_the_user(&world, "[credential\n");
    let found = is_found(&world, "git.config", "bad config line");
    assert_eq!(found["severity"], "fail");
}
