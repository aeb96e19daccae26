//! Who may do what with a file.

use std::io;
use std::path::Path;

/// The rights of a file of this user's; none where there is none, or where rights are told
/// otherwise.
#[cfg(unix)]
pub(super) fn of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    is_ours.then(|| metadata.mode() & 0o777)
}

#[cfg(unix)]
pub(super) fn set(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn of(_: &Path) -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(super) fn set(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
