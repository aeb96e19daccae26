//! Reads files up to a limit and without waiting, and decides which ones are trusted: those that no other user can
//! have written.

use std::fs::{self, File, Metadata};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::notice::{Command, Fix};
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

/// A file that no other user can have written.
pub struct Trusted {
    /// Its bytes.
    pub bytes: SecretBuf,
    /// Whether other users can read it.
    pub is_readable_by_others: bool,
}

/// As [`read`], for a file that no other user can have written.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::PermissionDenied`] that carries [`NotTrusted`].
pub fn read_trusted(path: &Path, limit: usize) -> io::Result<Trusted> {
    let (file, metadata) = open(path)?;
    let is_readable_by_others =
        trust(&metadata).map_err(|why| io::Error::new(io::ErrorKind::PermissionDenied, why))?;
    Ok(Trusted {
        bytes: read_open(&file, &metadata, limit)?,
        is_readable_by_others,
    })
}

/// Whether an error of [`read`] means that there is no regular file: another kind of file, a link that leads
/// nowhere, nothing at all.
pub fn is_absent(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        // A loop of links, and a socket.
        let codes = [Errno::LOOP, Errno::NXIO].map(|errno| Some(errno.raw_os_error()));
        if codes.contains(&error.raw_os_error()) {
            return true;
        }
    }
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput
    )
}

fn read_open(file: &File, metadata: &Metadata, limit: usize) -> io::Result<SecretBuf> {
    // Before it is read: a sparse file can be huge.
    match usize::try_from(metadata.len()) {
        Ok(length) if length <= limit => SecretBuf::read_expected(file, length, limit),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }
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

/// Why a file is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTrusted {
    /// Its mode lets other users write it.
    #[error("other users can write to it")]
    Writable,
    /// It belongs to neither this user nor root.
    #[error("it belongs to another user")]
    Foreign,
}

impl NotTrusted {
    /// The reason that an error of [`read_trusted`] carries; none for another error.
    pub fn from_io_error(error: &io::Error) -> Option<NotTrusted> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// How to make the file trusted; `at_file` adds its path to a command.
    pub fn fix(self, at_file: impl FnOnce(Command) -> Command) -> Fix {
        self.fix_for(is_root(), at_file)
    }

    fn fix_for(self, is_root: bool, at_file: impl FnOnce(Command) -> Command) -> Fix {
        match self {
            NotTrusted::Writable => {
                Fix::command("restrict its permissions", at_file("chmod 600".into()))
            }
            // With `sudo`, the home may still be that of the user, who could not read a file of root's.
            NotTrusted::Foreign if is_root => {
                Fix::from("run the command as the owner of the file, without sudo")
                    .or("set HEROKU_API_KEY")
            }
            NotTrusted::Foreign => {
                let chown = Command::own();
                Fix::command("change its owner", at_file(chown))
            }
        }
    }
}

/// Checks that a file is trusted. Returns whether other users can read it.
///
/// # Errors
/// [`NotTrusted`].
#[cfg(unix)]
pub fn trust(metadata: &Metadata) -> Result<bool, NotTrusted> {
    if is_foreign(metadata) {
        Err(NotTrusted::Foreign)
    } else if metadata.mode() & 0o022 != 0 {
        Err(NotTrusted::Writable)
    } else {
        Ok(metadata.mode() & 0o044 != 0)
    }
}

/// Refuses to write through a symbolic link of another user. Otherwise root, if its home is that of another user,
/// would write wherever that user's links point.
pub(super) fn refuse_foreign_link(link: &Path) -> io::Result<()> {
    if is_foreign(&fs::symlink_metadata(link)?) {
        return Err(foreign(link));
    }
    Ok(())
}

/// Refuses to create or replace what is at `path` as root if it, or the nearest directory above it, belongs to another
/// user, who could neither read nor write the new files.
pub(crate) fn refuse_foreign(path: &Path) -> io::Result<()> {
    let path = nearest_existing(path);
    if is_root() && fs::metadata(path).is_ok_and(|metadata| is_foreign(&metadata)) {
        return Err(foreign(path));
    }
    Ok(())
}

/// The path itself, or the nearest directory above it that exists.
pub fn nearest_existing(path: &Path) -> &Path {
    let mut paths = path.ancestors();
    paths.find(|path| path.exists()).unwrap_or(Path::new("."))
}

fn foreign(path: &Path) -> io::Error {
    io::Error::other(format!("{} belongs to another user", path.display()))
}

/// Whether a file belongs to neither this user nor root.
#[cfg(unix)]
fn is_foreign(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    owner != 0 && owner != rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

// Windows has neither modes nor owners of this kind.

#[cfg(not(unix))]
fn is_foreign(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(not(unix))]
pub fn trust(_: &Metadata) -> Result<bool, NotTrusted> {
    Ok(false)
}

/// The length of a byte order mark at the start of a text, as an editor of Windows writes it.
pub fn byte_order_mark(text: &[u8]) -> usize {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if text.starts_with(MARK) {
        MARK.len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::replace;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"12345").unwrap();
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
    fn a_fifo_or_a_device_is_rejected_without_blocking() {
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

    #[test]
    #[cfg(target_os = "linux")]
    fn a_fifo_a_socket_and_a_broken_link_do_not_count_as_files() {
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
            assert!(is_absent(&read(&at(name), 10).unwrap_err()), "{name}");
        }
        replace(&at("plain"), b"").unwrap();
        symlink("plain", at("link")).unwrap();
        assert!(read(&at("link"), 10).is_ok());
    }

    /// With `sudo`, a command for root would take the file away from its user.
    #[test]
    fn root_is_not_told_to_take_a_file_of_another_user() {
        let fix = |is_root| {
            let fix = NotTrusted::Foreign.fix_for(is_root, |command| command.then("~/.netrc"));
            fix.to_string()
        };
        let chown = "change its owner: sudo chown \"$(id -u)\" ~/.netrc";
        assert_eq!(fix(false), chown);
        let without =
            "run the command as the owner of the file, without sudo, or set HEROKU_API_KEY";
        assert_eq!(fix(true), without);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_write_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"{}").unwrap();
        for (mode, expected) in [
            (0o600, None),
            (0o644, None),
            (0o620, Some(NotTrusted::Writable)),
            (0o602, Some(NotTrusted::Writable)),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = read_trusted(&path, 10);
            let why = read
                .err()
                .and_then(|error| NotTrusted::from_io_error(&error));
            assert_eq!(why, expected, "{mode:o}");
        }
    }
}
