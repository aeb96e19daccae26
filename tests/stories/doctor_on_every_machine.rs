//! `doctor` on machines of every kind: it finds nothing on a healthy machine, fixes many problems at once, and
//! the Heroku CLI does not undo the fixes.

use std::fs;
use std::time::Duration;

use heroku_stand_in::{Fault, On, Times};

use crate::doctor::{
    another_helper_gives, finding, finding_offline, healthy, is_found, is_found_and_fixed, report,
};
use crate::world::{ANN, BOB, Version, World};

/// Everything passes, and a push works.
fn is_healthy(world: &World) {
    let report = report(world);
    let checks = report["checks"].as_array().unwrap();
    let wrong: Vec<_> = checks
        .iter()
        .filter(|check| check["severity"] != "pass")
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(report["healthy"], true);
    world.pushes();
}

#[test]
fn no_problem_after_our_own_login() {
    let world = World::new().with_keyring().with_app("blue-sky");
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.helper("setup").succeeds();
    is_healthy(&world);
}

#[test]
fn no_problem_with_netrc_only() {
    let world = World::new().with_app("blue-sky");
    world.is_not_searched(&world.home().join(".netrc"));
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.helper("setup").succeeds();
    is_healthy(&world);
}

#[test]
fn no_problem_with_heroku_netrc_write() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.is_not_searched(&world.home().join(".netrc"));
    world.sets("HEROKU_NETRC_WRITE", "true");
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.helper("setup").succeeds();
    is_healthy(&world);
}

#[test]
fn no_problem_with_a_token_in_the_environment_only() {
    for world in [
        World::new().with_app("blue-sky"),
        World::new().with_keyring().with_app("blue-sky"),
    ] {
        world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
        world.helper("setup").succeeds();
        is_healthy(&world);
    }
}

#[test]
fn no_problem_with_two_accounts() {
    let world = healthy();
    world.stores_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    is_healthy(&world);
}

#[test]
fn no_problem_outside_a_repository_and_in_a_subdirectory() {
    let world = healthy();
    fs::create_dir_all(world.work().join("a/b")).unwrap();
    for place in ["/", "a/b"] {
        world
            .shell(
                &format!("cd {place} && git-credential-heroku-rs doctor"),
                b"",
            )
            .succeeds()
            .says("\nno problems found\n");
    }
}

#[test]
fn an_app_of_another_account_is_found_and_switch_gives_access() {
    let world = healthy();
    world.heroku.add_app(BOB, "red-sky").unwrap();
    world
        .git("remote set-url heroku https://git.heroku.com/red-sky.git")
        .succeeds();
    let words = "remote heroku: there is no app red-sky, or a…@example.com has no access to it";
    let found = is_found(&world, "push.app", words);
    assert_eq!(
        found["fix"],
        "check the app's name and the account: git credential-heroku-rs status"
    );
    world.stores_in_the_keyring(BOB, &world.heroku.issue_token(BOB));
    assert_eq!(finding_offline(&world, "push.app"), None);
    world.helper(&format!("switch {BOB}")).succeeds();
    assert_eq!(finding(&world, "push.app"), None);
}

#[test]
fn an_app_is_reported_as_missing_only_if_heroku_says_so() {
    let world = healthy();
    world.heroku.fault(
        On::Path("/apps/blue-sky"),
        Fault::api(503, "some_id", "some message"),
        Times::Always,
    );
    assert_eq!(finding(&world, "push.app"), None);
}

#[test]
fn a_repository_without_a_remote_for_heroku_is_found() {
    let world = healthy();
    world.git("remote remove heroku").succeeds();
    let words = "this repository has no remote for Heroku";
    let found = is_found(&world, "push.app", words);
    assert_eq!(found["severity"], "warn");
    world
        .git("remote add heroku https://git.heroku.com/blue-sky.git")
        .succeeds();
    is_healthy(&world);
}

#[test]
fn a_setting_of_the_repository_is_fixed_from_a_subdirectory() {
    let world = healthy();
    world
        .git("config --local credential.helper nowhere")
        .succeeds();
    fs::create_dir(world.work().join("below")).unwrap();
    world
        .shell(
            "cd below && git-credential-heroku-rs doctor --fix --yes",
            b"",
        )
        .succeeds()
        .says("\nno problems found\n");
    is_healthy(&world);
}

#[test]
fn with_only_netrc_git_needs_no_helper_and_doctor_says_so() {
    let world = World::new().with_app("blue-sky");
    let token = world.heroku.issue_token(ANN);
    let entry = |host| format!("machine {host} login {ANN} password {token}\n");
    world.has_netrc(&(entry("api.heroku.com") + &entry("git.heroku.com")));
    let found = is_found(&world, "git.helpers", "git only sends an entry in netrc");
    assert_eq!(found["severity"], "warn");
    assert_eq!(finding(&world, "push.credential"), None);
    is_found_and_fixed(&world, "git.helpers", "git has no credential helper");
    is_healthy(&world);
}

