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
    let login_json = facts.answer.ignored.clone();
    let notes = &token_metadata::FILE;
    for (path, unused, has_token) in [
        // Why netrc cannot be used is reported with its entries.
        (netrc::path(environment), None, facts.netrc_has_token()),
        (heroku_cli::login_file(environment), login_json, false),
        (notes.path(environment), notes.warning(environment), false),
    ] {
        let file = path.and_then(|path| Some((fs::metadata(&path).ok()?, path)));
        let open_to = match file.as_ref().map(|(metadata, _)| files::trust(metadata)) {
            Some(Err(NotTrusted::Writable)) => Some((
                "write to",
                "such a user can change the account that you push with",
            )),
            Some(Ok(true)) if has_token => Some(("read", "the file contains a token")),
            _ => None,
        };
        let Some(((metadata, path), (what, why))) = file.zip(open_to) else {
            // The mode is not the reason, so chmod would not help.
            if let Some(why) = unused {
                found.notice(Severity::Warn, &why);
            }
            continue;
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
