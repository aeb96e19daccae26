//! A bus of another local user, at an address that this world's variable still points to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::World;

/// The user that the bus runs as.
const OTHER_USER: u32 = 65534;

/// Notes each connection and all that comes over it, and lets everyone in.
const LISTENER: &str = r"
import os, socket, sys
name, log = sys.argv[1].encode(), open(sys.argv[2], 'ab', 0)
listener = socket.socket(socket.AF_UNIX)
listener.bind(b'\0' + name[1:] if name.startswith(b'@') else name)
if not name.startswith(b'@'):
    os.chmod(name, 0o777)
listener.listen()
print('ready', flush=True)
while True:
    client, _ = listener.accept()
    log.write(b'connected\n')
    try:
        while piece := client.recv(4096):
            log.write(piece)
            client.sendall(b'DATA\r\nOK 0123\r\n')
    except OSError:
        pass
    log.write(b'closed\n')
";

/// Where another user listens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A path that everyone may create.
    Path,
    /// A name that everyone may bind.
    Abstract,
}

/// The listener; it ends with this.
pub(crate) struct AnotherUsersBus {
    listener: Child,
    dir: TempDir,
}

impl World {
    /// Another user listens where every program started from here on looks for its bus. Only root
    /// can arrange that: none where the tests run as anyone else.
    pub(crate) fn finds_a_bus_of_another_user(&self, place: Place) -> Option<AnotherUsersBus> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        chown(dir.path(), Some(OTHER_USER), None).unwrap();
        let path = dir.path().join("bus").display().to_string();
        let (name, address) = match place {
            Place::Path => (path.clone(), format!("unix:path={path}")),
            Place::Abstract => (format!("@{path}"), format!("unix:abstract={path}")),
        };
        let id = OTHER_USER.to_string();
        let mut listener = Command::new("setpriv")
            .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
            .args(["--pdeathsig", "KILL", "python3", "-c", LISTENER, &name])
            .arg(dir.path().join("log"))
            .current_dir("/")
            .env("PATH", super::SYSTEM_PATH)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut stdout = BufReader::new(listener.stdout.take().unwrap());
        stdout.read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        self.sets("DBUS_SESSION_BUS_ADDRESS", &address);
        Some(AnotherUsersBus { listener, dir })
    }
}

impl AnotherUsersBus {
    /// The first connection, and all that was sent over it.
    pub(crate) fn received(&self) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let log = fs::read(self.dir.path().join("log")).unwrap();
            let log = String::from_utf8_lossy(&log).into_owned();
            if log.ends_with("closed\n") {
                return log;
            }
            assert!(Instant::now() < end, "no connection has ended: {log:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for AnotherUsersBus {
    fn drop(&mut self) {
        let _ = self.listener.kill();
        let _ = self.listener.wait();
    }
}
