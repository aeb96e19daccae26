//! Replacing a file whole or not at all, so that a crash leaves the old or the new, never half.
//!
//! The only room that writes files. Everything written here belongs to one person: 0600, in
//! directories made 0700. Symbolic links are followed, since people keep their dotfiles elsewhere.

mod lock;
mod read;
mod trusted;
mod workplace;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempPath;

use crate::secret_buf::SecretBuf;

pub use lock::{Held, hold};
pub use read::{read, read_trusted};
pub use trusted::{NotTrusted, trust};
pub use workplace::Workplace;
pub(crate) use workplace::rename_over;

/// How long a program that rewrites a file in place is left alone with it, each time.
const MOMENT: Duration = Duration::from_millis(10);

/// The largest file that is edited, in bytes: it is read whole.
const LARGEST: usize = 16 * 1024 * 1024;

/// How long another one of us is waited for: a write takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// Replaces the file at `path`, or makes it, with its directories.
///
/// The bytes go to a new file beside the target (beside what a symbolic link points to), which is
/// flushed to the disk and renamed over it. Nothing stays behind on failure, and what a killed
/// process left is taken away.
///
/// # Errors
/// Whatever the file system says, and that a device, a FIFO or a socket is there, which somebody
/// needs; all is then as it was.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = resolved(path)?;
    if Seen::of(&target)?.is_some_and(|there| !there.is_file) {
        return Err(io::Error::other(
            EditError::<io::Error>::NotAFile.to_string(),
        ));
    }
    refuse_place_of_others(&target)?;
    let workplace = Workplace::beside(&target, PATIENCE)?;
    let draft = drafted(&workplace, contents, None, Rights::OwnersAlone)?;
    workplace.put(draft, &target)
}

