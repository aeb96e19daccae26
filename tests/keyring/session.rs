//! A login session of its own: a bus, a HOME and, if wanted, a gnome-keyring.
//!
//! Each daemon is killed with the thread that started it, or when it is dropped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::keyring::{Keyring, open};

use crate::bus;

pub(crate) const SECRETS: &str = "org.freedesktop.secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

pub(crate) struct Session {
    daemon: Option<Daemon>,
    _bus: Daemon,
    pub(crate) dir: tempfile::TempDir,
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Session {
    /// A bus alone. It can start the services in the session's own directory.
    pub(crate) fn with_a_bus_alone() -> Session {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "run", "services"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let bus = Daemon(bus::start(child(dir.path(), "dbus-daemon"), dir.path()));
        Session {
            daemon: None,
            _bus: bus,
            dir,
        }
    }

    /// A keyring with its default collection open.
    pub(crate) fn new() -> Session {
        let mut session = Session::with_a_bus_alone();
        session.starts(&["--unlock"]);
        session
    }

    pub(crate) fn restarts(&mut self) {
        self.daemon = None;
        self.starts(&["--unlock"]);
    }

    /// As after a login without a password: what exists stays locked.
    pub(crate) fn restarts_locked(&mut self) {
        self.daemon = None;
        self.starts(&[]);
    }

    pub(crate) fn starts(&mut self, arguments: &[&str]) {
        let mut command = child(self.dir.path(), "gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        let mut daemon = Daemon(
            command
                .args(arguments)
                .stdin(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut stdin = daemon.0.stdin.take().unwrap();
        stdin.write_all(b"open sesame").unwrap();
        drop(stdin);
        self.run("gdbus", &["wait", "--session", "--timeout", "30", SECRETS]);
        self.daemon = Some(daemon);
    }

    pub(crate) fn ends(&mut self) {
        self.daemon = None;
    }

    pub(crate) fn locks(&self) {
        self.calls(
            "org.freedesktop.Secret.Service.Lock",
            &format!("['{LOGIN}']"),
        );
    }

    fn calls(&self, method: &str, argument: &str) {
        let path = "/org/freedesktop/secrets";
        let call = [
            "call",
            "--session",
            "--dest",
            SECRETS,
            "--object-path",
            path,
        ];
        self.run(
            "gdbus",
            &[&call[..], &["--method", method, argument]].concat(),
        );
    }

    /// STOP and CONT.
    pub(crate) fn signals(&self, signal: &str) {
        let pid = self.daemon.as_ref().unwrap().0.id().to_string();
        self.run("kill", &["-s", signal, &pid]);
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment {
            bus_address: Some(address(self.dir.path())),
            keyring_limit: Duration::from_secs(20),
            prompt_limit: Duration::from_secs(3),
            ..Environment::default()
        }
    }

    pub(crate) fn keyring(&self) -> Box<dyn Keyring> {
        ours(&self.environment())
    }

    /// Runs a program in the session; its output, which must be a success.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.output(program, arguments, "");
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {output:?}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn output(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let mut command = child(self.dir.path(), program);
        command.args(arguments).stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// Stores an item as the Heroku CLI does.
    pub(crate) fn the_cli_keeps(&self, label: &str, account: &str, secret: &str) {
        let label = format!("--label={label}");
        let arguments = ["store", &label, "service", "heroku-cli", "account", account];
        let output = self.output("secret-tool", &arguments, secret);
        assert!(output.status.success(), "secret-tool: {output:?}");
    }

    /// What the Heroku CLI finds.
    pub(crate) fn the_cli_finds(&self, account: &str) -> String {
        let arguments = ["lookup", "service", "heroku-cli", "account", account];
        let output = self.output("secret-tool", &arguments, "");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The labels and attributes of the Heroku CLI's items.
    ///
    /// Without `xdg:schema`, which the daemon adds when it reads its file again: at its next start,
    /// but also at any moment before.
    pub(crate) fn items(&self) -> Vec<String> {
        let printed = self.printed_items();
        let is_relevant = |line: &&str| line.starts_with("label") || line.starts_with("attribute");
        let mut lines: Vec<String> = printed
            .lines()
            .filter(is_relevant)
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }

    /// Everything that `secret-tool` prints about the Heroku CLI's items.
    pub(crate) fn printed_items(&self) -> String {
        let arguments = ["search", "--all", "service", "heroku-cli"];
        let output = self.output("secret-tool", &arguments, "");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }
}

/// The keyring of this environment, with the limits of a command.
pub(crate) fn ours(environment: &Environment) -> Box<dyn Keyring> {
    open(environment, true)
}

fn child(dir: &Path, program: &str) -> Command {
    let program_name = Path::new(program).file_name().unwrap().to_str().unwrap();
    let log = |name| fs::File::create(dir.join(format!("{program_name}.{name}"))).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", program])
        .current_dir(dir.join("home"))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("HOME", dir.join("home"))
        .env("XDG_RUNTIME_DIR", dir.join("run"))
        .env("DBUS_SESSION_BUS_ADDRESS", address(dir))
        .stdin(Stdio::null())
        .stdout(log("out"))
        .stderr(log("err"));
    command
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("run/bus")
}

fn address(dir: &Path) -> String {
    format!("unix:path={}", socket(dir).display())
}
