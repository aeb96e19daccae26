//! Another user of the same machine reads no token, plants none, blocks no write, and redirects no file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use heroku_stand_in::Grant;

use crate::world::{ANN, BOB, REQUEST, World};

const STATE: &str = ".local/state/git-credential-heroku-rs";

/// With the most open mask that a user can have.
fn runs(world: &World, line: &str, input: &str) {
    let line = format!("umask 000; git-credential-heroku-rs {line}");
    world.shell(&line, input.as_bytes()).succeeds();
}

fn with_two_accounts() -> (World, [String; 2]) {
    let world = World::new().with_keyring();
    let tokens = [ANN, BOB].map(|email| {
        let token = world.heroku.issue_token(email);
        world.stores_in_the_keyring(email, &token);
        token
    });
    (world, tokens)
}

#[test]
fn nothing_that_we_write_can_be_read_or_written() {
    for has_keyring in [false, true] {
        let mut world = World::new();
        if has_keyring {
            world = world.with_keyring();
        }
        let Some(another) = world.has_another_user() else {
            return;
        };
        let token = world.heroku.issue_token(ANN);
        runs(&world, "login --with-token", &token);
        runs(&world, "setup", "");
        runs(&world, "setup --docker", "");
        runs(&world, "rotate", "");
        runs(&world, "status", "");
        if !has_keyring {
            world.is_not_searched(&world.home().join(".netrc"));
        }
        let home = world.home().display().to_string();
        for kind in ["-readable", "-writable"] {
            let seen = another.sees(&format!("find {home} -type f {kind}"));
            assert_eq!(seen, "", "{kind}, keyring: {has_keyring}");
        }
        let seen = another.sees(&format!("find {home} -writable"));
        assert_eq!(seen, "", "keyring: {has_keyring}");
    }
}

#[test]
fn no_token_is_in_the_public_data_of_a_process() {
    let world = World::new().with_keyring();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    let _running = world.stops_the_helper_at_heroku("token --check", "");
    let everything = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ /proc/[0-9]*/comm 2>/dev/null \
                      | tr '\\0' '\\n'";
    let seen = another.sees(everything);
    assert!(seen.contains("token\n--check\n"), "the program is seen");
    assert!(!seen.contains(&token));
}

#[test]
fn a_file_of_another_user_does_not_select_the_account() {
    let (world, tokens) = with_two_accounts();
    let Some(another) = world.has_another_user() else {
        return;
    };
    world.has_active_account(BOB);
    let reply = world.helper_with_input("get", REQUEST).succeeds();
    reply.prints_secret(&tokens[1]);
    another.owns(&world.login_json());
    let reply = world.helper_with_input("get", REQUEST).succeeds();
    assert!(!reply.raw_stdout().contains("password="));
    world.helper("status").says("it belongs to another user");
}

#[test]
fn a_netrc_of_another_user_gives_no_token() {
    let world = World::new();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let token = world.heroku.issue_token(BOB);
    world.has_netrc(&format!(
        "machine git.heroku.com login {BOB} password {token}\n"
    ));
    another.owns(&world.home().join(".netrc"));
    let reply = world.helper_with_input("get", REQUEST).succeeds();
    let reply = reply.says("it belongs to another user");
    assert!(!reply.raw_stdout().contains("password="));
}

