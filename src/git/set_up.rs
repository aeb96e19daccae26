//! Adds our lines to git's configuration, and removes them. No other line is changed.
//!
//! They are added at the end of the file that `git config` writes for a scope, so that they come after
//! every other section and `[include]`. The file is replaced as git does it, by renaming `FILE.lock` over
//! it, and only if git reads the new text as the old settings and ours.

mod alias;

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::TempPath;

use super::{
    Git, HEROKU_HELPER, HelperKind, OLDEST, OUR_NAME, SHOW, Scope, Setting, access_fix, listed,
};
use crate::environment::Environment;
use crate::files::{self, Access};
use crate::notice::{Command, Fix, Notice};
use crate::secret_buf::SecretBuf;

pub use alias::{ALIAS, AliasState};

/// How long to wait for git's lock on the file. A git that was killed leaves its lock behind; git itself
/// does not wait for it.
const LOCK_LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(25);

/// The largest file that is changed, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// What `setup` adds to a file, in a section of its own.
#[derive(Debug)]
pub struct Addition {
    /// Its name in messages.
    pub name: &'static str,
    header: &'static str,
    key: &'static str,
    /// One test for each value, in order: whether we write this value, or wrote it before the program was moved.
    are_ours: &'static [fn(&str) -> bool],
    /// Whether nothing has to be added to these entries.
    is_in: fn(&Section<'_>, &[Entry]) -> bool,
}

/// The reset and our helper.
pub static HELPER: Addition = Addition {
    name: "heroku-rs",
    header: "[credential \"https://git.heroku.com\"]",
    key: HEROKU_HELPER,
    are_ours: &[str::is_empty, is_our_helper],
    is_in: |section, entries| {
        let helper = section.values.last();
        helper.is_some_and(|helper| is_last(entries, helper))
    },
};

impl Git {
    /// Writes two values, the reset and `helper`, at the end of a scope's file. Two, because before every
    /// command the Heroku CLI overwrites a single value with its own helper, but leaves several alone. Returns whether
    /// the file had to be changed: a pair with no other helper after it stays where it is.
    ///
    /// # Errors
    /// A [`Notice`]; the file is then as it was.
    pub fn set_up(
        &self,
        scope: Scope,
        helper: &str,
        environment: &Environment,
    ) -> Result<bool, Notice> {
        let section = Section {
            addition: &HELPER,
            values: &["", helper],
        };
        self.add(section, scope, environment)
    }

    /// Writes a section at the end of a scope's file, in place of an earlier one.
    fn add(
        &self,
        section: Section<'_>,
        scope: Scope,
        environment: &Environment,
    ) -> Result<bool, Notice> {
        let path = self.config_file(scope, environment)?;
        let addition = section.addition;
        let file = ConfigFile {
            added: Some(section),
            ..ConfigFile::new(scope, &path, environment)?
        };
        self.edit(&file, addition)
    }

    /// The file that [`Git::set_up`] changes for a scope.
    ///
    /// # Errors
    /// A [`Notice`] if there is none, or if git cannot be run.
    pub fn config_file(&self, scope: Scope, environment: &Environment) -> Result<PathBuf, Notice> {
        Ok(self.config_files(scope, environment)?.swap_remove(0))
    }

    /// That the user's file cannot be read: git then reads the others, and reports nothing.
    pub fn unreadable_file(&self, environment: &Environment) -> Option<Notice> {
        let paths = self.config_files(Scope::Global, environment).ok()?;
        paths.into_iter().find_map(|path| {
            let file = ConfigFile::new(Scope::Global, &path, environment).ok()?;
            let why = files::read(&path, LARGEST).err()?;
            (why.kind() == ErrorKind::PermissionDenied).then(|| file.unreadable())
        })
    }

    /// Removes the lines of an addition from a file; returns whether there were any. The section's header is removed too
    /// if nothing else is in the section.
    ///
    /// # Errors
    /// A [`Notice`]; the file is then as it was.
    pub fn tear_down(
        &self,
        addition: &Addition,
        scope: Scope,
        path: &Path,
        environment: &Environment,
    ) -> Result<bool, Notice> {
        self.edit(&ConfigFile::new(scope, path, environment)?, addition)
    }

