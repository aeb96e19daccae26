//! Locks between processes of this program. The system releases a lock when its process ends, even after a crash.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{dir_of, make_private_dir, refuse_foreign, resolved};

/// The pause between two tries to get a lock.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// Locks the file at `path`, which is created if needed and not removed afterwards: for work that takes longer
/// than one edit. Other processes of this program wait for the lock, each up to its own `limit`. It is released when the
/// returned file is dropped.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] if another process still holds the lock after `limit`; else what the file system
/// reports.
pub fn hold(path: &Path, limit: Duration) -> io::Result<fs::File> {
    let path = resolved(path)?;
    refuse_foreign(dir_of(&path))?;
    make_private_dir(dir_of(&path))?;
    open_locked(&path, limit)
}

#[cfg(unix)]
fn open_locked(path: &Path, limit: Duration) -> io::Result<fs::File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    // The open of a FIFO would wait for a reader.
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    loop {
        let file = options.open(path)?;
        wait_for(&file, limit)?;
        // The process that had the lock may have removed the file. Then another process can lock a new one.
        let was_replaced = match fs::metadata(path) {
            Ok(current) => identity(current) != identity(file.metadata()?),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !was_replaced {
            return Ok(file);
        }
    }
}

/// Locks a directory against other processes of this program. None if it cannot be locked: the file system may have no
/// locks, or the directory may be write-only, and a file in it can be replaced all the same.
///
/// Other users can lock a directory that they can open, for as long as they like. After the limit it is then written
/// without the lock: a rename is atomic without one, and an edit checks again whether its file has changed.
#[cfg(unix)]
pub(super) fn lock_dir(dir: &Path, limit: Duration) -> io::Result<Option<fs::File>> {
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

/// Waits for the lock on an open file or directory. Returns false if the file system has no locks: then no other
/// process can hold one either.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] if another process still holds the lock after `limit`.
#[cfg(unix)]
fn wait_for(file: &fs::File, limit: Duration) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    let mut waited = Duration::ZERO;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if waited < limit => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(io::ErrorKind::TimedOut.into()),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Ok(false),
        }
    }
}

#[cfg(not(unix))]
use windows::open_locked;
#[cfg(not(unix))]
pub(super) use windows::{is_in_use, lock_dir};

/// A process can open a file on Windows so that no other process can open it, until it closes the file or exits.
/// That is the lock.
#[cfg(not(unix))]
mod windows {
    use super::{Duration, PAUSE, Path, fs, io};
    use std::os::windows::fs::OpenOptionsExt;

    /// Source: Microsoft's `winerror.h` and `winbase.h`.
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;

    /// Whether another process has the file open, or has deleted it and Windows has not removed it yet.
    pub(in super::super) fn is_in_use(error: &io::Error) -> bool {
        matches!(
            error.raw_os_error(),
            Some(ACCESS_DENIED | SHARING_VIOLATION)
        )
    }

    /// Locks a file that is not removed afterwards.
    pub(super) fn open_locked(path: &Path, limit: Duration) -> io::Result<fs::File> {
        open(path, 0, limit)
    }

    /// Locks a file in the directory, which Windows removes when it is closed; none if no file can be created.
    pub(in super::super) fn lock_dir(dir: &Path, limit: Duration) -> io::Result<Option<fs::File>> {
        match open(
            &dir.join(".heroku-rs-lock"),
            FILE_FLAG_DELETE_ON_CLOSE,
            limit,
        ) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn open(path: &Path, flags: u32, limit: Duration) -> io::Result<fs::File> {
        // Windows reports "access denied" for a file that is being removed, and also for one that may never be
        // opened. So this error is retried for a short time only.
        const REMOVAL_LIMIT: Duration = Duration::from_millis(200);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        options.share_mode(0).custom_flags(flags);
        let mut waited = Duration::ZERO;
        loop {
            let error = match options.open(path) {
                Ok(file) => return Ok(file),
                Err(error) => error,
            };
            match error.raw_os_error() {
                Some(SHARING_VIOLATION) if waited < limit => {}
                Some(SHARING_VIOLATION) => return Err(io::ErrorKind::TimedOut.into()),
                Some(ACCESS_DENIED) if waited < REMOVAL_LIMIT => {}
                _ => return Err(error),
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
    }
}
