//! `doctor` finds no problem on a healthy machine, and finds the problems that a story creates. The stories
//! about each kind of problem are in the files `doctor_and_…`.

use serde_json::Value;

use crate::world::{ANN, World};

/// A machine without a problem: logged in by the Heroku CLI, set up, with an app to push to.
pub(crate) fn healthy() -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.helper("setup").succeeds();
    world
}

/// Another helper, before ours, gives this password.
pub(crate) fn another_helper_gives(world: &World, password: &str) {
    let file = world.has_file("other-token", password);
    world.is_not_searched(&file);
    world.has_program(
        "git-credential-other",
        r#"test "$1" = get && echo username=x && printf 'password=%s\n' "$(cat ~/other-token)""#,
    );
    world.helper("unsetup").succeeds();
    for helper in ["other", "heroku-rs"] {
        world
            .git(&format!("config --global --add credential.helper {helper}"))
            .succeeds();
    }
}

/// What this check finds; none if it passes.
pub(crate) fn finding(world: &World, id: &str) -> Option<Value> {
    in_report(&report(world), id, "")
}

/// The same without asking Heroku.
pub(crate) fn finding_offline(world: &World, id: &str) -> Option<Value> {
    let outcome = world.helper("doctor --offline --json");
    in_report(&serde_json::from_str(&outcome.stdout()).unwrap(), id, "")
}

/// The first finding of this check with these words.
fn in_report(report: &Value, id: &str, words: &str) -> Option<Value> {
    let checks = report["checks"].as_array().unwrap();
    let is_it = |check: &&Value| {
        let text = format!("{} {}", check["message"], check["details"]);
        check["id"] == id && check["severity"] != "pass" && text.contains(words)
    };
    checks.iter().find(is_it).cloned()
}

/// The whole report as JSON.
pub(crate) fn report(world: &World) -> Value {
    let outcome = world.helper("doctor --json");
    serde_json::from_str(&outcome.stdout()).unwrap()
}

/// Doctor finds the problem, reports it with these words, and offers a fix.
pub(crate) fn is_found(world: &World, id: &str, words: &str) -> Value {
    let report = report(world);
    let Some(found) = in_report(&report, id, words) else {
        panic!("{id} does not find {words:?}: {report:#}");
    };
    assert_ne!(found["fix"], "", "{id} has no fix: {found}");
    found
}

/// Doctor finds the problem, shows the change, and makes it. Then the finding is gone and a push works.
/// Returns what `--fix` printed on stderr.
pub(crate) fn is_found_and_fixed(world: &World, id: &str, words: &str) -> String {
    assert_eq!(is_found(world, id, words)["fixable"], true, "{id}");
    let outcome = world.helper("doctor --fix --yes --json").succeeds();
    let said = outcome.stderr();
    assert!(said.contains("proposed fix: "), "{said}");
    assert!(said.contains("  undo: "), "{said}");
    assert!(!said.contains("not fixed"), "{said}");
    let left = in_report(&serde_json::from_str(&outcome.stdout()).unwrap(), id, words);
    assert!(left.is_none(), "{id} is still there: {left:?}");
    world.commits("One more");
    world.pushes();
    said
}

/// `--fix` does not change what was found.
pub(crate) fn fix_leaves(world: &World, found: &Value) {
    let code = i32::from(report(world)["healthy"] == false);
    world.helper("doctor --fix --yes").exits_with(code);
    let report = report(world);
    assert!(report["checks"].as_array().unwrap().contains(found));
}

/// Doctor finds a problem that is not ours to fix: `--fix` changes nothing, and the command that doctor offers
/// fixes it. Then a push works.
pub(crate) fn is_found_and_left_to_the_user(world: &World, id: &str, words: &str) {
    let found = is_found(world, id, words);
    assert_eq!(found["fixable"], false, "{id}");
    fix_leaves(world, &found);
    let command = found["command"].as_str();
    let command = command.or_else(|| found["fix"].as_str()).unwrap();
    world.shell(command, b"").succeeds();
    assert_eq!(finding(world, id), None, "{command} did not fix it");
    world.commits("One more");
    world.pushes();
}

/// The offered undo command works: the problem is found again.
pub(crate) fn is_undone(world: &World, said: &str, id: &str) {
    let undo = said.lines().find_map(|line| line.strip_prefix("  undo: "));
    world.shell(undo.unwrap(), b"").succeeds();
    is_found(world, id, "");
}

#[test]
fn without_a_terminal_a_fix_needs_yes() {
    let world = healthy();
    world
        .shell("setsid git-credential-heroku-rs doctor --fix", b"")
        .exits_with(2)
        .stdout_is("")
        .says("not running in a terminal\n  fix without asking: ");
}

#[test]
fn no_problem_with_a_keyring() {
    let world = healthy();
    let git = world.git("version").stdout();
    let version = env!("CARGO_PKG_VERSION");
    let report = format!(
        "program
  ok    git-credential-heroku-rs {version} is installed at WORLD/bin/git-credential-heroku-rs
git
  ok    {}
  ok    git uses only heroku-rs for git.heroku.com
  ok    no remote URL contains a password or uses http or SSH
netrc
  ok    netrc has no entry for Heroku
keyring
  ok    the keyring is unlocked, with 1 Heroku account
heroku
  ok    Heroku's API can be reached
  ok    the token of a…@example.com is valid
heroku-cli
  ok    the Heroku CLI is not on PATH, and is not needed
copies
  ok    no copy of a token in the files of git's helper `store` and of docker
push
  ok    git gets the token of a…@example.com from the keyring, through heroku-rs
  ok    a…@example.com has access to the app blue-sky

no problems found
",
        git.trim().replace("version ", "")
    );
    world.helper("doctor").succeeds().stdout_is(&report);
}

#[test]
fn the_fix_in_json_is_only_the_command() {
    let world = World::new().with_keyring();
    world
        .helper("doctor --offline")
        .exits_with(1)
        .says("log in: git credential-heroku-rs login\n")
        .says_nothing_about("fix: run");
}