    /// Removes an addition from a file, and writes the section at its end if there is one to add. Returns whether
    /// anything changed. The locked copy is renamed over the file if git reads it as the old entries without earlier
    /// additions, followed by the section.
    fn edit(&self, file: &ConfigFile<'_>, addition: &Addition) -> Result<bool, Notice> {
        // First without the lock: a file that cannot be written may already be correct.
        if self.is_done(file, addition)? {
            return Ok(false);
        }
        let mut lock = file.lock()?;
        if self.is_done(file, addition)? {
            return Ok(false);
        }
        let before = self.entries(&file.path)?;
        let (mut new, _) = addition.removed_from(&file.read()?);
        if let Some(section) = &file.added {
            if !new.is_empty() && !new.ends_with(b"\n") {
                new.push(b'\n');
            }
            new.extend(section.lines().bytes());
        }
        let unchanged = |why: io::Error| file.unchanged(&why);
        lock.write(&new).map_err(unchanged)?;
        let after = self.entries(&lock.path)?;
        let added = file.added.as_ref().map(Section::entries);
        let kept = after.strip_suffix(added.unwrap_or_default().as_slice());
        if !kept.is_some_and(|kept| addition.is_removed(&before, kept)) {
            return Err(Notice::new(
                format!(
                    "{} was not changed: the new lines would change existing ones",
                    file.scope
                ),
                Fix::command(
                    "look at the end of the file",
                    Command::edit().path(&file.path, file.environment.home.as_deref()),
                ),
            ));
        }
        // Windows cannot rename an open file.
        drop(lock.file);
        files::rename_over(lock.path, &lock.target).map_err(unchanged)?;
        Ok(true)
    }

    /// Whether a file needs no change.
    fn is_done(&self, file: &ConfigFile<'_>, addition: &Addition) -> Result<bool, Notice> {
        // Also if something is added: git ignores a file that it cannot read.
        let text = file.read()?;
        Ok(match &file.added {
            Some(section) => (addition.is_in)(section, &self.entries(&file.path)?),
            None => !addition.removed_from(&text).1,
        })
    }

    /// Every entry of one file, without its includes, as git reads it.
    fn entries(&self, path: &Path) -> Result<Vec<Entry>, Notice> {
        if !path.exists() {
            return Ok(Vec::new());
        }
        let arguments = SHOW.into_iter().chain(["--list", "--file"]).map(OsStr::new);
        let output = self.output_of(arguments.chain([path.as_os_str()]))?;
        let entries = listed(&output).into_iter();
        Ok(entries
            .map(|setting| (setting.key, setting.value))
            .collect())
    }

    /// The files in which [`Git::set_up`] may have written for a scope, first the one that it writes now: a
    /// `~/.gitconfig` that was created later is changed from then on, but git still reads the file that was changed
    /// before.
    ///
    /// # Errors
    /// As [`Git::config_file`].
    pub fn config_files(
        &self,
        scope: Scope,
        environment: &Environment,
    ) -> Result<Vec<PathBuf>, Notice> {
        // git looks for a relative path in each directory in which it runs, and reads none if the path is empty. As root
        // it would replace a device with a file, such as the `/dev/null` that switches configuration off. For a FIFO it
        // would wait, so this comes before git is started.
        let chosen = environment.git_config_global.as_deref();
        let is_unusable = |chosen: &Path| match scope {
            Scope::Global => !chosen.has_root() || is_no_file(chosen),
            Scope::Local => is_no_file(chosen) && chosen != Path::new("/dev/null"),
        };
        if chosen.is_some_and(is_unusable) {
            let what = "GIT_CONFIG_GLOBAL is not the absolute path of a regular file, so nothing was changed";
            let fix = Fix::unset("GIT_CONFIG_GLOBAL");
            return Err(Notice::new(what, fix.or("set it to such a path")));
        }
        let (version, shown) = self.version()?;
        if version < OLDEST {
            return Err(Notice::new(
                format!("git {shown} is too old"),
                "install git 2.30 or later",
            ));
        }
        match scope {
            Scope::Global => global_files(version, environment),
            Scope::Local => Ok(vec![self.local_file()?]),
        }
    }

