//! The systemd timer and the cron line that are documented: they are valid, and they work.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use heroku_stand_in::Grant;

use crate::world::{ANN, Outcome, World};

const SERVICE: &str = "contrib/systemd/heroku-token.service";
const TIMER: &str = "contrib/systemd/heroku-token.timer";
const PAGE: &str = "contrib/docs/rotating.md";

/// A login with a token that expires in six days.
fn logged_in() -> (World, String) {
    let world = World::new().with_keyring();
    let grant = Grant {
        expires_in: Some(6 * 86_400),
        ..Grant::default()
    };
    let token = world.heroku.issue(ANN, grant).token;
    world.logs_in_with(&token);
    (world, token)
}

/// The values of a key in a unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines
        .filter(|(name, _)| *name == key)
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn systemd_accepts_both_units() {
    let world = World::new().with_a_bus_alone();
    for unit in [SERVICE, TIMER] {
        let name = Path::new(unit).file_name().unwrap();
        let copy = Path::new(".config/systemd/user").join(name);
        world.has_file(copy, &fs::read_to_string(unit).unwrap());
    }
    for unit in ["heroku-token.service", "heroku-token.timer"] {
        systemd_accepts(&world, &format!("~/.config/systemd/user/{unit}"));
    }
    world.has_file(
        ".config/systemd/user/odd.service",
        "[Service]\nExecStart=/nowhere/at-all\n",
    );
    let _ = verified(&world, "~/.config/systemd/user/odd.service").fails();
}

/// The path of the unit is a word of a shell.
pub(crate) fn systemd_accepts(world: &World, unit: &str) {
    let verified = verified(world, unit).succeeds();
    // Newer versions of systemd mention that a container has no system bus.
    let no_bus = "Failed to connect to system bus: No such file or directory\n";
    let said = (verified.stdout() + &verified.stderr()).replace(no_bus, "");
    assert_eq!(said, "");
}

fn verified<'w>(world: &'w World, unit: &str) -> Outcome<'w> {
    let line = format!("systemd-analyze --user --man=no verify {unit}");
    world.shell(&line, b"")
}

#[test]
fn the_service_rotates_only_if_it_is_due() {
    let (world, old) = logged_in();
    let unit = fs::read_to_string(SERVICE).unwrap();
    let [start] = values(&unit, "ExecStart")[..] else {
        panic!("one line starts it");
    };
    let bin = world.bin();
    let path = values(&unit, "Environment")
        .iter()
        .find_map(|value| value.strip_prefix("PATH="))
        .unwrap()
        .replace("%h/.cargo/bin", bin.to_str().unwrap());
    world.sets("HEROKU_API_KEY", &world.heroku.issue_token(ANN));
    for variable in values(&unit, "UnsetEnvironment") {
        world.unsets(variable);
    }
    let line = format!("PATH={path} {start}");
    world
        .shell(&line, b"")
        .succeeds()
        .says("Replaced the token of ann@example.com in the keyring")
        .stderr_is("");
    assert!(!world.heroku.is_live(&old));
    world.sets("PATH", &path);
    world
        .helper("rotate --if-expires-within 5d")
        .succeeds()
        .says_nothing();
}

#[test]
fn the_cron_line_finds_the_keyring_without_a_session() {
    let (world, old) = logged_in();
    let page = fs::read_to_string(PAGE).unwrap();
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("17 9 * * * "));
    let run = world.home().parent().unwrap().join("run");
    world.unsets("DBUS_SESSION_BUS_ADDRESS");
    world.unsets("XDG_RUNTIME_DIR");
    let line = line.unwrap();
    assert!(line.contains("/run/user/$(id -u)"));
    let line = line.replace("/run/user/$(id -u)", run.to_str().unwrap());
    // The program is where `cargo install` puts it. Debian's cron starts a command with this PATH.
    let cargo = world.home().join(".cargo");
    fs::create_dir(&cargo).unwrap();
    symlink(world.bin(), cargo.join("bin")).unwrap();
    world.sets("PATH", "/usr/bin:/bin");
    world
        .shell(&line, b"")
        .succeeds()
        .says("Replaced the token of ann@example.com in the keyring");
    assert!(!world.heroku.is_live(&old));
}
