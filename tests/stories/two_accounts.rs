//! Two accounts on one machine: the active one is used, unless the request names the other.

use crate::world::{ANN, BOB, World};

fn two_accounts() -> World {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(BOB);
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

#[test]
fn the_active_account_can_push_and_the_other_cannot() {
    let world = two_accounts();
    world.pushes();
    world
        .helper("switch bob@example.com")
        .succeeds()
        .stdout_is("Switched to bob@example.com, for git and the Heroku CLI\n");
    assert_eq!(world.active_account().as_deref(), Some(BOB));
    world.commits("The second commit");
    world.git("push heroku main").exits_with(128).says("403");
    assert_eq!(world.accounts_in_the_keyring(), [ANN, BOB]);
}

#[test]
fn git_config_can_choose_the_account_of_a_repository() {
    let world = two_accounts();
    let _ = world.heroku.add_app(BOB, "of-bob").unwrap();
    world
        .git("push --quiet https://bob%40example.com@git.heroku.com/of-bob.git main")
        .succeeds()
        .says_nothing();
    world
        .git("config credential.https://git.heroku.com.username bob@example.com")
        .succeeds();
    world.commits("The second commit");
    world
        .git("push --quiet https://git.heroku.com/of-bob.git main")
        .succeeds()
        .says_nothing();
}

#[test]
fn status_names_the_account_that_git_always_uses() {
    let world = two_accounts();
    world
        .git("config credential.https://git.heroku.com.username ann@example.com")
        .succeeds();
    world
        .git("remote add of-bob https://bob%40example.com@git.heroku.com/of-bob.git")
        .succeeds();
    let by_setting = "git uses ann@example.com here \
                      (credential.https://git.heroku.com.username in .git/config)\n";
    let by_url = "git uses bob@example.com here (the URL of the remote of-bob)\n";
    world
        .helper("switch bob@example.com")
        .succeeds()
        .stderr_is(&format!("warning: {by_setting}"));
    world
        .helper("status")
        .succeeds()
        .says("bob@example.com (active)\n")
        .says(&format!("  {by_setting}  {by_url}"));
    world
        .helper_with_input("login --with-token", world.heroku.issue_token(ANN))
        .succeeds()
        .stderr_is(&format!("warning: {by_url}"));
}

#[test]
fn status_marks_the_active_account() {
    let world = two_accounts();
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)\n")
        .says("bob@example.com\n");
}
