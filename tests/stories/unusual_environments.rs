//! A home that does not exist, is not ours or has an odd name; variables that are odd, endless or missing; a
//! clock that is years wrong: git gets the token or a reason, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::{ANN, Outcome, REQUEST, World, counted, skipped};

const GET: &str = "git-credential-heroku-rs get";

fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let token = world.has_logged_in_with_the_heroku_cli(ANN);
    (world, token)
}

fn get<'w>(world: &'w World, surroundings: &str) -> Outcome<'w> {
    counted("unusual environments", 1);
    world
        .shell(&format!("{surroundings} {GET}"), REQUEST.as_bytes())
        .succeeds()
        .reports_at_most(1)
}

/// Without `login.json`, git gets the only token in the keyring, so the home does not matter.
#[test]
fn the_only_login_is_used_wherever_the_home_is() {
    let (world, token) = logged_in();
    for home in [
        "unset HOME;",
        "HOME=",
        "HOME=/nonexistent",
        "HOME=/dev/null",
        "HOME=.",
        "HOME=../../..",
        "HOME=/proc",
        "HOME=$(printf '/tmp/\\377\\376 \\n')",
        "HOME='/a b/c\td'",
        "HOME=$(printf %0100000d 0)",
        "XDG_DATA_HOME=relative",
        "XDG_DATA_HOME=/dev/null/x XDG_STATE_HOME=/dev/null/y",
        "XDG_DATA_HOME= XDG_STATE_HOME= HEROKU_DATA_DIR=",
        "HEROKU_DATA_DIR=$(printf '\\377')",
        "NETRC=/dev/zero",
        "NETRC=.",
    ] {
        get(&world, home).prints_secret(&token).stdout();
    }
}

#[test]
fn invalid_variables_are_ignored() {
    let (world, token) = logged_in();
    for variables in [
        "HEROKU_RS_TIMEOUT=never",
        "HEROKU_RS_TIMEOUT=-1",
        "HEROKU_RS_TIMEOUT=1e999",
        "HEROKU_RS_TIMEOUT=NaN",
        "HEROKU_RS_TIMEOUT=$(printf '\\377')",
        "HEROKU_NETRC_WRITE=perhaps",
        "HEROKU_HOST=$(printf 'git.heroku.com\\n.evil.example')",
        "HEROKU_API_KEY=$(printf '\\377')",
        "HEROKU_API_KEY=$(printf %0100000d 0)",
        "XDG_RUNTIME_DIR=relative",
        "TERM=",
        "TERM=dumb COLUMNS=1",
        "COLUMNS=-7 LINES=0",
        "LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8",
        "LC_ALL=C LANGUAGE=xx",
        "LC_ALL=$(printf '\\377')",
        "PATH_TO_NOWHERE=$(printf %0120000d 0)",
        "TZ=Nowhere/Nothing",
        "RUST_BACKTRACE=full RUST_LOG=trace",
    ] {
        get(&world, variables).prints_secret(&token).stdout();
    }
}

#[test]
fn a_home_that_is_a_link_or_has_an_unusual_name_works() {
    let (world, _) = logged_in();
    let token = world.heroku.issue_token(ANN);
    let others = "machine example.com\n  login x\n  password y\n";
    let usual = world.home();
    for (number, name) in ["a b", "'q'", "$(id)", "ü", "-rf"].into_iter().enumerate() {
        let real = world.home().join(name);
        fs::create_dir(&real).unwrap();
        fs::write(real.join(".netrc"), others).unwrap();
        fs::set_permissions(real.join(".netrc"), fs::Permissions::from_mode(0o600)).unwrap();
        let link = world.home().join(format!("link-{number}"));
        std::os::unix::fs::symlink(&real, &link).unwrap();
        for home in [&real, &link] {
            world.sets("HOME", home.to_str().unwrap());
            for command in [
                "login --with-token --store netrc",
                "setup",
                "netrc clean",
                "unsetup",
            ] {
                world
                    .helper_with_input(command, &token)
                    .succeeds()
                    .reports_at_most(2)
                    .stdout();
            }
            world.sets("HOME", usual.to_str().unwrap());
            let netrc = fs::read_to_string(real.join(".netrc")).unwrap();
            assert_eq!(netrc, others, "{name}");
            counted("unusual environments", 4);
        }
    }
}

