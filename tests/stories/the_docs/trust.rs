//! Compares the page about what is read and written with the source, and with what happens.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::page::Page;
use crate::world::{
    ANN, PATHS_ARE_HIDDEN, REQUEST, World, files_under, reads_every_process, skipped,
};

const PAGE: &str = "contrib/docs/reads-and-writes.md";

/// The code in the first cells of the page's tables.
fn listed() -> BTreeSet<String> {
    let page = Page::read(Path::new(PAGE));
    let rows = page
        .prose
        .iter()
        .filter(|(_, line)| line.starts_with("| `"));
    rows.flat_map(|(_, line)| {
        let cell = line.split(" | ").next().unwrap();
        let code = cell.split('`').skip(1).step_by(2);
        code.map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

/// The words in quotes that are spelled like the name of a variable.
fn variables(code: &str) -> BTreeSet<String> {
    let quoted = code.split('"').skip(1).step_by(2);
    let is_name = |word: &&str| {
        let letters = word.trim_start_matches("no_").trim_end_matches("_proxy");
        let upper = word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        word.len() > 3 && (upper || ["https", "all"].contains(&letters) || letters == "proxy")
    };
    quoted.filter(is_name).map(str::to_owned).collect()
}

/// A check's name is a group, a dot and a word.
#[test]
fn every_check_of_doctor_is_explained() {
    const GROUPS: &str = "program git netrc keyring login heroku heroku-cli copies push";
    let is_name = |word: &&str| match word.split_once('.') {
        Some((group, rest)) => {
            let plain = rest.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            GROUPS.split(' ').any(|one| one == group) && plain && rest != "com"
        }
        None => false,
    };
    let source = whole_source(Path::new("src/commands/doctor"));
    let parts: Vec<&str> = source.split('"').collect();
    let named: BTreeSet<&str> = parts.into_iter().filter(is_name).collect();
    let page = fs::read_to_string("contrib/docs/troubleshooting.md").unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let explained: BTreeSet<&str> = cells
        .flat_map(|cell| cell.split('`'))
        .filter(is_name)
        .collect();
    assert!(named.len() > 15, "{named:?}");
    assert_eq!(named, explained);
}

/// `…` on the page matches any text. A message that changes has to change on the page.
#[test]
fn every_message_on_the_troubleshooting_page_is_in_the_source() {
    const OF_GIT: [&str; 5] = [
        "src refspec main does not match any",
        "The requested URL returned error: 403",
        "repository '",
        "' not found",
        "'heroku' does not appear to be a git repository",
    ];
    let source = whole_source(Path::new("src")).replace("\\\"", "\"");
    let page = fs::read_to_string("contrib/docs/troubleshooting.md").unwrap();
    let (messages, _) = page.split_once("\n## What doctor finds\n").unwrap();
    let rows = messages.lines().filter(|row| row.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let quoted = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let parts = quoted.flat_map(|message| message.split('…'));
    let parts = parts.map(|part| part.trim_matches([' ', ':', ';', ',', '(', ')']));
    let parts: Vec<&str> = parts.filter(|part| part.len() > 4).collect();
    let unknown: Vec<_> = parts
        .iter()
        .filter(|part| !source.contains(**part) && !OF_GIT.contains(part))
        .collect();
    assert!(parts.len() > 40, "{parts:?}");
    assert!(unknown.is_empty(), "no message of src has: {unknown:?}");
}

#[test]
fn every_variable_that_is_read_is_on_the_page() {
    let mut read = BTreeSet::new();
    let source = fs::read_to_string("src/environment.rs").unwrap();
    let (code, _) = source.split_once("#[cfg(test)]\nmod").unwrap();
    read.extend(variables(code));
    let source = whole_source(Path::new("src"));
    for constant in source.split("const VARIABLE: &str = ").skip(1) {
        read.extend(constant.split('"').nth(1).map(str::to_owned));
    }
    assert!(read.len() > 20 && read.contains("no_proxy"), "{read:?}");
    let listed = listed();
    let missing: Vec<_> = read.difference(&listed).collect();
    assert!(missing.is_empty(), "add to {PAGE}: {missing:?}");
    let is_name = |word: &&String| !word.contains(['.', '/']);
    let more: Vec<_> = listed
        .iter()
        .filter(is_name)
        .filter(|word| !read.contains(*word))
        .collect();
    assert!(
        more.is_empty(),
        "{PAGE} lists variables that the program does not read: {more:?}"
    );
}

/// Everything below the home that a page's word covers, git's and docker's own files too.
fn is_listed(path: &str, listed: &BTreeSet<String>) -> bool {
    listed
        .iter()
        .any(|word| path == word || path.starts_with(&format!("{word}/")))
}

fn below_home(world: &World) -> BTreeSet<String> {
    let home = world.home();
    let files = files_under(&home).into_iter();
    files
        .map(|path| {
            path.strip_prefix(&home)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|path| !path.starts_with(".local/share/keyrings"))
        .collect()
}

#[test]
fn every_written_file_is_on_the_page() {
    let world = World::new().with_keyring().with_app("blue-sky");
    let token = world.heroku.issue_token(ANN);
    world.is_not_searched(&world.home().join(".netrc"));
    let before = below_home(&world);
    for line in [
        "setup",
        "setup --docker",
        "setup --local",
        "status",
        "rotate",
    ] {
        world.logs_in_with(&token);
        let _ = world.helper(line).succeeds();
    }
    let token = world.heroku.issue_token(ANN);
    let _ = world
        .helper_with_input("login --with-token --store netrc", &token)
        .succeeds();
    world.pushes();
    let listed = listed();
    let written: BTreeSet<_> = below_home(&world).difference(&before).cloned().collect();
    assert!(
        written.contains(".local/share/heroku/login.json"),
        "{written:?}"
    );
    assert!(written.contains(".docker/config.json"), "{written:?}");
    for path in &written {
        assert!(
            is_listed(path, &listed),
            "{path} was written, and is not on {PAGE}"
        );
    }
}

#[test]
fn every_contacted_host_is_on_the_page() {
    let world = World::ready_to_push();
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.heroku.approve_browser_login(ANN);
    for line in ["login --browser --no-open", "status", "rotate", "logout"] {
        let _ = world.helper(line).succeeds();
    }
    let listed = listed();
    let asked: BTreeSet<String> = world
        .heroku
        .requests()
        .into_iter()
        .map(|r| r.host)
        .collect();
    assert!(asked.contains("cli-auth.heroku.com"), "{asked:?}");
    for host in &asked {
        assert!(
            listed.contains(host),
            "{host} was asked, and is not on {PAGE}"
        );
    }
}

#[test]
fn get_opens_only_the_files_on_the_page() {
    if !reads_every_process() {
        return skipped(PATHS_ARE_HIDDEN);
    }
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let _ = world.helper("status").succeeds();
    let (outcome, trace) = world.traced("git-credential-heroku-rs get", REQUEST);
    outcome.succeeds().prints_secret(&token);
    let home = format!("\"{}/", world.home().display());
    let opened: BTreeSet<_> = trace
        .calls(&["open", "openat"])
        .into_iter()
        .filter_map(|call| call.split_once(&home)?.1.split('"').next())
        .collect();
    let listed = [
        ".local/share/heroku/login.json",
        ".local/state/git-credential-heroku-rs/authorizations.json",
    ];
    assert_eq!(opened, BTreeSet::from(listed));
}

/// All source below a directory, with no text broken over two lines.
fn whole_source(dir: &Path) -> String {
    let mut whole = String::new();
    for path in files_under(dir) {
        for line in fs::read_to_string(path).unwrap().lines() {
            match line.trim_end().strip_suffix('\\') {
                Some(start) => whole += start.trim_start(),
                None => whole.extend([line.trim_start(), "\n"]),
            }
        }
    }
    whole
}
