//! Holds ARCHITECTURE.md's tables against every `crate::` path in the source, and against every Cargo.toml.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

use std::collections::{BTreeMap, BTreeSet};
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

/// The crates from outside that a manifest asks for, in every section of them; ours lie in a path.
fn asked_for(manifest: &str) -> Vec<String> {
    let mut is_list = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            is_list = section.trim_end_matches(']').ends_with("dependencies");
        } else if let Some((name, how)) = line.split_once(" = ")
            && is_list
            && !how.contains("path = ")
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// Every crate that the workspace asks for, by the name of its row.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string("Cargo.toml").expect("Cargo.toml is at the top level");
    let (_, members) = manifest
        .split_once("members = [")
        .expect("the workspace's members");
    let (members, _) = members.split_once(']').expect("the end of the members");
    let others = members.split('"').skip(1).step_by(2).map(|member| {
        fs::read_to_string(Path::new(member).join("Cargo.toml")).expect("a member's Cargo.toml")
    });
    let mut names: BTreeSet<String> = others.flat_map(|text| asked_for(&text)).collect();
    names.extend(asked_for(&manifest));
    names
}

/// The names in backticks that stand in the first cells of a page's tables below a heading.
fn rows(page: &str, heading: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(page).expect("a page");
    let (_, below) = text
        .split_once(&format!("\n## {heading}\n"))
        .expect("the heading");
    let section = below.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| {
        let first = line.strip_prefix("| ")?;
        first.split(" | ").next()
    });
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect()
}

#[test]
fn every_dependency_has_its_reason_and_no_other_has_one() {
    let asked = dependencies();
    assert!(asked.contains("reqwest") && asked.contains("rcgen") && asked.contains("rexpect"));
    assert_eq!(rows("ARCHITECTURE.md", "Dependencies"), asked);
    let page = "contrib/docs/dependencies.md";
    assert_eq!(rows(page, "Why these may"), asked);
    let mut told = rows(page, "In the program");
    told.extend(rows(page, "In its tests and tools alone"));
    assert_eq!(told, asked, "run: ./contrib/supply --write");
}

/// Without the network, and without Python.
#[test]
fn the_versions_that_are_told_are_those_that_are_locked() {
    let locked = fs::read_to_string("Cargo.lock").expect("Cargo.lock is at the top level");
    let page = fs::read_to_string("contrib/docs/dependencies.md").expect("the page");
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with("| [`")) {
        let name = line.split('`').nth(1).expect("a name");
        let version = line
            .split(" | ")
            .nth(1)
            .and_then(|cell| cell.split(',').next());
        let version = version.expect("a version");
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(
            locked.contains(&entry),
            "{name} {version}: run ./contrib/supply --write"
        );
        seen.insert(name.to_owned());
    }
    assert_eq!(seen, dependencies());
}

#[test]
fn the_probe_sees_a_dependency() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nours = { path = \"..\" }\n\
                    [target.'cfg(unix)'.dev-dependencies]\nb = { version = \"1\" }\n[lints]\nc = \"d\"\n";
    assert_eq!(asked_for(manifest), ["a", "b"]);
}
