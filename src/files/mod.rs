//! Replaces files atomically: after a crash, a file has its old or its new content, never a part of it.
//!
//! Other modules write no files, with two exceptions: git's configuration is written under git's own lock, and
//! lines are appended to a trace. New files get mode 0600 and new directories 0700, since what they hold is for one
//! user. Symbolic links are followed, since many users keep their dotfiles elsewhere.

mod lock;
mod locked_dir;
mod read;
mod trusted;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempPath;

use crate::secret_buf::SecretBuf;

pub use lock::{Held, hold};
use locked_dir::LockedDir;
pub(crate) use locked_dir::rename_over;
pub use read::{read, read_trusted};
pub use trusted::{NotTrusted, trust};

/// How long to wait before an empty file is looked at again: another program may be rewriting it in place.
const REWRITE_PAUSE: Duration = Duration::from_millis(10);

/// The largest file that is edited, in bytes. An edit reads the whole file.
const LARGEST: usize = 16 * 1024 * 1024;

/// How long to wait for another process of this program. A write takes some milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// Replaces the file at `path`, or creates it, with its directories.
///
/// The bytes go to a new file beside the target (beside what a symbolic link points to), which is
/// flushed to the disk and renamed over it. A failure leaves no file behind, and the drafts of killed
/// processes are removed.
///
/// # Errors
/// What the file system reports. Also if something other than a plain file is there, such as a device or a socket,
/// which other programs may need. Nothing has changed then.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = resolved(path)?;
    if Snapshot::read(&target)?.is_some_and(|before| !before.is_file) {
        return Err(io::Error::other(
            EditError::<io::Error>::NotAFile.to_string(),
        ));
    }
    refuse_foreign_dir(&target)?;
    let dir = LockedDir::open(&target, LOCK_LIMIT)?;
    let draft = write_draft(&dir, contents, None, Access::OwnerOnly)?;
    dir.replace(draft, &target)
}

