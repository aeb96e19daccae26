//! Locks among processes of ours: each ends with its process, whatever happens to it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::workplace::make_private_dir_of;

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
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    wait_for(&file, patience)?;
    Ok(Held { _file: file })
}

/// Waits for the lock on an open file or directory; says whether there are locks to be had. A file
/// system without them has no other users of this one.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] where `patience` has ended.
#[cfg(unix)]
pub(super) fn wait_for(file: &fs::File, patience: Duration) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    const PAUSE: Duration = Duration::from_millis(10);
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
pub(super) fn wait_for(_: &fs::File, _: Duration) -> io::Result<bool> {
    Ok(false)
}
