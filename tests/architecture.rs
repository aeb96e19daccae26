//! Holds ARCHITECTURE.md's table of rooms against every `crate::` path in the source.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

type Arrows = BTreeMap<String, Vec<String>>;

/// The table's rows: a room in backticks, its job, and what it may import in backticks.
fn arrows() -> Arrows {
    let page = fs::read_to_string("ARCHITECTURE.md").expect("ARCHITECTURE.md is at the top level");
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [room, _, imports] = cells.as_slice() else {
                return None;
            };
            let room = room.strip_prefix('`')?.strip_suffix('`')?;
            let imports = match *imports {
                "anything" => vec!["anything".to_owned()],
                list => list
                    .split_whitespace()
                    .map(|i| i.trim_matches('`').to_owned())
                    .collect(),
            };
            Some((room.to_owned(), imports))
        })
        .collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The room that a file belongs to: the first part of its path below `src`.
fn room(path: &Path) -> String {
    let below = path.strip_prefix("src").expect("a path below src");
    let first = below.components().next().expect("a file or folder");
    Path::new(&first).with_extension("").display().to_string()
}

/// The rooms that a line of code names by `crate::`, comments left out; a name of the crate's root
/// belongs to `lib`.
fn named(line: &str, rooms: &Arrows) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::")
        .skip(1)
        .map(|rest| {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            match &rest[..end] {
                name if rooms.contains_key(name) => name.to_owned(),
                _ => "lib".to_owned(),
            }
        })
        .collect()
}

#[test]
fn every_arrow_is_in_the_table() {
    let arrows = arrows();
    assert!(arrows.len() > 15, "the table was not found: {arrows:?}");
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    sources(Path::new("src"), &mut files);
    for path in &files {
        let room = room(path);
        let Some(allowed) = arrows.get(&room) else {
            wrong.push(format!("{}: add a row for `{room}`", path.display()));
            continue;
        };
        let text = fs::read_to_string(path).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            for other in named(line, &arrows) {
                let may = other == room || allowed.iter().any(|a| *a == other || a == "anything");
                if !may {
                    let place = format!("{}:{}", path.display(), number + 1);
                    wrong.push(format!(
                        "{place}: `{room}` may not import `{other}`: see its row"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_probe_sees_an_arrow() {
    let arrows = arrows();
    assert_eq!(
        named("use crate::keychain::Keychain;", &arrows),
        ["keychain"]
    );
    assert_eq!(
        named("let x = crate::netrc::Netrc::read(e);", &arrows),
        ["netrc"]
    );
    assert_eq!(named("use crate::{Streams, keychain};", &arrows), ["lib"]);
    assert!(named("// see crate::keychain", &arrows).is_empty());
}

/// The command that a file below `src/commands` belongs to: a file's name, or its folder's.
fn command(path: &Path) -> String {
    let below = path.strip_prefix("src/commands").expect("a command");
    let first = below.components().next().expect("a file or folder");
    Path::new(&first).with_extension("").display().to_string()
}

/// Whether a file imports a command. Within a command's folder `super` is the command itself.
fn imports(path: &Path, text: &str, name: &str) -> bool {
    let is_part = path.components().count() > 3 && !path.ends_with("mod.rs");
    text.contains(&format!("commands::{name}::"))
        || (!is_part && text.contains(&format!("super::{name}::")))
}

#[test]
fn commands_do_not_import_each_other() {
    let mut files = Vec::new();
    sources(Path::new("src/commands"), &mut files);
    files.retain(|path| path != Path::new("src/commands/mod.rs"));
    let mut names: Vec<String> = files.iter().map(|path| command(path)).collect();
    names.retain(|name| name != "report");
    for path in &files {
        let text = fs::read_to_string(path).expect("a source file");
        for name in names.iter().filter(|name| **name != command(path)) {
            let imported = imports(path, &text, name);
            assert!(!imported, "{} imports the command `{name}`", path.display());
        }
        assert!(
            !text.contains("super::super"),
            "{}: no super::super",
            path.display()
        );
    }
}

#[test]
fn the_probe_sees_a_command_in_a_command() {
    let (file, part) = (
        Path::new("src/commands/api.rs"),
        Path::new("src/commands/api/a.rs"),
    );
    let whole = Path::new("src/commands/api/mod.rs");
    for path in [file, part, whole] {
        assert_eq!(command(path), "api");
        assert!(imports(path, "use crate::commands::login::run;", "login"));
    }
    let text = "use super::login::run;";
    assert!(imports(file, text, "login") && imports(whole, text, "login"));
    assert!(!imports(part, text, "login"));
}

#[test]
fn no_room_re_exports_another() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    for path in &files {
        let text = fs::read_to_string(path).expect("a source file");
        let re_export = text
            .lines()
            .find(|line| line.trim_start().starts_with("pub use crate::"));
        assert_eq!(re_export, None, "{}", path.display());
    }
}