/// Root creates no file in another user's directory: that user could not read it.
fn refuse_foreign_dir(target: &Path) -> io::Result<()> {
    let dir = target.parent().unwrap_or(Path::new("."));
    if trusted::may_be_written(dir) {
        return Ok(());
    }
    let message = format!("{} belongs to another user", dir.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// Renames a file within its directory, if `is_useless` still holds once no other process of this program can write
/// there.
///
/// # Errors
/// What the file system reports.
pub fn set_aside(path: &Path, to: &Path, is_useless: impl Fn() -> bool) -> io::Result<()> {
    let _locked = LockedDir::open(path, LOCK_LIMIT)?;
    if is_useless() {
        fs::rename(path, to)?;
    }
    Ok(())
}

/// Why a file that other programs write too was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError<E> {
    /// The edit itself refused.
    #[error("{0}")]
    Refused(E),
    /// The file has another name, under which the old bytes would stay.
    #[error("it has another hard link")]
    SecondName,
    /// A FIFO, a device or a directory: a read could wait for ever.
    #[error("it is not a regular file")]
    NotAFile,
    /// Larger than any file that a user or a program keeps for this purpose.
    #[error("it is too large")]
    TooLarge,
    /// Other programs kept writing to the file.
    #[error("another program keeps writing to it")]
    Busy,
    /// The file system reported an error.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// Edits a file that other programs write too. `edit` gets the bytes of the file, which are empty if there is no file,
/// and returns the new bytes, or `None` to leave the file as it is. Returns whether anything changed.
///
/// The owner keeps their permissions, everyone else loses theirs. Processes of this program wait for each other. If
/// a program that does not wait has written meanwhile, the edit is repeated on what that program wrote.
///
/// # Errors
/// [`EditError`]; the file is then as it was.
pub fn edit<E, T: AsRef<[u8]>>(
    path: &Path,
    edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, EditError<E>> {
    edit_with(path, Access::OwnerOnly, edit)
}

/// As [`edit`], for a file of another program: its mode and its owner stay.
///
/// # Errors
/// As [`edit`].
pub fn edit_in_place<E, T: AsRef<[u8]>>(
    path: &Path,
    edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, EditError<E>> {
    edit_with(path, Access::Unchanged, edit)
}

/// Who may access a file after an edit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// The owner keeps their permissions, and no one else has any.
    OwnerOnly,
    /// The file keeps its mode and its owner.
    Unchanged,
}

fn edit_with<E, T: AsRef<[u8]>>(
    path: &Path,
    access: Access,
    mut edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, EditError<E>> {
    const TRIES: usize = 20;
    let target = resolved(path)?;
    if access == Access::OwnerOnly {
        refuse_foreign_dir(&target)?;
    }
    let dir = LockedDir::open(&target, LOCK_LIMIT)?;
    for _ in 0..TRIES {
        let before = Snapshot::read(&target)?;
        let bytes = match &before {
            Some(before) if !before.is_file => return Err(EditError::NotAFile),
            Some(before) if before.length > LARGEST as u64 => return Err(EditError::TooLarge),
            Some(before) if before.is_being_rewritten() => {
                thread::sleep(REWRITE_PAUSE);
                continue;
            }
            Some(_) => read(&target, LARGEST)?,
            None => SecretBuf::default(),
        };
        let Some(contents) = edit(&bytes).map_err(EditError::Refused)? else {
            return Ok(false);
        };
        if before.as_ref().is_some_and(Snapshot::has_second_name) {
            return Err(EditError::SecondName);
        }
        let draft = write_draft(&dir, contents.as_ref(), before.as_ref(), access)?;
        // Last, after everything that takes time: what another program writes between this check and the rename
        // is lost.
        if Snapshot::read(&target)? == before {
            dir.replace(draft, &target)?;
            return Ok(true);
        }
    }
    Err(EditError::Busy)
}

/// The metadata of a file when it was read. A different inode, size or time means that it was written since.
#[derive(PartialEq)]
struct Snapshot {
    is_file: bool,
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    identity: (u64, u64),
    #[cfg(unix)]
    names: u64,
    #[cfg(unix)]
    mode: u32,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Snapshot {
    fn read(path: &Path) -> io::Result<Option<Snapshot>> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Snapshot {
            is_file: metadata.is_file(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: (metadata.dev(), metadata.ino()),
            #[cfg(unix)]
            names: metadata.nlink(),
            #[cfg(unix)]
            mode: metadata.mode(),
            #[cfg(unix)]
            owner: (metadata.uid(), metadata.gid()),
        }))
    }

    fn is_being_rewritten(&self) -> bool {
        let age = self.modified.and_then(|modified| modified.elapsed().ok());
        is_being_rewritten(self.length, age)
    }

    #[cfg(unix)]
    fn has_second_name(&self) -> bool {
        self.names > 1
    }

    #[cfg(not(unix))]
    fn has_second_name(&self) -> bool {
        false
    }
}

/// Whether another program has just emptied the file to write it again, as the Heroku CLI and text editors do: a read
/// in between would miss the rest. A file that has been empty for longer is really empty.
fn is_being_rewritten(length: u64, age: Option<Duration>) -> bool {
    const JUST_NOW: Duration = Duration::from_millis(50);
    length == 0 && age.is_some_and(|age| age < JUST_NOW)
}

/// Writes the new bytes to a file beside the old one, and flushes it to the disk.
fn write_draft(
    dir: &LockedDir,
    contents: &[u8],
    before: Option<&Snapshot>,
    access: Access,
) -> io::Result<TempPath> {
    let mut draft = dir.draft()?;
    draft.write_all(contents)?;
    if let Some(before) = before {
        keep_permissions(draft.as_file(), before, access)?;
    }
    draft.as_file().sync_all()?;
    Ok(draft.into_temp_path())
}

#[cfg(unix)]
fn keep_permissions(file: &fs::File, before: &Snapshot, access: Access) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let mode = match access {
        Access::OwnerOnly => before.mode & 0o700,
        Access::Unchanged => {
            let draft = file.metadata()?;
            if (draft.uid(), draft.gid()) != before.owner {
                let (user, group) = before.owner;
                fchown(file, Some(user), Some(group))?;
            }
            before.mode & 0o777
        }
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_permissions(_: &fs::File, _: &Snapshot, _: Access) -> io::Result<()> {
    Ok(())
}

/// The file that a write to `path` changes: the end of a chain of symbolic links, even if no file is there.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = path.read_link() else {
            return Ok(path);
        };
        if !trusted::may_be_followed(&path)? {
            let message = format!("the link {} belongs to another user", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// If root's `login.json` were a link to a device, the device would be replaced for every user of the machine.
    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        use std::os::unix::fs::FileTypeExt;
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = dir.path().join("login.json");
        symlink(&socket, &link).unwrap();
        for path in [&socket, &link] {
            let error = replace(path, b"new").unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file");
            assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
        }
    }

    #[test]
    fn a_new_file_is_private_and_so_is_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/login.json");
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn a_link_stays_a_link_and_its_target_gets_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("real"), dir.path().join("link"));
        symlink("real", &link).unwrap();
        replace(&link, b"first").unwrap();
        replace(&link, b"second").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"second");
    }

    #[test]
    fn a_failure_leaves_no_file_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        replace(&path, b"new").unwrap_err();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_that_go_in_a_circle_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("loop");
        symlink("loop", &path).unwrap();
        replace(&path, b"new").unwrap_err();
    }

    #[test]
    fn an_edit_keeps_the_permissions_of_the_owner_and_removes_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let changed = edit(&path, |old| Ok::<_, ()>(Some([old, b" new"].concat())));
        assert!(changed.unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old new");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn an_edit_that_wants_nothing_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(!edit(&path, |_| Ok::<_, ()>(None::<Vec<u8>>)).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn what_another_program_wrote_meanwhile_is_not_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"first").unwrap();
        let mut calls = 0;
        let changed = edit(&path, |old| {
            calls += 1;
            if calls == 1 {
                let other = fs::File::options().write(true).open(&path);
                other.unwrap().write_all(b"second").unwrap();
            }
            Ok::<_, ()>(Some([old, b"!"].concat()))
        });
        assert!(changed.unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"second!");
    }

    #[test]
    fn a_file_that_another_program_is_rewriting_is_not_taken_for_empty() {
        let just_now = Some(Duration::from_millis(1));
        assert!(is_being_rewritten(0, just_now));
        for (length, age) in [(1, just_now), (0, Some(Duration::from_secs(1))), (0, None)] {
            assert!(!is_being_rewritten(length, age), "{length} {age:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"").unwrap();
        assert!(edit(&path, |_| Ok::<_, ()>(Some(b"new"))).unwrap());
    }

    #[test]
    fn a_file_with_a_second_name_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        replace(&path, b"old").unwrap();
        fs::hard_link(&path, &other).unwrap();
        let changed = edit(&path, |_| Ok::<_, ()>(Some(b"new")));
        assert!(matches!(changed, Err(EditError::SecondName)));
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_no_plain_file_is_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        let created = rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        );
        created.unwrap();
        for path in [path.as_path(), dir.path()] {
            let changed = edit(path, |_| Ok::<_, ()>(Some(b"new")));
            assert!(matches!(changed, Err(EditError::NotAFile)));
        }
        assert!(hold(&path, Duration::ZERO).is_err());
    }

    /// A process that has waited for a lock file that was removed locks the file that is there now.
    #[test]
    #[cfg(unix)]
    fn a_lock_file_that_was_removed_locks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        // In some of the runs the second process opens the file before it is removed.
        for _ in 0..20 {
            let first = hold(&path, Duration::ZERO).unwrap();
            std::thread::scope(|scope| {
                let second = scope.spawn(|| hold(&path, Duration::from_secs(30)));
                std::thread::yield_now();
                fs::remove_file(&path).unwrap();
                drop(first);
                let second = second.join().unwrap().unwrap();
                let third = hold(&path, Duration::ZERO).unwrap_err();
                assert_eq!(third.kind(), io::ErrorKind::TimedOut);
                drop(second);
            });
        }
    }

    #[test]
    fn concurrent_writers_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| edit(&path, |old| Ok::<_, ()>(Some([old, b"x"].concat()))).unwrap());
            }
        });
        assert_eq!(fs::read(&path).unwrap(), b"xxxxxxxx");
    }
}
