//! A real gnome-keyring on a bus of its own: it can be locked, stopped and restarted.
//!
//! The bus has no service files, so it starts no program. Both daemons are killed with the thread that
//! started them, even if the tests are killed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use heroku_stand_in::program_on;
use rustix::process::{Pid, Signal, kill_process};
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;

use super::{bus, items};

/// The bus, and the daemon on it while it runs.
pub(crate) struct Keyring {
    root: PathBuf,
    /// The tests' own connection to the bus.
    connection: OnceLock<Connection>,
    daemon: Mutex<Option<Daemon>>,
    _bus: Daemon,
}

/// A process that is stopped by its pid when it is dropped.
struct Daemon(Child);

/// Longer than a daemon takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);
const LOGIN_COLLECTION: &str = "/org/freedesktop/secrets/collection/login";

impl Keyring {
    pub(super) fn on_a_bus_at(root: &Path) -> Keyring {
        let bus = bus::start(in_the_world(root, "dbus-daemon"), root);
        Keyring {
            root: root.to_owned(),
            connection: OnceLock::new(),
            daemon: Mutex::default(),
            _bus: Daemon(bus),
        }
    }

    /// What a child needs to find the bus.
    pub(super) fn variables(&self) -> [(String, String); 2] {
        bus_variables(&self.root)
    }

    /// Starts the daemon with its login collection open, making the collection if there is none.
    ///
    /// On a busy machine the daemon sometimes ends right after its start.
    pub(crate) fn starts_unlocked(&self) {
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            self.starts(&["--unlock"]);
            if let Ok(is_locked) = items::is_locked(self.bus(), LOGIN_COLLECTION) {
                assert!(!is_locked, "gnome-keyring did not unlock");
                return;
            }
            self.ends();
        }
        panic!("gnome-keyring ended after each start");
    }

    /// Starts the daemon as after a login without a password: what there is stays locked.
    pub(crate) fn starts_locked(&self) {
        self.starts(&[]);
    }

    /// Ends the daemon.
    pub(crate) fn ends(&self) {
        *self.daemon.lock().unwrap() = None;
    }

    /// Ends the daemon and starts it again, unlocked: the next login of the same user.
    pub(crate) fn restarts(&self) {
        self.ends();
        self.starts_unlocked();
    }

    /// Locks the login collection.
    pub(crate) fn locks(&self) {
        items::lock(self.bus(), LOGIN_COLLECTION);
        let is_locked = items::is_locked(self.bus(), LOGIN_COLLECTION).unwrap();
        assert!(is_locked, "gnome-keyring did not lock");
    }

    /// Stops the daemon: it keeps its name on the bus and does not answer.
    pub(crate) fn hangs(&self) {
        self.signals(Signal::STOP);
    }

    /// Lets a stopped daemon go on.
    pub(crate) fn resumes(&self) {
        self.signals(Signal::CONT);
    }

    fn starts(&self, arguments: &[&str]) {
        let mut command = in_the_world(&self.root, "gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        command.args(arguments).stdin(Stdio::piped());
        let mut daemon = Daemon(command.spawn().unwrap());
        let mut stdin = daemon.0.stdin.take().unwrap();
        stdin.write_all(b"open sesame").unwrap();
        drop(stdin);
        let start = Instant::now();
        while !items::is_offered(self.bus()) {
            assert!(start.elapsed() < LIMIT, "gnome-keyring did not start");
            thread::sleep(Duration::from_millis(2));
        }
        *self.daemon.lock().unwrap() = Some(daemon);
    }

    /// The tests' own connection to the bus.
    pub(super) fn bus(&self) -> &Connection {
        self.connection.get_or_init(|| {
            let address = format!("unix:path={}", socket(&self.root));
            Builder::address(address.as_str()).unwrap().build().unwrap()
        })
    }

    fn signals(&self, signal: Signal) {
        let daemon = self.daemon.lock().unwrap();
        let pid = Pid::from_child(&daemon.as_ref().unwrap().0);
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A stopped process takes no other signal than this one. Both calls fail only where the
        // daemon has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_the_world(root: &Path, program: &str) -> Command {
    let path = super::system_path();
    let mut command = Command::new(program_on(path.as_ref(), "setpriv".as_ref()));
    command.args(["--pdeathsig", "KILL", program]);
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(root.join("logs").join(program))
        .unwrap();
    command
        .env_clear()
        .env("HOME", root.join("home"))
        .env("PATH", path)
        .env("LC_ALL", "C")
        .envs(bus_variables(root))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

/// Where the bus is.
pub(super) fn socket(root: &Path) -> String {
    root.join("run/bus").to_str().unwrap().to_owned()
}

fn bus_variables(root: &Path) -> [(String, String); 2] {
    let runtime = root.join("run").to_str().unwrap().to_owned();
    let address = format!("unix:path={}", socket(root));
    [
        ("XDG_RUNTIME_DIR".to_owned(), runtime),
        ("DBUS_SESSION_BUS_ADDRESS".to_owned(), address),
    ]
}