    fn local_file(&self) -> Result<PathBuf, Notice> {
        // git makes this absolute itself from 2.31 on.
        let output = self.output_of(["rev-parse", "--git-path", "config"])?;
        let path = std::str::from_utf8(&output).map_err(|_| {
            let what = "cannot read this repository's configuration: its path is not UTF-8";
            Notice::new(what, "rename its directory")
        })?;
        let path = path.strip_suffix('\n').unwrap_or(path);
        Ok(std::env::current_dir().unwrap_or_default().join(path))
    }
}

/// Whether something else than a regular file is at this path.
fn is_no_file(path: &Path) -> bool {
    path.exists() && !path.is_file()
}

/// The user's file that git writes, and another one that it reads.
///
/// Source: git's `builtin/config.c`. `GIT_CONFIG_GLOBAL` came with 2.32.
fn global_files(version: (u32, u32), environment: &Environment) -> Result<Vec<PathBuf>, Notice> {
    if let Some(chosen) = &environment.git_config_global
        && version >= (2, 32)
    {
        return Ok(vec![chosen.clone()]);
    }
    let Some(home) = &environment.home else {
        let what = "cannot find your git configuration: HOME is not set";
        return Err(Notice::new(what, files::NoHome::FIX));
    };
    let usual = home.join(".gitconfig");
    let xdg = environment.xdg_file_of_git("config");
    Ok(match xdg.filter(|xdg| xdg.is_file()) {
        Some(xdg) if !usual.exists() => vec![xdg],
        xdg => [usual].into_iter().chain(xdg).collect(),
    })
}

/// A configuration file of git's.
struct ConfigFile<'a> {
    scope: Scope,
    path: PathBuf,
    environment: &'a Environment,
    /// What to add to it; none to remove something.
    added: Option<Section<'a>>,
}

/// git's lock file, which is renamed to the file itself, or removed when this value is dropped.
struct Lock {
    path: TempPath,
    file: fs::File,
    /// The locked file, after all symbolic links.
    target: PathBuf,
}

impl<'a> ConfigFile<'a> {
    /// # Errors
    /// It is not a regular file.
    fn new(
        scope: Scope,
        path: &Path,
        environment: &'a Environment,
    ) -> Result<ConfigFile<'a>, Notice> {
        let file = ConfigFile {
            scope,
            path: path.to_owned(),
            environment,
            added: None,
        };
        if is_no_file(path) {
            return Err(file.unchanged(&io::Error::other("it is not a regular file")));
        }
        Ok(file)
    }

    /// Empty if there is no file yet.
    fn read(&self) -> Result<SecretBuf, Notice> {
        match files::read(&self.path, LARGEST) {
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(SecretBuf::default()),
            Err(why) if why.kind() == ErrorKind::PermissionDenied => Err(self.unreadable()),
            read => read.map_err(|why| self.unchanged(&why)),
        }
    }

    fn lock(&self) -> Result<Lock, Notice> {
        let target = files::resolved(&self.path).map_err(|why| self.unchanged(&why))?;
        let mut name = target.clone().into_os_string();
        name.push(".lock");
        let name = PathBuf::from(name);
        let options = files::new_private_file();
        let home = self.environment.home.as_deref();
        let mut waited = Duration::ZERO;
        loop {
            let opened = options.open(&name);
            match opened.and_then(|file| Ok((TempPath::try_from_path(&name)?, file))) {
                Ok((path, file)) => return Ok(Lock { path, file, target }),
                Err(why) if why.kind() != ErrorKind::AlreadyExists => {
                    return Err(self.unchanged(&why));
                }
                Err(_) if waited >= LOCK_LIMIT => {
                    let scope = self.scope;
                    return Err(Notice::new(
                        format!("{scope} is locked: another git is changing it, or one was killed"),
                        Fix::command("if no git is running", Command::new("rm").path(&name, home)),
                    ));
                }
                Err(_) => thread::sleep(PAUSE),
            }
            waited += PAUSE;
        }
    }

    /// That this user may not read the file, as after `sudo git config --global`.
    fn unreadable(&self) -> Notice {
        let shown = self.environment.display_path(&self.path);
        let what = format!("{shown} cannot be read: permission denied");
        let home = self.environment.home.as_deref();
        let target = files::resolved(&self.path).unwrap_or_else(|_| self.path.clone());
        Notice::new(what, access_fix(&target, home))
    }

    /// Why the file was left as it was, and what works instead.
    fn unchanged(&self, why: &io::Error) -> Notice {
        let notice = files::not_changed(&self.path, why, self.environment);
        // A mount, or a link into a directory that only another program changes, as home-manager makes it, cannot be
        // made writable. git reads other files, too.
        let is_link = files::resolved(&self.path).is_ok_and(|target| target != self.path);
        let fix = match (why.kind(), &self.added) {
            // There is no such directory, as in a container with a user that has no home.
            (ErrorKind::NotFound | ErrorKind::NotADirectory, _)
                if self.scope == Scope::Global && !is_link =>
            {
                if self.environment.git_config_global.is_some() {
                    "set GIT_CONFIG_GLOBAL to a file in a directory that exists".into()
                } else {
                    files::NoHome::FIX.into()
                }
            }
            (ErrorKind::NotFound | ErrorKind::NotADirectory, _) => notice.fix(),
            (ErrorKind::PermissionDenied, _) if !is_link => notice.fix(),
            (_, Some(section)) if files::fix_of(why).is_none() => {
                Fix::advice(format!("in a file that git reads, add to {section}"))
            }
            _ => notice.fix(),
        };
        Notice::new(notice.what(), fix)
    }
}

