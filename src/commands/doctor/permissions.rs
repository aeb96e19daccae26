//! The permissions of the files that decide which account pushes.

use std::path::{Path, PathBuf};

use super::{Facts, Finding, Repair};
use crate::heroku_cli;
use crate::notice::{Command, Fix, Notice};

/// The files with the active account and with what is known about tokens: no other user may write them.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let login = heroku_cli::login_file(&facts.context.environment);
    let state = facts.context.environment.state_dir();
    let notes = state.as_ref().map(|dir| dir.join("authorizations.json"));
    let home = facts.home();
    let mut found = Vec::new();
    found.extend(login.and_then(|file| excess("login.permissions", file, 0o600, 0o022, home)));
    found.extend(state.and_then(|dir| excess("login.state-permissions", dir, 0o700, 0o077, home)));
    found.extend(
        notes.and_then(|file| excess("login.metadata-permissions", file, 0o600, 0o077, home)),
    );
    found
}

/// A file that has one of the permissions in `excess`.
fn excess(
    id: &'static str,
    path: PathBuf,
    right: u32,
    excess: u32,
    home: Option<&Path>,
) -> Option<Finding> {
    let mode = mode_of(&path).filter(|mode| mode & excess != 0)?;
    let shown = path.display();
    let verb = match mode & 0o022 {
        0 => "read",
        _ => "write",
    };
    let does = format!("chmod {right:o} {shown}");
    let undo = format!("chmod {mode:o} {shown}");
    let chmod = Command::new(if right == 0o700 {
        "chmod 700"
    } else {
        "chmod 600"
    });
    let finding = Finding::warn(id, format!("other users can {verb} {shown}"))
        .with_fix(Fix::from(chmod.path(&path, home)));
    let repair = Repair::new(does, undo, move |_| {
        set_mode(&path, right).map_err(|why| {
            let what = format!(
                "the permissions of {} could not be changed: {why}",
                path.display()
            );
            Notice::new(what, Fix::NONE)
        })
    });
    Some(finding.with_repair(repair))
}

/// The permissions of a file that belongs to this user; none if it does not exist, or on Windows.
#[cfg(unix)]
pub(super) fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    is_ours.then(|| metadata.mode() & 0o777)
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn mode_of(_: &Path) -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}
