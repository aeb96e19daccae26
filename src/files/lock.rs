//! Locks among processes of ours: each ends with its process, whatever happens to it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::workplace::make_private_dir_of;

/// How long a lock that is taken is left alone, each time.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// A lock that ends with this value.
#[derive(Debug)]
pub struct Held {
    _file: fs::File,
}

/// Holds a lock on the file at `path`, which is made if need be and stays: for work that is longer
/// than one edit. Others of us wait for it, each up to its own `patience`.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] where `patience` has ended; else whatever the file system says.
pub fn hold(path: &Path, patience: Duration) -> io::Result<Held> {
    make_private_dir_of(path)?;
    let file = opened(path, patience)?;
    Ok(Held { _file: file })
}

#[cfg(unix)]
fn opened(path: &Path, patience: Duration) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path)?;
    wait_for(&file, patience)?;
    Ok(file)
}

/// Waits for the lock on an open file or directory; says whether there are locks to be had. A file
/// system without them has no other users of this one.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] where `patience` has ended.
#[cfg(unix)]
pub(super) fn wait_for(file: &fs::File, patience: Duration) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    let mut waited = Duration::ZERO;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if waited < patience => {
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
use alone::opened;
#[cfg(not(unix))]
pub(super) use alone::{is_in_use, passing};

/// Windows keeps everybody from a file that one has opened for himself alone, until he closes it or
/// ends: that is the lock.
#[cfg(not(unix))]
mod alone {
    use super::{Duration, PAUSE, Path, fs, io};
    use std::os::windows::fs::OpenOptionsExt;

    /// Source: Microsoft's `winerror.h` and `winbase.h`.
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;

    /// Whether somebody has the file open in this moment, or had, and it is about to go.
    pub(in super::super) fn is_in_use(error: &io::Error) -> bool {
        matches!(
            error.raw_os_error(),
            Some(ACCESS_DENIED | SHARING_VIOLATION)
        )
    }

    /// A lock on a file that stays.
    pub(super) fn opened(path: &Path, patience: Duration) -> io::Result<fs::File> {
        open(path, 0, patience)
    }

    /// A lock on a file that goes with its owner; none where no file can be made.
    pub(in super::super) fn passing(
        path: &Path,
        patience: Duration,
    ) -> io::Result<Option<fs::File>> {
        match open(path, FILE_FLAG_DELETE_ON_CLOSE, patience) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn open(path: &Path, flags: u32, patience: Duration) -> io::Result<fs::File> {
        // Whether a file is on its way out or may not be opened at all, Windows does not tell.
        const LEAVING: Duration = Duration::from_millis(200);
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
                Some(SHARING_VIOLATION) if waited < patience => {}
                Some(SHARING_VIOLATION) => return Err(io::ErrorKind::TimedOut.into()),
                Some(ACCESS_DENIED) if waited < LEAVING => {}
                _ => return Err(error),
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
    }
}
