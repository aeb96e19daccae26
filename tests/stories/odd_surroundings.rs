//! A home that is nowhere, not ours, oddly named; variables that are odd, endless or missing; a
//! clock that is years off: the token is served or its absence explained, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::{ANN, Outcome, REQUEST, World, counted};

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
        .holds_out(1)
}

/// Without `login.json` the only item there is serves: so the home decides nothing.
#[test]
fn the_only_login_is_served_wherever_the_home_is() {
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
        get(&world, home).hands_out(&token).stdout();
    }
}

#[test]
fn variables_that_make_no_sense_are_passed_over() {
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
        get(&world, variables).hands_out(&token).stdout();
    }
}

#[test]
fn a_home_by_a_link_or_an_odd_name_is_a_home_like_any() {
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
                    .holds_out(2)
                    .stdout();
            }
            world.sets("HOME", usual.to_str().unwrap());
            let netrc = fs::read_to_string(real.join(".netrc")).unwrap();
            assert_eq!(netrc, others, "{name}");
            counted("unusual environments", 4);
        }
    }
}

/// Names of files are bytes, and a home need not be text.
#[test]
fn a_home_that_is_no_text_takes_a_login_and_a_setup() {
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
            .holds_out(1)
            .stdout();
        counted("unusual environments", 1);
    }
    let line = format!("{line} cat \"$HOME/.local/share/heroku/login.json\"");
    world
        .shell(&line, b"")
        .succeeds()
        .stdout_is("{\"account\":\"ann@example.com\"}\n");
}

/// Root may write anywhere, so these are places where nobody can.
#[test]
fn a_home_where_nothing_can_be_written_costs_notes_and_no_login() {
    let world = World::new().with_keyring();
    let token = world.heroku.issue_token(ANN);
    for home in ["/proc/self", "/dev/null", "/sys"] {
        let line = format!("HOME={home} git-credential-heroku-rs login --with-token");
        let said = world.shell(&line, token.as_bytes()).succeeds().holds_out(3);
        said.says("could not record the active account: ").stdout();
        assert_eq!(world.kept_in_the_keyring(ANN).as_ref(), Some(&token));
        let line = format!("HOME={home} git-credential-heroku-rs setup");
        world.shell(&line, b"").fails().holds_out(1).stdout_is("");
        let line = format!("HOME={home} git-credential-heroku-rs login --with-token --store netrc");
        world
            .shell(&line, token.as_bytes())
            .fails()
            .holds_out(1)
            .stdout_is("");
        counted("unusual environments", 3);
    }
}

#[test]
fn arguments_that_are_no_text_or_endless_are_told_in_brief() {
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
fn a_clock_that_is_years_off_costs_no_login() {
    let (world, _) = logged_in();
    let grant = heroku_stand_in::Grant {
        expires_in: Some(30 * 86_400),
        ..heroku_stand_in::Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world
        .helper_with_input("login --with-token", &token)
        .succeeds()
        .stdout();
    // Before the token was made it lives, and near its end there is a word.
    for (clock, word) in [("-10y", ""), ("-1d", ""), ("+29d", "expires in")] {
        let reply = get(&world, &format!("faketime -f {clock}"));
        reply.hands_out(&token).says(word).stdout();
    }
    // After its end it is not served, and not removed either: the clock may be wrong.
    let reply = get(&world, "faketime -f +10y").says("expired on");
    reply.stdout_is("username=heroku\n\n");
    assert_eq!(world.kept_in_the_keyring(ANN), Some(token.clone()));
    // A login made ten years behind seems to have ended long ago, until Heroku is asked.
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
    get(&world, "").hands_out(&token).stdout();
}

/// `/dev/null` switches git's configuration off. git, run by root, would put a file in its place:
/// here it is a FIFO, which nobody else misses.
#[test]
fn a_configuration_that_is_switched_off_is_not_written() {
    use std::os::unix::fs::FileTypeExt;
    let world = World::new();
    world.shell("mkfifo ~/none", b"").succeeds();
    let fifo = world.home().join("none");
    world.sets("GIT_CONFIG_GLOBAL", fifo.to_str().unwrap());
    world.helper("setup").exits_with(1).stdout_is("").stderr_is(
        "heroku-rs: GIT_CONFIG_GLOBAL is not the path of a regular file, so nothing was changed\n  \
         run: unset GIT_CONFIG_GLOBAL\n",
    );
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
    counted("unusual environments", 1);
}
