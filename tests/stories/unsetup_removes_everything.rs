//! `unsetup --all`: nothing that this program wrote is left, except what stored tokens need.

use std::fs;
use std::path::Path;

use crate::world::{ANN, World};

const STATE: &str = ".local/state/git-credential-heroku-rs";

/// The files below a directory, except those of the keyring and of the Heroku CLI.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.ends_with(".local/share") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_that_we_wrote_is_removed_and_reported() {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.has_file(".gitconfig", "[alias]\n\tst = status\n");
    world.has_file(".docker/config.json", "{\n\t\"auths\": {}\n}");
    let before = (files(&world.home()), files(&world.bin()));
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    for line in [
        "setup --alias",
        "setup --local",
        "setup --docker",
        "man --install",
    ] {
        world.helper(line).succeeds();
    }
    world.helper("logout").succeeds();
    let said = world.helper("unsetup --all").succeeds().stdout();
    for line in [
        "Removed heroku-rs from ~/.gitconfig\n",
        "Removed the alias `git heroku` from ~/.gitconfig\n",
        "work/.git/config\n",
        "Removed heroku-rs from ~/.docker/config.json\n",
        "Removed WORLD/bin/docker-credential-heroku-rs\n",
        "pages of the manual from WORLD/share/man/man1\n",
        "git uses no helper for https://git.heroku.com\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    assert!(!said.contains("Kept"), "{said}");
    assert_eq!((files(&world.home()), files(&world.bin())), before);
    assert!(!world.home().join(STATE).exists());
    let again = world.helper("unsetup --all").succeeds();
    again.stdout_is("Nothing was removed\ngit uses no helper for https://git.heroku.com\n");
}

/// git writes `~/.gitconfig` as soon as there is one, and still reads its other file.
#[test]
fn an_older_setup_is_removed_from_gits_other_file() {
    for command in ["unsetup", "unsetup --all"] {
        let world = World::new();
        let theirs = "[user]\n\tname = Ann\n";
        let other = world.has_file(".config/git/config", theirs);
        world.helper("setup --alias").succeeds();
        let usual = world.has_file(".gitconfig", theirs);
        world.helper("setup").succeeds();
        world.helper(command).succeeds().says(
            "Removed heroku-rs from ~/.gitconfig\n\
             Removed heroku-rs from ~/.config/git/config\n\
             Removed the alias `git heroku` from ~/.config/git/config\n",
        );
        for file in [other, usual] {
            assert_eq!(fs::read_to_string(file).unwrap(), theirs);
        }
    }
}

#[test]
fn an_alias_in_another_form_stays_and_is_named() {
    let world = World::new();
    let theirs = "[Alias]\n\theroku = credential-heroku-rs ; mine\n";
    let file = world.has_file(".gitconfig", theirs);
    let unsetup = world.helper("unsetup").succeeds();
    unsetup.stderr_is(
        "warning: the alias `git heroku` was not removed: its line is not as setup writes it\n  \
         run: git config --global --unset-all alias.heroku\n",
    );
    assert_eq!(fs::read_to_string(file).unwrap(), theirs);
}

const UNFINISHED: &str = "{\"version\": 1, \"rotations\": [{\"account\": \"ann@example.com\", \
    \"source\": \"keyring\", \"mark\": \"0123abcd\", \"started\": \"2026-11-01T00:00:00Z\", \
    \"description\": \"x\", \"old_fingerprint\": \"\"}]}";

/// Expects that our own files are kept, for this reason and with this fix.
fn keeps_its_files(world: &World, why: &str, fix: &str) {
    let dir = world.home().join(STATE);
    let contents = || files(&dir).into_iter().map(|file| fs::read(file).unwrap());
    let before: Vec<_> = contents().collect();
    let said = world.helper("unsetup --all").succeeds().stdout();
    let kept = format!("Kept ~/{STATE}: {why}");
    assert!(said.contains(&kept) && said.contains(fix), "{said}");
    assert!(contents().eq(before));
}

