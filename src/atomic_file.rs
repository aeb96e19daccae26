//! Replacing a file whole or not at all, so that a crash leaves the old or the new, never half.
//!
//! The only room that writes files. Everything written here belongs to one person: 0600, in
//! directories made 0700. Symbolic links are followed, since people keep their dotfiles elsewhere.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file at `path`, or makes it, with its directories.
///
/// The bytes go to a new file beside the target (beside what a symbolic link points to), which is
/// flushed to the disk and renamed over it. Nothing stays behind on failure.
///
/// # Errors
/// Whatever the file system says; the file is then as it was.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = resolved(path)?;
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty());
    let dir = dir.unwrap_or(Path::new("."));
    make_private_dir(dir)?;
    let mut file = tempfile::Builder::new()
        .prefix(".heroku-rs-")
        .tempfile_in(dir)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    sync_dir(dir);
    Ok(())
}

/// Where writing to `path` really lands: the end of a chain of links, even of a dangling one.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match path.read_link() {
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(unix)]
fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(not(unix))]
fn make_private_dir(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}

/// Makes a rename last through a power cut. A file system that cannot do so loses no more than
/// the newest write, so its answer decides nothing.
fn sync_dir(dir: &Path) {
    if let Ok(dir) = std::fs::File::open(dir) {
        let _ = dir.sync_all();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
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
}
