//! `authorizations list` and `info`: which tokens are stored on this machine, which never expire,
//! and never a token.

use heroku_stand_in::{Fault, Grant, On, Redaction, Times};
use serde_json::{Value, json};

use super::{issues, logged_in};
use crate::world::{ANN, BOB, World};

#[test]
fn a_pipe_gets_columns_with_tabs_between_them() {
    let (world, laptop, ci) = logged_in();
    let outcome = world.helper("authorizations list").succeeds().stderr_is("");
    let output = outcome.stdout();
    let rows: Vec<Vec<&str>> = output
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let (first, second) = (&rows[0], &rows[1]);
    assert_eq!(
        first.as_slice(),
        [
            laptop.id.as_str(),
            "laptop",
            "global",
            "never",
            "keyring",
            "active"
        ]
    );
    assert_eq!(
        (&second[..3], &second[4..]),
        (&[ci.id.as_str(), "CI", "global"][..], &["", ""][..])
    );
    assert!(
        second[3].starts_with("20") && second[3].contains('T'),
        "{output}"
    );
    assert_eq!(rows.len(), 2);
}

#[test]
fn list_is_the_default() {
    let (world, laptop, _) = logged_in();
    let listed = world.helper("authorizations list").stdout();
    let plain = world.helper("authorizations").succeeds().stdout();
    assert!(plain.contains(&laptop.id));
    assert_eq!(plain.lines().count(), listed.lines().count());
}

#[test]
fn a_terminal_gets_a_table() {
    let (world, laptop, ci) = logged_in();
    let shown = world
        .on_a_terminal("git credential-heroku-rs authorizations")
        .exits_with(0);
    let lines: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words(lines[0]),
        ["ID", "DESCRIPTION", "SCOPE", "EXPIRES", "STORED"]
    );
    assert_eq!(
        words(lines[1]),
        [
            &laptop.id[..8],
            "laptop",
            "global",
            "never",
            "keyring",
            "(active)"
        ]
    );
    let row = format!("{}  CI            global  20", &ci.id[..8]);
    assert!(lines[2].starts_with(&row), "{shown}");
}

#[test]
fn json_has_everything_except_tokens() {
    let (world, laptop, ci) = logged_in();
    for mode in [Redaction::Whole, Redaction::Ends, Redaction::Short] {
        world.heroku.set_redaction(mode);
        let output = world.helper("authorizations --json").succeeds().stdout();
        let output: Value = serde_json::from_str(&output).unwrap();
        let all = output["authorizations"].as_array().unwrap();
        let mut first = all[0].clone();
        for time in ["created", "updated"] {
            assert!(first[time].as_str().unwrap().starts_with("20"));
            first[time] = json!("TIME");
        }
        let expected = json!({
            "id": laptop.id, "description": "laptop", "scope": ["global"],
            "created": "TIME", "updated": "TIME", "expires": null, "expired": false,
            "active": true, "stored": ["keyring"],
        });
        assert_eq!(first, expected, "{mode:?}");
        assert_eq!(all[1]["id"], json!(ci.id));
        assert_eq!(all[1]["active"], json!(false));
        assert_eq!(all.len(), 2);
    }
}

#[test]
fn the_expiry_of_an_authorization_without_a_token_is_unknown() {
    let (world, _, ci) = logged_in();
    let without_token = Fault::Member("access_token", Value::Null);
    world
        .heroku
        .fault(On::Path("GET /oauth"), without_token, Times::Always);
    world
        .helper("authorizations")
        .succeeds()
        .says(&format!("{}\tCI\tglobal\tunknown\t\t\n", ci.id));
    world
        .helper("authorizations info CI")
        .succeeds()
        .says("  expires: unknown\n");
}

