//! The official Heroku CLI, from npm, in a world: `contrib/heroku-cli` installs it below `target`.

use std::path::{Path, PathBuf};

use super::{Outcome, World};

/// Which of the two installed versions.
#[derive(Clone, Copy)]
pub(crate) enum Version {
    /// The current one, which keeps its token in the keyring.
    Current,
    /// A version from before it used the keyring: it uses netrc.
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
    format!(
        "{} {QUIET} {} {line}",
        with_node(version),
        version.program().display()
    )
}

/// Sets a `node` that is new enough for Heroku's programs, for a line for a shell: if the system's is too old, one is
/// installed beside the Heroku CLI.
pub(crate) fn with_node(version: Version) -> String {
    let program = version.program();
    format!("PATH={}:$PATH", program.parent().unwrap().display())
}
