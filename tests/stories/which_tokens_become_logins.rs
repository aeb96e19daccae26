//! A token becomes a login if there is no login, or if it was typed for a request without one, but never
//! because it is in a URL.

use crate::world::{ANN, BOB, REQUEST, World};

const QUESTION: &str = "Password for 'https://heroku@git.heroku.com': ";

/// Ann and Bob are logged in, and the Heroku CLI has dropped `login.json`.
fn no_account_is_chosen() -> World {
    let world = World::ready_to_push();
    for email in [ANN, BOB] {
        world.stores_in_the_keyring(email, &world.heroku.issue_token(email));
    }
    world
}

fn ls_remote(user: &str) -> String {
    format!("ls-remote https://{user}@git.heroku.com/blue-sky.git")
}

#[test]
fn a_token_in_a_url_is_not_stored_beside_other_logins() {
    let world = no_account_is_chosen();
    let in_url = world.heroku.issue_token(ANN);
    world.is_public(&in_url);
    for user in ["x", "heroku", "carol%40example.com"] {
        world
            .git(&ls_remote(&format!("{user}:{in_url}")))
            .succeeds()
            .stderr_is(
                "heroku-rs: the token was not stored (other Heroku accounts are logged in)\n  \
                 log in with this token: git credential-heroku-rs login\n",
            );
    }
    assert_eq!(world.accounts_in_the_keyring(), [ANN, BOB]);
    world
        .helper_with_input("get", REQUEST)
        .stdout_is("username=heroku\n\n");
    world.helper("exec -- true").exits_with(4);
}

/// `login.json` is not a login: the account that it names has no token here.
#[test]
fn a_token_in_a_url_is_stored_if_no_account_is_logged_in() {
    let world = World::ready_to_push();
    world.has_active_account(ANN);
    let in_url = world.heroku.issue_token(ANN);
    world.is_public(&in_url);
    world
        .git(&ls_remote(&format!("deploy:{in_url}")))
        .succeeds()
        .says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), ["heroku"]);
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(in_url));
}

#[test]
fn a_keyring_that_cannot_be_read_may_have_a_login() {
    let world = World::ready_to_push();
    let in_url = world.heroku.issue_token(ANN);
    world.is_public(&in_url);
    world.keyring().locks();
    world
        .git(&ls_remote(&format!("x:{in_url}")))
        .succeeds()
        .says("heroku-rs: the token was not stored (the keyring is locked");
}

#[test]
fn a_token_typed_for_a_user_name_is_used_for_it() {
    let world = World::ready_to_push();
    world.has_active_account(ANN);
    let token = world.heroku.issue_token(ANN);
    let push = "git push https://deploy@git.heroku.com/blue-sky.git main";
    world
        .on_a_terminal(push)
        .shows("Password for 'https://deploy@git.heroku.com': ")
        .types(&token)
        .exits_with(0);
    assert_eq!(world.accounts_in_the_keyring(), ["heroku"]);
    world.commits("The second commit");
    world
        .git("push --quiet https://deploy@git.heroku.com/blue-sky.git main")
        .succeeds()
        .says_nothing();
    world.commits("The third commit");
    world.git("push --quiet heroku main").succeeds();
}

#[test]
fn a_token_typed_while_no_account_is_active_is_used_afterwards() {
    let world = no_account_is_chosen();
    let token = world.heroku.issue_token(ANN);
    world
        .on_a_terminal("git push heroku main")
        .shows(QUESTION)
        .types(&token)
        .exits_with(0);
    if world.git_is_older_than(46) {
        // Without git's state the token may have come from a URL.
        assert_eq!(world.accounts_in_the_keyring(), [ANN, BOB]);
        return;
    }
    world.commits("The second commit");
    world.git("push --quiet heroku main").succeeds();
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token));
}

#[test]
fn a_token_typed_for_an_email_is_stored_for_that_account() {
    let world = World::ready_to_push();
    world.has_logged_in_with_the_heroku_cli(BOB);
    let token = world.heroku.issue_token(ANN);
    world
        .on_a_terminal("git push https://ann%40example.com@git.heroku.com/blue-sky.git main")
        .shows("Password for 'https://ann%40example.com@git.heroku.com': ")
        .types(&token)
        .exits_with(0);
    if world.git_is_older_than(46) {
        assert_eq!(world.accounts_in_the_keyring(), [BOB]);
        return;
    }
    assert_eq!(world.accounts_in_the_keyring(), [ANN, BOB]);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.active_account().as_deref(), Some(BOB));
}

/// git's prompt showed it, and it became the name of an account.
#[test]
fn a_token_in_place_of_the_user_name_is_not_an_account() {
    let world = World::ready_to_push();
    let token = world.heroku.issue_token(ANN);
    world.is_public(&token);
    let request = format!("protocol=https\nhost=git.heroku.com\nusername={token}\n");
    world
        .helper_with_input("get", &request)
        .stdout_is("username=heroku\n\n");
    world
        .helper_with_input("store", format!("{request}password={token}\n"))
        .succeeds()
        .says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), ["heroku"]);
    world
        .helper_with_input("get", &request)
        .prints_secret(&token)
        .stdout_is(&format!("username=heroku\npassword={token}\n\n"));
    world.helper("status").succeeds().says_nothing_about(&token);
}

/// As where an editor hands its own login on to a container.
#[test]
fn without_a_login_git_asks_the_next_helper() {
    let world = World::ready_to_push();
    let token = world.heroku.issue_token(ANN);
    world.is_public(&token);
    world.sets("TOKEN_OF_ANN", &token);
    let script = "[ \"$1\" = get ] && echo username=octocat && echo password=\"$TOKEN_OF_ANN\"";
    world.has_program("git-credential-forwarded", &format!("{script}; true"));
    world
        .git("config --global --add credential.helper forwarded")
        .succeeds();
    world
        .git("push --quiet heroku main")
        .succeeds()
        .says("heroku-rs: not logged in to Heroku; git asks the next helper\n");
    assert!(world.is_pushed());
    world.empties_the_keyring();
    let filled = |expected: &str| {
        world
            .git_with_input("credential fill", "url=https://git.heroku.com\n\n")
            .says(expected);
    };
    world
        .git("config --global --unset-all credential.helper")
        .succeeds();
    // The next helper would use the same login, so there is nothing to leave to it.
    for helpers in [
        &["forwarded", "", "heroku-rs"][..],
        &["heroku-rs", "!heroku git:credentials"],
        &["heroku-rs", "heroku-rs"],
    ] {
        for helper in helpers {
            world
                .git(&format!(
                    "config --global --add credential.helper '{helper}'"
                ))
                .succeeds();
        }
        world.has_program("heroku", "true");
        filled("could not read Password for 'https://heroku@git.heroku.com'");
        world
            .git("config --global --unset-all credential.helper")
            .succeeds();
    }
}

/// git returns the mark only with a password that was typed.
#[test]
fn a_reply_without_a_token_marks_the_request() {
    let world = World::ready_to_push();
    world
        .helper_with_input("get", format!("capability[]=state\n{REQUEST}"))
        .stdout_is("capability[]=state\nstate[]=heroku-rs:asked\nusername=heroku\n\n");
    world
        .helper_with_input("get", REQUEST)
        .stdout_is("username=heroku\n\n");
}
