//! Many programs at once at git's configuration: every key of everybody's is there at the end, and
//! whoever reads meanwhile reads a whole file.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::thread;

use crate::world::{World, counted};

const CONFIG: &str = "[user]\n\tname = Ann\n\
    [credential \"https://git.heroku.com\"]\n\tusername = ann\n\thelper = theirs\n\
    [credential]\n\thelper = store\n";

/// git gives up at once where another git has the lock, so its user tries again.
fn sets(key: &str) -> String {
    format!("until git config --global {key} x 2>/dev/null; do :; done")
}

fn helpers(world: &World) -> String {
    world
        .git("config --global --get-all credential.https://git.heroku.com.helper")
        .stdout()
}

#[test]
fn setups_unsetups_and_other_writers_lose_nothing_of_each_other() {
    let world = World::new();
    let path = world.has_file(".gitconfig", CONFIG);
    let writers = 12;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 0..writers {
            let world = &world;
            let line = sets(&format!("race.key{number}"));
            threads.push(scope.spawn(move || drop(world.shell(&line, b"").succeeds())));
            let line = ["setup", "unsetup"][number % 2];
            threads.push(scope.spawn(move || drop(world.helper(line).succeeds().stderr_is(""))));
        }
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            let read = world.git("config --global --get-all user.name").succeeds();
            read.stdout_is("Ann\n").stderr_is("");
            let kept = world.git("config --global credential.https://git.heroku.com.username");
            kept.succeeds().stdout_is("ann\n");
        }
    });
    counted("parallel operations", 2 * writers);
    let keys = world.git("config --global --get-regexp ^race").succeeds();
    assert_eq!(keys.stdout().lines().count(), writers, "each key, once");
    world.helper("setup").succeeds();
    assert_eq!(helpers(&world), "theirs\n\nheroku-rs\n");
    world.helper("unsetup").succeeds();
    assert_eq!(helpers(&world), "theirs\n");
    let text = fs::read_to_string(path).unwrap();
    for key in ["username = ann", "helper = store", "name = Ann"] {
        assert_eq!(text.matches(key).count(), 1, "{text}");
    }
    assert_eq!(lies_beside(&world.home()), [".gitconfig"]);
}

#[test]
fn first_setups_at_once_make_one_pair() {
    let world = World::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| world.helper("setup").succeeds().stderr_is("").stdout());
        }
    });
    counted("parallel operations", 8);
    assert_eq!(helpers(&world), "\nheroku-rs\n");
    assert_eq!(lies_beside(&world.home()), [".gitconfig"]);
}

fn lies_beside(home: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn links_mode_and_owner_of_the_file_stay() {
    let world = World::new();
    let real = world.has_file("dotfiles/gitconfig", CONFIG);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    // Only root can give a file away; for anyone else its owner is the one who runs this.
    let _ = std::os::unix::fs::chown(&real, Some(65_534), Some(65_534));
    let before = fs::metadata(&real).unwrap();
    let link = world.home().join(".gitconfig");
    symlink("dotfiles/gitconfig", &link).unwrap();
    for command in ["setup", "unsetup"] {
        world.helper(command).succeeds().stderr_is("");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let after = fs::metadata(&real).unwrap();
        assert_eq!(after.mode(), before.mode());
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    }
}

/// What git says of a lock is read, and a translated git says it in other words.
#[test]
fn git_is_asked_in_one_language_whatever_the_users_is() {
    let world = World::new();
    world.has_program(
        "git",
        "echo \"$LC_ALL\" >>~/spoken; exec /usr/bin/git \"$@\"",
    );
    world.sets("LC_ALL", "tr_TR.UTF-8");
    world.helper("setup").succeeds().stderr_is("");
    let spoken = fs::read_to_string(world.home().join("spoken")).unwrap();
    assert!(
        spoken.lines().count() > 3 && spoken.lines().all(|line| line == "C"),
        "{spoken}"
    );
}

#[test]
fn the_file_is_where_git_finds_it() {
    let world = World::new();
    let theirs = "[alias]\n\tst = status\n";
    let ours = "\thelper =\n\thelper = heroku-rs\n";
    let path = world.has_file(".config/git/config", theirs);
    world.helper("setup").succeeds();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(theirs) && text.ends_with(ours), "{text}");
    assert!(!world.home().join(".gitconfig").exists());
    // GIT_CONFIG_GLOBAL came with git 2.32.
    if world.git_is_older_than(32) {
        return;
    }
    let path = world.has_file("a place with a blank/config", theirs);
    world.sets("GIT_CONFIG_GLOBAL", path.to_str().unwrap());
    world.helper("setup").succeeds();
    assert!(fs::read_to_string(&path).unwrap().ends_with(ours));
}

#[test]
fn a_repositorys_own_file_is_found_from_any_of_its_folders() {
    let world = World::new().with_app("blue-sky");
    world.shell("mkdir -p a/b", b"").succeeds();
    world
        .shell("cd a/b && git-credential-heroku-rs setup --local", b"")
        .succeeds()
        .stderr_is("");
    let config = fs::read_to_string(world.work().join(".git/config")).unwrap();
    assert!(
        config.ends_with("\thelper =\n\thelper = heroku-rs\n"),
        "{config}"
    );
    world
        .shell("cd / && git-credential-heroku-rs setup --local", b"")
        .fails();
}