impl Lock {
    /// Writes the whole text. Mode and owner are those of the file that it replaces; a new file has the owner of its
    /// directory.
    fn write(&mut self, new: &[u8]) -> io::Result<()> {
        let kept = match fs::metadata(&self.target) {
            Ok(replaced) => files::keep_permissions(&self.file, &replaced, Access::Unchanged),
            // Root may have the home of another user, as with `sudo` or in a container. That user's git has to read it.
            Err(_) => fs::metadata(files::dir_of(&self.target))
                .and_then(|dir| files::keep_owner(&self.file, &dir)),
        };
        // Only root can change the owner, and git does not try. Otherwise the file belongs to the user who writes it,
        // as after git.
        let _ = kept;
        self.file.write_all(new)?;
        self.file.sync_all()
    }
}

/// A key and its value.
type Entry = (String, String);

/// A section of ours, to be added to a file.
#[derive(Debug, Clone, Copy)]
struct Section<'a> {
    addition: &'static Addition,
    values: &'a [&'a str],
}

impl Section<'_> {
    fn entries(&self) -> Vec<Entry> {
        let values = self.values.iter();
        values
            .map(|value| (self.addition.key.to_owned(), (*value).to_owned()))
            .collect()
    }

    fn lines(&self) -> String {
        let variable = self.addition.variable();
        let mut lines = format!("{}\n", self.addition.header);
        for value in self.values {
            let line = format!("\t{variable} = {}", quoted_for_git(value));
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        lines
    }
}

/// For the user: the key and its values.
impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.addition.key)?;
        for value in self.values {
            match *value {
                "" => f.write_str("an empty value, then ")?,
                value => f.write_str(&quoted_for_git(value))?,
            }
        }
        Ok(())
    }
}

impl Addition {
    /// The last part of the key.
    fn variable(&self) -> &'static str {
        self.key.rsplit('.').next().unwrap_or_default()
    }

    /// The number of values.
    fn len(&self) -> usize {
        self.are_ours.len()
    }

    /// Whether these values begin with those that we write, or wrote before the program was moved.
    fn begins(&self, mut values: impl Iterator<Item = Option<String>>) -> bool {
        self.are_ours.iter().all(|is_ours| {
            let next = values.next().flatten();
            next.is_some_and(|next| is_ours(&next))
        })
    }

    fn begins_entries(&self, entries: &[Entry]) -> bool {
        let value = |(key, value): &Entry| (key == self.key).then(|| value.clone());
        self.begins(entries.iter().map(value))
    }

    /// Whether `kept` is `before` without some or all of our entries.
    fn is_removed(&self, mut before: &[Entry], mut kept: &[Entry]) -> bool {
        while let [first, rest @ ..] = before {
            if self.begins_entries(before) && !kept.starts_with(&before[..self.len()]) {
                before = &before[self.len()..];
            } else if kept.first() == Some(first) {
                (before, kept) = (rest, &kept[1..]);
            } else {
                return false;
            }
        }
        kept.is_empty()
    }

    /// The text without the lines that we write, and whether there were any. Lines in another form, such as one with a
    /// comment, stay.
    fn removed_from(&self, text: &[u8]) -> (Vec<u8>, bool) {
        let (mark, text) = text.split_at(files::byte_order_mark(text));
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let is_header = |line: &&[u8]| line.trim_ascii_start().starts_with(b"[");
        let is_blank = |line: &&[u8]| line.trim_ascii().is_empty();
        let mut kept = Vec::with_capacity(mark.len() + text.len());
        kept.extend(mark);
        let mut removed = false;
        for section in lines.chunk_by(|_, next| !is_header(next)) {
            let after_header = section[0].trim_ascii().strip_prefix(self.header.as_bytes());
            let comment = after_header.map(<[u8]>::trim_ascii_start);
            if !comment.is_some_and(|rest| rest.is_empty() || b"#;".contains(&rest[0])) {
                kept.extend(section.concat());
                continue;
            }
            let mut body = Vec::new();
            let mut rest = &section[1..];
            while let [line, after @ ..] = rest {
                if self.begins(rest.iter().map(|line| value_in(line, self.variable()))) {
                    rest = &rest[self.len()..];
                    removed = true;
                } else {
                    body.push(*line);
                    rest = after;
                }
            }
            let is_emptied = body.len() + 1 < section.len() && body.iter().all(is_blank);
            if !is_emptied || comment != Some(b"") {
                kept.extend_from_slice(section[0]);
            }
            kept.extend(body.concat());
        }
        (kept, removed)
    }
}

