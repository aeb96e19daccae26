//! `setup` writes only its own two lines, at the end of the file, and the alias. If it cannot write, it prints a
//! command that works.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::doctor::{finding_offline, healthy, is_found, is_found_and_fixed};
use crate::world::{ANN, World, skipped};

const OURS: &str = "[credential \"https://git.heroku.com\"]\n\thelper =\n\thelper = heroku-rs\n";

/// The fix if the file cannot be changed.
const ADD: &str = "  in a file that git reads, add to credential.https://git.heroku.com.helper: \
    an empty value, then heroku-rs\n";

fn config(world: &World) -> String {
    fs::read_to_string(world.home().join(".gitconfig")).unwrap()
}

fn logged_in() -> World {
    let world = World::new().with_keyring().with_app("blue-sky");
    world.has_logged_in_with_the_heroku_cli(ANN);
    world
}

#[test]
fn every_line_of_the_user_stays() {
    let world = logged_in();
    let theirs = "# mine\n[credential \"https://git.heroku.com\"] # a comment\n\tusername = ann\n\
        \thelper = \"!f() { echo password=s3cret; }; f\" # inline\n[include]\n\tpath = more\n; the end";
    world.has_file(".gitconfig", theirs);
    world.has_file("more", "[credential]\n\thelper = store\n");
    world
        .helper("setup")
        .succeeds()
        .says("git now uses only heroku-rs for")
        .stderr_is("");
    assert_eq!(config(&world), format!("{theirs}\n{OURS}"));
    world.helper("unsetup").succeeds().says(
        "git uses `!f…` for https://git.heroku.com (~/.gitconfig)\n\
             git uses `store` for https://git.heroku.com (~/more)\n",
    );
    assert_eq!(config(&world), format!("{theirs}\n"));
}

#[test]
fn a_helper_added_after_ours_is_reported_and_setup_moves_our_lines() {
    let world = healthy();
    world
        .git("config --global credential.helper store")
        .succeeds();
    world
        .helper("status --offline")
        .succeeds()
        .says("git: configured\n  git also gives the token to `store` (global ~/.gitconfig)\n    run: git credential-heroku-rs setup\n")
        .says("store (~/.gitconfig)");
    is_found_and_fixed(
        &world,
        "git.helpers",
        "git also gives the token to `store` (global ~/.gitconfig)",
    );
    assert!(config(&world).ends_with(&format!("helper = store\n{OURS}")));
    assert_eq!(config(&world).matches("heroku-rs").count(), 1);
}

#[test]
fn a_helper_of_an_include_after_ours_is_reported_and_setup_moves_our_lines() {
    let world = healthy();
    let text = format!("{OURS}[include]\n\tpath = more\n");
    world.has_file(".gitconfig", &text);
    world.has_file("more", "[credential]\n\thelper = store\n");
    is_found(
        &world,
        "git.helpers",
        "git also gives the token to `store` (global ~/more)",
    );
    world
        .helper("setup")
        .succeeds()
        .says("git now uses only heroku-rs for")
        .stderr_is("");
    assert_eq!(config(&world), format!("[include]\n\tpath = more\n{OURS}"));
}

#[test]
fn a_helper_with_any_of_gits_patterns_is_found() {
    for pattern in [
        "https://",
        "",
        "https://git.heroku.com:0443",
        "git.heroku.com",
    ] {
        let world = healthy();
        world.has_program("git-credential-other", "cat >/dev/null");
        let local = world.work().join(".git/config");
        let text = fs::read_to_string(&local).unwrap();
        let section = format!("[credential \"{pattern}\"]\n\thelper = other\n");
        fs::write(&local, text + &section).unwrap();
        world
            .helper("setup")
            .succeeds()
            .says("git also gives the token to `other` (local .git/config)")
            .says("run: git credential-heroku-rs setup --local");
        is_found_and_fixed(
            &world,
            "git.helpers",
            "git also gives the token to `other` (local .git/config)",
        );
    }
    for pattern in ["*.heroku.com", "https://git.heroku.com/*"] {
        let world = healthy();
        let section = format!("[credential \"{pattern}\"]\n\thelper = other\n");
        world.has_file(".gitconfig", &format!("{OURS}{section}"));
        assert_eq!(finding_offline(&world, "git.helpers"), None, "{pattern}");
    }
}

#[test]
fn doctor_checks_the_url_of_each_remote() {
    let world = healthy();
    for (url, words) in [
        (
            "https://bob%40example.com@git.heroku.com/blue-sky.git",
            "remote other: git gets no token: the URL names b…@example.com, which is not logged in",
        ),
        (
            "https://heroku:@git.heroku.com/blue-sky.git",
            "remote other: git gets a password instead of a token from the remote URL",
        ),
    ] {
        world.git(&format!("remote add other {url}")).succeeds();
        is_found(&world, "push.credential", words);
        world.git("remote remove other").succeeds();
    }
    for line in [
        "config --global url.https://git.heroku.com/.insteadOf git@heroku.com:",
        "remote set-url heroku git@heroku.com:blue-sky.git",
    ] {
        world.git(line).succeeds();
    }
    world.commits("One more");
    world.pushes();
    let said = world.helper("doctor").succeeds().stdout();
    assert!(said.contains("git gets the token of"), "{said}");
}

