//! Two accounts on one machine: the active one is used, unless the request names the other.

use crate::world::{ANN, BOB, REQUEST, World};

fn two_accounts() -> (World, String, String) {
    let world = World::ready_to_push();
    let of_bob = world.has_logged_in_with_the_heroku_cli(BOB);
    let of_ann = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, of_ann, of_bob)
}

#[test]
fn the_active_account_pushes_and_the_other_may_not() {
    let (world, _, _) = two_accounts();
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says_nothing();
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
fn the_active_account_of_the_heroku_cli_is_used() {
    let (world, _, of_bob) = two_accounts();
    world.is_the_active_account(BOB);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .hands_out(&of_bob)
        .says(&format!("username={BOB}\n"));
}

#[test]
fn an_email_in_the_request_selects_exactly_that_account() {
    let (world, of_ann, of_bob) = two_accounts();
    for (email, token) in [(ANN, &of_ann), (BOB, &of_bob)] {
        let request = format!("protocol=https\nhost=git.heroku.com\nusername={email}\n");
        world
            .helper_with_input("get", request)
            .succeeds()
            .hands_out(token)
            .stdout_is(&format!("username={email}\npassword={token}\n\n"));
    }
    let request = "protocol=https\nhost=git.heroku.com\nusername=carol@example.com\n";
    world
        .helper_with_input("get", request)
        .succeeds()
        .stdout_is("username=carol@example.com\n\n")
        .says("not logged in to Heroku as carol@example.com");
}

#[test]
fn git_config_can_choose_the_account_of_a_repository() {
    let (world, _, _) = two_accounts();
    let _ = world.heroku.has_app(BOB, "of-bob").unwrap();
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
fn switching_to_an_account_without_a_token_changes_nothing() {
    let (world, _, _) = two_accounts();
    world
        .helper("switch carol@example.com")
        .exits_with(1)
        .stdout_is("")
        .says("no token of carol@example.com in the keyring");
    assert_eq!(world.active_account().as_deref(), Some(ANN));
}

#[test]
fn status_marks_the_active_account() {
    let (world, _, _) = two_accounts();
    world
        .helper("status")
        .succeeds()
        .says("ann@example.com (active)\n")
        .says("bob@example.com\n");
}

#[test]
fn a_logout_of_one_leaves_the_other() {
    let (world, _, of_bob) = two_accounts();
    world.helper("logout").succeeds();
    assert_eq!(world.accounts_in_the_keyring(), [BOB]);
    assert_eq!(world.kept_in_the_keyring(BOB), Some(of_bob));
}

/// The order of items of the same second was random.
#[test]
fn status_lists_the_active_account_first() {
    let (world, _, _) = two_accounts();
    for (active, other) in [(ANN, BOB), (BOB, ANN)] {
        let _ = world.helper(&format!("switch {active}")).succeeds();
        let output = world.helper("status --offline").succeeds().stdout();
        let at = |name: &str| output.find(name).unwrap();
        assert!(at(active) < at(other), "{output}");
    }
}