#[test]
fn what_a_stored_token_needs_is_kept_with_the_reason() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    let tokens = "Kept the stored tokens: they are shared with the Heroku CLI\n  \
        log out: git credential-heroku-rs logout --all\n";
    keeps_its_files(&world, "it describes the stored tokens\n", tokens);
    world.has_file(format!("{STATE}/rotations.json"), UNFINISHED);
    let finish = "  finish it: git credential-heroku-rs rotate --all\n";
    keeps_its_files(&world, "a rotation is not finished\n", finish);
    world.helper("token --check").succeeds();
    fs::remove_dir_all(world.home().join(STATE)).unwrap();
    world.helper("unsetup --all").succeeds().says(tokens);
}

#[test]
fn an_unfinished_rotation_is_kept_even_without_a_login() {
    let world = World::new();
    world.has_file(format!("{STATE}/rotations.json"), UNFINISHED);
    let fix = "  finish it: git credential-heroku-rs rotate --all\n";
    keeps_its_files(&world, "a rotation is not finished\n", fix);
}

#[test]
fn a_file_that_cannot_be_used_is_kept() {
    for (name, text) in [
        ("authorizations.json", "{"),
        (
            "authorizations.json",
            "{\"version\": 2, \"authorizations\": []}",
        ),
        ("rotations.json", "{"),
    ] {
        let world = World::new();
        world.has_file(format!("{STATE}/{name}"), text);
        let fix = format!("  check: ls -ld ~/{STATE}/{name}\n");
        keeps_its_files(&world, &format!("~/{STATE}/{name} is not used: "), &fix);
    }
}

/// As in a container with a volume for the directory.
#[test]
fn a_state_directory_that_is_a_link_is_emptied() {
    let world = World::new();
    let file = world.has_file("volume/authorizations.json", "{\"authorizations\": []}");
    let link = world.home().join(STATE);
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(file.parent().unwrap(), &link).unwrap();
    world
        .helper("unsetup --all")
        .succeeds()
        .says(&format!("Removed our files from ~/{STATE}\n"))
        .says_nothing_about("Kept");
    assert!(!file.exists());
}

#[test]
fn a_file_that_was_set_aside_is_kept() {
    let world = World::new().with_keyring();
    let file = world.has_file(format!("{STATE}/authorizations.json"), "{");
    world.logs_in_with(&world.heroku.issue_token(ANN));
    world.helper("logout").succeeds();
    world.helper("unsetup --all").succeeds().says(&format!(
        "Kept ~/{STATE}: it contains files that were renamed or are not ours\n  list them: ls -A "
    ));
    let left = files(file.parent().unwrap());
    assert!(
        left.len() == 1 && left[0].contains(".unusable-"),
        "{left:?}"
    );
}

#[test]
fn with_a_locked_keyring_the_metadata_is_kept() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    world
        .helper_with_input("login --with-token", &token)
        .succeeds();
    world.keyring().locks();
    keeps_its_files(&world, "it may describe a stored token: ", "unlock");
}

#[test]
fn no_file_of_ours_is_removed_while_a_rotation_is_running() {
    let world = World::new();
    let lock = world.has_file(format!("{STATE}/rotations.lock"), "");
    let lock = fs::File::open(lock).unwrap();
    lock.lock().unwrap();
    world
        .helper("unsetup --all")
        .exits_with(1)
        .says("warning: another `rotate` is still running");
    drop(lock);
    world
        .helper("unsetup --all")
        .succeeds()
        .says(&format!("Removed ~/{STATE}\n"));
    assert!(!world.home().join(STATE).exists());
}

#[test]
fn a_step_that_fails_is_reported_and_the_others_are_done() {
    let world = World::new();
    world.has_file(".docker/config.json", "{");
    world.helper("setup").succeeds();
    world
        .helper("unsetup --all")
        .exits_with(1)
        .says("Removed heroku-rs from ~/.gitconfig\n")
        .says("warning: ~/.docker/config.json was ")
        .says("git uses no helper for https://git.heroku.com\n");
}

/// A file is in its place, or only root can read it.
#[test]
fn a_state_directory_that_cannot_be_read_is_reported() {
    let world = World::new();
    world.has_file(STATE, "");
    let notice =
        format!("not used: Not a directory (os error 20)\n        check: ls -ld ~/{STATE}\n");
    let found = world.helper("doctor --offline").stdout();
    assert!(found.contains(&notice), "{found}");
    world
        .helper("unsetup --all")
        .exits_with(1)
        .says(&format!(
            "warning: ~/{STATE} was not removed: Not a directory"
        ))
        .says(&format!("check: ls -ld ~/{STATE}\n"));
}
