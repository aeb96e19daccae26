//! Every target on its corpus and on mutants of it: a short look, the same one each time.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use heroku_fuzz::{Mutator, TARGETS, Target};

/// How many mutants each target is shown.
const MUTANTS: usize = 5_000;

/// How many, where each of them starts a program.
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

/// Fails with the bytes themselves: a mutant that breaks a promise goes into the corpus.
fn holds(target: Target, name: &str, bytes: &[u8]) {
    let held = catch_unwind(AssertUnwindSafe(|| (target.holds)(bytes)));
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
        holds(target, name, bytes);
    }
    let files: Vec<_> = corpus.into_iter().map(|(_, bytes)| bytes).collect();
    let mut mutator = Mutator::new(&files, 1);
    let mutants = match name {
        "encrypted-netrc" => FEW_MUTANTS,
        _ => MUTANTS,
    };
    for number in 0..mutants {
        holds(target, &format!("mutant {number}"), &mutator.mutant());
    }
}

#[test]
fn a_request_gets_the_token_only_for_heroku() {
    every_promise_holds("request");
}

#[test]
fn an_edit_of_netrc_changes_our_entries_alone() {
    every_promise_holds("netrc");
}

#[test]
fn docker_gets_the_token_only_for_herokus_registry() {
    every_promise_holds("docker");
}

#[test]
fn an_edit_of_dockers_configuration_changes_our_member_alone() {
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
fn what_is_known_is_written_as_it_is_read() {
    every_promise_holds("known");
}

#[test]
fn settings_of_git_are_read_whatever_they_are() {
    every_promise_holds("settings");
}

#[test]
fn a_reply_of_heroku_is_shown_without_its_secrets() {
    every_promise_holds("answers");
}

#[test]
fn a_keyring_may_say_anything() {
    every_promise_holds("keyring");
}

#[test]
fn an_address_leads_to_a_socket_of_this_machine_as_it_is_spelled() {
    every_promise_holds("bus-address");
}

#[test]
fn without_its_welcome_nothing_that_a_bus_says_is_heard() {
    every_promise_holds("bus-welcome");
}

#[test]
fn what_gpg_gives_out_is_read_as_any_netrc() {
    every_promise_holds("encrypted-netrc");
}

#[test]
fn variables_of_any_kind_make_an_environment() {
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
fn a_name_is_herokus_or_it_is_not() {
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
fn a_promise_that_does_not_hold_is_seen() {
    let liar = Target {
        name: "request",
        holds: |bytes| assert!(!bytes.contains(&0), "a zero"),
    };
    let files: Vec<_> = corpus(liar).into_iter().map(|(_, bytes)| bytes).collect();
    let mut mutator = Mutator::new(&files, 1);
    let seen = (0..MUTANTS).any(|_| {
        let mutant = mutator.mutant();
        catch_unwind(|| (liar.holds)(&mutant)).is_err()
    });
    assert!(seen, "{MUTANTS} mutants without a zero byte");
}
