//! A world of its own for each story: home, bus, keyring, a Heroku on loopback, an app's repository.
//!
//! Children see a cleared environment with nothing in it but this world. When the story is over
//! every daemon is stopped by its pid, and everything that the world saw is searched for every
//! secret that its Heroku ever issued.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use heroku_stand_in::{StandIn, program_on};
use tempfile::TempDir;

mod another_user;
mod another_users_bus;
mod app;
#[path = "../keyring/bus.rs"]
mod bus;
mod bus_connection;
mod calls;
mod capabilities;
mod counts;
mod faults;
mod faulty_bus;
mod heroku_cli;
mod injected;
mod items;
mod keyring;
mod login;
mod memory;
mod outcome;
mod running;
mod search;
mod secret_service;
mod stopped;
mod terminal;
mod trace;

pub(crate) use another_users_bus::Place;
pub(crate) use bus_connection::BusConnection;
pub(crate) use capabilities::{PATHS_ARE_HIDDEN, reads_every_process, without_capabilities};
pub(crate) use counts::{counted, is_thorough, runner, sample, skipped};
pub(crate) use faults::{API_HOST, GIT_HOST};
pub(crate) use faulty_bus::{BusFault, Failure, Side};
pub(crate) use heroku_cli::{Version, heroku_line, with_node};
pub(crate) use injected::SystemCall;
pub(crate) use items::Items;
pub(crate) use memory::Measured;
pub(crate) use outcome::Outcome;
pub(crate) use running::Running;
pub(crate) use search::files_under;
pub(crate) use secret_service::{Behaviour, Quirk};
pub(crate) use stopped::{MemoryScan, StopAt, Stopped};
pub(crate) use terminal::Terminal;
pub(crate) use trace::Trace;

use keyring::Keyring;
use search::Transcript;
use secret_service::SecretService;

/// The owner of every app, where a story does not say otherwise.
pub(crate) const ANN: &str = "ann@example.com";
/// A second account.
pub(crate) const BOB: &str = "bob@example.com";

/// The request with which git asks a helper for Heroku's login.
pub(crate) const REQUEST: &str = "protocol=https\nhost=git.heroku.com\n";

/// Where the system's own programs are; the tested one comes before them all.
const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The system's path, behind the directory in `TESTED_GIT`: the stories pass with any git from 2.30.
fn system_path() -> String {
    match std::env::var("TESTED_GIT") {
        Ok(directory) => format!("{directory}:{SYSTEM_PATH}"),
        Err(_) => SYSTEM_PATH.to_owned(),
    }
}

/// The environment of a story. `World::new()` has a Heroku and a home, and no bus.
pub(crate) struct World {
    /// Heroku, as this world knows it.
    pub(crate) heroku: StandIn,
    root: TempDir,
    secret_service: Option<SecretService>,
    keyring: Option<Keyring>,
    app: Option<String>,
    variables: Mutex<BTreeMap<String, Option<String>>>,
    transcript: Transcript,
}

impl World {
    /// A home, a Heroku, the tested program on the PATH; no bus, no keyring, no repository.
    pub(crate) fn new() -> World {
        let root = tempfile::Builder::new()
            .prefix("heroku-rs-")
            .tempdir_in(base_directory())
            .unwrap();
        for dir in ["home", "run", "bin", "work", "heroku", "logs"] {
            fs::create_dir(root.path().join(dir)).unwrap();
        }
        make_private(&root.path().join("run"));
        let world = World {
            heroku: StandIn::start(&root.path().join("heroku")).unwrap(),
            root,
            secret_service: None,
            keyring: None,
            app: None,
            variables: Mutex::default(),
            transcript: Transcript::default(),
        };
        let program = env!("CARGO_BIN_EXE_git-credential-heroku-rs");
        std::os::unix::fs::symlink(program, world.tested_program()).unwrap();
        world
    }

    /// A bus with an unlocked gnome-keyring on it that has a default collection.
    pub(crate) fn with_keyring(mut self) -> World {
        let keyring = Keyring::on_a_bus_at(self.root.path());
        keyring.starts_unlocked();
        self.keyring = Some(keyring);
        self
    }

    /// A bus without a Secret Service.
    pub(crate) fn with_a_bus_alone(mut self) -> World {
        self.keyring = Some(Keyring::on_a_bus_at(self.root.path()));
        self
    }

    /// A bus with a gnome-keyring that has never been set up: there is no default collection.
    pub(crate) fn with_a_keyring_never_set_up(mut self) -> World {
        let keyring = Keyring::on_a_bus_at(self.root.path());
        keyring.starts_locked();
        self.keyring = Some(keyring);
        self
    }

    /// The daemon behind the keyring, to lock, stop and restart it.
    pub(crate) fn keyring(&self) -> &Keyring {
        self.keyring.as_ref().unwrap()
    }

