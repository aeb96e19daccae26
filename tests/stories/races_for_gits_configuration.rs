//! Many programs change git's configuration concurrently: no key is lost, and every reader sees a whole file.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::thread;

use crate::world::{World, counted};

const CONFIG: &str = "[user]\n\tname = Ann\n\
    [credential \"https://git.heroku.com\"]\n\tusername = ann\n\thelper = theirs\n\
    [credential]\n\thelper = store\n";

/// git fails if another git has the lock, so the user tries again.
fn set_key_command(key: &str) -> String {
    format!("until git config --global {key} x 2>/dev/null; do :; done")
}

fn helpers(world: &World) -> String {
    world
        .git("config --global --get-all credential.https://git.heroku.com.helper")
        .stdout()
}

#[test]
fn setups_unsetups_and_other_writers_keep_each_others_changes() {
    let world = World::new();
    let path = world.has_file(".gitconfig", CONFIG);
    let writers = 12;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 0..writers {
            let world = &world;
            let line = set_key_command(&format!("race.key{number}"));
            threads.push(scope.spawn(move || drop(world.shell(&line, b"").succeeds())));
            let line = ["setup", "unsetup"][number % 2];
            // A setup may warn that an unsetup has already removed its lines.
            threads.push(scope.spawn(move || {
                let outcome = world.helper(line).succeeds();
                drop(outcome.says_nothing_about("heroku-rs: "));
            }));
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
    assert_eq!(files_in(&world.home()), [".gitconfig"]);
}

#[test]
fn concurrent_first_setups_write_one_pair() {
    let world = World::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| world.helper("setup").succeeds().stderr_is("").stdout());
        }
    });
    counted("parallel operations", 8);
    assert_eq!(helpers(&world), "\nheroku-rs\n");
    assert_eq!(files_in(&world.home()), [".gitconfig"]);
}

fn files_in(home: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_link_the_mode_and_the_owner_of_the_file_stay() {
    let world = World::new();
    let real = world.has_file("dotfiles/gitconfig", CONFIG);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    // Only root can change the owner of a file; another user owns it already.
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

/// git's messages are translated, and this program reads some of them.
#[test]
fn git_runs_in_one_language_for_every_user() {
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
fn the_file_that_git_reads_is_written() {
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
fn a_repositorys_file_is_found_from_every_directory_in_it() {
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
