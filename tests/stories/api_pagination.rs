//! `api --paginate`: any number of pages as one array.

use heroku_stand_in::{Fault, On, Times};
use serde_json::Value;

use crate::world::{ANN, World};

fn with_apps(count: usize) -> World {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world.heroku.add_listed_apps(ANN, count);
    world
}

fn names_in(json: &str) -> Vec<String> {
    let apps: Vec<Value> = serde_json::from_str(json).unwrap();
    apps.iter()
        .map(|app| app["name"].as_str().unwrap().to_owned())
        .collect()
}

fn expected_names(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("app-{number:06}"))
        .collect()
}

#[test]
fn all_pages_are_one_array() {
    let world = with_apps(7);
    let outcome = world.helper("api apps --paginate").succeeds().stderr_is("");
    assert_eq!(names_in(&outcome.stdout()), expected_names(7));
    let ranges: Vec<_> = world
        .heroku
        .requests()
        .iter()
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(ranges.len(), 4);
    assert_eq!(ranges[0], None);
    assert_eq!(ranges[1].as_deref(), Some("name ]app-000001..; max=2"));
}

#[test]
fn without_the_flag_there_is_one_page() {
    let world = with_apps(7);
    let outcome = world.helper("api apps").succeeds().stderr_is("");
    assert_eq!(names_in(&outcome.stdout()), expected_names(2));
    assert_eq!(world.heroku.requests().len(), 1);
}

#[test]
fn a_range_header_selects_the_first_page() {
    let world = with_apps(7);
    let range = "-H 'Range: name app-000002..; max=3'";
    let outcome = world
        .helper(&format!("api apps --paginate {range}"))
        .succeeds();
    assert_eq!(names_in(&outcome.stdout()), expected_names(7)[2..]);
    assert_eq!(world.heroku.requests().len(), 2);
}

#[test]
fn a_single_page_and_an_object_are_printed_unchanged() {
    let world = with_apps(1);
    let outcome = world.helper("api apps --paginate").succeeds();
    assert_eq!(names_in(&outcome.stdout()), expected_names(1));
    world
        .helper("api account --paginate")
        .succeeds()
        .says("\"email\":\"ann@example.com\"");
}

#[test]
fn an_incomplete_list_is_not_printed() {
    for (fault, why) in [
        (
            Fault::api(401, "unauthorized", "Revoked."),
            "Heroku replied 401 unauthorized: Revoked",
        ),
        (
            Fault::Close,
            "cannot reach api.heroku.com: connection closed",
        ),
        (
            Fault::CutBody,
            "cannot reach api.heroku.com: connection closed",
        ),
        (Fault::page(200), "a proxy answered instead of Heroku (200)"),
    ] {
        let world = with_apps(7);
        world
            .heroku
            .fault(On::Path("/apps"), fault.clone(), Times::After(2));
        let outcome = world.helper("api apps --paginate").exits_with(1);
        let message = outcome.stderr();
        assert!(
            message.starts_with(&format!("heroku-rs: {why}\n")),
            "{message}"
        );
        outcome.stdout_is("");
    }
}

#[test]
fn a_page_with_a_server_error_is_requested_again() {
    let world = with_apps(7);
    let once = |fault| {
        let on = On::Path("/apps");
        world.heroku.fault(on, fault, Times::Exactly(1));
    };
    once(Fault::page(503));
    once(Fault::rate_limit(Some("Retry-After: 0")));
    let outcome = world.helper("api apps --paginate").succeeds();
    assert_eq!(names_in(&outcome.stdout()), expected_names(7));
    assert_eq!(world.heroku.requests().len(), 6);
}

#[test]
fn a_loop_of_pages_is_an_error() {
    let world = with_apps(7);
    world
        .heroku
        .fault(On::Path("/apps"), Fault::SamePage, Times::Always);
    world
        .helper("api apps --paginate")
        .exits_with(1)
        .says("invalid reply from Heroku");
    assert_eq!(world.heroku.requests().len(), 2);
}

#[test]
fn a_page_without_entries_leaves_no_comma() {
    let world = with_apps(7);
    let headers = vec![
        "Content-Type: application/json",
        "Next-Range: name ]app-000001..; max=2",
    ];
    let empty = Fault::Status(206, headers, "[ ]".to_owned());
    let on = On::Path("/apps");
    world.heroku.fault(on, empty, Times::Exactly(1));
    let outcome = world.helper("api apps --paginate").succeeds();
    assert_eq!(names_in(&outcome.stdout()), expected_names(7)[2..]);
}

#[test]
fn progress_is_only_shown_on_a_terminal() {
    let world = with_apps(7);
    let shown = world
        .on_a_terminal("git-credential-heroku-rs api apps --paginate >apps.json")
        .exits_with(0);
    assert!(shown.contains("\u{1b}[K7 entries "), "{shown:?}");
    let json = std::fs::read_to_string(world.work().join("apps.json")).unwrap();
    assert_eq!(names_in(&json), expected_names(7));
    world.sets("NO_COLOR", "1");
    let shown = world
        .on_a_terminal("git-credential-heroku-rs api apps --paginate >apps.json")
        .exits_with(0);
    assert_eq!(shown, "");
}

#[test]
fn json_is_formatted_on_a_terminal() {
    let world = with_apps(1);
    let line = "git-credential-heroku-rs api apps";
    let shown = world.on_a_terminal(line).exits_with(0);
    let name = "    \u{1b}[1;34m\"name\"\u{1b}[0m: \u{1b}[32m\"app-000000\"\u{1b}[0m,\n";
    assert!(shown.contains(name), "{shown:?}");
    world.sets("NO_COLOR", "1");
    let shown = world.on_a_terminal(line).exits_with(0);
    assert!(
        shown.contains("    \"name\": \"app-000000\",\n"),
        "{shown:?}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let words = "x\u{1b}[2J\u{9b}31m\u{202e}";
    let fault = Fault::json(200, &serde_json::json!({"name": words}));
    world.heroku.fault(On::Any, fault, Times::Always);
    let shown = world.on_a_terminal(line).exits_with(0);
    assert_eq!(
        shown,
        "{\n  \"name\": \"x\\u001b[2J\\u009b31m\\u202e\"\n}\n"
    );
}
