//! Holds the source to the levels that ARCHITECTURE.md draws, and every Cargo.toml to the table of dependencies.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{ItemMacro, Macro, UseTree};

/// The modules of the crate, from the highest level to the lowest. A module imports modules of its own level
/// or of a lower one.
const LEVELS: [&[&str]; 9] = [
    &["main"],
    &["lib"],
    &["commands"],
    &["cli", "helper"],
    &["logins"],
    &["context"],
    &[
        "docker_config",
        "git",
        "heroku_api",
        "heroku_cli",
        "keyring",
        "netrc",
        "rotation_journal",
        "token_metadata",
    ],
    &["files", "hardening", "state_file", "subprocess", "terminal"],
    &[
        "account",
        "docker_protocol",
        "environment",
        "hosts",
        "notice",
        "protocol",
        "redact",
        "scope",
        "secret_buf",
        "streams",
        "token",
        "trace",
    ],
];

type Imports = BTreeMap<String, BTreeSet<String>>;

/// The level of a module; 0 is the highest.
fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

fn source_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level module that a file belongs to: the first part of its path below `src`.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix("src").expect("a path below src");
    let first = below.components().next().expect("a file or folder");
    Path::new(&first).with_extension("").display().to_string()
}

/// Collects the crate's own paths in a file: `use` lists included, and also the tokens inside macros.
#[derive(Default)]
struct CratePaths(BTreeSet<String>);

impl CratePaths {
    fn add_use(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) if path.ident == "crate" => self.add_names(&path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.add_use(item)),
            _ => {}
        }
    }

    /// The names right below `crate::`.
    fn add_names(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.add(&path.ident.to_string()),
            UseTree::Name(name) => self.add(&name.ident.to_string()),
            UseTree::Rename(rename) => self.add(&rename.ident.to_string()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.add_names(item)),
            UseTree::Glob(_) => self.add("lib"),
        }
    }

    /// A name that is no module of the crate is an item of `lib`.
    fn add(&mut self, name: &str) {
        let module = if level(name).is_some() { name } else { "lib" };
        self.0.insert(module.to_owned());
    }

    fn add_macro(&mut self, mac: &Macro) {
        let text = mac.tokens.to_string();
        for rest in text.split("crate :: ").skip(1) {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            self.add(&rest[..end.unwrap_or(rest.len())]);
        }
    }
}

impl<'ast> Visit<'ast> for CratePaths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_use(&item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|first| first.ident == "crate")
            && let Some(second) = segments.next()
        {
            self.add(&second.ident.to_string());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.add_macro(mac);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        self.add_macro(&item.mac);
    }
}

/// The modules that a file's text imports.
fn imports_in(text: &str) -> BTreeSet<String> {
    let file = syn::parse_file(text).expect("a file of Rust");
    let mut paths = CratePaths::default();
    paths.visit_file(&file);
    paths.0
}

/// What each module of the crate imports, itself left out.
fn imports() -> Imports {
    let mut files = Vec::new();
    source_files(Path::new("src"), &mut files);
    let mut imports = Imports::new();
    for path in &files {
        let module = module_of(path);
        let text = fs::read_to_string(path).expect("a source file");
        let mut names = imports_in(&text);
        names.remove(&module);
        imports.entry(module).or_default().extend(names);
    }
    imports
}

#[test]
fn a_module_imports_its_own_level_or_a_lower_one() {
    let imports = imports();
    let mut wrong = Vec::new();
    for (module, names) in &imports {
        let Some(own) = level(module) else {
            wrong.push(format!("`{module}` has no level: add it to LEVELS"));
            continue;
        };
        let higher = names.iter().filter(|name| level(name) < Some(own));
        wrong.extend(higher.map(|name| format!("`{module}` imports `{name}` from a higher level")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    for module in LEVELS.iter().copied().flatten() {
        assert!(
            imports.contains_key(*module),
            "there is no module `{module}`"
        );
    }
}

/// A cycle among modules, if there is one.
fn cycle(imports: &Imports) -> Option<Vec<String>> {
    fn search(
        at: &str,
        imports: &Imports,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> bool {
        if let Some(start) = path.iter().position(|name| name == at) {
            path.drain(..start);
            return true;
        }
        if !done.insert(at.to_owned()) {
            return false;
        }
        path.push(at.to_owned());
        let names = imports.get(at).into_iter().flatten();
        if names
            .into_iter()
            .any(|name| search(name, imports, path, done))
        {
            return true;
        }
        path.pop();
        false
    }
    let mut done = BTreeSet::new();
    imports.keys().find_map(|module| {
        let mut path = Vec::new();
        search(module, imports, &mut path, &mut done).then_some(path)
    })
}

#[test]
fn modules_do_not_import_each_other_in_a_cycle() {
    assert_eq!(cycle(&imports()), None);
}

#[test]
fn an_import_is_found_in_every_form() {
    let seen = |text: &str| imports_in(text).into_iter().collect::<Vec<_>>();
    assert_eq!(seen("use crate::keyring::Keyring;"), ["keyring"]);
    assert_eq!(
        seen("use crate::{files, netrc::{self, Netrc}};"),
        ["files", "netrc"]
    );
    assert_eq!(seen("fn f() { crate::git::run(); }"), ["git"]);
    assert_eq!(
        seen("fn f() { println!(\"{}\", crate::hosts::name()); }"),
        ["hosts"]
    );
    assert_eq!(seen("use crate::run;"), ["lib"]);
    assert!(seen("// see crate::keyring\nconst X: &str = \"crate::keyring\";").is_empty());
}

#[test]
fn a_cycle_is_found() {
    let graph = |pairs: &[(&str, &str)]| {
        let mut imports = Imports::new();
        for (from, to) in pairs {
            imports
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        imports
    };
    assert_eq!(cycle(&graph(&[("a", "b"), ("a", "c"), ("b", "c")])), None);
    let found = cycle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")]));
    assert_eq!(found, Some(vec!["b".to_owned(), "c".to_owned()]));
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
fn the_table_of_dependencies_is_complete() {
    let asked = dependencies();
    assert!(asked.contains("reqwest") && asked.contains("rcgen") && asked.contains("rexpect"));
    let page = "contrib/docs/dependencies.md";
    assert_eq!(rows(page, "Why each one"), asked);
    let mut documented = rows(page, "In the program");
    documented.extend(rows(page, "In its tests and tools alone"));
    assert_eq!(documented, asked, "run: ./contrib/supply --write");
}

/// Without the network, and without Python.
#[test]
fn the_documented_versions_are_the_locked_ones() {
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
fn the_search_finds_a_dependency() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nours = { path = \"..\" }\n\
                    [target.'cfg(unix)'.dev-dependencies]\nb = { version = \"1\" }\n[lints]\nc = \"d\"\n";
    assert_eq!(asked_for(manifest), ["a", "b"]);
}
