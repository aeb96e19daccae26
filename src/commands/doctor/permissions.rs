//! The permissions of the files that decide which account pushes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Facts, Findings, Repair, Severity};
use crate::files::NotTrusted;
use crate::heroku_cli;
use crate::netrc;
use crate::notice::{Command, Notice};
use crate::token_metadata;

/// The files with the active account and with what is known about tokens, which no other user may write; and a netrc
/// with a token, which no other user may read.
pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    const OTHERS_WRITE: u32 = 0o022;
    const OTHERS_READ: u32 = 0o044;
    let environment = &facts.context.environment;
    let reads_netrc = if facts.netrc_has_token() {
        OTHERS_READ
    } else {
        0
    };
    for (path, reads) in [
        (netrc::path(environment), reads_netrc),
        (heroku_cli::login_file(environment), 0),
        (token_metadata::FILE.path(environment), 0),
    ] {
        let Some((path, mode)) = path.and_then(with_mode) else {
            continue;
        };
        let (what, why) = if mode & OTHERS_WRITE != 0 {
            (
                "write to",
                "such a user can change the account that you push with",
            )
        } else if mode & reads != 0 {
            ("read", "the file contains a token")
        } else {
            continue;
        };
        let shown = path.display();
        found
            .warn(format!("other users can {what} {shown}"))
            .details(why)
            .fix(Command::new("chmod 600").path(&path, facts.home()))
            .repair(Repair {
                change: format!("chmod 600 {shown}"),
                undo: format!("chmod {mode:o} {shown}"),
                apply: Box::new(move |_| make_private(&path)),
            });
    }
    if facts.login_json == Err(NotTrusted::Foreign)
        && let Some(why) = &facts.answer.ignored
    {
        found.notice(Severity::Warn, why);
    }
}

/// A file that belongs to this user, and its permissions; none if it does not exist.
fn with_mode(path: PathBuf) -> Option<(PathBuf, u32)> {
    let metadata = fs::metadata(&path).ok()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    is_ours.then(|| (path, metadata.mode() & 0o777))
}

fn make_private(path: &Path) -> Result<(), Notice> {
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|why| {
        let path = path.display();
        Notice::new(
            format!("the permissions of {path} could not be changed: {why}"),
            "",
        )
    })
}