#[test]
fn the_list_is_read_to_its_last_page() {
    let (world, ..) = logged_in();
    for number in 0..7 {
        issues(&world, &format!("number {number}"), None);
    }
    let output = world.helper("authorizations").succeeds().stdout();
    assert_eq!(output.lines().count(), 9);
    world
        .heroku
        .fault(On::Path("GET /oauth"), Fault::SamePage, Times::Always);
    world
        .helper("authorizations")
        .exits_with(1)
        .stdout_is("")
        .stderr_is(
            "heroku-rs: invalid reply from Heroku\n  \
             see: https://status.heroku.com\n",
        );
}

#[test]
fn every_token_on_this_machine_is_marked() {
    let (world, _, ci) = logged_in();
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {}\n",
        ci.token
    ));
    world
        .helper("authorizations")
        .succeeds()
        .says("\tnever\tkeyring\tactive\n")
        .says("\tnetrc\t\n");
    world.sets("HEROKU_API_KEY", &ci.token);
    world
        .helper("authorizations")
        .succeeds()
        .says("\tnever\tkeyring\t\n")
        .says("\tenvironment, netrc\tactive\n");
}

#[test]
fn another_account_can_be_listed() {
    let (world, ..) = logged_in();
    let bobs = world.heroku.issue(BOB, Grant::default());
    world.stores_in_the_keyring(BOB, &bobs.token);
    for line in [
        "list --account bob@example.com",
        "--account bob@example.com list",
        "--account bob@example.com",
    ] {
        world
            .helper(&format!("authorizations {line}"))
            .succeeds()
            .stdout_is(&format!(
                "{}\tmade in the dashboard\tglobal\tnever\tkeyring\t\n",
                bobs.id
            ));
    }
}

#[test]
fn an_authorization_is_shown_by_id_beginning_or_description() {
    let (world, laptop, _) = logged_in();
    for name in [&laptop.id, &laptop.id[..8], "laptop"] {
        let outcome = world
            .helper(&format!("authorizations info {name}"))
            .succeeds()
            .stderr_is("");
        let output = outcome.stdout();
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines[0], "laptop");
        assert_eq!(lines[1], format!("  id: {}", laptop.id));
        assert_eq!(lines[2], "  scope: global");
        assert!(lines[3].starts_with("  created: 20") && lines[3].ends_with(" UTC"));
        assert!(lines[4].starts_with("  updated: 20") && lines[4].ends_with(" UTC"));
        assert_eq!(lines[5], "  expires: never");
        assert_eq!(lines[6], "  stored: keyring (active)");
        assert_eq!(lines.len(), 7);
    }
    world
        .helper("authorizations info CI --json")
        .succeeds()
        .says("\"description\": \"CI\",")
        .says("\"stored\": []");
}

#[test]
fn an_ambiguous_or_unknown_name_changes_nothing() {
    let (world, ..) = logged_in();
    let (one, two) = (issues(&world, "twin", None), issues(&world, "twin", None));
    let outcome = world.helper("authorizations info twin").exits_with(1);
    let output = outcome.stderr();
    assert!(
        output.starts_with("heroku-rs: several authorizations match: "),
        "{output}"
    );
    assert!(output.contains(&one.id) && output.contains(&two.id));
    assert!(output.ends_with("\n  use the whole id of one\n"));
    for name in ["missing", "'~'", "../account", "'a?b=c'", "'x y'", "''"] {
        for command in ["info", "revoke --yes", "update --description x"] {
            world
                .helper(&format!("authorizations {command} {name}"))
                .exits_with(1)
                .stdout_is("")
                .says("no authorization \"")
                .says("list authorizations: git credential-heroku-rs authorizations");
        }
    }
    let requests = world.heroku.requests();
    assert!(requests.iter().all(|one| one.method == "GET"));
}

