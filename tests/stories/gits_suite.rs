//! `contrib/git-testsuite`, as far as it can be tried without git's source, and what it has written:
//! the page, the results, and the table of cases that both are held against.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::world::{Outcome, World};

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// A line of contrib/gitsuite/cases.tsv.
struct Case {
    with_herokus_host: String,
    why: String,
}

fn cases() -> BTreeMap<String, Case> {
    let table = fs::read_to_string("contrib/gitsuite/cases.tsv").unwrap();
    let mut cases = BTreeMap::new();
    for line in table.lines().skip(1) {
        let [name, _, _, with_herokus_host, _, why] = line
            .split('\t')
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        let case = Case {
            with_herokus_host,
            why,
        };
        cases.insert(name, case);
    }
    cases
}

fn results() -> Value {
    let results = fs::read_to_string("contrib/gitsuite/results.json").unwrap();
    serde_json::from_str(&results).unwrap()
}

fn git_testsuite<'w>(world: &'w World, arguments: &str) -> Outcome<'w> {
    world.shell(&format!("'{TOP}/contrib/git-testsuite' {arguments}"), b"")
}

/// What the script finds in a result that is not as the table says, as `WAY: NAME: WHAT` lines.
fn surprises(world: &World, result: &Value) -> String {
    let program = world.has_file(
        "surprises.py",
        &format!(
            "import json, sys\n\
             sys.dont_write_bytecode = True\n\
             sys.path.insert(0, '{TOP}/contrib/gitsuite')\n\
             import table\n\
             for found in table.surprises(json.load(sys.stdin), table.cases()):\n\
             \x20   print(': '.join(found))\n"
        ),
    );
    let line = format!("python3 {}", program.display());
    let outcome = world.shell(&line, result.to_string().as_bytes());
    outcome.succeeds().stderr_is("").stdout()
}

#[test]
fn without_the_source_of_git_the_script_says_where_to_get_it() {
    let world = World::new();
    git_testsuite(&world, "")
        .exits_with(2)
        .stdout_is("")
        .says("./contrib/git-testsuite TREE")
        .says("apt-get source git");
    git_testsuite(&world, "--writ .").exits_with(2);
}

#[test]
fn a_directory_without_the_source_of_git_is_an_error() {
    let world = World::new();
    world.has_file("tree/Makefile", "all:\n\ttouch ~/built\n");
    git_testsuite(&world, "~/tree")
        .exits_with(2)
        .stdout_is("")
        .stderr_is(
            "this is not git's source: ~/tree has no Makefile with t/t0303-credential-external.sh below it\n  \
             get one: apt-get source git, or unpack a release from https://git-scm.com\n",
        );
    assert!(!world.home().join("built").exists());
}

#[test]
fn the_results_match_the_table_for_every_git() {
    let world = World::new();
    let results = results();
    let versions = results.as_object().unwrap();
    assert!(versions.len() >= 3, "{:?}", versions.keys());
    for (version, result) in versions {
        assert_eq!(surprises(&world, result), "", "git {version}");
    }
}

#[test]
fn every_difference_from_the_table_is_reported() {
    let world = World::new();
    let results = results();
    let newest = results.as_object().unwrap().values().next_back().unwrap();
    for (pointer, value, expected) in [
        (
            "/heroku/can retrieve password",
            "fails",
            "heroku: can retrieve password: fails, and cases.tsv says passes\n",
        ),
        (
            "/unchanged/can retrieve password",
            "passes",
            "unchanged: can retrieve password: passes, and cases.tsv says fails\n",
        ),
        (
            "/differs/gets oauth_refresh_token",
            "-password=x",
            "heroku: gets oauth_refresh_token: fails by -password=x, and cases.tsv says by -oauth_refresh_token=xyzzy\n",
        ),
    ] {
        let mut other = newest.clone();
        *other.pointer_mut(pointer).unwrap() = value.into();
        assert_eq!(surprises(&world, &other), expected);
    }
    let mut other = newest.clone();
    other["unchanged"]["can fly"] = "passes".into();
    assert_eq!(
        surprises(&world, &other),
        "unchanged: can fly: passes, and cases.tsv does not know it\n"
    );
}

#[test]
fn the_page_lists_every_case_and_why_it_fails() {
    let page = fs::read_to_string("contrib/gitsuite/README.md").unwrap();
    for (name, case) in cases() {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {name} |")));
        let row = row.unwrap_or_else(|| panic!("run: ./contrib/git-testsuite --draw ({name})"));
        assert!(row.ends_with(&format!("| {} |", case.why)), "{row}");
        let fails = case.with_herokus_host == "fails";
        assert_eq!(
            fails,
            !case.why.is_empty(),
            "{name}: a failure has a reason"
        );
    }
}

/// What git's suite asks is a story of ours, under the same name; else a story says what we do instead.
#[test]
fn every_case_of_git_has_a_story() {
    let stories: Vec<String> = ["gits_contract", "gits_contract_kept"]
        .map(|name| fs::read_to_string(format!("tests/stories/{name}.rs")).unwrap())
        .into();
    let stories = stories.concat();
    for (name, case) in cases() {
        let function = format!("fn helper_{}() {{", name.replace(' ', "_"));
        let has_a_story = match case.with_herokus_host.as_str() {
            "passes" => stories.contains(&function),
            _ => stories.contains(&format!("`{name}`")),
        };
        assert!(has_a_story, "no story for: {name}");
    }
}
