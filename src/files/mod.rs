//! Replaces files atomically: after a crash, a file has its old or its new content, never a part of it.
//!
//! Other modules write no files, with two exceptions: git's configuration is written under git's own lock, and
//! lines are appended to a trace. New files get mode 0600 and new directories 0700, since what they hold is for one
//! user. Symbolic links are followed, since many users keep their dotfiles elsewhere.
//!
//! The new content is a draft beside the file, since a rename is atomic only within a file system. A process that is
//! killed leaves its draft there, with everything that the draft holds; the next writer removes it.

mod lock;
mod read;

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempPath;

use crate::environment::Environment;
use crate::notice::{Command, Fix, Notice};
use crate::secret_buf::SecretBuf;

pub use lock::hold;
use lock::lock_dir;
#[cfg(not(unix))]
use lock::{PAUSE, is_in_use};
pub(crate) use read::refuse_foreign;
pub use read::{
    NotTrusted, Trusted, byte_order_mark, is_absent, nearest_existing, read, read_trusted, trust,
};

/// The beginning of a draft's name. Six random letters or digits from `tempfile` follow.
const PREFIX: &str = ".heroku-rs-";
const RANDOM: usize = 6;

/// The largest file that is edited, in bytes. An edit reads the whole file.
const LARGEST: usize = 16 * 1024 * 1024;

/// How long to wait for another process of this program. A write takes some milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// Who may access a file after an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner keeps their permissions, and no one else has any.
    OwnerOnly,
    /// The file is another program's: it keeps its mode and its owner.
    Unchanged,
}

/// The home is not known, so a file below it has no path.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("HOME is not set")]
pub struct NoHome;

impl NoHome {
    /// What helps.
    pub const FIX: &str = "set HOME to your home directory";
}

impl From<NoHome> for io::Error {
    fn from(why: NoHome) -> io::Error {
        io::Error::other(why)
    }
}

/// What helps after an error of a write, if that does not depend on the file.
pub fn fix_of(error: &io::Error) -> Option<Fix> {
    if let io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded = error.kind() {
        return Some("free some space, then run the command again".into());
    }
    let _: &NoHome = error.get_ref()?.downcast_ref()?;
    Some(NoHome::FIX.into())
}

/// Why a mounted file cannot be changed. A single file that is mounted, as into a container, cannot be renamed over.
pub const MOUNT: &str = "it is a mount and cannot be replaced";

/// That a file was not changed: why, and what helps.
pub fn not_changed(path: &Path, why: &io::Error, environment: &Environment) -> Notice {
    let home = environment.home.as_deref();
    let shown = environment.display_path(path);
    if why.kind() == io::ErrorKind::ResourceBusy {
        let edit = Command::edit().path(path, home);
        let what = format!("{shown} was not changed: {MOUNT}");
        return Notice::new(what, Fix::command("edit the file", edit));
    }
    let look = || {
        let target = resolved(path).unwrap_or_else(|_| path.to_owned());
        let look = Command::show_access().path(nearest_existing(dir_of(&target)), home);
        // A link that leads nowhere. `icacls` takes one path.
        let file = if target.exists() { &target } else { path };
        let look = if cfg!(unix) && file.symlink_metadata().is_ok() {
            look.path(file, home)
        } else {
            look
        };
        Fix::command("check", look)
    };
    let fix = fix_of(why).unwrap_or_else(look);
    Notice::new(format!("{shown} was not changed: {why}"), fix)
}

