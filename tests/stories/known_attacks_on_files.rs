//! Links, permissions and paths that other users choose, for every file that we read or write.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::world::{ANN, REQUEST, World};

const STATE: &str = ".local/state/git-credential-heroku-rs";

fn netrc_of(token: &str) -> String {
    format!("machine git.heroku.com\n  login {ANN}\n  password {token}\n")
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn our_files_are_private_whatever_the_umask() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let line = "umask 000; git-credential-heroku-rs login --with-token";
    world.shell(line, token.as_bytes()).succeeds();
    let netrc = world.home().join(".netrc");
    world.is_not_searched(&netrc);
    assert_eq!(mode(&netrc), 0o600);
    let notes = world.home().join(STATE).join("authorizations.json");
    assert_eq!(mode(&notes), 0o600);
    assert_eq!(mode(notes.parent().unwrap()), 0o700);
}

#[test]
fn a_netrc_that_others_can_write_gives_no_token() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&netrc_of(&token));
    let netrc = world.home().join(".netrc");
    for open in [0o602, 0o620, 0o666, 0o777] {
        fs::set_permissions(&netrc, fs::Permissions::from_mode(open)).unwrap();
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .stdout_is("username=heroku\n\n");
        world
            .helper("status --offline")
            .says("netrc is not used: other users can write to it");
    }
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).unwrap();
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
}

#[test]
fn a_netrc_with_a_second_hard_link_is_not_changed() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.has_netrc(&netrc_of(&token));
    let netrc = world.home().join(".netrc");
    let second = world.home().join("copy");
    fs::hard_link(&netrc, &second).unwrap();
    world.is_not_searched(&second);
    world
        .helper("netrc clean")
        .exits_with(1)
        .says("it has another hard link\n  edit the file: ${EDITOR:-vi} ~/.netrc\n");
    assert_eq!(fs::read_to_string(&second).unwrap(), netrc_of(&token));
}

/// Users keep their dotfiles elsewhere: the link stays, and its target is replaced.
#[test]
fn a_netrc_behind_a_link_is_edited_in_place() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let real = world.has_file(
        "dotfiles/netrc",
        &format!("machine x\n{}", netrc_of(&token)),
    );
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&real, world.home().join(".netrc")).unwrap();
    world.helper("netrc clean").succeeds();
    assert_eq!(fs::read_to_string(&real).unwrap(), "machine x\n");
    let link = fs::symlink_metadata(world.home().join(".netrc")).unwrap();
    assert!(link.is_symlink());
}

/// A predictable name could be another user's link in a directory of that user.
#[test]
fn no_file_is_written_through_a_predictable_name() {
    let world = World::new();
    let victim = world.has_file("victim", "precious\n");
    let state = world.home().join(STATE);
    fs::create_dir_all(&state).unwrap();
    for name in [
        ".authorizations.json.tmp",
        "authorizations.json.tmp",
        "authorizations.json.new",
        "authorizations.json~",
        ".tmp",
        "authorizations.json.lock",
        ".authorizations.json.lock",
    ] {
        symlink(&victim, state.join(name)).unwrap();
    }
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    world.is_not_searched(&world.home().join(".netrc"));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
    assert!(state.join("authorizations.json").is_file());
}

#[test]
fn an_endless_file_does_not_block_a_command() {
    for (path, target) in [
        (".netrc", "/dev/zero"),
        (".local/share/heroku/login.json", "/dev/zero"),
        (
            ".local/state/git-credential-heroku-rs/authorizations.json",
            "/dev/zero",
        ),
        (".netrc", "/dev/tty"),
        (".netrc", "/proc/self/mem"),
    ] {
        let world = World::new().with_keyring();
        let token = world.heroku.issue_token(ANN);
        world.stores_in_the_keyring(ANN, &token);
        let path = world.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, &path).unwrap();
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&token);
        let _ = world.helper("status --offline").succeeds();
    }
}

#[test]
fn no_content_of_login_json_leads_to_another_file() {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    let victim = world.has_file("victim", "precious\n");
    let login = world.login_json();
    for account in [
        "../../../victim",
        "/etc/passwd",
        "$(cat victim)@example.com",
        "ann@example.com\\u0000x",
    ] {
        fs::write(&login, format!("{{\"account\":\"{account}\"}}")).unwrap();
        // It names no account: git gets the token of the only item.
        world
            .helper_with_input("get", REQUEST)
            .succeeds()
            .prints_secret(&token);
        world.helper(&format!("switch -- '{account}'")).fails();
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
}

#[test]
fn a_name_cannot_add_lines_to_netrc() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    let request = |name: &str| format!("{REQUEST}username={name}\npassword={token}\n");
    for name in [
        "a machine evil.example",
        "a\tpassword x",
        "\"a",
        "#a",
        "a\\",
    ] {
        let _ = world.helper_with_input("store", request(name)).succeeds();
        let netrc = world.home().join(".netrc");
        if netrc.exists() {
            world.is_not_searched(&netrc);
            let text = fs::read_to_string(&netrc).unwrap();
            assert!(
                !text.contains("evil.example") && text.lines().count() == 6,
                "{text}"
            );
            fs::remove_file(&netrc).unwrap();
        }
    }
}
