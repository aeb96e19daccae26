//! The messages of the program, as its source spells them, held against the page that explains them.

use std::fs;
use std::path::Path;

use crate::world::files_under;

/// What stands before the text of a message.
const OPENINGS: [&str; 3] = ["Problem::new(", "#[error(", "let what = "];

/// Where findings are put into words: they come with their own reasons and mends.
const FINDINGS: &str = "src/commands/doctor";

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
        let is_telling = parts.iter().any(|part| part.trim().len() > 3);
        (is_telling && !NEVER_TOLD.contains(&text)).then_some(Message { parts })
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
pub(super) fn of_the_source(dir: &Path) -> Vec<Message> {
    let sources = files_under(dir).into_iter();
    sources
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .flat_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod").next().unwrap();
            match path.starts_with(FINDINGS) {
                true => literals(&code.replace("let what = ", "")),
                false => literals(code),
            }
        })
        .filter_map(|text| Message::of(&text))
        .collect()
}

fn literals(code: &str) -> Vec<String> {
    let after = OPENINGS
        .iter()
        .flat_map(|opening| code.split(opening).skip(1));
    after.filter_map(literal).collect()
}

/// The string that opens here, alone or within `format!`; its line breaks in the source left out.
fn literal(code: &str) -> Option<String> {
    let code = code.trim_start();
    let code = code.strip_prefix("format!(").unwrap_or(code).trim_start();
    let mut letters = code.strip_prefix('"')?.chars().peekable();
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                '\n' => while letters.next_if(|c| c.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
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

#[test]
fn every_message_that_is_explained_is_one_of_the_programs() {
    let page = fs::read_to_string(TROUBLES).unwrap();
    let source = whole_source(Path::new("src"));
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
fn the_search_sees_messages() {
    let code =
        "Problem::new(\n  format!(\n \"a thing {x} is \\\n   gone\"), \"\"); #[error(\"no {0}\")]";
    assert_eq!(literals(code), ["a thing {x} is gone", "no {0}"]);
    let message = Message::of("a thing {x} is gone").unwrap();
    assert!(message.is_in("| `a thing … is gone` |") && !message.is_in("| `a thing …` |"));
    assert_eq!(message.as_row(), "| `a thing … is gone` |  |");
    assert!(Message::of("{0}").is_none());
}
