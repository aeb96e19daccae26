//! Every promise of SECURITY.md has a test, and every figure is written by a script.

use std::fs;
use std::path::Path;

use crate::world::files_under;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(top().join("SECURITY.md")).unwrap()
}

/// All text in these files, and in those below these folders.
fn sources(places: &[&str]) -> String {
    let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let under = |place: &&str| match top().join(place) {
        dir if dir.is_dir() => files_under(&dir),
        file => vec![file],
    };
    let files = places.iter().flat_map(under);
    files.map(|path| read(&path)).collect()
}

/// The names in the last column of the table of promises.
fn named_tests(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit('|').next());
    let words = last.flat_map(str::split_whitespace);
    let names = words.filter_map(|word| word.strip_prefix('`')?.strip_suffix('`'));
    names.filter(|name| name.contains('_')).collect()
}

/// Whether a function of this name is run as a test: the attribute is directly above it.
fn is_a_test(source: &str, name: &str) -> bool {
    source.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let before = source[..at].rsplit("}\n").next().unwrap_or_default();
        before.lines().any(|line| line.trim() == "#[test]")
    })
}

#[test]
fn the_search_distinguishes_a_test_from_another_function() {
    let source = "#[test]\nfn a() {\n}\n\nfn b() {\n}\n";
    assert!(is_a_test(source, "a") && !is_a_test(source, "b"));
}

#[test]
fn every_promise_names_an_existing_test() {
    let source = sources(&["src", "tests"]);
    let page = page();
    let named = named_tests(&page);
    assert!(named.len() > 30, "the table is read: {named:?}");
    for name in named {
        assert!(is_a_test(&source, name), "there is no test {name}");
    }
}

#[test]
fn every_row_of_promises_names_a_test() {
    let page = page();
    let table = page.split("| threat |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    for row in table.lines().skip(2) {
        assert!(!named_tests(row).is_empty(), "no test for this row: {row}");
    }
}

#[test]
fn each_figure_has_a_counter_and_the_page_has_two_pages() {
    let page = page();
    let lines: Vec<&str> = page.lines().collect();
    let at = |mark| lines.iter().position(|line| *line == mark).unwrap();
    let figures = &lines[at("<!-- figures -->")..at("<!-- end of figures -->")];
    let mut rows = figures.iter().filter(|line| line.starts_with('|')).skip(2);
    let counts = sources(&["tests", "contrib/trust"]);
    assert!(rows.clone().count() > 5, "the page has figures");
    assert!(rows.all(|row| counts.contains(row.split('|').nth(1).unwrap().trim())));
    assert!(page.split_whitespace().count() < 1300, "two pages");
}
