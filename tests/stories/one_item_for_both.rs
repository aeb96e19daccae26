//! One keyring item for git and the Heroku CLI, which uses secret-tool: each program reads what the other writes.

use crate::world::{ANN, REQUEST, World};

/// What `heroku login` does in the end.
fn has_logged_in_with_secret_tool(world: &World) -> String {
    let token = world.heroku.issue_token(ANN);
    let line = format!("store '--label=Heroku CLI' service heroku-cli account {ANN}");
    world
        .secret_tool_with_input(&line, &token)
        .succeeds()
        .says_nothing();
    world.has_active_account(ANN);
    token
}

fn serves(world: &World, token: &str) {
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"))
        .stderr_is("");
    world
        .secret_tool(&format!("lookup service heroku-cli account {ANN}"))
        .succeeds()
        .prints_secret(token)
        .stdout_is(token);
    assert_eq!(world.accounts_in_the_keyring(), [ANN], "one item");
}

fn logs_in(world: &World) -> String {
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    token
}

#[test]
fn each_program_replaces_the_token_of_the_other() {
    let world = World::new().with_keyring();
    let first = has_logged_in_with_secret_tool(&world);
    serves(&world, &first);
    let second = logs_in(&world);
    serves(&world, &second);
    let third = has_logged_in_with_secret_tool(&world);
    serves(&world, &third);
}

#[test]
fn after_a_restart_of_the_keyring_there_is_still_one_item() {
    let world = World::new().with_keyring();
    let first = has_logged_in_with_secret_tool(&world);
    world.keyring().restarts();
    serves(&world, &first);
    let second = logs_in(&world);
    serves(&world, &second);
    world.keyring().restarts();
    serves(&world, &second);
    let third = has_logged_in_with_secret_tool(&world);
    serves(&world, &third);
}

/// The stories write the item over the bus themselves: it is no other item.
#[test]
fn an_item_of_ours_looks_like_one_of_the_heroku_cli() {
    let of = |logs_in: fn(&World) -> String| {
        let world = World::new().with_keyring();
        logs_in(&world);
        let lines = world.shell(
            // gnome-keyring adds a schema to an item whenever it reads its file back.
            "secret-tool search --all service heroku-cli 2>&1 >/dev/null; \
             secret-tool search service heroku-cli 2>/dev/null | grep ^label",
            b"",
        );
        lines.succeeds().stdout()
    };
    let theirs = of(has_logged_in_with_secret_tool);
    assert!(theirs.contains("label = Heroku CLI"), "{theirs}");
    assert_eq!(of(logs_in), theirs);
    let of_the_stories = of(|world| world.has_logged_in_with_the_heroku_cli(ANN));
    assert_eq!(of_the_stories, theirs);
}

#[test]
fn an_item_that_the_heroku_cli_removes_is_removed_for_both() {
    let world = World::new().with_keyring();
    logs_in(&world);
    world
        .secret_tool(&format!("clear service heroku-cli account {ANN}"))
        .succeeds();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .stdout_is("username=heroku\n\n")
        .says("not logged in to Heroku as ann@example.com");
}

#[test]
fn a_logout_removes_what_the_heroku_cli_wrote() {
    let world = World::new().with_keyring();
    has_logged_in_with_secret_tool(&world);
    world
        .helper("logout")
        .succeeds()
        .says("Logged out of ann@example.com");
    assert_eq!(world.accounts_in_the_keyring(), Vec::<String>::new());
    assert_eq!(world.active_account(), None);
}

#[test]
fn status_reports_that_the_heroku_cli_cannot_read_the_item() {
    let world = World::new().with_keyring();
    let _ = logs_in(&world);
    world.helper("status").succeeds().stderr_is("");
    world.has_program("heroku", "exit 1");
    world.lacks_the_program("secret-tool");
    world.helper("status").succeeds().stderr_is(
        "warning: the Heroku CLI cannot use this login (without secret-tool it reads only netrc)\n  \
         install the package libsecret-tools, or log in with --store netrc\n",
    );
}
