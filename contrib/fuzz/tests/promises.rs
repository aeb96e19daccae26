//! A short run of every target on its corpus and on mutants of it. Every run uses the same mutants.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use heroku_fuzz::{Mutator, TARGETS, Target};

/// The number of mutants for each target.
const MUTANTS: usize = 5_000;

/// The number of mutants for a target that starts a program for each of them.
const FEW_MUTANTS: usize = 200;

fn corpus_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn corpus(target: Target) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(corpus_dir().join(target.name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Fails with the bytes, so that a mutant that breaks a promise can be added to the corpus.
fn check(target: Target, name: &str, bytes: &[u8]) {
    let held = catch_unwind(AssertUnwindSafe(|| (target.check)(bytes)));
    assert!(
        held.is_ok(),
        "{}: {name} breaks a promise:\n{}",
        target.name,
        bytes.escape_ascii()
    );
}

fn every_promise_holds(name: &str) {
    let target = TARGETS
        .into_iter()
        .find(|target| target.name == name)
        .unwrap();
    let corpus = corpus(target);
    for (name, bytes) in &corpus {
        check(target, name, bytes);
    }
    let files: Vec<_> = corpus.into_iter().map(|(_, bytes)| bytes).collect();
    let mut mutator = Mutator::new(&files, 1);
    let mutants = match name {
        "encrypted-netrc" => FEW_MUTANTS,
        _ => MUTANTS,
    };
    for number in 0..mutants {
        check(target, &format!("mutant {number}"), &mutator.mutant());
    }
}

#[test]
fn a_request_gets_the_token_only_for_heroku() {
    every_promise_holds("request");
}

#[test]
fn an_edit_of_netrc_changes_only_our_entries() {
    every_promise_holds("netrc");
}

#[test]
fn docker_gets_the_token_only_for_herokus_registry() {
    every_promise_holds("docker");
}

#[test]
fn an_edit_of_dockers_configuration_changes_only_our_member() {
    every_promise_holds("docker-config");
}

#[test]
fn a_login_file_names_an_email_and_keeps_its_members() {
    every_promise_holds("login");
}

#[test]
fn an_alias_names_a_plain_account() {
    every_promise_holds("alias");
}

#[test]
fn token_metadata_is_written_as_it_was_read() {
    every_promise_holds("token-metadata");
}

#[test]
fn any_git_settings_are_parsed() {
    every_promise_holds("settings");
}

#[test]
fn a_reply_of_heroku_is_shown_without_its_secrets() {
    every_promise_holds("api-replies");
}

#[test]
fn any_reply_of_a_keyring_is_parsed_or_an_error() {
    every_promise_holds("keyring");
}

#[test]
fn a_bus_address_gives_only_local_sockets() {
    every_promise_holds("bus-address");
}

#[test]
fn nothing_is_read_from_a_bus_before_it_accepts_the_client() {
    every_promise_holds("bus-authentication");
}

#[test]
fn the_output_of_gpg_is_parsed_as_a_netrc() {
    every_promise_holds("encrypted-netrc");
}

#[test]
fn any_variables_are_accepted() {
    every_promise_holds("environment");
}

#[test]
fn gits_operation_is_found_among_any_arguments() {
    every_promise_holds("arguments");
}

#[test]
fn a_users_header_never_changes_the_authentication() {
    every_promise_holds("headers");
}

#[test]
fn any_host_name_is_accepted_or_rejected() {
    every_promise_holds("hosts");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let dirs: BTreeSet<_> = fs::read_dir(corpus_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: BTreeSet<_> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    assert_eq!(dirs, names);
    for target in TARGETS {
        assert!(corpus(target).len() > 2, "{}", target.name);
    }
}

#[test]
fn every_target_is_explained() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("## The targets").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut listed: Vec<_> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let mut names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    listed.sort_unstable();
    names.sort_unstable();
    assert_eq!(listed, names);
}

#[test]
fn a_broken_promise_is_found() {
    let broken = Target {
        name: "request",
        check: |bytes| assert!(!bytes.contains(&0), "a zero"),
    };
    let files: Vec<_> = corpus(broken).into_iter().map(|(_, bytes)| bytes).collect();
    let mut mutator = Mutator::new(&files, 1);
    let seen = (0..MUTANTS).any(|_| {
        let mutant = mutator.mutant();
        catch_unwind(|| (broken.check)(&mutant)).is_err()
    });
    assert!(seen, "{MUTANTS} mutants without a zero byte");
}
