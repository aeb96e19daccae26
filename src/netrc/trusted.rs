//! Which files are read at all: regular ones that no other user can have written.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::Unreadable;
use crate::files;

/// Opens a regular file. Anything else counts as absent.
///
/// It is opened before it is looked at, so that nothing can take its place in between, and without
/// waiting: a FIFO would wait for its writer.
#[cfg(unix)]
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    use rustix::io::Errno;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let absent = |error: &io::Error| {
        let error = error.raw_os_error();
        [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NXIO]
            .iter()
            .any(|errno| error == Some(errno.raw_os_error()))
    };
    let opened = File::options().read(true).custom_flags(flags).open(path);
    match opened {
        Ok(file) => Ok(file.metadata()?.is_file().then_some(file)),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => File::open(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Rejects a file that another user may have written; returns whether others can read it.
pub(super) fn trusted(metadata: &fs::Metadata) -> Result<bool, Unreadable> {
    files::trust(metadata).map_err(Unreadable::NotTrusted)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_would_hang_or_lead_nowhere_is_no_netrc() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), fifo, 0o600.into(), 0).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("fifo", at("to-fifo")).unwrap();
        let _listener = UnixListener::bind(at("socket")).unwrap();
        for name in [
            "fifo",
            "loop",
            "dangling",
            "to-fifo",
            "socket",
            "fifo/below",
        ] {
            assert!(open(&at(name)).unwrap().is_none(), "{name}");
        }
        crate::files::replace(&at("plain"), b"").unwrap();
        symlink("plain", at("link")).unwrap();
        assert!(open(&at("link")).unwrap().is_some());
    }
}
