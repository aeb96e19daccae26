//! Which files and links are trusted: those that no other user can have written.

use std::fs;
use std::io;
use std::path::Path;

use thiserror::Error;

/// Why a file is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotTrusted {
    /// Its mode lets other users write it.
    #[error("other users can write to it")]
    Writable,
    /// It belongs to neither this user nor root.
    #[error("it belongs to another user")]
    Foreign,
}

impl NotTrusted {
    /// The reason that an error of [`super::read_trusted`] carries; none for another error.
    pub fn from_io_error(error: &io::Error) -> Option<NotTrusted> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Checks that a file is trusted. Returns whether other users can read it.
///
/// # Errors
/// [`NotTrusted`].
#[cfg(unix)]
pub fn trust(metadata: &fs::Metadata) -> Result<bool, NotTrusted> {
    use std::os::unix::fs::MetadataExt;
    if !is_ours(metadata) {
        return Err(NotTrusted::Foreign);
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(NotTrusted::Writable);
    }
    Ok(metadata.mode() & 0o044 != 0)
}

#[cfg(unix)]
fn is_ours(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw() || metadata.uid() == 0
}

/// Whether a symbolic link may be followed for a write. Otherwise root, if its home is that of another user, would
/// write wherever that user's links point.
#[cfg(unix)]
pub(super) fn may_be_followed(link: &Path) -> io::Result<bool> {
    Ok(is_ours(&fs::symlink_metadata(link)?))
}

/// Whether this program may create files in a directory. As root it creates none in another user's: that user could
/// neither read nor write them.
#[cfg(unix)]
pub(super) fn may_be_written(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let is_root = rustix::process::geteuid().is_root();
    !is_root || fs::metadata(dir).map_or(true, |metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
pub fn trust(_: &fs::Metadata) -> Result<bool, NotTrusted> {
    Ok(false)
}

#[cfg(not(unix))]
pub(super) fn may_be_followed(_: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(not(unix))]
pub(super) fn may_be_written(_: &Path) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_others_can_write_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        super::super::replace(&path, b"{}").unwrap();
        for (mode, expected) in [
            (0o600, None),
            (0o644, None),
            (0o620, Some(NotTrusted::Writable)),
            (0o602, Some(NotTrusted::Writable)),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = super::super::read_trusted(&path, 10);
            let why = read
                .err()
                .and_then(|error| NotTrusted::from_io_error(&error));
            assert_eq!(why, expected, "{mode:o}");
        }
    }
}
