//! What `doctor` prints can be pasted in public: no token, no complete email, no home path.

use std::fs;

use crate::doctor::{healthy, report};
use crate::world::{ANN, BOB, World};

/// Secrets, emails and the home directory in every place that doctor looks at.
fn a_machine_full_of_secrets() -> World {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    let other = world.heroku.issue_token(BOB);
    let home = world.home();
    let put = |path: &std::path::Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = fs::read_to_string(path).unwrap_or_default();
        fs::write(path, before + text).unwrap();
        world.is_not_searched(path);
    };
    put(
        &world.work().join(".git/config"),
        &format!(
            "[remote \"two\"]\n\turl = https://{token}@git.heroku.com/blue-sky.git\n\
         [remote \"bob@example.com\"]\n\turl = https://x:{other}@git.heroku.com/blue-sky.git\n"
        ),
    );
    put(
        &home.join(".gitconfig"),
        &format!(
            "[http]\n\textraHeader = Authorization: Bearer {token}\n\
         [url \"https://x:{other}@git.heroku.com/\"]\n\tinsteadOf = https://git.heroku.com/\n\
         [credential]\n\thelper = \"!f() {{ echo password={token}; }}; f\"\n\
         \tusername = {BOB}\n\thelper = {}/{ANN}/{token}\n",
            home.display()
        ),
    );
    put(
        &home.join(".git-credentials"),
        &format!("https://{BOB}:{other}@git.heroku.com\n"),
    );
    world.has_netrc(&format!(
        "machine git.heroku.com login {BOB} password {other}\n"
    ));
    world.has_active_account(BOB);
    world.stores_in_the_keyring("carol@example.com", &other);
    world
}

/// The private words that the output contains.
fn private_words_in(world: &World, said: &str) -> Vec<String> {
    let emails = [ANN, BOB, "carol@example.com", "ann%40example.com"];
    let names = ["ann@", "bob@", "carol@"];
    let mut private: Vec<String> = emails
        .iter()
        .chain(&names)
        .map(ToString::to_string)
        .collect();
    private.extend(world.heroku.secrets());
    private.push(world.home().to_str().unwrap().to_owned());
    private.retain(|word| said.contains(word.as_str()));
    private
}

#[test]
fn no_output_contains_a_secret_an_email_or_the_home() {
    let world = a_machine_full_of_secrets();
    for line in [
        "doctor",
        "doctor --offline",
        "doctor --json",
        "doctor --fix --yes",
        "doctor --fix --yes --json",
    ] {
        // An outcome would replace the home by a tilde.
        let log = world.logs().join("said");
        world
            .shell(
                &format!("git-credential-heroku-rs {line} >'{0}' 2>&1", log.display()),
                b"",
            )
            .succeeds();
        let said = fs::read_to_string(&log).unwrap();
        assert!(
            said.contains("b…@example.com") && said.contains("~/"),
            "{said}"
        );
        assert_eq!(
            private_words_in(&world, &said),
            Vec::<String>::new(),
            "{said}"
        );
    }
}

#[test]
fn the_search_finds_an_email() {
    let world = healthy();
    let shown = world.helper("status").stdout();
    assert_eq!(private_words_in(&world, &shown), [ANN, "ann@"]);
}

#[test]
fn the_json_has_the_documented_members() {
    let world = healthy();
    fs::remove_file(world.login_json()).unwrap();
    let found = report(&world);
    assert_eq!(
        (
            &found["healthy"],
            found["changes"].as_array().unwrap().len()
        ),
        (&true.into(), 0)
    );
    for check in found["checks"].as_array().unwrap() {
        let members: Vec<&str> = check
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            members,
            [
                "id", "group", "severity", "message", "details", "fix", "command", "fixable"
            ]
        );
        let (id, group) = (
            check["id"].as_str().unwrap(),
            check["group"].as_str().unwrap(),
        );
        assert_eq!(id.split('.').next(), Some(group));
    }
    let outcome = world.helper("doctor --fix --yes --json").succeeds();
    let fixed: serde_json::Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(fixed["healthy"], true);
    assert_eq!(
        fixed["changes"],
        serde_json::json!([{
            "change": "write login.json: a…@example.com becomes active, the only account with a token in the keyring",
            "undo": "rm ~/.local/share/heroku/login.json",
        }])
    );
}

#[test]
fn colour_is_only_used_on_a_terminal_that_supports_it() {
    let world = healthy();
    let shown = world
        .on_a_terminal("git credential-heroku-rs doctor")
        .exits_with(0);
    assert!(shown.contains("\u{1b}[32mok  \u{1b}[0m"), "{shown}");
    world
        .helper("doctor")
        .succeeds()
        .says_nothing_about("\u{1b}");
    world.sets("NO_COLOR", "1");
    let shown = world
        .on_a_terminal("git credential-heroku-rs doctor")
        .exits_with(0);
    assert!(
        shown.contains("  ok    ") && !shown.contains('\u{1b}'),
        "{shown}"
    );
}

/// A secret without a recognizable form is hidden if the program knows it.
#[test]
fn a_known_secret_is_hidden_whatever_its_form() {
    let world = healthy();
    let secret = "only-letters-and-dashes";
    world
        .git(&format!(
            "config --global --add credential.helper /opt/{secret}/helper"
        ))
        .succeeds();
    world
        .helper("doctor --offline")
        .says("`/opt/only-letters-and-dashes/helper`");
    world.sets("HEROKU_API_KEY", secret);
    world
        .helper("doctor --offline")
        .says("`/opt/…/helper`")
        .says_nothing_about(secret);
}
