//! A command that only looks changes no file and no directory: neither its bytes nor its mode, size or times.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::doctor::healthy;
use crate::world::{ANN, REQUEST, World};

const STATE: &str = ".local/state/git-credential-heroku-rs";

/// The state of a file, a directory, a link or a socket: its metadata and its bytes.
#[derive(Debug, PartialEq)]
struct FileState {
    path: PathBuf,
    mode: u32,
    owner: (u32, u32),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    bytes: Option<Vec<u8>>,
}

impl FileState {
    fn read(path: &Path) -> FileState {
        let metadata = fs::symlink_metadata(path).unwrap();
        FileState {
            path: path.to_owned(),
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            bytes: metadata.is_file().then(|| fs::read(path).unwrap()),
        }
    }
}

/// The state of every file in the home and in the repository.
fn all_states(world: &World) -> Vec<FileState> {
    let mut states = Vec::new();
    let mut left = vec![world.home(), world.work()];
    while let Some(path) = left.pop() {
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
        }
        states.push(FileState::read(&path));
    }
    states.sort_by(|one, other| one.path.cmp(&other.path));
    states
}

/// Runs each command, whether it succeeds or not, and returns the paths that they change.
fn changed_by(world: &World, commands: &[&str]) -> Vec<PathBuf> {
    let before = all_states(world);
    assert!(before.len() > 20, "the search sees {} files", before.len());
    for command in commands {
        let _ = world.helper_with_input(command, REQUEST).code();
    }
    let after = all_states(world);
    let gone = before.iter().filter(|one| !after.contains(one));
    let new = after.iter().filter(|one| !before.contains(one));
    let mut changed: Vec<_> = gone.chain(new).map(|one| one.path.clone()).collect();
    changed.sort();
    changed.dedup();
    changed
}

fn change_nothing(world: &World, commands: &[&str]) {
    for command in commands {
        let changed = changed_by(world, &[command]);
        assert!(changed.is_empty(), "{command} changes {changed:?}");
    }
}

/// `status` writes a missing `login.json`, and records what Heroku says about a token that it does not know yet. After
/// that it changes nothing.
fn status_changes_its_own_files_alone(world: &World) {
    let state = world.home().join(STATE);
    let its_own = [
        world.login_json().parent().unwrap().to_owned(),
        world.login_json(),
        state.clone(),
        state.join("authorizations.json"),
    ];
    let mut changed = changed_by(world, &["status"]);
    changed.retain(|path| !its_own.contains(path));
    assert!(changed.is_empty(), "status changes {changed:?}");
    change_nothing(world, &["status", "status --json", "status --offline"]);
}

const LOOKING: [&str; 21] = [
    "get",
    "capability",
    "token",
    "token --json",
    "token --check",
    "exec -- true",
    "authorizations",
    "authorizations --json",
    "netrc print",
    "api account",
    "api /apps --silent",
    "completions bash",
    "completions fish",
    "man",
    "doctor",
    "doctor --json",
    "doctor --offline",
    "doctor --help",
    DRY_RUNS[0],
    DRY_RUNS[1],
    DRY_RUNS[2],
];

const DRY_RUNS: [&str; 3] = [
    "rotate --dry-run",
    "rotate --dry-run --all",
    "rotate --dry-run --if-expires-within 1h",
];

/// A machine without problems, and its token, which some of these commands print.
fn machine() -> (World, String) {
    let world = healthy();
    let token = world.stored_in_the_keyring(ANN).unwrap();
    world.is_public(&token);
    world.helper("status").succeeds();
    (world, token)
}

#[test]
fn logged_in() {
    let (world, _) = machine();
    let list = world.helper("authorizations --json").stdout();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let id = list["authorizations"][0]["id"].as_str().unwrap().to_owned();
    change_nothing(&world, &LOOKING);
    change_nothing(&world, &[&format!("authorizations info {id}")]);
    status_changes_its_own_files_alone(&world);
}

#[test]
fn with_everything_wrong() {
    let (world, token) = machine();
    world.helper("unsetup").succeeds();
    fs::remove_file(world.login_json()).unwrap();
    world.has_netrc(&format!(
        "machine git.heroku.com login {ANN} password {token}\n"
    ));
    change_nothing(&world, &LOOKING);
    status_changes_its_own_files_alone(&world);
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn with_a_rejected_token() {
    let (world, token) = machine();
    world.heroku.revoke(&token);
    change_nothing(&world, &LOOKING);
    status_changes_its_own_files_alone(&world);
}

#[test]
fn not_logged_in_and_without_a_keyring() {
    let world = World::new().with_app("blue-sky");
    change_nothing(&world, &LOOKING);
    change_nothing(&world, &["status", "status --offline"]);
}

#[test]
fn a_dry_run_creates_no_file() {
    let (world, token) = World::after_our_login_for_days(30);
    let state = world.home().join(STATE);
    fs::remove_dir_all(&state).unwrap();
    change_nothing(&world, &DRY_RUNS);
    assert!(!state.exists());
    assert_eq!(world.stored_in_the_keyring(ANN), Some(token));
}

#[test]
fn a_dry_run_does_not_rename_an_invalid_journal() {
    let logged_in = World::after_our_login_for_days(30).0;
    let not_logged_in = World::new().with_app("blue-sky");
    for world in [logged_in, not_logged_in] {
        let journal = world.has_file(format!("{STATE}/rotations.json"), "{");
        change_nothing(&world, &DRY_RUNS);
        let outcome = world.helper("rotate --dry-run");
        let _ = outcome.says("rotations.json is invalid and will be renamed: ");
        assert_eq!(fs::read(journal).unwrap(), b"{");
    }
}

#[test]
fn the_search_sees_a_mode_and_a_time() {
    let world = healthy();
    for command in [
        "chmod 600 ~/.gitconfig",
        "touch ~/.gitconfig",
        "mkdir ~/new",
    ] {
        let before = all_states(&world);
        world.shell(command, b"").succeeds();
        assert_ne!(all_states(&world), before, "{command}");
    }
}
