//! The official Heroku CLI, from npm, in a world: `contrib/heroku-cli` installs it below `target`.

use std::path::{Path, PathBuf};

use super::{Outcome, World};

/// Which of the two installed versions.
#[derive(Clone, Copy)]
pub(crate) enum Version {
    /// The current one, which keeps its token in the keyring.
    Current,
    /// One from before it used the keyring: it lives on netrc.
    OnNetrc,
}

impl Version {
    fn program(self) -> PathBuf {
        let name = match self {
            Version::Current => "current",
            Version::OnNetrc => "previous",
        };
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = top.join(format!("target/heroku-cli/{name}/node_modules/.bin/heroku"));
        assert!(
            program.exists(),
            "the Heroku CLI is missing: ./contrib/heroku-cli installs it"
        );
        program
    }
}

/// Neither the registry nor any other host is asked for anything but what the command is about.
const QUIET: &str = "DISABLE_TELEMETRY=true CI=true HEROKU_SKIP_NEW_VERSION_CHECK=true \
    HEROKU_DISABLE_AUTOUPDATE=true NODE_EXTRA_CA_CERTS=$SSL_CERT_FILE";

impl World {
    /// A command of the Heroku CLI, as one would type it behind `heroku`.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn heroku_cli(&self, version: Version, line: &str) -> Outcome<'_> {
        self.shell(&heroku_line(version, line), b"")
    }
}

/// The same as a line for a shell, to be typed at a terminal.
pub(crate) fn heroku_line(version: Version, line: &str) -> String {
    let program = version.program();
    // If the system's node is too old, the right one is installed beside the CLI.
    let beside = program.parent().unwrap().display();
    format!("PATH={beside}:$PATH {QUIET} {} {line}", program.display())
}