/// As root, no file is made in another user's directory, who could not read it any more.
fn refuse_place_of_others(target: &Path) -> io::Result<()> {
    let dir = target.parent().unwrap_or(Path::new("."));
    if trusted::may_be_written(dir) {
        return Ok(());
    }
    let what = format!("{} belongs to another user", dir.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
}

/// Renames a file in its directory if `is_useless` still says so, while no other process of ours writes there.
///
/// # Errors
/// Whatever the file system says.
pub fn set_aside(path: &Path, to: &Path, is_useless: impl Fn() -> bool) -> io::Result<()> {
    let _workplace = Workplace::beside(path, PATIENCE)?;
    if is_useless() {
        fs::rename(path, to)?;
    }
    Ok(())
}

/// Why a file of other programs' was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError<E> {
    /// The edit itself did not want to.
    #[error("{0}")]
    Refused(E),
    /// Another name leads to the same bytes, which would stay there.
    #[error("it has a second name (a hard link)")]
    SecondName,
    /// A FIFO, a device or a directory: reading it could wait for ever.
    #[error("it is not a plain file")]
    NotAFile,
    /// Larger than any file that a person or a program of theirs keeps for this purpose.
    #[error("it is too large")]
    TooLarge,
    /// Others kept writing to it.
    #[error("another program keeps writing to it")]
    Busy,
    /// The file system says no.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// Edits a file that other programs write too: `edit` gets its bytes, none for a file that is not
/// there, and gives the new ones, or none to leave it as it is. Says whether anything changed.
///
/// The owner's rights stay, everyone else's go. Two of us wait for each other; where a program that
/// does not wait has written meanwhile, the edit is made anew on what it wrote.
///
/// # Errors
/// [`EditError`]; the file is then as it was.
pub fn edit<E, T: AsRef<[u8]>>(
    path: &Path,
    edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, EditError<E>> {
    edit_with(path, Rights::OwnersAlone, edit)
}

/// As [`edit`], for a file that is another program's: its mode and its owner stay.
///
/// # Errors
/// As [`edit`].
pub fn edit_in_place<E, T: AsRef<[u8]>>(
    path: &Path,
    edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, EditError<E>> {
    edit_with(path, Rights::AsTheyAre, edit)
}

/// Who may do what with a file that was edited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// What its owner may stays; nobody else may anything.
    OwnersAlone,
    /// As before, under the owner that it had.
    AsTheyAre,
}

fn edit_with<E, T: AsRef<[u8]>>(
    path: &Path,
    rights: Rights,
    mut edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, EditError<E>> {
    const TRIES: usize = 20;
    let target = resolved(path)?;
    if rights == Rights::OwnersAlone {
        refuse_place_of_others(&target)?;
    }
    let workplace = Workplace::beside(&target, PATIENCE)?;
    for _ in 0..TRIES {
        let before = Seen::of(&target)?;
        if before.as_ref().is_some_and(|before| !before.is_file) {
            return Err(EditError::NotAFile);
        }
        if before
            .as_ref()
            .is_some_and(|before| before.length > LARGEST as u64)
        {
            return Err(EditError::TooLarge);
        }
        if before.as_ref().is_some_and(Seen::is_being_rewritten) {
            thread::sleep(MOMENT);
            continue;
        }
        let bytes = match &before {
            Some(_) => read(&target, LARGEST)?,
            None => SecretBuf::default(),
        };
        let Some(contents) = edit(&bytes).map_err(EditError::Refused)? else {
            return Ok(false);
        };
        if before.as_ref().is_some_and(Seen::has_second_name) {
            return Err(EditError::SecondName);
        }
        // Looked at only when all that takes time is done: it is the shorter a moment in which
        // another program's write is lost.
        let draft = drafted(&workplace, contents.as_ref(), before.as_ref(), rights)?;
        if Seen::of(&target)? == before {
            workplace.put(draft, &target)?;
            return Ok(true);
        }
    }
    Err(EditError::Busy)
}

/// What a file was when it was read. Another inode, size or time means that it was written since.
#[derive(PartialEq)]
struct Seen {
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

impl Seen {
    fn of(path: &Path) -> io::Result<Option<Seen>> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Seen {
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

/// The Heroku CLI and text editors empty a file before they write it anew: what is read in between
/// is not all of it. One that has been empty for a while is just that.
fn is_being_rewritten(length: u64, age: Option<Duration>) -> bool {
    const JUST_NOW: Duration = Duration::from_millis(50);
    length == 0 && age.is_some_and(|age| age < JUST_NOW)
}

/// The new bytes, safe on the disk beside the old ones.
fn drafted(
    workplace: &Workplace,
    contents: &[u8],
    before: Option<&Seen>,
    rights: Rights,
) -> io::Result<TempPath> {
    let mut draft = workplace.draft()?;
    draft.write_all(contents)?;
    if let Some(before) = before {
        keep_rights(draft.as_file(), before, rights)?;
    }
    draft.as_file().sync_all()?;
    Ok(draft.into_temp_path())
}

#[cfg(unix)]
fn keep_rights(file: &fs::File, before: &Seen, rights: Rights) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let mode = match rights {
        Rights::OwnersAlone => before.mode & 0o700,
        Rights::AsTheyAre => {
            let made = file.metadata()?;
            if (made.uid(), made.gid()) != before.owner {
                let (user, group) = before.owner;
                fchown(file, Some(user), Some(group))?;
            }
            before.mode & 0o777
        }
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_rights(_: &fs::File, _: &Seen, _: Rights) -> io::Result<()> {
    Ok(())
}

/// Where writing to `path` really lands: the end of a chain of links, even of a dangling one.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = path.read_link() else {
            return Ok(path);
        };
        if !trusted::may_be_followed(&path)? {
            let what = format!("{} is a link of another user", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
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

    /// A root whose login.json led to a device had that replaced, for everybody on the machine.
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
            assert_eq!(error.to_string(), "it is not a plain file");
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
    fn an_edit_keeps_the_owners_rights_and_takes_the_others() {
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
    fn a_file_that_somebody_empties_to_write_it_anew_is_not_taken_for_empty() {
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
        let made = rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        );
        made.unwrap();
        for path in [path.as_path(), dir.path()] {
            let changed = edit(path, |_| Ok::<_, ()>(Some(b"new")));
            assert!(matches!(changed, Err(EditError::NotAFile)));
        }
    }

    #[test]
    fn writers_at_once_lose_nothing() {
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
