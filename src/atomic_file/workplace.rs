//! The directory of a file that is being replaced: ours alone while it lasts, and swept.
//!
//! A draft lies beside its target, since a rename is atomic only within a file system. A process
//! that is killed leaves its draft there, with whatever it holds; the next writer takes it away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::lock::wait_for;

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

    /// Makes a rename last through a power cut. A file system that cannot do so loses no more than
    /// the newest write, so its answer decides nothing.
    pub fn settle(&self) {
        if let Ok(dir) = fs::File::open(&self.dir) {
            let _ = dir.sync_all();
        }
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
fn lock(dir: &Path, patience: Duration) -> io::Result<Option<fs::File>> {
    let Ok(dir) = fs::File::open(dir) else {
        return Ok(None);
    };
    Ok(wait_for(&dir, patience)?.then_some(dir))
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
#[cfg(unix)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn what_a_killed_writer_left_is_swept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let left = [".heroku-rs-aB3dE9", ".heroku-rs-aB3dE9.lock"];
        let others = [".heroku-rs-notes", ".heroku-rs-", ".heroku-rs-aB3.E9", "x"];
        for name in left.iter().chain(&others) {
            super::super::tests::write(&file(name));
        }
        fs::create_dir(file(".heroku-rs-folder")).unwrap();
        Workplace::beside(&file("target"), PATIENCE).unwrap();
        assert!(left.iter().all(|name| !file(name).exists()));
        assert!(others.iter().all(|name| file(name).exists()));
        assert!(file(".heroku-rs-folder").exists());
    }

    #[test]
    fn a_writer_at_work_is_waited_for_and_not_swept() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        let first = Workplace::beside(&target, PATIENCE).unwrap();
        let draft = first.draft().unwrap();
        let second = Workplace::beside(&target, Duration::ZERO);
        assert_eq!(second.err().unwrap().kind(), io::ErrorKind::TimedOut);
        assert!(draft.path().exists());
        drop(first);
        Workplace::beside(&target, PATIENCE).unwrap();
        assert!(!draft.path().exists(), "nobody holds the place");
    }
}