/// Names of files are bytes, so a home need not be UTF-8.
#[test]
fn a_home_that_is_not_utf8_works_with_login_and_setup() {
    let (world, _) = logged_in();
    let token = world.heroku.issue_token(ANN);
    let line =
        "home=$(printf 'h\\377\\376'); mkdir -p \"$HOME/$home\"; HOME=$HOME/$home; export HOME;";
    for command in [
        "login --with-token",
        "setup",
        "status",
        "switch ann@example.com",
        "unsetup",
    ] {
        let line = format!("{line} git-credential-heroku-rs {command}");
        world
            .shell(&line, token.as_bytes())
            .succeeds()
            .reports_at_most(1)
            .stdout();
        counted("unusual environments", 1);
    }
    let line = format!("{line} cat \"$HOME/.local/share/heroku/login.json\"");
    world
        .shell(&line, b"")
        .succeeds()
        .stdout_is("{\"account\":\"ann@example.com\"}\n");
}

/// Root can write almost everywhere, but not here.
#[test]
fn a_home_that_cannot_be_written_loses_metadata_but_no_login() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    for home in ["/proc/self", "/dev/null", "/sys"] {
        let line = format!("HOME={home} git-credential-heroku-rs login --with-token");
        let said = world
            .shell(&line, token.as_bytes())
            .succeeds()
            .reports_at_most(3);
        said.says("could not record the active account: ").stdout();
        assert_eq!(world.stored_in_the_keyring(ANN).as_ref(), Some(&token));
        let line = format!("HOME={home} git-credential-heroku-rs setup");
        let said = world
            .shell(&line, b"")
            .fails()
            .reports_at_most(1)
            .stdout_is("");
        said.says("/.gitconfig was not changed: ").says("\n  ");
        let line = format!("HOME={home} git-credential-heroku-rs login --with-token --store netrc");
        world
            .shell(&line, token.as_bytes())
            .fails()
            .reports_at_most(1)
            .stdout_is("");
        counted("unusual environments", 3);
    }
}

#[test]
fn invalid_or_very_long_arguments_are_reported_briefly() {
    let world = World::new();
    for arguments in [
        "$(printf '\\377\\376')",
        "switch $(printf '\\377')",
        "login --description $(printf '\\377') --with-token",
        "exec -- $(printf '/nonexistent/\\377')",
        "switch $(printf %0100000d 0)",
        "switch $(printf 'a\\033[2Jb@example.com')",
        "$(printf %0100000d 0)",
        "status --$(printf %0100000d 0)",
        "switch ''",
    ] {
        let said = world.helper(arguments).fails();
        let words = said.stderr();
        assert!(
            !words.contains('\u{1b}') && !words.contains("panicked"),
            "{words}"
        );
        assert!(
            words.len() < 120_000 && words.lines().count() <= 12,
            "{words}"
        );
        counted("unusual environments", 1);
    }
}

#[test]
fn a_clock_that_is_years_wrong_loses_no_login() {
    let (world, _) = logged_in();
    if !world.shell("test -w /dev/shm", b"").is_success() {
        return skipped("faketime needs to write to /dev/shm");
    }
    let grant = heroku_stand_in::Grant {
        expires_in: Some(30 * 86_400),
        ..heroku_stand_in::Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .stdout();
    // Before its creation the token is served; shortly before it expires there is a warning.
    for (clock, word) in [("-10y", ""), ("-1d", ""), ("+29d", "expires in")] {
        let reply = get(&world, &format!("faketime -f {clock}"));
        reply.prints_secret(&token).says(word).stdout();
    }
    // After it expired it is not served, but not removed either: the clock may be wrong.
    let reply = get(&world, "faketime -f +10y").says("expired on");
    reply.stdout_is("username=heroku\n\n");
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token.clone()));
    // A token of a login with a clock ten years behind seems to have expired, until Heroku is asked.
    world
        .shell(
            "faketime -f -10y git-credential-heroku-rs login --with-token",
            token.as_bytes(),
        )
        .succeeds();
    get(&world, "").says("expired on").stdout();
    world
        .helper("status")
        .succeeds()
        .says("in 30 days")
        .stdout();
    get(&world, "").prints_secret(&token).stdout();
}

#[test]
fn what_keeps_git_from_working_is_reported_with_a_fix_that_fits() {
    let world = World::new();
    for (lines, said) in [
        (
            "echo 'gitdir: /nowhere' >.git",
            "the file .git in this directory or a parent directory names no git repository: /nowhere\n  \
             fix the file, or run the command in another directory\n",
        ),
        (
            "rmdir ~/here",
            "git does not work in this directory: \
             Unable to read current working directory: No such file or directory\n  \
             fix that, or run the command in another directory\n",
        ),
        (
            "export GIT_CONFIG_COUNT=abc",
            "git config: bogus count in GIT_CONFIG_COUNT\n  run: unset GIT_CONFIG_COUNT\n",
        ),
        (
            "export GIT_CONFIG_COUNT=1",
            "git config: missing config key GIT_CONFIG_KEY_0\n  run: unset GIT_CONFIG_COUNT\n",
        ),
    ] {
        let line = format!("mkdir ~/here && cd ~/here && {lines} && git-credential-heroku-rs");
        // Our lines are not there, whether git works or not.
        for (command, code) in [("setup", 1), ("unsetup", 0)] {
            let _ = fs::remove_dir_all(world.home().join("here"));
            let outcome = world.shell(&format!("{line} {command}"), b"");
            outcome.exits_with(code).says(said);
        }
    }
    world
        .shell(
            "GIT_DIR=/nowhere git-credential-heroku-rs setup --local",
            b"",
        )
        .exits_with(1)
        .says("GIT_DIR names no git repository: '/nowhere'\n  run: unset GIT_DIR\n");
    assert!(!world.home().join(".gitconfig").exists());
    counted("unusual environments", 5);
}

