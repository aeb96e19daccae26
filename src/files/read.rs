//! Reads files up to a limit, and without waiting.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use super::trust;
use crate::secret_buf::SecretBuf;

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// What the file system reports; [`io::ErrorKind::InvalidInput`] for anything but a regular file,
/// [`io::ErrorKind::FileTooLarge`] for a larger one.
pub fn read(path: &Path, limit: usize) -> io::Result<SecretBuf> {
    let (file, metadata) = open(path)?;
    read_open(&file, &metadata, limit)
}

/// As [`read`], for a file that no other user can have written.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::PermissionDenied`] that carries [`super::NotTrusted`].
pub fn read_trusted(path: &Path, limit: usize) -> io::Result<SecretBuf> {
    let (file, metadata) = open(path)?;
    match trust(&metadata) {
        Ok(_) => read_open(&file, &metadata, limit),
        Err(why) => Err(io::Error::new(io::ErrorKind::PermissionDenied, why)),
    }
}

fn read_open(file: &File, metadata: &Metadata, limit: usize) -> io::Result<SecretBuf> {
    // Before it is read: a sparse file can be huge.
    if metadata.len() > limit as u64 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    SecretBuf::read_all(file, limit)
}

/// Opens a regular file.
///
/// It is opened before it is examined, so that no other file can replace it in between. The open does not block, since
/// that of a FIFO would wait for a writer.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        crate::files::replace(&path, b"12345").unwrap();
        assert_eq!(*read(&path, 5).unwrap(), *b"12345");
        assert_eq!(
            read(&path, 4).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(5 << 30).unwrap();
        assert_eq!(
            read(&path, 1024).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_fifo_or_a_device_is_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, 0o600.into(), 0).unwrap();
        for path in [fifo.as_path(), Path::new("/dev/zero"), dir.path()] {
            assert_eq!(
                read(path, 10).unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
        }
    }
}
