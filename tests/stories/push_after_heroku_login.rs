//! After `heroku login`, push, fetch and clone work at once and print no message.

use crate::world::{ANN, World};

fn after_heroku_login() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

#[test]
fn a_push_works_with_any_helper_that_has_the_token() {
    let world = World::new().with_app("blue-sky");
    let token = world.heroku.issue_token(ANN);
    world.sets("TOKEN", &token);
    let helper = r#"!f() { test "$1" = get && echo username=x && echo "password=$TOKEN"; }; f"#;
    world.has_file(
        ".gitconfig",
        &format!(
            "[credential]\n\thelper = \"{}\"\n",
            helper.replace('"', "\\\"")
        ),
    );
    world.git("push heroku main").succeeds();
    assert!(world.is_pushed());
}

#[test]
fn a_push_without_any_login_fails() {
    let world = World::new().with_app("blue-sky");
    world.git("push heroku main").exits_with(128);
    assert!(!world.is_pushed());
}

#[test]
fn a_push_works_right_after_heroku_login() {
    let world = after_heroku_login();
    world
        .git("push heroku main")
        .succeeds()
        .stdout_is("")
        .stderr_is("To https://git.heroku.com/blue-sky.git\n * [new branch]      main -> main\n");
    assert!(world.is_pushed());
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn fetch_clone_and_ls_remote_work_too() {
    let world = after_heroku_login();
    world.pushes();
    world
        .git("update-ref -d refs/remotes/heroku/main")
        .succeeds();
    world.git("fetch heroku").succeeds().stderr_is(
        "From https://git.heroku.com/blue-sky\n * [new branch]      main       -> heroku/main\n",
    );
    world
        .git("ls-remote --heads heroku")
        .succeeds()
        .stderr_is("")
        .says("\trefs/heads/main\n");
    world
        .git("clone https://git.heroku.com/blue-sky.git ../copy")
        .succeeds()
        .stderr_is("Cloning into '../copy'...\n");
    world
        .git("-C ../copy log -1 --format=%s")
        .succeeds()
        .stdout_is("The first commit\n");
}

#[test]
fn the_second_push_prints_no_message_either() {
    let world = after_heroku_login();
    world.pushes();
    world.commits("The second commit");
    world.pushes();
}

#[test]
fn the_reply_has_the_account_and_the_token() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    world
        .helper_with_input("get", "protocol=https\nhost=git.heroku.com\n\n")
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!("username={ANN}\npassword={token}\n\n"))
        .stderr_is("");
}

#[test]
fn a_git_with_the_state_capability_gets_the_source_and_no_secret() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let request =
        "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.heroku.com\n";
    world
        .helper_with_input("get", request)
        .succeeds()
        .prints_secret(&token)
        .stdout_is(&format!(
            "capability[]=state\nstate[]=heroku-rs:keyring\nusername={ANN}\npassword={token}\n\n"
        ));
}
