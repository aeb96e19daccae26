//! The messages of the program, as its source spells them, held against the page that explains them.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use git_credential_heroku_rs::cli::{self, Invocation};

use super::told;
use crate::world::files_under;

/// Where the words of a message are those of an error with a type of its own: its texts are found
/// where it is defined.
const SPELLED_ELSEWHERE: [&str; 3] = [
    "src/commands/netrc.rs: filter",
    "src/heroku_api/failure.rs: notice",
    "src/terminal/mod.rs: notice",
];

/// What messages speak of, and no message by itself.
const NAMES: [&str; 11] = [
    "!heroku git:credentials",
    "a Codespace",
    "a dev container",
    "an SSH session",
    "core.askPass in {}",
    "netrc, line {line},",
    "that the account is gone",
    "the program in GIT_ASKPASS",
    "the token's expiry",
    "your paste",
    "\"{}\" ({})",
];

/// A message that is not told: it stands for one that has been.
const NEVER_TOLD: [&str; 1] = ["told already"];

/// A message, its variable parts left out.
pub(super) struct Message {
    parts: Vec<String>,
}

impl Message {
    /// Whether a text has the message's parts, in their order.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let found = self.parts.iter().try_fold(text, |rest, part| {
            let at = rest.find(part.as_str())?;
            Some(&rest[at + part.len()..])
        });
        found.is_some()
    }

    /// A row for the page, with its second cell left to write.
    pub(super) fn as_row(&self) -> String {
        format!("| `{}` |  |", self.parts.join("…"))
    }

    fn of(text: &str) -> Option<Message> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            parts.push(before.to_owned());
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        parts.push(rest.to_owned());
        let is_said = parts.iter().any(|part| part.trim().contains(' '));
        let is_message = is_said && !NEVER_TOLD.contains(&text) && !NAMES.contains(&text);
        is_message.then_some(Message { parts })
    }
}

/// All source below a directory, with no text broken over two lines.
pub(super) fn whole_source(dir: &Path) -> String {
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

/// Every message below a directory of source, tests left out.
fn of_the_source(dir: &Path) -> Vec<Message> {
    let texts = told::texts(dir);
    texts.iter().filter_map(|text| Message::of(text)).collect()
}

const TROUBLES: &str = "contrib/docs/troubleshooting.md";

#[test]
fn every_message_of_the_program_is_explained() {
    let page = fs::read_to_string(TROUBLES).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let messages = of_the_source(Path::new("src"));
    assert!(messages.len() > 100, "only {} were found", messages.len());
    let missing: Vec<String> = messages
        .iter()
        .filter(|message| !rows.iter().any(|row| message.is_in(row)))
        .map(Message::as_row)
        .collect();
    assert!(
        missing.is_empty(),
        "add to {TROUBLES}, each with what it means and what mends it:\n{}",
        missing.join("\n")
    );
}

/// What clap says of command lines that are wrong in each of the ways that there are here; the words
/// between quotes left out.
fn of_wrong_lines() -> Vec<String> {
    let lines: [&[&str]; 8] = [
        &["statsu"],
        &["login", "--fores"],
        &["status", "--json=1"],
        &["login", "--store", "x"],
        &["login", "--store"],
        &["switch"],
        &["login", "--browser", "--interactive"],
        &["status", "--json", "--json"],
    ];
    let not_text = vec!["switch".into(), OsString::from_vec(vec![0xff])];
    let lines = lines.map(|words| words.iter().map(OsString::from).collect());
    let said = lines
        .into_iter()
        .chain([not_text])
        .map(|words: Vec<OsString>| {
            let (Invocation::Unknown(error) | Invocation::Told(error)) = cli::read(&words) else {
                panic!("{words:?} is a command line");
            };
            let said = error.to_string();
            let first = said.lines().next().unwrap().trim_start_matches("error: ");
            let outside = first.split('\'').step_by(2);
            outside.collect::<Vec<_>>().join("…")
        });
    said.collect()
}

#[test]
fn what_is_said_of_a_wrong_command_line_is_explained() {
    let page = fs::read_to_string(TROUBLES).unwrap();
    for said in of_wrong_lines() {
        assert!(page.contains(&format!("`{}`", said.trim())), "{said}");
    }
}

#[test]
fn every_message_that_is_explained_is_one_of_the_programs() {
    let page = fs::read_to_string(TROUBLES).unwrap();
    let source = whole_source(Path::new("src")) + &of_wrong_lines().join("\n");
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cell = row.trim_start_matches("| ").split(" | ").next().unwrap();
        for told in cell.split("`, `").map(|told| told.trim_matches('`')) {
            for part in told.split('…').map(str::trim) {
                assert!(
                    source.contains(part),
                    "the program never says {part:?}: {told}"
                );
            }
        }
    }
}

#[test]
fn every_message_is_spelled_where_it_can_be_found() {
    let mut untraced = told::untraced(Path::new("src"));
    for place in SPELLED_ELSEWHERE {
        assert!(
            untraced.remove(place),
            "{place} spells its words: {untraced:?}"
        );
    }
    assert!(
        untraced.is_empty(),
        "spell the words where the message is made: {untraced:?}"
    );
}

#[test]
fn a_message_is_known_by_all_of_its_parts() {
    let message = Message::of("a thing {x} is gone").unwrap();
    assert!(message.is_in("| `a thing … is gone` |") && !message.is_in("| `a thing …` |"));
    assert_eq!(message.as_row(), "| `a thing … is gone` |  |");
    assert!(Message::of("{0}").is_none());
}