    /// Sets a variable for every child from here on.
    pub(crate) fn sets(&self, name: &str, value: &str) {
        self.variable(name, Some(value));
    }

    /// Unsets a variable for every child from here on.
    pub(crate) fn unsets(&self, name: &str) {
        self.variable(name, None);
    }

    fn variable(&self, name: &str, value: Option<&str>) {
        let mut variables = self.variables.lock().unwrap();
        variables.insert(name.to_owned(), value.map(str::to_owned));
    }

    /// The user's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The app's repository.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The directory that comes first on the PATH.
    pub(crate) fn bin(&self) -> PathBuf {
        self.root.path().join("bin")
    }

    /// The tested program, as git finds it.
    pub(crate) fn tested_program(&self) -> PathBuf {
        self.bin().join("git-credential-heroku-rs")
    }

    /// Where traces go; searched like all else.
    pub(crate) fn logs(&self) -> PathBuf {
        self.root.path().join("logs")
    }

    /// Writes a file of the user's, with its directories; its path is read from the home.
    pub(crate) fn has_file(&self, path: impl AsRef<Path>, contents: &str) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    /// Puts a script on the PATH.
    pub(crate) fn has_program(&self, name: &str, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.bin().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Removes a program of the system from the PATH.
    pub(crate) fn lacks_the_program(&self, name: &str) {
        let programs = self.root.path().join("programs");
        fs::create_dir(&programs).unwrap();
        for dir in system_path().split(':') {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                if entry.file_name() != name {
                    // The first of a name counts, as on a PATH.
                    let _ =
                        std::os::unix::fs::symlink(entry.path(), programs.join(entry.file_name()));
                }
            }
        }
        let path = format!("{}:{}", self.bin().display(), programs.display());
        self.sets("PATH", &path);
    }

    /// A program that sees this world and nothing else, in the app's repository.
    fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let environment = self.environment();
        let path = environment.get("PATH").map_or("", String::as_str);
        let mut command = Command::new(program_on(path.as_ref(), name.as_ref()));
        command.arg0(name).env_clear().current_dir(self.work());
        command.envs(environment);
        command
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let log = |name| text(&self.logs().join(name));
        let (proxy, ca) = (self.heroku.proxy(), text(self.heroku.ca_file()));
        let fixed = [
            ("HOME", text(&self.home())),
            ("PATH", format!("{}:{}", text(&self.bin()), system_path())),
            ("LC_ALL", "C".to_owned()),
            // A busy machine needs more time: stories about the limit set their own.
            ("HEROKU_RS_TIMEOUT", "30".to_owned()),
            ("https_proxy", proxy.clone()),
            ("HTTPS_PROXY", proxy),
            ("no_proxy", "127.0.0.1".to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("SSL_CERT_FILE", ca.clone()),
            ("GIT_SSL_CAINFO", ca),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("GIT_TRACE", log("git")),
            ("GIT_TRACE2_EVENT", log("events")),
            ("GIT_TRACE_CURL", log("curl")),
            ("GIT_TRACE_CURL_NO_DATA", "1".to_owned()),
        ];
        let mut all: BTreeMap<String, String> = fixed.map(|(k, v)| (k.to_owned(), v)).into();
        if let Some(keyring) = &self.keyring {
            all.extend(keyring.variables());
        }
        for (name, value) in self.variables.lock().unwrap().iter() {
            match value {
                Some(value) => all.insert(name.clone(), value.clone()),
                None => all.remove(name),
            };
        }
        all
    }

    fn close(&mut self) -> Vec<String> {
        self.secret_service = None;
        self.keyring = None;
        let mut findings = self.leaks();
        counted("test environments searched for tokens", 1);
        let other_hosts = self.heroku.requests_to_other_hosts();
        findings.extend(
            other_hosts
                .iter()
                .map(|line| format!("another host: {line}")),
        );
        findings
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let findings = self.close();
        if std::thread::panicking() {
            eprintln!("{}", self.transcript.redacted_text(&self.heroku.secrets()));
            return;
        }
        assert!(findings.is_empty(), "secrets were found:\n{findings:#?}");
    }
}

/// In memory, if this user can write and run programs there: gnome-keyring waits for the disk at each change, which
/// doubles the time of a story. `TMPDIR` names another place.
fn base_directory() -> PathBuf {
    use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
    const IN_MEMORY: &str = "/dev/shm";
    const ENOUGH: u64 = 1 << 30;
    let is_fit = statvfs(IN_MEMORY).is_ok_and(|found| {
        !found.f_flag.contains(StatVfsMountFlags::NOEXEC)
            && found.f_bavail * found.f_frsize >= ENOUGH
            && access(IN_MEMORY, Access::WRITE_OK).is_ok()
    });
    if is_fit && std::env::var_os("TMPDIR").is_none() {
        IN_MEMORY.into()
    } else {
        std::env::temp_dir()
    }
}

fn make_private(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
}