/// Edits a file that other programs write too, or creates it, with its directories. `edit` gets the bytes of the file,
/// which are empty if there is no file, and returns the new bytes, or `None` to leave the file as it is. Returns
/// whether anything changed.
///
/// Processes of this program wait for each other. If a program that does not wait has written meanwhile, the edit is
/// repeated on what that program wrote.
///
/// # Errors
/// Those of `edit`; what the file system reports; if the file is not a regular file, is too large or has another hard
/// link, under which the old bytes would stay. The file is then as it was.
pub fn edit<E: From<io::Error>, T: AsRef<[u8]>>(
    path: &Path,
    access: Access,
    mut edit: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<bool, E> {
    const TRIES: usize = 20;
    let target = resolved(path)?;
    let dir = dir_of(&target);
    // Another program's file keeps its owner.
    if access == Access::OwnerOnly || !target.exists() {
        refuse_foreign(dir)?;
    }
    let _lock = lock_and_tidy(dir, LOCK_LIMIT)?;
    for _ in 0..TRIES {
        let before = metadata(&target)?;
        let bytes = match &before {
            Some(before)
                if before.is_file() && is_being_rewritten(before.len(), before.modified().ok()) =>
            {
                thread::sleep(lock::PAUSE);
                continue;
            }
            Some(_) => read(&target, LARGEST)?,
            None => SecretBuf::default(),
        };
        let Some(contents) = edit(&bytes)? else {
            return Ok(false);
        };
        if before.as_ref().is_some_and(has_second_name) {
            return Err(io::Error::other("it has another hard link").into());
        }
        let draft = write_draft(dir, contents.as_ref(), before.as_ref(), access)?;
        // Last, after everything that takes time: what another program writes between this check and the rename
        // is lost.
        if metadata(&target)?.as_ref().map(version) == before.as_ref().map(version) {
            rename_over(draft, &target)?;
            // So that the rename survives a power cut. A file system that cannot do that loses only this write.
            let _ = fs::File::open(dir).and_then(|dir| dir.sync_all());
            return Ok(true);
        }
    }
    Err(io::Error::other("another program keeps writing to it").into())
}

/// Renames a file within its directory, if `is_useless` still holds once no other process of this program can write
/// there.
///
/// # Errors
/// What the file system reports.
pub fn set_aside(path: &Path, to: &Path, is_useless: impl Fn() -> bool) -> io::Result<()> {
    refuse_foreign(dir_of(path))?;
    let _lock = lock_and_tidy(dir_of(path), LOCK_LIMIT)?;
    if is_useless() {
        fs::rename(path, to)?;
    }
    Ok(())
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is different after a write to a file or a change of its mode or owner.
#[cfg(unix)]
fn version(metadata: &Metadata) -> impl PartialEq + use<> {
    use std::os::unix::fs::MetadataExt;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    (metadata.dev(), metadata.ino(), metadata.len(), changed)
}

#[cfg(not(unix))]
fn version(metadata: &Metadata) -> impl PartialEq + use<> {
    (metadata.len(), metadata.modified().ok())
}

#[cfg(unix)]
fn has_second_name(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn has_second_name(_: &Metadata) -> bool {
    false
}

/// Whether another program has just emptied the file to write it again, as the Heroku CLI and text editors do: a read
/// in between would miss the rest. A file that has been empty for longer is really empty.
fn is_being_rewritten(length: u64, modified: Option<SystemTime>) -> bool {
    const JUST_NOW: Duration = Duration::from_millis(50);
    let age = modified.and_then(|modified| modified.elapsed().ok());
    length == 0 && age.is_some_and(|age| age < JUST_NOW)
}

/// Writes the new bytes to a file beside the old one, and flushes it to the disk. The file is removed when it is
/// dropped, unless it was renamed.
fn write_draft(
    dir: &Path,
    contents: &[u8],
    before: Option<&Metadata>,
    access: Access,
) -> io::Result<TempPath> {
    let mut draft = tempfile::Builder::new()
        .prefix(PREFIX)
        .rand_bytes(RANDOM)
        .make_in(dir, |path| new_private_file().open(path))?;
    // The errors of the draft itself name it.
    draft.as_file_mut().write_all(contents)?;
    if let Some(before) = before {
        keep_permissions(draft.as_file(), before, access)?;
    }
    draft.as_file().sync_all()?;
    Ok(draft.into_temp_path())
}

/// Creates a file that only its owner can access.
pub(crate) fn new_private_file() -> fs::OpenOptions {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Gives a file the mode of the one that it replaces, and its owner if it is another program's.
#[cfg(unix)]
pub(crate) fn keep_permissions(
    file: &fs::File,
    before: &Metadata,
    access: Access,
) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let kept = match access {
        Access::OwnerOnly => 0o700,
        Access::Unchanged => 0o777,
    };
    // The owner first: until then the group is another one, which the mode is not meant for. A caller may use the file
    // although it keeps another owner, so the mode is set in any case.
    let given = match access {
        Access::OwnerOnly => Ok(()),
        Access::Unchanged => keep_owner(file, before),
    };
    file.set_permissions(fs::Permissions::from_mode(before.mode() & kept))?;
    given
}

/// Gives a file the owner and the group of another one.
#[cfg(unix)]
pub(crate) fn keep_owner(file: &fs::File, other: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (other.uid(), other.gid()) {
        return Ok(());
    }
    fchown(file, Some(other.uid()), Some(other.gid()))
}

#[cfg(not(unix))]
pub(crate) fn keep_owner(_: &fs::File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn keep_permissions(_: &fs::File, _: &Metadata, _: Access) -> io::Result<()> {
    Ok(())
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
        thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

/// The file that a write to `path` changes: the end of a chain of symbolic links, even if no file is there.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = path.read_link() else {
            return Ok(path);
        };
        read::refuse_foreign_link(&path)?;
        path = dir_of(&path).join(next);
    }
    Err(io::Error::other("too many symbolic links"))
}

pub(crate) fn dir_of(target: &Path) -> &Path {
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty());
    dir.unwrap_or(Path::new("."))
}

/// Locks a directory, which is created as a private one if it does not exist, and removes the drafts of killed
/// processes. No other process of this program writes there while the result exists.
///
/// # Errors
/// What the file system reports; [`io::ErrorKind::TimedOut`] if another process is not done after `limit`.
fn lock_and_tidy(dir: &Path, limit: Duration) -> io::Result<Option<fs::File>> {
    make_private_dir(dir)?;
    let lock = lock_dir(dir, limit)?;
    if lock.is_some() {
        remove_old_drafts(dir);
    }
    Ok(lock)
}

/// Removes the drafts of killed processes. A draft that cannot be removed does no more harm than before.
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
    let random = name.strip_prefix(PREFIX).unwrap_or_default();
    let random = random.strip_suffix(".lock").unwrap_or(random);
    random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Creates a directory if it does not exist, with access for its owner only.
fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Replaces a file, in tests.
///
/// # Errors
/// As [`edit`].
#[cfg(test)]
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    edit(path, Access::OwnerOnly, |_| Ok(Some(contents))).map(drop)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// If root's `login.json` were a link to a device, the device would be replaced for every user of the machine.
    #[test]
    fn a_socket_is_not_replaced_by_a_file() {
        use std::os::unix::fs::FileTypeExt;
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = dir.path().join("login.json");
        symlink(&socket, &link).unwrap();
        for path in [&socket, &link] {
            let error = replace(path, b"new").unwrap_err();
            assert!(is_absent(&error), "{error}");
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
    fn an_error_names_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let error = write_draft(&missing, b"new", None, Access::OwnerOnly).unwrap_err();
        assert_eq!(error.to_string(), "No such file or directory (os error 2)");
    }

    #[test]
    fn an_error_of_the_system_is_reported_with_what_helps() {
        let (home, environment) = Environment::with_new_home();
        let file = home.path().join(".docker/config.json");
        let fix = |kind: io::ErrorKind| {
            let notice = not_changed(&file, &kind.into(), &environment);
            let what = notice.what();
            let start = "~/.docker/config.json was not changed: ";
            assert!(what.starts_with(start), "{what}");
            notice.fix().to_string()
        };
        let place = home.path().display();
        let look = format!("check: ls -ld {place}");
        assert_eq!(fix(io::ErrorKind::PermissionDenied), look);
        let free = "free some space, then run the command again";
        assert_eq!(fix(io::ErrorKind::StorageFull), free);
        replace(&file, b"").unwrap();
        let look = "check: ls -ld ~/.docker ~/.docker/config.json";
        assert_eq!(fix(io::ErrorKind::PermissionDenied), look);
        let edit = "edit the file: ${EDITOR:-vi} ~/.docker/config.json";
        assert_eq!(fix(io::ErrorKind::ResourceBusy), edit);
        // The target of the link counts.
        fs::rename(&file, home.path().join("config.json")).unwrap();
        symlink("../config.json", &file).unwrap();
        let look = "check: ls -ld ~/.docker/.. ~/.docker/../config.json";
        assert_eq!(fix(io::ErrorKind::PermissionDenied), look);
    }

    #[test]
    fn links_in_a_loop_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("loop");
        symlink("loop", &path).unwrap();
        replace(&path, b"new").unwrap_err();
    }

    #[test]
    fn an_edit_keeps_the_permissions_of_the_owner_and_removes_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let changed = edit(&path, Access::OwnerOnly, |old| {
            Ok::<_, io::Error>(Some([old, b" new"].concat()))
        });
        assert!(changed.unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old new");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn an_edit_without_a_change_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(
            !edit(&path, Access::OwnerOnly, |_| Ok::<_, io::Error>(
                None::<Vec<u8>>
            ))
            .unwrap()
        );
        assert!(!path.exists());
    }

    #[test]
    fn a_concurrent_write_of_another_program_is_not_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"first").unwrap();
        let mut calls = 0;
        let changed = edit(&path, Access::OwnerOnly, |old| {
            calls += 1;
            if calls == 1 {
                let other = fs::File::options().write(true).open(&path);
                other.unwrap().write_all(b"second").unwrap();
            }
            Ok::<_, io::Error>(Some([old, b"!"].concat()))
        });
        assert!(changed.unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"second!");
    }

    #[test]
    fn a_file_that_another_program_is_rewriting_does_not_count_as_empty() {
        let just_now = SystemTime::now();
        assert!(is_being_rewritten(0, Some(just_now)));
        let earlier = just_now - Duration::from_secs(1);
        for (length, modified) in [(1, Some(just_now)), (0, Some(earlier)), (0, None)] {
            assert!(
                !is_being_rewritten(length, modified),
                "{length} {modified:?}"
            );
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        replace(&path, b"").unwrap();
        assert!(
            edit(&path, Access::OwnerOnly, |_| Ok::<_, io::Error>(Some(
                b"new"
            )))
            .unwrap()
        );
    }

    #[test]
    fn a_file_with_a_second_hard_link_is_not_changed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        replace(&path, b"old").unwrap();
        fs::hard_link(&path, &other).unwrap();
        let changed = edit(&path, Access::OwnerOnly, |_| {
            Ok::<_, io::Error>(Some(b"new"))
        });
        assert_eq!(changed.unwrap_err().to_string(), "it has another hard link");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn reading_a_fifo_does_not_block() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        let created = rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        );
        created.unwrap();
        for path in [path.as_path(), dir.path()] {
            let changed = edit(path, Access::OwnerOnly, |_| {
                Ok::<_, io::Error>(Some(b"new"))
            });
            assert_eq!(changed.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        assert!(hold(&path, Duration::ZERO).is_err());
    }

    /// A process that waited for a lock file that was removed locks the new file.
    #[test]
    #[cfg(unix)]
    fn a_lock_file_that_was_removed_locks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        // In some of the runs the second process opens the file before it is removed.
        for _ in 0..20 {
            // A child that another test is starting has the lock of the last run until it executes its program.
            let first = hold(&path, Duration::from_secs(30)).unwrap();
            std::thread::scope(|scope| {
                let second = scope.spawn(|| hold(&path, Duration::from_secs(30)));
                std::thread::yield_now();
                fs::remove_file(&path).unwrap();
                drop(first);
                let second = second.join().unwrap().unwrap();
                let third = hold(&path, Duration::ZERO).unwrap_err();
                assert_eq!(third.kind(), io::ErrorKind::TimedOut);
                drop(second);
            });
        }
    }

    #[test]
    fn concurrent_writers_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    edit(&path, Access::OwnerOnly, |old| {
                        Ok::<_, io::Error>(Some([old, b"x"].concat()))
                    })
                    .unwrap()
                });
            }
        });
        assert_eq!(fs::read(&path).unwrap(), b"xxxxxxxx");
    }
}

