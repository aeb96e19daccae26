//! git gives a token in a remote URL to `store` and `erase`. It never changes a login.

use crate::world::{ANN, World};

fn logged_in() -> (World, String, String) {
    let world = World::ready_to_push();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let in_url = world.heroku.issue_token(ANN);
    world.is_public(&in_url);
    (world, token, in_url)
}

#[test]
fn a_token_in_a_url_does_not_overwrite_the_login() {
    let (world, token, in_url) = logged_in();
    // Also with the account's own name, since the author of a URL may know it.
    for user in ["heroku", "x", "ann%40example.com"] {
        world
            .git(&format!(
                "ls-remote https://{user}:{in_url}@git.heroku.com/blue-sky.git"
            ))
            .succeeds()
            .says_nothing();
    }
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

/// The author of a repository chooses the URL of a submodule.
#[test]
fn a_submodule_does_not_overwrite_the_login() {
    let (world, token, in_url) = logged_in();
    let submodule = format!("https://ann%40example.com:{in_url}@git.heroku.com/blue-sky.git");
    world.pushes();
    world.shell("git init --quiet ~/theirs", b"").succeeds();
    world
        .git(&format!(
            "-C ~/theirs submodule --quiet add {submodule} part"
        ))
        .succeeds();
    world
        .git("-C ~/theirs -c user.name=Eve -c user.email=eve@example.com commit --quiet --message 'A part'")
        .succeeds();
    world
        .git("clone --quiet --recurse-submodules ~/theirs ~/mine")
        .succeeds();
    assert!(world.home().join("mine/part/.git").exists());
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.accounts_in_the_keyring(), [ANN]);
}

#[test]
fn a_rejected_token_in_a_url_does_not_erase_the_login() {
    let (world, token, in_url) = logged_in();
    world.heroku.revoke(&in_url);
    world
        .git(&format!(
            "ls-remote https://x:{in_url}@git.heroku.com/blue-sky.git"
        ))
        .exits_with(128)
        .says("Authentication failed");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
    assert_eq!(world.requests_to_the_api(), 0);
}

#[test]
fn without_a_login_a_token_in_a_url_is_stored() {
    let world = World::ready_to_push();
    let in_url = world.heroku.issue_token(ANN);
    world.is_public(&in_url);
    world
        .git(&format!(
            "ls-remote https://x:{in_url}@git.heroku.com/blue-sky.git"
        ))
        .succeeds()
        .says_nothing();
    assert_eq!(world.accounts_in_the_keyring(), ["heroku"]);
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(in_url));
}

#[test]
fn setup_warns_about_a_token_in_a_url() {
    let (world, _, in_url) = logged_in();
    world
        .git(&format!(
            "remote set-url heroku https://x:{in_url}@git.heroku.com/blue-sky.git"
        ))
        .succeeds();
    world
        .helper("setup")
        .succeeds()
        .says("remote.heroku.url contains a password")
        .says_nothing_about(&in_url);
}

/// In a key, a remote's name, a helper, and the path of a file that is included.
#[test]
fn a_token_in_gits_configuration_is_not_printed() {
    let (world, _, token) = logged_in();
    let include = world.has_file(
        format!("{token}.inc"),
        &format!("[credential \"https://git.heroku.com\"]\n\thelper = x {token}\n"),
    );
    world
        .shell(
            &format!(
                "git config --global include.path {} && \
                 git config --global credential.https://x:{token}@git.heroku.com.username {ANN} && \
                 git remote rename heroku x-{token} && \
                 git remote set-url x-{token} https://x:{token}@git.heroku.com/blue-sky.git",
                include.display(),
            ),
            b"",
        )
        .succeeds();
    for line in [
        "setup",
        "setup --local",
        "status --offline",
        "status --offline --json",
        "switch ann@example.com",
        "doctor --offline",
        "unsetup",
        "unsetup --all",
    ] {
        let outcome = world.helper(line);
        let printed = outcome.stdout() + &outcome.stderr();
        assert!(!printed.contains(&token), "{line}: {printed}");
    }
}
