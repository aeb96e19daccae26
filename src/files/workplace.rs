//! The directory of a file that is being replaced: ours alone while it lasts, and swept.
//!
//! A draft lies beside its target, since a rename is atomic only within a file system. A process
//! that is killed leaves its draft there, with whatever it holds; the next writer takes it away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, TempPath};

#[cfg(unix)]
use super::lock::wait_for;
#[cfg(not(unix))]
use super::lock::{PAUSE, is_in_use, passing};

/// How a draft's name begins; six letters or digits follow, as `tempfile` makes them.
const PREFIX: &str = ".heroku-rs-";
const RANDOM: usize = 6;

/// A directory in which no other process of ours writes for as long as this lives.
pub struct Workplace {
    dir: PathBuf,
    // The lock ends with the process, whatever happens to it, and leaves nothing behind.
    _lock: Option<fs::File>,
}

impl Workplace {
    /// The directory of `target`, made private where it is not there yet. Waits at most `patience`
    /// for another one of us.
    ///
    /// # Errors
    /// What the file system says, or that the other one did not get done.
    pub fn beside(target: &Path, patience: Duration) -> io::Result<Workplace> {
        let dir = parent(target).to_owned();
        make_private_dir(&dir)?;
        let lock = lock(&dir, patience)?;
        if lock.is_some() {
            sweep(&dir);
        }
        Ok(Workplace { dir, _lock: lock })
    }

    /// A new file here, for its owner alone, which goes away unless it is renamed.
    ///
    /// # Errors
    /// What the file system says.
    pub fn draft(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM)
            .tempfile_in(&self.dir)
    }

    /// Renames a draft over `target`, and makes that last through a power cut. A file system that
    /// cannot do so loses no more than the newest write, so its answer decides nothing.
    ///
    /// # Errors
    /// What the file system says; the draft is removed then.
    pub fn put(&self, draft: TempPath, target: &Path) -> io::Result<()> {
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

/// Windows refuses to replace what somebody is reading just then; git waits in the same way.
#[cfg(not(unix))]
pub(crate) fn rename_over(mut draft: TempPath, target: &Path) -> io::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let mut waited = Duration::ZERO;
    loop {
        match draft.persist(target) {
            Ok(()) => return Ok(()),
            Err(failed) if is_in_use(&failed.error) && waited < PATIENCE => draft = failed.path,
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

/// Nobody of ours is at work here but us, so a draft that lies here has no owner any more. One that
/// cannot be removed harms no more than before.
fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_str().is_some_and(is_draft) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A draft, or the lock that git puts beside one.
fn is_draft(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random
        .map(|rest| rest.strip_suffix(".lock").unwrap_or(rest))
        .is_some_and(|rest| {
            rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Locks a directory against others of us; none where there are no locks to be had. Write-only
/// directories exist, and a file can be replaced in them all the same.
///
/// A directory that other users can open can be locked by them for as long as they like. It is then
/// written without the lock: a rename is atomic by itself, and an edit looks once more whether its
/// file has changed.
#[cfg(unix)]
fn lock(dir: &Path, patience: Duration) -> io::Result<Option<fs::File>> {
    use std::os::unix::fs::MetadataExt;
    let Ok(dir) = fs::File::open(dir) else {
        return Ok(None);
    };
    match wait_for(&dir, patience) {
        Ok(is_locked) => Ok(is_locked.then_some(dir)),
        Err(_) if dir.metadata()?.mode() & 0o044 != 0 => Ok(None),
        Err(error) => Err(error),
    }
}

/// A directory cannot be locked there: a file in it stands for it, and goes with its owner.
#[cfg(not(unix))]
fn lock(dir: &Path, patience: Duration) -> io::Result<Option<fs::File>> {
    passing(&dir.join(format!("{PREFIX}lock")), patience)
}

/// Makes the directory of `target`, for its owner alone, where it is not there yet.
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

    const PATIENCE: Duration = Duration::from_secs(60);

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
    fn what_a_killed_writer_left_is_swept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let left = [".heroku-rs-aB3dE9", ".heroku-rs-aB3dE9.lock"];
        let others = [".heroku-rs-notes", ".heroku-rs-", ".heroku-rs-aB3.E9", "x"];
        for name in left.iter().chain(&others) {
            fs::File::create_new(file(name)).unwrap();
        }
        fs::create_dir(file(".heroku-rs-folder")).unwrap();
        Workplace::beside(&file("target"), PATIENCE).unwrap();
        assert!(left.iter().all(|name| !file(name).exists()));
        assert!(others.iter().all(|name| file(name).exists()));
        assert!(file(".heroku-rs-folder").exists());
    }

    #[test]
    fn a_writer_at_work_is_waited_for_and_not_swept() {
        let dir = private_dir();
        let target = dir.path().join("target");
        let first = Workplace::beside(&target, PATIENCE).unwrap();
        let draft = first.draft().unwrap().into_temp_path();
        let second = Workplace::beside(&target, Duration::ZERO);
        assert_eq!(second.err().unwrap().kind(), io::ErrorKind::TimedOut);
        assert!(draft.exists());
        drop(first);
        Workplace::beside(&target, PATIENCE).unwrap();
        assert!(!draft.exists(), "nobody holds the place");
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_that_another_user_can_take_blocks_no_write() {
        use std::os::unix::fs::PermissionsExt;
        let dir = private_dir();
        let target = dir.path().join("target");
        let theirs = fs::File::open(dir.path()).unwrap();
        assert!(wait_for(&theirs, Duration::ZERO).unwrap());
        let beside = || Workplace::beside(&target, Duration::ZERO);
        assert!(beside().is_err(), "the directory is this user's alone");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let draft = dir.path().join(".heroku-rs-aB3dE9");
        fs::File::create_new(&draft).unwrap();
        beside().unwrap();
        assert!(draft.exists(), "it may be another writer's");
    }

    #[test]
    fn a_file_is_replaced_while_somebody_reads_it() {
        use std::io::{Read, Write};
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        super::super::replace(&target, b"old").unwrap();
        let workplace = Workplace::beside(&target, PATIENCE).unwrap();
        let mut draft = workplace.draft().unwrap();
        draft.write_all(b"new").unwrap();
        let draft = draft.into_temp_path();
        let mut reader = fs::File::open(&target).unwrap();
        std::thread::scope(|scope| {
            let putting = scope.spawn(|| workplace.put(draft, &target));
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            drop(reader);
            assert_eq!(text, "old");
            putting.join().unwrap().unwrap();
        });
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