#[test]
fn the_token_metadata_of_another_user_is_ignored() {
    let world = World::new().with_keyring();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let grant = Grant {
        expires_in: Some(90 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.logs_in_with(&token);
    let notes = world.home().join(STATE).join("authorizations.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&notes).unwrap()).unwrap();
    let known = json["authorizations"].as_array_mut().unwrap();
    known[0]["expires"] = 1.into();
    fs::write(&notes, json.to_string()).unwrap();
    let reply = world.helper_with_input("get", REQUEST).succeeds();
    assert!(!reply.raw_stdout().contains("password="), "it has expired");
    another.owns(&notes);
    world
        .helper_with_input("get", REQUEST)
        .succeeds()
        .prints_secret(&token);
}

/// A journal could name an authorization that a rotation has yet to revoke.
#[test]
fn a_journal_of_another_user_revokes_nothing() {
    let world = World::new().with_keyring();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    let grant = Grant {
        description: "theirs (rotation 01234567)".to_owned(),
        ..Grant::default()
    };
    let victim = world.heroku.issue(ANN, grant);
    let journal = serde_json::json!({"version": 1, "rotations": [{
        "account": ANN, "source": "keyring", "mark": "01234567",
        "started": "2020-01-01T00:00:00Z", "description": "theirs", "old_fingerprint": "",
        "new": {"authorization": victim.id, "fingerprint": ""},
    }]});
    let name = format!("{STATE}/rotations.json");
    let file = world.has_file(&name, &journal.to_string());
    another.owns(&file);
    world.helper("rotate").succeeds().says("rotations.json");
    assert!(world.heroku.is_live(&victim.token));
    assert!(!world.heroku.is_live(&token), "the rotation was made");
    // The same journal of this user does.
    world.has_file(&name, &journal.to_string());
    world.helper("rotate").succeeds().says("Cleaned up");
    assert!(!world.heroku.is_live(&victim.token));
}

#[test]
fn a_lock_of_another_user_blocks_nothing() {
    let world = World::ready_to_push();
    let Some(mut another) = world.has_another_user() else {
        return;
    };
    let token = world.heroku.issue_token(ANN);
    world.logs_in_with(&token);
    // Directories are open to all with the usual mask of 022.
    let home = world.home();
    world
        .shell("find ~ -type d -exec chmod 755 {} +", b"")
        .succeeds();
    let mut locked = Vec::new();
    for path in another
        .sees(&format!("find {} -readable", home.display()))
        .lines()
    {
        another.starts(&format!(
            "exec flock -n -F '{path}' sh -c 'echo locked; exec sleep 600'"
        ));
        locked.push(PathBuf::from(path));
    }
    assert!(locked.contains(&home.join(STATE)), "{locked:?}");
    // A command that waits for one of the locks is ended, or fails after its own limit.
    for line in ["setup", "rotate", "status", "logout"] {
        world.helper(line).succeeds();
    }
    let pasted = world.heroku.issue_token(ANN);
    let request = format!("{REQUEST}username=heroku\npassword={pasted}\n");
    world
        .helper_with_input("store", request)
        .succeeds()
        .stderr_is("");
    assert_eq!(world.stored_in_the_keyring("heroku"), Some(pasted));
}

/// Directories that everyone can write, where another user has put links to files of ours.
#[test]
fn a_link_of_another_user_is_not_followed() {
    let world = World::new();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let victim = world.has_file("victim", "{}\n");
    let created = world.home().join("created");
    let shared = world.home().join("shared");
    let names = [
        "netrc",
        "state/git-credential-heroku-rs/authorizations.json",
        "state/git-credential-heroku-rs/rotations.json",
        "data/heroku/login.json",
        "docker/config.json",
    ];
    let lock = "state/git-credential-heroku-rs/rotations.lock";
    for name in names.iter().chain([&lock]) {
        let path = shared.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
        let target = if *name == lock { &created } else { &victim };
        symlink(target, &path).unwrap();
        another.owns_link(&path);
    }
    for (variable, name) in [
        ("NETRC", "netrc"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_DATA_HOME", "data"),
        ("DOCKER_CONFIG", "docker"),
    ] {
        world.sets(variable, shared.join(name).to_str().unwrap());
    }
    let token = world.heroku.issue_token(ANN);
    let _ = world.helper_with_input("login --with-token", &token);
    for line in ["rotate", "setup --docker", "status", "logout"] {
        let _ = world.helper(line);
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "{}\n");
    assert!(!created.exists(), "a lock was created through a link");
    let seen = another.sees(&format!("cat {}/* 2>/dev/null", shared.display()));
    assert!(!seen.contains(&token));
}

/// As root with the home of another user, as macOS's `sudo` leaves it, or in a container.
#[test]
fn root_in_the_home_of_another_user_leaves_nothing_that_the_user_cannot_use() {
    let world = World::new().with_keyring();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let token = world.heroku.issue_token(ANN);
    world.stores_in_the_keyring(ANN, &token);
    world.shell("chown -R 65534:65534 ~", b"").succeeds();
    let foreign = " belongs to another user\n";
    world.helper("rotate").exits_with(1).says(foreign);
    let docker = world.helper("setup --docker").exits_with(1);
    docker.says(&format!("{foreign}  check: ls -ld "));
    assert!(world.heroku.is_live(&token));
    world
        .helper_with_input("login --with-token --store netrc", &token)
        .exits_with(1)
        .says("heroku-rs: ~/.netrc was not changed: ")
        .says(foreign);
    world.helper("setup --alias").succeeds().stderr_is("");
    let home = world.home().display().to_string();
    let seen = another.sees(&format!("find {home} ! -readable -o ! -writable"));
    assert_eq!(seen, "");
    let seen = another.sees(&format!("ls -A {home}; cat {home}/.gitconfig"));
    for line in ["helper = heroku-rs", "heroku = credential-heroku-rs"] {
        assert!(seen.contains(line), "{seen}");
    }
    world
        .helper("logout")
        .succeeds()
        .says_nothing_about("netrc may still contain");
}

/// What `doctor --offline` prints in the home of another user, with a netrc of root's, and then its exit code.
fn doctor_with_a_netrc_of_root(text: &str, mode: u32, world: &World) -> Option<String> {
    let another = world.has_another_user()?;
    world.helper("setup").succeeds();
    world.shell("chown -R 65534:65534 ~", b"").succeeds();
    let netrc = world.has_file(".netrc", text);
    fs::set_permissions(netrc, fs::Permissions::from_mode(mode)).unwrap();
    let (home, bin) = (world.home(), world.bin());
    Some(another.sees(&format!(
        "HOME={} PATH={}:$PATH git-credential-heroku-rs doctor --offline; echo $?",
        home.display(),
        bin.display(),
    )))
}

/// After `sudo heroku login`. git does not read that netrc either, so a push has no token.
#[test]
fn doctor_fails_if_only_root_can_read_netrc() {
    let world = World::new();
    let token = world.heroku.issue_token(ANN);
    world.is_public(&token);
    let netrc = format!("machine git.heroku.com\n  login {ANN}\n  password {token}\n");
    let Some(seen) = doctor_with_a_netrc_of_root(&netrc, 0o600, &world) else {
        return;
    };
    assert!(seen.contains("FAIL  git gets no token: "), "{seen}");
    let fix = r#"sudo chown "$(id -u)" ~/.netrc && chmod 600 ~/.netrc"#;
    assert!(seen.contains(fix), "{seen}");
    assert!(seen.ends_with("\n1\n"), "{seen}");
}

/// `sudo` with an open umask leaves such a file, and git itself reads it.
#[test]
fn doctor_finds_a_netrc_of_root_that_other_users_can_write() {
    let world = World::new();
    let Some(seen) = doctor_with_a_netrc_of_root("", 0o666, &world) else {
        return;
    };
    let found = "other users can write to ~/.netrc\n";
    let fix = "chmod 600 ~/.netrc\n";
    assert!(seen.contains(found) && seen.contains(fix), "{seen}");
}

/// As `sudo git config --global` leaves it. git itself reports nothing.
#[test]
fn a_git_configuration_that_only_root_can_read_is_reported_with_its_fix() {
    let world = World::new();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let program = world.home().join("git-credential-heroku-rs");
    fs::copy(world.tested_program(), &program).unwrap();
    let (home, program) = (world.home().display().to_string(), program.display());
    for (name, said) in [
        (
            ".gitconfig",
            "~/.gitconfig cannot be read: permission denied\n",
        ),
        ("more", "/more': Permission denied\n"),
    ] {
        world.has_file(".gitconfig", "[include]\n\tpath = more\n");
        let file = world.has_file(name, "[user]\n\tname = Ann\n");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let own = format!("sudo chown \"$(id -u)\" ~/{name} && chmod u+rwX ~/{name}");
        let fix = format!("change its owner and permissions: {own}\n");
        for command in ["setup", "doctor --offline"] {
            let seen = another.sees(&format!("HOME={home} {program} {command} 2>&1"));
            assert!(seen.contains(said) && seen.contains(&fix), "{seen}");
        }
        fs::remove_file(file).unwrap();
    }
}

/// The same with directories that the user has made.
#[test]
fn root_in_a_directory_of_another_user_writes_nothing_there() {
    let world = World::new().with_keyring();
    let Some(another) = world.has_another_user() else {
        return;
    };
    for name in [STATE, ".local/share/heroku"] {
        let path = world.home().join(name);
        fs::create_dir_all(&path).unwrap();
        another.owns(&path);
    }
    let token = world.heroku.issue_token(ANN);
    let _ = world.helper_with_input("login --with-token", &token);
    for line in ["rotate", "status", "logout"] {
        let _ = world.helper(line);
    }
    for name in [STATE, ".local/share/heroku"] {
        let left = fs::read_dir(world.home().join(name)).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}