#[test]
fn a_repository_of_another_user_is_reported_with_its_fix() {
    let world = logged_in();
    world.sets("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    world.sets("GIT_TRACE", "1");
    let said = world.helper("setup --local").exits_with(1).stdout_is("");
    let said = said.stderr();
    assert!(
        said.contains("git refuses the repository") && said.contains("another user owns it"),
        "{said}"
    );
    let fix = said
        .trim_end()
        .rsplit_once("if you trust the repository: ")
        .unwrap()
        .1;
    let fix = fix.replace("WORLD/work", world.work().to_str().unwrap());
    is_found(&world, "git.usable", "another user owns it");
    world.shell(&fix, b"").succeeds();
    world.helper("setup --local").succeeds();
}

#[test]
fn setup_local_needs_a_repository() {
    let world = logged_in();
    fs::remove_dir_all(world.work().join(".git")).unwrap();
    world.sets("GIT_TRACE", "1");
    for command in ["setup --local", "unsetup --local"] {
        let said = world.helper(command).exits_with(1).stdout_is("").stderr();
        assert_eq!(
            said,
            "heroku-rs: this directory is in no git repository\n  \
             run the command in the app's repository, or without --local\n"
        );
    }
}

/// Root could write to a read-only directory, so its capabilities are dropped. Others have none.
fn without_roots_power(line: &str) -> String {
    let drop = if rustix::process::geteuid().is_root() {
        "setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all "
    } else {
        ""
    };
    format!("{drop}{line}")
}

#[test]
fn a_file_that_cannot_be_changed_does_not_stop_unsetup() {
    let world = logged_in();
    let added = format!("{OURS}[alias]\n\theroku = credential-heroku-rs\n");
    let store = world.has_file("store/config", &added);
    fs::create_dir_all(world.home().join(".config/git")).unwrap();
    symlink(&store, world.home().join(".config/git/config")).unwrap();
    world.has_file(".gitconfig", &format!("{OURS}{added}"));
    fs::set_permissions(store.parent().unwrap(), fs::Permissions::from_mode(0o555)).unwrap();
    world
        .shell(
            &without_roots_power("git-credential-heroku-rs unsetup"),
            b"",
        )
        .exits_with(1)
        .says("Removed heroku-rs from ~/.gitconfig\n")
        .says("Removed the alias `git heroku` from ~/.gitconfig\n")
        .says("heroku-rs: ~/.config/git/config was not changed: Permission denied ")
        .says("  check: ls -ld ~/store ~/store/config\n");
    assert_eq!(config(&world), "");
    fs::set_permissions(store.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// As home-manager does it: git's file is a link into a read-only directory.
#[test]
fn the_lines_for_a_configuration_that_is_generated_are_shown() {
    let world = logged_in();
    let store = world.has_file("store/config", "[user]\n\tname = Ann\n");
    fs::create_dir_all(world.home().join(".config/git")).unwrap();
    symlink(&store, world.home().join(".config/git/config")).unwrap();
    fs::set_permissions(store.parent().unwrap(), fs::Permissions::from_mode(0o555)).unwrap();
    let outcome = world.shell(&without_roots_power("git-credential-heroku-rs setup"), b"");
    let said = outcome.exits_with(1).stderr();
    assert!(said.contains("Permission denied"), "{said}");
    assert!(said.contains(ADD), "{said}");
    // git reads this file, too.
    world.has_file(".gitconfig", OURS);
    world.git("push --quiet heroku main").succeeds();
    fs::set_permissions(store.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Root could otherwise be made to write any file.
#[test]
fn a_link_of_another_user_is_neither_followed_nor_replaced() {
    let world = logged_in();
    let Some(another) = world.has_another_user() else {
        return;
    };
    let file = world.has_file("dotfiles/gitconfig", "");
    let link = world.home().join(".gitconfig");
    symlink(&file, &link).unwrap();
    another.owns_link(&link);
    world
        .helper("setup")
        .exits_with(1)
        .says("/.gitconfig belongs to another user\n")
        .says(ADD);
    // The generated file may have our lines already.
    fs::write(&file, OURS).unwrap();
    world
        .helper("setup --alias")
        .succeeds()
        .says("git is already configured: ~/.gitconfig\n")
        .says("warning: ~/.gitconfig was not changed: ");
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), OURS);
}

/// As in a dev container: the file is a mount.
#[test]
fn the_lines_for_a_configuration_that_is_a_mount_are_shown() {
    let world = logged_in();
    let mounted = world.has_file("host/gitconfig", "[user]\n\tname = Ann");
    let file = world.has_file(".gitconfig", "");
    world.has_file("ours", &format!("\n{OURS}"));
    let lines = format!(
        "mount --bind '{}' '{}' && git-credential-heroku-rs setup; cat ~/ours >>~/.gitconfig; \
         git-credential-heroku-rs setup && git-credential-heroku-rs unsetup",
        mounted.display(),
        file.display()
    );
    world.has_file("in-the-container", &lines);
    if !world
        .shell("unshare --mount true 2>/dev/null", b"")
        .is_success()
    {
        return skipped("nothing can be mounted here");
    }
    world
        .shell("unshare --mount sh ~/in-the-container", b"")
        .exits_with(1)
        .says("it is a mount and cannot be replaced")
        .says(ADD)
        .says("git is already configured: ~/.gitconfig")
        .says("edit the file: ${EDITOR:-vi} ~/.gitconfig");
    let text = fs::read_to_string(mounted).unwrap();
    assert_eq!(text, format!("[user]\n\tname = Ann\n{OURS}"));
}

#[test]
fn a_git_that_hangs_is_stopped() {
    let world = World::new();
    world.has_program("git", "exec sleep 600");
    world
        .helper("setup")
        .exits_with(1)
        .says("git version did not answer within ");
}

#[test]
fn a_repositorys_programs_and_relative_directories_are_not_run() {
    let world = healthy();
    let program = "#!/bin/sh\ntouch ~/was-run\n";
    let path = world.work().join("git");
    fs::write(&path, program).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    world.sets(
        "PATH",
        &format!(".:{}:/usr/local/bin:/usr/bin:/bin", world.bin().display()),
    );
    let monitor = path.to_str().unwrap();
    world
        .shell(
            &format!("/usr/bin/git config core.fsmonitor '{monitor}'"),
            b"",
        )
        .succeeds();
    for command in ["setup", "status --offline", "doctor --offline", "unsetup"] {
        world.helper(command).succeeds();
    }
    assert!(!world.home().join("was-run").exists());
}

const ALIAS: &str = "config --get-all alias.heroku";

#[test]
fn on_a_terminal_setup_offers_a_short_form_and_unsetup_removes_it() {
    let world = logged_in();
    let theirs = "[alias]\n\tst = status\n";
    world.has_file(".gitconfig", theirs);
    let question = "short form of `git credential-heroku-rs`? [Y/n] ";
    world
        .on_a_terminal("git-credential-heroku-rs setup")
        .shows(question)
        .types("n")
        .shows("Done. Push with: git push heroku main")
        .exits_with(0);
    world.git(ALIAS).fails();
    world
        .on_a_terminal("git-credential-heroku-rs setup")
        .shows(question)
        .types("")
        .shows("Added the alias `git heroku`: try git heroku -h")
        .exits_with(0);
    world
        .git("heroku status --offline")
        .succeeds()
        .says("ann@example.com");
    world
        .helper("unsetup")
        .succeeds()
        .says("Removed the alias `git heroku` from ~/.gitconfig\n");
    assert_eq!(config(&world), theirs);
}

#[test]
fn a_script_gets_the_short_form_by_a_flag_only() {
    let world = logged_in();
    world.helper("setup").succeeds().stderr_is("");
    world.git(ALIAS).fails();
    world.helper("setup --alias").succeeds().stderr_is("");
    world.helper("setup --alias").succeeds().stderr_is("");
    let alias = world.git(ALIAS).succeeds();
    alias.stdout_is("credential-heroku-rs\n");
    world.helper("unsetup --local").succeeds();
    world.git(ALIAS).succeeds();
    world.helper("unsetup").succeeds();
    assert_eq!(config(&world), "");
    let again = world.helper("unsetup").succeeds();
    again.stdout_is("Nothing to undo\ngit uses no helper for https://git.heroku.com\n");
}

#[test]
fn an_existing_git_heroku_alias_stays() {
    let world = logged_in();
    for scope in ["--global", "--local"] {
        let config = |line: &str| world.git(&format!("config {scope} {line}"));
        config("alias.heroku '!heroku git:remote'").succeeds();
        world
            .helper("setup --alias")
            .succeeds()
            .says("the alias was not added: `git heroku` has another meaning already");
        world.helper("unsetup").succeeds();
        let alias = world.git(ALIAS).succeeds();
        alias.stdout_is("!heroku git:remote\n");
        config("--unset alias.heroku").succeeds();
    }
    world.has_program("git-heroku", "exit 0");
    world
        .on_a_terminal("git-credential-heroku-rs setup")
        .shows("Done. Push with")
        .exits_with(0);
    world.git(ALIAS).fails();
}

#[test]
fn setup_names_no_remote_that_only_fetches_from_heroku() {
    let world = logged_in();
    for line in [
        "remote remove heroku",
        "remote add gh https://git.heroku.com/blue-sky.git",
        "remote set-url --push gh https://github.com/ann/blue-sky.git",
    ] {
        world.git(line).succeeds();
    }
    let said = world.helper("setup").succeeds();
    said.says("Done. In the repository of your app, run:\n  git remote add heroku ");
}

#[test]
fn setup_names_the_login_if_there_is_none() {
    let world = World::new().with_keyring();
    world
        .helper("setup")
        .succeeds()
        .says("Next, log in: git credential-heroku-rs login\n")
        .stderr_is("");
}
