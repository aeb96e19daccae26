//! Files of the user that are a mount, read-only or open to others: each message names the state and what works.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::{ANN, REQUEST, World, skipped};

fn entry(token: &str) -> String {
    format!("machine git.heroku.com login {ANN} password {token}\n")
}

/// Runs lines of a shell where `~/.netrc` is a mount, as in a container. None if nothing can be mounted here: then the
/// story is skipped.
fn where_netrc_is_a_mount<'w>(world: &'w World, lines: &str) -> Option<crate::world::Outcome<'w>> {
    let can = world.shell("unshare --mount true 2>/dev/null", b"");
    if !can.is_success() {
        skipped("nothing can be mounted here");
        return None;
    }
    let lines = format!("mount --bind ~/host-netrc ~/.netrc && {lines}");
    world.has_file("in-the-container", &lines);
    Some(world.shell("unshare --mount sh ~/in-the-container", b""))
}

/// A world in which `~/.netrc` will be mounted: its token, and another one in `~/other`.
fn with_a_netrc_to_mount() -> (World, String) {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let other = world.heroku.issue_token(ANN);
    world.has_netrc("");
    let host = world.has_file("host-netrc", &entry(&token));
    fs::set_permissions(&host, fs::Permissions::from_mode(0o600)).unwrap();
    world.is_not_searched(&host);
    world.is_not_searched(&world.has_file("other", &other));
    (world, token)
}

const MOUNT: &str = "~/.netrc was not changed: it is a mount and cannot be replaced";
const EDIT: &str = "edit the file: ${EDITOR:-vi} ~/.netrc";
const ANOTHER_PLACE: &str = "set HEROKU_API_KEY, or set NETRC to a file that can be written";

#[test]
fn a_netrc_that_is_a_mount_is_read_and_has_to_be_edited_by_the_user() {
    for (command, fix) in [
        ("login --with-token <~/other", ANOTHER_PLACE),
        ("rotate", EDIT),
        ("netrc clean", EDIT),
        ("logout --keep", EDIT),
    ] {
        let (world, token) = with_a_netrc_to_mount();
        let lines = format!("git-credential-heroku-rs {command}");
        let Some(outcome) = where_netrc_is_a_mount(&world, &lines) else {
            return;
        };
        outcome.exits_with(1).says(MOUNT).says(fix);
        let text = fs::read_to_string(world.home().join("host-netrc")).unwrap();
        assert_eq!(text, entry(&token), "{command}");
        assert!(world.heroku.is_live(&token), "{command}");
    }
    let (world, token) = with_a_netrc_to_mount();
    let get = "printf 'protocol=https\\nhost=git.heroku.com\\n' | git-credential-heroku-rs get";
    let reply = where_netrc_is_a_mount(&world, get).unwrap();
    reply.succeeds().prints_secret(&token).stderr_is("");
}

#[test]
fn a_logout_from_a_netrc_that_is_a_mount_reports_what_was_done() {
    let (world, token) = with_a_netrc_to_mount();
    let lines =
        "git-credential-heroku-rs logout; code=$?; sed -i d ~/other; : >~/.netrc; exit $code";
    let Some(outcome) = where_netrc_is_a_mount(&world, lines) else {
        return;
    };
    outcome
        .exits_with(1)
        .says("the token of ann@example.com was revoked, but not removed from this machine: ")
        .says(MOUNT)
        .says(EDIT)
        .says_nothing_about("logout --keep");
    assert!(!world.heroku.is_live(&token));
}

/// The mask of Ubuntu's users is 002, so that their editors make files that their group can write.
#[test]
fn a_netrc_with_the_mode_664_is_reported_and_the_fix_works() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&entry(&token));
    let netrc = world.home().join(".netrc");
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o664)).unwrap();
    let said = world.helper_with_input("get", REQUEST).succeeds().stderr();
    assert!(said.contains("~/.netrc is not used: "), "{said}");
    let fix = "chmod 600 ~/.netrc";
    assert!(said.contains(fix), "{said}");
    world.shell(fix, b"").succeeds();
    let reply = world.helper_with_input("get", REQUEST).succeeds();
    reply.prints_secret(&token).stderr_is("");
}

/// A home on a file system that can only be read, as in some containers.
#[test]
fn a_read_only_home_is_reported_and_get_works() {
    let (world, token) = with_a_netrc_to_mount();
    let get = "printf 'protocol=https\\nhost=git.heroku.com\\n' | git-credential-heroku-rs get";
    let lines = format!(
        "mount --bind ~ ~ && mount --bind ~/host-netrc ~/.netrc && mount -o remount,bind,ro ~ && \
         {get} && cat ~/other | git-credential-heroku-rs login --with-token"
    );
    let Some(outcome) = where_netrc_is_a_mount(&world, &lines) else {
        return;
    };
    outcome
        .exits_with(1)
        .prints_secret(&token)
        .says("~/.netrc was not changed: read-only")
        .says(ANOTHER_PLACE);
}