#[test]
fn a_narrow_terminal_gets_a_table_that_fits() {
    let (world, laptop, _) = logged_in();
    let description = "how we deploy from the second continuous integration server";
    let grant = Grant {
        description: description.to_owned(),
        ..Grant::default()
    };
    world.heroku.issue(ANN, grant);
    for (columns, shown) in [(80, "how we deploy from the secon"), (60, "how we…")] {
        let table = world
            .on_a_terminal(&format!(
                "stty cols {columns}; git credential-heroku-rs authorizations"
            ))
            .exits_with(0);
        // The terminal of the tests shows each byte as a character.
        let table = table.replace("\u{e2}\u{80}\u{a6}", "…");
        let lines: Vec<&str> = table.lines().filter(|line| !line.is_empty()).collect();
        let is_narrow = lines.iter().all(|line| line.chars().count() <= columns);
        assert!(is_narrow && lines.len() == 4, "{table}");
        assert!(
            lines[1].starts_with(&format!("{}  laptop", &laptop.id[..8])),
            "{table}"
        );
        assert!(
            lines[1].ends_with("never       keyring (active)"),
            "{table}"
        );
        assert!(
            table.contains(shown) && !table.contains("server"),
            "{table}"
        );
    }
}

#[test]
fn a_description_cannot_control_the_terminal() {
    let (world, ..) = logged_in();
    let evil = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}b\tc\nd";
    let made = issues(&world, evil, None);
    let info = format!("authorizations info {}", made.id);
    let revoke = format!("authorizations revoke {} --yes", made.id);
    for line in ["authorizations", "authorizations list", &info, &revoke] {
        world
            .helper(line)
            .succeeds()
            .says("a [2J ]0;x b c d")
            .says_nothing_about("\u{1b}")
            .says_nothing_about("\u{202e}");
    }
    let output = world.helper("authorizations --json").succeeds().stdout();
    assert!(!output.contains('\u{1b}'), "JSON writes it as \\u001b");
    issues(&world, evil, None);
    let shown = world
        .on_a_terminal("git credential-heroku-rs authorizations")
        .exits_with(0);
    assert!(
        shown.contains("a [2J ]0;x b c d") && !shown.contains('\u{1b}'),
        "{shown:?}"
    );
}

#[test]
fn each_error_of_the_api_is_reported() {
    let (world, laptop, ci) = logged_in();
    for (fault, message) in [
        (
            Fault::api(401, "unauthorized", "No."),
            "Heroku rejected the token (revoked or expired)",
        ),
        (
            Fault::api(403, "forbidden", "Too small."),
            "Heroku does not allow this: Too small",
        ),
        (
            Fault::api(422, "invalid_params", "Odd."),
            "Heroku rejected the request: Odd",
        ),
        (Fault::rate_limit(None), "too many requests to Heroku"),
        (
            Fault::api(500, "internal", "Oh."),
            "Heroku had a server error (500)",
        ),
        (Fault::Close, "cannot reach api.heroku.com"),
    ] {
        world
            .heroku
            .fault(On::Host("api.heroku.com"), fault, Times::Always);
        for line in [
            "list".to_owned(),
            format!("info {}", ci.id),
            "create --description x".to_owned(),
            "create --description x --login".to_owned(),
            format!("update {} --description x", ci.id),
            format!("revoke {} --yes", ci.id),
        ] {
            world
                .helper(&format!("authorizations {line}"))
                .exits_with(1)
                .stdout_is("")
                .says(message);
        }
        world.heroku_recovers();
        assert!(world.heroku.is_live(&ci.token));
        let kept = world.stored_in_the_keyring(ANN);
        assert_eq!(kept.as_ref(), Some(&laptop.token));
    }
}

#[test]
fn every_command_needs_a_login() {
    let world = World::new().with_keyring();
    for line in [
        "",
        "info x",
        "create --description x",
        "update x --description y",
        "revoke x --yes",
    ] {
        world
            .helper(&format!("authorizations {line}"))
            .exits_with(4)
            .stdout_is("")
            .says("not logged in to Heroku");
    }
}

#[test]
fn an_invalid_command_line_is_a_usage_error() {
    let (world, ..) = logged_in();
    for line in [
        "create",
        "create --description x --scope everything",
        "create --description x --expires-in soon",
        "create --description x --login --json",
        "info",
        "update CI",
        "revoke",
        "lsit",
        "--json create --description x",
    ] {
        world
            .helper(&format!("authorizations {line}"))
            .exits_with(2)
            .stdout_is("");
    }
}
