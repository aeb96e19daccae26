//! A Mac: a home with a keychain, the stand-in for `security`, and the Heroku CLI's own code for it.

use std::path::{Path, PathBuf};

use security_stand_in::{Event, Item, Keychain, State};

use crate::world::{ANN, Outcome, World};

/// The path that the tested program was built with.
pub(super) const SECURITY: &str = env!("SECURITY_TOOL");

/// The Heroku CLI's module for the keychain, as it is on a Mac: a command of its own per call.
const HEROKU_CLI: &str = r"
Object.defineProperty(process, 'platform', {value: 'darwin'})
const [core, call, account] = process.argv.slice(2)
const {readFileSync} = await import('node:fs')
const {saveAuth, getAuth, removeAuth, listKeychainAccounts} = await import(core)
switch (call) {
  case 'save': await saveAuth(account, readFileSync(0, 'utf8').trim(), []); break
  case 'get': process.stdout.write((await getAuth(account, 'api.heroku.com')).token); break
  case 'remove': await removeAuth(account, []); break
  case 'list': process.stdout.write((await listKeychainAccounts()).join(' ')); break
}
";

/// A new Mac.
pub(super) fn mac() -> World {
    let world = World::new();
    std::os::unix::fs::symlink(SECURITY, world.bin().join("security")).unwrap();
    world.has_file("heroku-cli.mjs", HEROKU_CLI);
    world.sets("DISABLE_TELEMETRY", "true");
    world.sets("CI", "true");
    world
}

/// A Mac on which ann has logged in with the Heroku CLI; and her token.
pub(super) fn mac_of_ann() -> (World, String) {
    let world = mac();
    let token = world.heroku.issue_token(ANN);
    heroku_cli_saves(&world, ANN, &token);
    world.has_active_account(ANN);
    (world, token)
}

/// The keychain of a world.
pub(super) fn keychain(world: &World) -> Keychain {
    Keychain::in_home(&world.home())
}

/// Changes what the Mac is like.
pub(super) fn is_changed(world: &World, change: impl FnOnce(&mut State)) {
    keychain(world).change(change);
}

/// Locks the keychain of a Mac that is used over SSH, so that macOS can show no dialog.
pub(super) fn is_locked_over_ssh(world: &World) {
    is_changed(world, |state| {
        state.is_locked = true;
        state.has_screen = false;
    });
}

/// The items that there are.
pub(super) fn items(world: &World) -> Vec<Item> {
    keychain(world).state().items
}

/// The dialogs that macOS has shown.
pub(super) fn dialogs(world: &World) -> Vec<String> {
    let log = keychain(world).log().into_iter();
    log.filter_map(|event| match event {
        Event::Dialog { question } => Some(question),
        Event::Started { .. } | Event::Decrypted { .. } => None,
    })
    .collect()
}

/// The command lines with which our program has started `security`.
pub(super) fn our_command_lines(world: &World) -> Vec<String> {
    let log = keychain(world).log().into_iter();
    log.filter_map(|event| match event {
        // The system cuts a program's name at 15 bytes.
        Event::Started {
            parent, arguments, ..
        } if parent == "git-credential-" => Some(arguments.join(" ")),
        _ => None,
    })
    .collect()
}

/// No command line of ours has ever had a token in it.
pub(super) fn no_argument_held_a_token(world: &World) {
    for line in our_command_lines(world) {
        for secret in world.heroku.secrets() {
            assert!(!line.contains(&secret), "a token is an argument");
        }
    }
}

/// The Heroku CLI stores a token.
pub(super) fn heroku_cli_saves(world: &World, account: &str, token: &str) {
    heroku_cli(world, &format!("save '{account}'"), token)
        .succeeds()
        .says_nothing();
}

/// The token that the Heroku CLI reads, within the time that its own command line may take.
pub(super) fn heroku_cli_reads(world: &World, account: &str) -> Option<String> {
    let read = heroku_cli(world, &format!("get '{account}'"), "");
    let token = read.raw_stdout();
    (!token.is_empty()).then(|| {
        read.prints_secret(&token).succeeds();
        token
    })
}

pub(super) fn heroku_cli<'w>(world: &'w World, call: &str, input: &str) -> Outcome<'w> {
    let (verb, rest) = call.split_once(' ').unwrap_or((call, ""));
    let script = world.home().join("heroku-cli.mjs");
    let line = format!(
        "{} {} {} {verb} {rest}",
        node(),
        script.display(),
        core().display()
    );
    world.shell(&line, input.as_bytes())
}

fn core() -> PathBuf {
    modules().join("@heroku-cli/command/lib/credential-manager-core/index.js")
}

/// `contrib/heroku-cli` puts a node beside the CLI if the system's own is too old for it.
fn node() -> String {
    let beside = modules().join(".bin/node");
    if beside.exists() {
        beside.display().to_string()
    } else {
        "node".to_owned()
    }
}

fn modules() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    top.join("target/heroku-cli/current/node_modules")
}