/// `/dev/null` turns git's configuration off. git, run by root, would replace it by a file, so the story uses
/// a FIFO.
#[test]
fn a_configuration_that_is_turned_off_is_not_written() {
    use std::os::unix::fs::FileTypeExt;
    let world = World::new();
    world.shell("mkfifo ~/none", b"").succeeds();
    let fifo = world.home().join("none");
    world.sets("GIT_CONFIG_GLOBAL", fifo.to_str().unwrap());
    for command in ["setup", "setup --local"] {
        world.helper(command).exits_with(1).stdout_is("").stderr_is(
            "heroku-rs: GIT_CONFIG_GLOBAL is not the absolute path of a regular file, so nothing was changed\n  \
             run: unset GIT_CONFIG_GLOBAL, or set it to such a path\n",
        );
    }
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
    counted("unusual environments", 1);
}

/// Each message names the cause, and no command is offered that fails for the same one.
#[test]
fn without_a_home_each_command_says_what_to_set() {
    const SET: &str = "set HOME to your home directory";
    let (world, _) = logged_in();
    let token = world.heroku.issue_token(ANN);
    let runs = |line: &str| {
        let line = format!("unset HOME; git-credential-heroku-rs {line}");
        world.shell(&line, token.as_bytes())
    };
    for line in [
        "login --with-token",
        "login --with-token --store netrc",
        "status",
        "switch ann@example.com",
        "doctor --offline",
        "rotate",
    ] {
        let outcome = runs(line);
        let said = outcome.stdout() + &outcome.stderr();
        assert!(said.contains(SET), "{line}: {said}");
        assert!(said.contains("HOME is not set"), "{line}: {said}");
        assert!(
            !said.contains("git-credential-heroku-rs setup"),
            "{line}: {said}"
        );
        assert!(
            !said.contains("fix: git credential-heroku-rs status"),
            "{line}: {said}"
        );
    }
}

#[test]
fn a_configuration_that_git_does_not_read_everywhere_is_not_written() {
    let world = World::new();
    // GIT_CONFIG_GLOBAL came with git 2.32.
    if world.git_is_older_than(32) {
        return;
    }
    for path in ["", "gitconfig"] {
        world.sets("GIT_CONFIG_GLOBAL", path);
        world.helper("setup").exits_with(1).stdout_is("").stderr_is(
            "heroku-rs: GIT_CONFIG_GLOBAL is not the absolute path of a regular file, so nothing was changed\n  \
             run: unset GIT_CONFIG_GLOBAL, or set it to such a path\n",
        );
        assert!(!world.home().join(".gitconfig").exists());
        counted("unusual environments", 1);
    }
}

/// git still reads the repository's file.
#[test]
fn a_repository_is_set_up_if_the_users_configuration_is_turned_off() {
    let world = World::new().with_app("blue-sky");
    world.sets("GIT_CONFIG_GLOBAL", "/dev/null");
    world
        .helper("setup --local")
        .succeeds()
        .says("git now uses only heroku-rs");
    let said = world.helper("unsetup --all").exits_with(1);
    assert_eq!(said.stderr().matches("GIT_CONFIG_GLOBAL is").count(), 1);
    said.says("Removed heroku-rs from ");
    counted("unusual environments", 1);
}

/// A push does not read the file in `GIT_CONFIG`, only `git config` does.
#[test]
fn a_configuration_that_a_push_does_not_read_counts_for_nothing() {
    let world = World::new();
    world.sets("GIT_CONFIG", "/dev/null");
    world
        .helper("setup")
        .succeeds()
        .says("git now uses only heroku-rs")
        .stderr_is("");
    counted("unusual environments", 1);
}

#[test]
fn setup_says_that_git_does_not_read_the_file() {
    let world = World::new();
    let git = world.shell("command -v git", b"").stdout();
    let script = format!("HOME=/nonexistent exec {} \"$@\"", git.trim());
    world.has_program("git", &script);
    world.helper("setup").succeeds().says(
        "git does not use heroku-rs in this directory: git does not read ~/.gitconfig\n  \
         show which files git reads: git config --show-origin --list\n",
    );
    counted("unusual environments", 1);
}