#[cfg(test)]
mod draft_tests {
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
    fn only_the_temporary_files_of_a_killed_writer_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let left = [".heroku-rs-aB3dE9", ".heroku-rs-aB3dE9.lock"];
        let others = [".heroku-rs-notes", ".heroku-rs-", ".heroku-rs-aB3.E9", "x"];
        for name in left.iter().chain(&others) {
            fs::File::create_new(file(name)).unwrap();
        }
        fs::create_dir(file(".heroku-rs-folder")).unwrap();
        lock_and_tidy(dir.path(), LIMIT).unwrap();
        assert!(left.iter().all(|name| !file(name).exists()));
        assert!(others.iter().all(|name| file(name).exists()));
        assert!(file(".heroku-rs-folder").exists());
    }

    #[test]
    fn a_running_writer_is_waited_for_and_keeps_its_temporary_file() {
        let dir = private_dir();
        let first = lock_and_tidy(dir.path(), LIMIT).unwrap();
        let draft = write_draft(dir.path(), b"new", None, Access::OwnerOnly).unwrap();
        let second = lock_and_tidy(dir.path(), Duration::ZERO).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::TimedOut);
        assert!(draft.exists());
        drop(first);
        lock_and_tidy(dir.path(), LIMIT).unwrap();
        assert!(!draft.exists(), "the first writer has exited");
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_that_another_user_can_take_blocks_no_write() {
        use std::os::unix::fs::PermissionsExt;
        let dir = private_dir();
        let _theirs = lock_dir(dir.path(), Duration::ZERO).unwrap().unwrap();
        let locked = || lock_and_tidy(dir.path(), Duration::ZERO);
        assert!(locked().is_err(), "only this user can open the directory");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let draft = dir.path().join(".heroku-rs-aB3dE9");
        fs::File::create_new(&draft).unwrap();
        locked().unwrap();
        assert!(draft.exists(), "it may belong to another writer");
    }

    #[test]
    fn a_file_is_replaced_while_another_program_reads_it() {
        use std::io::Read;
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        replace(&target, b"old").unwrap();
        let draft = write_draft(dir.path(), b"new", None, Access::OwnerOnly).unwrap();
        let mut reader = fs::File::open(&target).unwrap();
        std::thread::scope(|scope| {
            let replacing = scope.spawn(|| rename_over(draft, &target));
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            drop(reader);
            assert_eq!(text, "old");
            replacing.join().unwrap().unwrap();
        });
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
