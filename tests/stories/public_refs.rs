//! A server that lists refs to everyone, and asks for a password only when git uploads something.

use crate::world::{ANN, World};

fn world() -> (World, String) {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.heroku.make_refs_public("blue-sky");
    world.helper("setup").succeeds();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

/// The requests to the git server: method, whether they had an Authorization header, status.
fn git_requests(world: &World) -> Vec<(String, bool, u16)> {
    let requests = world.heroku.requests_to("git.heroku.com");
    let lines = requests.into_iter().map(|request| {
        let has_credentials = request.header("authorization").is_some();
        (request.method, has_credentials, request.status)
    });
    lines.collect()
}

#[test]
fn a_push_works_if_only_the_upload_needs_a_login() {
    let (world, token) = world();
    world.pushes();
    let expected = [
        ("GET", false, 200),
        ("POST", false, 401),
        ("POST", true, 200),
    ];
    assert_eq!(
        git_requests(&world),
        expected.map(|(method, named, status)| (method.to_owned(), named, status))
    );
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_large_pack_is_sent_once() {
    let (world, _) = world();
    world
        .shell("head -c 3000000 /dev/urandom >large && git add large", b"")
        .succeeds();
    world.commits("Something large");
    world.pushes();
    let asked = git_requests(&world);
    assert_eq!(
        asked.iter().filter(|(_, _, status)| *status == 401).count(),
        1
    );
    let mut requests = world.heroku.requests_to("git.heroku.com");
    requests.retain(|request| request.header("transfer-encoding") == Some("chunked"));
    assert_eq!(requests.len(), 1, "{asked:?}");
}

#[test]
fn the_first_push_to_public_refs_is_a_login() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.heroku.make_refs_public("blue-sky");
    world.helper("setup").succeeds();
    let token = world.heroku.issue_token(ANN);
    world
        .on_a_terminal("git push heroku main")
        .shows("Password for 'https://heroku@git.heroku.com': ")
        .types(&token)
        .exits_with(0);
    assert!(world.is_pushed());
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(token));
}