/// Each of these problems hides another. `--fix` changes what is ours; the offered commands do the rest.
#[test]
fn many_problems_are_fixed_by_fix_and_the_offered_commands() {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.helper("unsetup").succeeds();
    let rule = "url.git@heroku.com:.insteadof";
    for line in [
        "credential.helper git-credential-heroku-rs",
        "http.sslVerify false",
        "credential.https://git.heroku.com.username bob@example.com",
        &format!("{rule} https://git.heroku.com/"),
    ] {
        world.git(&format!("config --global {line}")).succeeds();
    }
    world
        .git("config --local credential.helper nowhere")
        .succeeds();
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    let stored = world.has_file(
        ".git-credentials",
        &format!("https://x:{token}@git.heroku.com\n"),
    );
    world.is_not_searched(&stored);
    fs::remove_file(world.login_json()).unwrap();
    world
        .secret_tool_with_input(
            &format!("store --label=x service heroku-cli account {ANN} other x"),
            &token,
        )
        .succeeds();
    let config = fs::read_to_string(world.work().join(".git/config")).unwrap();
    let url = format!("https://x:{token}@git.heroku.com");
    fs::write(
        world.work().join(".git/config"),
        config.replace("https://git.heroku.com", &url),
    )
    .unwrap();
    world.is_not_searched(&world.work().join(".git/config"));
    for _ in 0..3 {
        let _ = world.helper("doctor --fix --yes").code();
        for check in report(&world)["checks"].as_array().unwrap() {
            // Our own commands are below: some of them ask.
            let command = check["command"].as_str();
            if let Some(command) =
                command.filter(|line| !line.starts_with("git credential-heroku-rs"))
            {
                let outcome = world.shell(command, b"").succeeds();
                // The command for a URL that a rule makes only shows the rule: the user removes it.
                if outcome.stdout().contains(rule) {
                    let remove = format!("config --global --unset-all {rule}");
                    world.git(&remove).succeeds();
                }
            }
        }
        world.helper("netrc clean").succeeds();
    }
    world.helper("doctor --fix --yes").succeeds();
    is_healthy(&world);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn the_next_heroku_command_undoes_nothing() {
    let world = healthy();
    world.helper("unsetup").succeeds();
    world.heroku_cli(Version::Current, "apps").succeeds();
    is_found_and_fixed(&world, "git.helpers", "git uses `!heroku git:credentials`");
    world.heroku_cli(Version::Current, "apps").succeeds();
    is_healthy(&world);
}

#[test]
fn after_heroku_logout_both_helper_and_login_are_missing() {
    let world = healthy();
    world.heroku_cli(Version::Current, "logout").succeeds();
    is_found(&world, "git.helpers", "git has no credential helper");
    is_found(&world, "push.credential", "not logged in to Heroku");
}

#[test]
fn git_does_not_find_the_program() {
    let world = healthy();
    let program = fs::read_link(world.tested_program()).unwrap();
    fs::remove_file(world.tested_program()).unwrap();
    world
        .shell(&format!("{} doctor", program.display()), b"")
        .exits_with(1)
        .says("FAIL  git does not find git-credential-heroku-rs on PATH\n")
        .says("to PATH in your shell's startup file");
}

#[test]
fn without_git_the_rest_is_still_checked() {
    let world = healthy();
    world.lacks_the_program("git");
    world
        .helper("doctor")
        .exits_with(1)
        .says("FAIL  could not start git")
        .says("fix: install git, or add its directory to PATH")
        .says("the token of a…@example.com is valid");
}

#[test]
fn git_runs_another_copy_of_the_program() {
    let world = healthy();
    let program = fs::read_link(world.tested_program()).unwrap();
    fs::remove_file(world.tested_program()).unwrap();
    world.has_program(
        "git-credential-heroku-rs",
        &format!("exec {} \"$@\"", program.display()),
    );
    let doctor = format!("{} doctor", program.display());
    let fix = "        fix: use that copy, or put the directory of this one first on PATH\n";
    world
        .shell(&doctor, b"")
        .succeeds()
        .says("warn  git runs another copy of git-credential-heroku-rs")
        .says(fix);
}

#[test]
fn another_helper_answers_with_another_token() {
    let world = healthy();
    another_helper_gives(&world, &world.heroku.issue_token(BOB));
    is_found(
        &world,
        "push.credential",
        "git gets a valid token of b…@example.com from `other` (~/.gitconfig)",
    );
    is_found_and_fixed(&world, "git.helpers", "git asks `other`");
    is_healthy(&world);
}

#[test]
fn a_helper_that_never_answers_does_not_block_doctor() {
    let world = healthy();
    world.sets("HEROKU_RS_TIMEOUT", "1");
    world.has_program("git-credential-slow", "exec sleep 600");
    world.helper("unsetup").succeeds();
    world
        .git("config --global credential.helper slow")
        .succeeds();
    world
        .helper("doctor --offline --json")
        .exits_with(1)
        .ends_within(Duration::from_secs(50))
        .says("did not answer within");
}

#[test]
fn a_setting_from_the_command_line_is_reported_and_not_changed() {
    let world = healthy();
    let is_found_and_left = || {
        let found = finding_offline(&world, "git.helpers").unwrap();
        assert_eq!(found["fixable"], false);
    };
    // `git -c credential.helper=nowhere` sets this variable.
    world.sets("GIT_CONFIG_PARAMETERS", "'credential.helper=nowhere'");
    is_found_and_left();
    world.unsets("GIT_CONFIG_PARAMETERS");
    assert_eq!(finding(&world, "git.helpers"), None);
    // git before 2.31 does not know this spelling.
    if !world.git_is_older_than(31) {
        world.sets("GIT_CONFIG_COUNT", "1");
        world.sets("GIT_CONFIG_KEY_0", "credential.helper");
        world.sets("GIT_CONFIG_VALUE_0", "nowhere");
        is_found_and_left();
    }
}
