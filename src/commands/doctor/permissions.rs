//! The permissions of the files that decide which account pushes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::{Facts, Findings, Repair, Severity};
use crate::files::{self, NotTrusted};
use crate::heroku_cli;
use crate::netrc;
use crate::notice::{Command, Notice};
use crate::token_metadata;

/// The files with the active account and with what is known about tokens, which no other user may write; and a netrc
/// with a token, which no other user may read.
pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    let environment = &facts.context.environment;
    for (path, has_token) in [
        (netrc::path(environment), facts.netrc_has_token()),
        (heroku_cli::login_file(environment), false),
        (token_metadata::FILE.path(environment), false),
    ] {
        let file = path.and_then(|path| Some((fs::metadata(&path).ok()?, path)));
        let Some((metadata, path)) = file else {
            continue;
        };
        let (what, why) = match files::trust(&metadata) {
            Err(NotTrusted::Writable) => (
                "write to",
                "such a user can change the account that you push with",
            ),
            Ok(true) if has_token => ("read", "the file contains a token"),
            // Only a file that this user or root owns can be made private.
            Ok(_) | Err(NotTrusted::Foreign) => continue,
        };
        let (shown, mode) = (path.display(), metadata.mode() & 0o777);
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
    let notes = &token_metadata::FILE;
    let is_reported = |path| {
        let metadata = fs::metadata(path);
        metadata.is_ok_and(|metadata| files::trust(&metadata) == Err(NotTrusted::Writable))
    };
    if !notes.path(environment).is_some_and(is_reported)
        && let Some(why) = notes.warning(environment)
    {
        found.notice(Severity::Warn, &why);
    }
    if facts.login_json == Err(NotTrusted::Foreign)
        && let Some(why) = &facts.answer.ignored
    {
        found.notice(Severity::Warn, why);
    }
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
