//! The directory of a file that is being replaced: locked meanwhile, and cleared of old drafts.
//!
//! A draft is written beside its target, since a rename is atomic only within a file system. A process that is
//! killed leaves its draft there, with everything that the draft holds; the next writer removes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, TempPath};

#[cfg(unix)]
use super::lock::wait_for;
#[cfg(not(unix))]
use super::lock::{PAUSE, is_in_use, lock_temporary};

/// The beginning of a draft's name. Six random letters or digits from `tempfile` follow.
const PREFIX: &str = ".heroku-rs-";
const RANDOM: usize = 6;

/// A directory in which no other process of this program writes while this value exists.
pub(super) struct LockedDir {
    dir: PathBuf,
    // The system releases the lock when the process ends, even after a crash, and leaves nothing behind.
    _lock: Option<fs::File>,
}

impl LockedDir {
    /// Locks the directory of `target`, and creates it as a private one if it does not exist. Waits at most `limit`
    /// for another process of this program.
    ///
    /// # Errors
    /// What the file system reports; [`io::ErrorKind::TimedOut`] if the other process is not done in time.
    pub(super) fn open(target: &Path, limit: Duration) -> io::Result<LockedDir> {
        let dir = parent(target).to_owned();
        make_private_dir(&dir)?;
        let lock = lock(&dir, limit)?;
        if lock.is_some() {
            remove_old_drafts(&dir);
        }
        Ok(LockedDir { dir, _lock: lock })
    }

    /// A new file in the directory, with access for its owner only. It is removed when it is dropped, unless it was
    /// renamed.
    ///
    /// # Errors
    /// What the file system reports.
    pub(super) fn draft(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM)
            .tempfile_in(&self.dir)
    }

    /// Renames a draft over `target`, and flushes the directory, so that the rename survives a power cut. A file
    /// system that cannot do that loses only the newest write, so a failure to flush is ignored.
    ///
    /// # Errors
    /// What the file system reports; the draft is removed then.
    pub(super) fn replace(&self, draft: TempPath, target: &Path) -> io::Result<()> {
        rename_over(draft, target)?;
        if let Ok(dir) = fs::File::open(&self.dir) {
            let _ = dir.sync_all();
        }
        Ok(())
    }
}

/// Renames a file that is complete over `target`.
#[cfg(unix)]
pub(crate) fn rename_over(draft: TempPath, target: &Path) -> io::Result<()> {
    draft.persist(target).map_err(|error| error.error)
}

/// Windows refuses to replace a file that another program is reading, so this waits, as git does.
#[cfg(not(unix))]
pub(crate) fn rename_over(mut draft: TempPath, target: &Path) -> io::Result<()> {
    const LIMIT: Duration = Duration::from_secs(2);
    let mut waited = Duration::ZERO;
    loop {
        match draft.persist(target) {
            Ok(()) => return Ok(()),
            Err(failed) if is_in_use(&failed.error) && waited < LIMIT => draft = failed.path,
            Err(failed) => return Err(failed.error),
        }
        std::thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

fn parent(target: &Path) -> &Path {
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty());
    dir.unwrap_or(Path::new("."))
}

/// Removes the drafts of killed processes. The directory is locked, so no other process of this program is writing
/// one. A draft that cannot be removed does no more harm than before.
fn remove_old_drafts(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_str().is_some_and(is_draft) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether this is the name of a draft, or of the lock that git creates beside one.
fn is_draft(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random
        .map(|rest| rest.strip_suffix(".lock").unwrap_or(rest))
        .is_some_and(|rest| {
            rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Locks a directory against other processes of this program. None if it cannot be locked: the file system may have no
/// locks, or the directory may be write-only, and a file in it can be replaced all the same.
///
/// Other users can lock a directory that they can open, for as long as they like. After the limit it is then written
/// without the lock: a rename is atomic without one, and an edit checks again whether its file has changed.
#[cfg(unix)]
fn lock(dir: &Path, limit: Duration) -> io::Result<Option<fs::File>> {
    use std::os::unix::fs::MetadataExt;
    let Ok(dir) = fs::File::open(dir) else {
        return Ok(None);
    };
    match wait_for(&dir, limit) {
        Ok(is_locked) => Ok(is_locked.then_some(dir)),
        Err(_) if dir.metadata()?.mode() & 0o044 != 0 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Windows cannot lock a directory, so a temporary file in it is locked instead.
#[cfg(not(unix))]
fn lock(dir: &Path, limit: Duration) -> io::Result<Option<fs::File>> {
    lock_temporary(&dir.join(format!("{PREFIX}lock")), limit)
}

/// Creates the directory of `target` if it does not exist, with access for its owner only.
pub(super) fn make_private_dir_of(target: &Path) -> io::Result<()> {
    make_private_dir(parent(target))
}

#[cfg(unix)]
fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(not(unix))]
fn make_private_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// A directory that no other user can open.
    fn private_dir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        }
        dir
    }

    #[test]
    fn the_drafts_of_a_killed_writer_are_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let left = [".heroku-rs-aB3dE9", ".heroku-rs-aB3dE9.lock"];
        let others = [".heroku-rs-notes", ".heroku-rs-", ".heroku-rs-aB3.E9", "x"];
        for name in left.iter().chain(&others) {
            fs::File::create_new(file(name)).unwrap();
        }
        fs::create_dir(file(".heroku-rs-folder")).unwrap();
        LockedDir::open(&file("target"), LIMIT).unwrap();
        assert!(left.iter().all(|name| !file(name).exists()));
        assert!(others.iter().all(|name| file(name).exists()));
        assert!(file(".heroku-rs-folder").exists());
    }

    #[test]
    fn a_writer_at_work_is_waited_for_and_keeps_its_draft() {
        let dir = private_dir();
        let target = dir.path().join("target");
        let first = LockedDir::open(&target, LIMIT).unwrap();
        let draft = first.draft().unwrap().into_temp_path();
        let second = LockedDir::open(&target, Duration::ZERO);
        assert_eq!(second.err().unwrap().kind(), io::ErrorKind::TimedOut);
        assert!(draft.exists());
        drop(first);
        LockedDir::open(&target, LIMIT).unwrap();
        assert!(!draft.exists(), "the first writer is gone");
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_that_another_user_can_take_blocks_no_write() {
        use std::os::unix::fs::PermissionsExt;
        let dir = private_dir();
        let target = dir.path().join("target");
        let theirs = fs::File::open(dir.path()).unwrap();
        assert!(wait_for(&theirs, Duration::ZERO).unwrap());
        let locked = || LockedDir::open(&target, Duration::ZERO);
        assert!(locked().is_err(), "the directory is this user's alone");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let draft = dir.path().join(".heroku-rs-aB3dE9");
        fs::File::create_new(&draft).unwrap();
        locked().unwrap();
        assert!(draft.exists(), "it may be another writer's");
    }

    #[test]
    fn a_file_is_replaced_while_another_program_reads_it() {
        use std::io::{Read, Write};
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        super::super::replace(&target, b"old").unwrap();
        let locked = LockedDir::open(&target, LIMIT).unwrap();
        let mut draft = locked.draft().unwrap();
        draft.write_all(b"new").unwrap();
        let draft = draft.into_temp_path();
        let mut reader = fs::File::open(&target).unwrap();
        std::thread::scope(|scope| {
            let replacing = scope.spawn(|| locked.replace(draft, &target));
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            drop(reader);
            assert_eq!(text, "old");
            replacing.join().unwrap().unwrap();
        });
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
