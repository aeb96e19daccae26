//! `exec`: runs a program with the token in its environment.

use crate::world::{ANN, World};

#[test]
fn curl_works_and_its_exit_code_is_returned() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper(
            "exec -- sh -c 'curl --silent --cacert $SSL_CERT_FILE \
             --header @- --header \"Accept: application/vnd.heroku+json; version=3\" \
             https://api.heroku.com/account <<END\nAuthorization: Bearer $HEROKU_API_KEY\nEND'",
        )
        .succeeds()
        .says("\"email\":\"ann@example.com\"");
    world.helper("exec -- sh -c 'exit 7'").exits_with(7);
    world
        .helper("exec -- sh -c 'kill -TERM $$'")
        .exits_with(143);
}

/// Every program can read the arguments of another one.
#[test]
fn the_examples_of_the_help_work_and_keep_the_token_out_of_arguments() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    for (command, first, last) in [
        (
            "exec",
            "  git credential-heroku-rs exec -- sh -c '",
            "version=3\"'\n",
        ),
        ("token", "  printf", "version=3'\n"),
    ] {
        let help = world.helper(&format!("{command} -h")).succeeds().stdout();
        let start = help.find(first).unwrap();
        let end = start + help[start..].find(last).unwrap() + last.len();
        let script = world.has_file("script", &help[start..end]);
        let line = format!("bash {}", script.display());
        let (outcome, trace) = world.traced(&line, "");
        outcome.succeeds().says("\"email\":\"ann@example.com\"");
        let programs = trace.calls(&["execve"]);
        assert!(
            programs.iter().any(|call| call.contains("curl")),
            "{programs:#?}"
        );
        assert!(
            !programs.iter().any(|call| call.contains("Bearer HRKU")),
            "{programs:#?}"
        );
    }
}

#[test]
fn another_variable_gets_the_token_and_no_other_does() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("exec --env MY_KEY -- sh -c 'echo ${MY_KEY:+set} ${HEROKU_API_KEY:-unset}'")
        .succeeds()
        .stdout_is("set unset\n");
    world
        .helper("exec --env 1X -- true")
        .exits_with(2)
        .says("not a valid variable name");
}

#[test]
fn without_a_login_no_program_is_started() {
    let world = World::new().with_keyring();
    world
        .helper("exec -- touch started")
        .exits_with(4)
        .says("not logged in to Heroku");
    assert!(!world.work().join("started").exists());
}

#[test]
fn a_missing_program_is_named_in_the_error() {
    let world = World::new().with_keyring();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper("exec -- no-such-program")
        .exits_with(127)
        .says("could not start no-such-program");
    world
        .helper("exec -- /")
        .exits_with(126)
        .says("could not start /");
}
