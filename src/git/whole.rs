//! A change of several keys as one: git makes it on a copy, and the copy takes the file's place.
//!
//! git changes one key in one call, so a process that ends between two calls would leave half a
//! change. The copy goes through git's own lock, `FILE.lock`, which every git respects; links, mode
//! and owner stay.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempPath;

use super::{Scope, run, said};
use crate::files::{Workplace, resolved};
use crate::notice::{Command, Fix, Notice};

/// How long git's lock is waited for, which a git that was killed leaves. git itself gives up at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long others of us are waited for: their lock ends with them, and each takes a dozen gits.
const PATIENCE_WITH_US: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(25);

/// What `git config` reads or changes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// The file of a scope, by git's own rules.
    Scope(Scope),
    /// A copy of it that nobody else knows.
    Copy(&'a Path),
    /// The file that these flags name, for one change that git itself makes whole.
    Flags(&'a [&'a str]),
}

impl Place<'_> {
    fn config<'a>(&'a self, arguments: &'a [&'a str]) -> Vec<&'a OsStr> {
        let place: Vec<&OsStr> = match self {
            Place::Scope(scope) => vec![OsStr::new(scope.flag())],
            Place::Copy(path) => vec![OsStr::new("--file"), path.as_os_str()],
            Place::Flags(flags) => flags.iter().map(OsStr::new).collect(),
        };
        let arguments = arguments.iter().map(OsStr::new);
        let command = std::iter::once(OsStr::new("config"));
        command.chain(place).chain(arguments).collect()
    }

    /// Keys and values of this one file, includes left out, as the Heroku CLI looks at it.
    pub(super) fn entries(&self, keys: &str) -> Result<Vec<(String, String)>, Notice> {
        let output = run(self.config(&["-z", "--get-regexp", keys]))?;
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(said(&output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let entries = text.split_terminator('\0');
        let pair = |entry: &str| {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
            (key.to_owned(), value.to_owned())
        };
        Ok(entries.map(pair).collect())
    }

    /// One change by git. Another writer may hold git's lock for an instant.
    pub(super) fn change(&self, arguments: &[&str]) -> Result<(), Notice> {
        let mut waited = Duration::ZERO;
        loop {
            let output = run(self.config(arguments))?;
            if output.status.success() {
                return Ok(());
            }
            let words = String::from_utf8_lossy(&output.stderr);
            let locked = words.contains("could not lock") && words.contains("File exists");
            if !locked || waited >= PATIENCE {
                return Err(said(&output));
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
    }
}

/// Changes the file of a scope, which has to be there, by what `change` does to a copy of it. Where
/// another program has written meanwhile, the change is made anew on what it wrote.
///
/// # Errors
/// A [`Notice`]; the file is then as it was.
pub(super) fn edit<T>(
    scope: Scope,
    change: impl Fn(Place<'_>) -> Result<T, Notice>,
) -> Result<T, Notice> {
    const TRIES: usize = 20;
    let path = file(scope)?.ok_or_else(|| {
        let what = format!("{scope} was left as it was: its file is gone");
        Notice::new(what, "run it again")
    })?;
    let failed = |error: io::Error| unchanged(scope, &path, &error);
    let target = resolved(&path).map_err(failed)?;
    let workplace = Workplace::beside(&target, PATIENCE_WITH_US).map_err(failed)?;
    for _ in 0..TRIES {
        let before = fs::read(&target).map_err(failed)?;
        let copy = copied(&workplace, &target, &before).map_err(failed)?;
        let done = change(Place::Copy(&copy))?;
        if fs::read(&copy).map_err(failed)? == before {
            return Ok(done);
        }
        keep_owner(&copy, &target).map_err(failed)?;
        let locked = locked(copy, &target, scope)?;
        if fs::read(&target).map_err(failed)? == before {
            workplace.put(locked, &target).map_err(failed)?;
            return Ok(done);
        }
    }
    let busy = io::Error::other("another program keeps writing to it");
    Err(failed(busy))
}

fn copied(workplace: &Workplace, target: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    let mut copy = workplace.draft()?;
    copy.write_all(bytes)?;
    let rights = fs::metadata(target)?.permissions();
    copy.as_file().set_permissions(rights)?;
    Ok(copy.into_temp_path())
}

/// What root changes stays its owner's. git has made the copy's file anew by then.
#[cfg(unix)]
fn keep_owner(copy: &Path, target: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let (made, owned) = (fs::metadata(copy)?, fs::metadata(target)?);
    if (made.uid(), made.gid()) != (owned.uid(), owned.gid()) {
        // Nobody but root can, and git does not try: then the file is the writer's, as after git.
        let _ = chown(copy, Some(owned.uid()), Some(owned.gid()));
    }
    fs::File::open(copy)?.sync_all()
}

#[cfg(not(unix))]
fn keep_owner(copy: &Path, _: &Path) -> io::Result<()> {
    fs::File::options().write(true).open(copy)?.sync_all()
}

/// Makes the copy git's lock on the file, all at once: so the lock is there for two system calls
/// only, and a process that is killed hardly ever leaves it.
fn locked(mut copy: TempPath, target: &Path, scope: Scope) -> Result<TempPath, Notice> {
    let mut name = target.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let mut waited = Duration::ZERO;
    loop {
        match copy.persist_noclobber(&lock) {
            Ok(()) => {
                let taken = TempPath::try_from_path(&lock);
                return taken.map_err(|error| unchanged(scope, target, &error));
            }
            Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(unchanged(scope, target, &failed.error));
            }
            Err(_) if waited >= PATIENCE => return Err(held(scope, &lock)),
            Err(failed) => copy = failed.path,
        }
        std::thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

fn held(scope: Scope, lock: &Path) -> Notice {
    Notice::new(
        format!("{scope} is locked: another git changes it, or one was stopped in the middle"),
        Fix::command("if no git runs", Command::new("rm").path(lock, None)),
    )
}

fn unchanged(scope: Scope, path: &Path, why: &io::Error) -> Notice {
    Notice::new(
        format!("{scope} was left as it was: {why}"),
        Fix::command("look at", Command::new("ls -ld").path(path, None)),
    )
}

/// Refuses a scope whose file, as `GIT_CONFIG_GLOBAL` chooses it, is no file: git run by root puts
/// one in the place of a device, such as the `/dev/null` by which configuration is switched off.
///
/// # Errors
/// A [`Notice`] that names the variable.
pub fn fits(scope: Scope, chosen: Option<&Path>) -> Result<(), Notice> {
    match (scope, chosen) {
        (Scope::Global, Some(path)) if path.exists() && !path.is_file() => Err(Notice::new(
            "GIT_CONFIG_GLOBAL names something that is no plain file, so nothing was written",
            "run: unset GIT_CONFIG_GLOBAL",
        )),
        (Scope::Global | Scope::Local, _) => Ok(()),
    }
}

/// The file of a scope, as git itself finds it; none where that holds nothing yet.
///
/// # Errors
/// Outside of a repository there is none of [`Scope::Local`].
pub(super) fn file(scope: Scope) -> Result<Option<PathBuf>, Notice> {
    match scope {
        Scope::Global => {
            let whole = ["--global", "-z", "--show-origin", "--get-regexp", "."];
            let output = run(std::iter::once("config").chain(whole))?;
            if !matches!(output.status.code(), Some(0 | 1)) {
                return Err(said(&output));
            }
            let origin = output.stdout.split(|byte| *byte == 0).next();
            let path = origin.and_then(|origin| origin.strip_prefix(b"file:"));
            Ok(path.map(path_of))
        }
        Scope::Local => {
            let output = run(["rev-parse", "--git-path", "config"])?;
            match output.stdout.strip_suffix(b"\n") {
                Some(path) if output.status.success() => Ok(Some(absolute(&path_of(path)))),
                _ => Err(said(&output)),
            }
        }
    }
}

/// `--path-format=absolute` does the same, in git 2.31 and later.
fn absolute(path: &Path) -> PathBuf {
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return path.to_owned(),
    };
    let file_name = path.file_name().unwrap_or_default();
    fs::canonicalize(directory).map_or_else(|_| path.to_owned(), |found| found.join(file_name))
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