/// Whether [`helper_value`] returns this value, or did before the program was moved. Another one that starts this program
/// is the user's, such as one with a variable or an argument.
fn is_our_helper(value: &str) -> bool {
    let in_quotes = value
        .strip_prefix("!'")
        .and_then(|rest| rest.strip_suffix('\''));
    let path = in_quotes.map_or(value.to_owned(), |path| path.replace(r"'\''", "'"));
    let names_us = matches!(
        Setting::helper(value).kind(),
        HelperKind::ThisProgram | HelperKind::Missing
    );
    let is_path = names_us && Path::new(&path).has_root() && value_for(&path) == value;
    value == OUR_NAME || is_path
}

/// Whether a pair with this helper, or the user's own pair that starts this program, is there, and nothing after it that
/// could add another helper.
fn is_last(entries: &[Entry], helper: &str) -> bool {
    let asks_us = |value: &str| {
        value == helper || Setting::helper(value).starts_us() && !is_our_helper(value)
    };
    let is_pair = |two: &[Entry]| {
        let are_helpers = two.iter().all(|(key, _)| key == HEROKU_HELPER);
        are_helpers && two[0].1.is_empty() && asks_us(&two[1].1)
    };
    let Some(at) = entries.windows(2).rposition(is_pair) else {
        return false;
    };
    !entries[at + 2..].iter().any(|(key, _)| {
        let is_include = key.starts_with("include") && key.rsplit('.').next() == Some("path");
        let setting = Setting::helper_at(key, "");
        is_include || setting.is_helper() && setting.concerns_heroku()
    })
}

/// The value of a line `NAME = VALUE` without a comment. Another text than `setup` and git write may be misread: then
/// git's list of the new text shows it.
fn value_in(line: &[u8], name: &str) -> Option<String> {
    let (key, value) = std::str::from_utf8(line).ok()?.split_once('=')?;
    let value = value.trim();
    let in_quotes = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let has_comment = in_quotes.is_none() && value.contains(['#', ';']);
    let is_named = key.trim().eq_ignore_ascii_case(name) && !has_comment;
    let value = in_quotes.unwrap_or(value);
    is_named.then(|| value.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// A value, quoted for git's configuration files.
fn quoted_for_git(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    if escaped.contains(['#', ';']) || escaped.trim() != escaped {
        format!("\"{escaped}\"")
    } else {
        escaped
    }
}

/// The value that makes git find this program: its name if it is `found` on PATH, else the path of the running
/// `program`, quoted for the shell that git passes it to. None if git's configuration cannot contain the path.
///
/// Programs that are started from the Dock of macOS have only the system's directories in PATH. There it is the path that
/// was found, which, unlike the program behind its links, is the same after an upgrade.
pub fn helper_value(found: Option<&Path>, program: &Path, is_macos: bool) -> Option<String> {
    let program = match found {
        Some(found) if is_macos && found.is_absolute() && !found.starts_with("/usr/bin") => found,
        Some(_) => return Some(OUR_NAME.to_owned()),
        None => program,
    };
    let path = program.to_str().filter(|path| !path.contains('\n'))?;
    Some(if cfg!(windows) {
        value_for(&path.replace('\\', "/"))
    } else {
        value_for(path)
    })
}

fn value_for(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+@=,".contains(c);
    if path.chars().all(is_plain) {
        path.to_owned()
    } else {
        // git takes a value that does not start with a slash for the name of a git command.
        format!("!'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
