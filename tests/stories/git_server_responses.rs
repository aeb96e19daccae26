//! The responses of the git server, as git passes them on, and their effect on the login.

use heroku_stand_in::Recorded;

use crate::world::{ANN, BOB, GIT_HOST, World};

fn logged_in() -> (World, String) {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

#[test]
fn a_status_other_than_401_changes_nothing() {
    let (world, token) = logged_in();
    for status in [400, 403, 404, 410, 429, 500, 503] {
        world.heroku.forget_requests();
        world.git_host_answers(status);
        world
            .git("push heroku main")
            .exits_with(128)
            .says_nothing_about("heroku-rs");
        assert!(world.requests_to_the_git_host() >= 2, "{status}");
        let kept = world.stored_in_the_keyring(ANN);
        assert_eq!(kept.as_ref(), Some(&token), "{status}");
        assert_eq!(world.requests_to_the_api(), 0, "{status}");
        world.heroku_recovers();
    }
    world.pushes();
}

#[test]
fn a_401_for_a_valid_token_changes_nothing() {
    let (world, token) = logged_in();
    world.git_host_answers(401);
    world
        .git("push heroku main")
        .exits_with(128)
        .says("it was kept");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.requests_to_the_api(), 1);
}

#[test]
fn a_401_only_for_the_upload_changes_nothing() {
    let (world, token) = logged_in();
    world.git_host_answers_the_upload_with(401);
    world.git("push heroku main").fails().says("it was kept");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_403_only_for_the_upload_changes_nothing() {
    let (world, token) = logged_in();
    world.git_host_answers_the_upload_with(403);
    world
        .git("push heroku main")
        .fails()
        .says_nothing_about("heroku-rs");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn another_accounts_app_or_a_missing_one_changes_nothing() {
    let (world, token) = logged_in();
    world.heroku.add_app(BOB, "bobs-app").unwrap();
    for app in ["bobs-app", "no-such-app"] {
        world
            .git(&format!("ls-remote https://git.heroku.com/{app}.git"))
            .exits_with(128)
            .says_nothing_about("heroku-rs");
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_valid_header_in_gits_configuration_needs_no_helper() {
    let (world, _) = logged_in();
    let other = world.heroku.issue_token(ANN);
    world.is_public(&other);
    world.keyring().locks();
    let basic = world.shell("base64 -w0", format!("x:{other}").as_bytes());
    let basic = basic.succeeds().stdout();
    world
        .git(&format!(
            "-c http.extraHeader='Authorization: Basic {basic}' ls-remote heroku"
        ))
        .succeeds()
        .says_nothing();
}

#[test]
fn the_reply_repeats_the_user_name_of_the_url() {
    let (world, _) = logged_in();
    world
        .git("ls-remote https://anyone@git.heroku.com/blue-sky.git")
        .succeeds()
        .stderr_is("");
}

#[test]
fn every_spelling_of_the_host_gets_the_token() {
    let (world, _) = logged_in();
    for host in ["git.heroku.com", "git.heroku.com:443", "GIT.heroku.com"] {
        world
            .git_with_input(
                "credential fill",
                &format!("protocol=https\nhost={host}\n\n"),
            )
            .succeeds()
            .prints_secret(&world.stored_in_the_keyring(ANN).unwrap());
    }
}

#[test]
fn a_proactive_git_gets_the_token_before_the_first_request() {
    let (world, _) = logged_in();
    world
        .git("-c http.proactiveAuth=basic ls-remote heroku")
        .succeeds()
        .says_nothing();
    // git before 2.46 does not know the setting, and gets a 401 first, as usual.
    let requests = world.heroku.requests_to(GIT_HOST).into_iter();
    let refused = requests.filter(|request| request.status == 401).count();
    assert_eq!(refused, usize::from(world.git_is_older_than(46)));
}

const ELSEWHERE: &str =
    "Location: https://git.example.com/blue-sky.git/info/refs?service=git-upload-pack";

/// The passwords that were sent to a host.
fn passwords_sent_to(world: &World, host: &str) -> usize {
    let requests = world.heroku.requests_to(host);
    let with_password = |request: &&Recorded| request.header("authorization").is_some();
    requests.iter().filter(with_password).count()
}

#[test]
fn a_redirect_to_another_host_gets_no_token() {
    let (world, token) = logged_in();
    world.heroku.add_host("git.example.com");
    world.git_host_redirects_to(ELSEWHERE);
    world
        .git("ls-remote heroku")
        .exits_with(128)
        .says("could not read Username for 'https://git.example.com'")
        .says_nothing_about("heroku-rs");
    assert!(!world.heroku.requests_to("git.example.com").is_empty());
    assert_eq!(passwords_sent_to(&world, "git.example.com"), 0);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_redirect_after_the_password_removes_no_login() {
    let (world, token) = logged_in();
    world.heroku.add_host("git.example.com");
    world.git_host_redirects_after_the_password_to(ELSEWHERE);
    world
        .git("-c http.followRedirects=true ls-remote heroku")
        .exits_with(128)
        .says("the token of ann@example.com is valid; it was kept");
    assert_eq!(
        passwords_sent_to(&world, GIT_HOST),
        1,
        "the password was sent once"
    );
    assert_eq!(passwords_sent_to(&world, "git.example.com"), 0);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_url_with_a_token_and_no_user_name_removes_no_login() {
    let (world, token) = logged_in();
    world.is_public(&token);
    let url = format!("https://:{token}@git.heroku.com/blue-sky.git");
    let outcome = world.git(&format!("ls-remote {url}"));
    // git 2.47 sends an empty password there, is refused, and erases the token; 2.39 sends it.
    if outcome.is_success() {
        outcome.says_nothing();
    } else {
        outcome.exits_with(128).says("it was kept");
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}
