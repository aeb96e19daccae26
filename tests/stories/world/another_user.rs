//! Another local user, who can enter this world's home as on most systems.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{World, skipped};

/// `nobody`.
const ID: u32 = 65534;

/// The user. What was started ends with this.
pub(crate) struct AnotherUser {
    id: u32,
    started: Vec<Child>,
}

impl World {
    /// Another user, who can read the home. None if the tests do not run as root: then the
    /// story is skipped.
    pub(crate) fn has_another_user(&self) -> Option<AnotherUser> {
        if !rustix::process::geteuid().is_root() {
            skipped("only root can act as another user");
            return None;
        }
        for path in [self.root.path(), &self.home()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let user = AnotherUser {
            id: ID,
            started: Vec::new(),
        };
        let home = self.home().display().to_string();
        assert_eq!(user.sees(&format!("find {home} -maxdepth 0")).trim(), home);
        Some(user)
    }
}

impl AnotherUser {
    fn command(&self, line: &str) -> Command {
        let id = self.id.to_string();
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
            .args(["--pdeathsig", "KILL", "sh", "-c", line])
            .env_clear()
            .env("PATH", super::SYSTEM_PATH)
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// What a command line of this user prints.
    pub(crate) fn sees(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts a command line of this user, and waits until it prints a line.
    pub(crate) fn starts(&mut self, line: &str) {
        use std::io::{BufRead, BufReader};
        let mut child = self
            .command(line)
            .stderr(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "the program did not start: {line}");
        self.started.push(child);
    }

    /// Makes a file of this world the user's own.
    pub(crate) fn owns(&self, path: &Path) {
        chown(path, Some(self.id), Some(self.id)).unwrap();
    }

    /// The same for a symbolic link, and not for what it leads to.
    pub(crate) fn owns_link(&self, path: &Path) {
        lchown(path, Some(self.id), Some(self.id)).unwrap();
    }
}

impl Drop for AnotherUser {
    fn drop(&mut self) {
        for child in &mut self.started {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
