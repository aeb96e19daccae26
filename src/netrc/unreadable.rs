//! Why a netrc cannot be used: its name and a line number, and never a word of its text.

use std::fmt;
use std::io;

use super::TOO_LARGE;
use super::syntax::Doubt;
use crate::environment::Environment;
use crate::files::{self, NotTrusted};
use crate::notice::{Command, Fix, Notice};

/// Why a netrc cannot be used, and which one. It never contains a word of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    file: &'static str,
    /// Why it cannot be used.
    pub cause: Cause,
    /// Whether a login had to be written.
    is_for_login: bool,
}

/// Why a netrc cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Readers of netrc would not agree on it.
    Doubt(Doubt),
    /// Another user may have written it.
    NotTrusted(NotTrusted),
    /// This user may not read it, so no program of this user can.
    Denied,
    /// It cannot be read, or is not a file that a reader and a writer can deal with.
    Unfit(String),
    /// gpg did not give its text.
    Encrypted(&'static str),
    /// It has several tokens for Heroku, and one would have to be replaced.
    SeveralTokens,
    /// It is encrypted, and would have to be changed.
    ReadOnly,
    /// An encrypted file is in use, and a login would have to be written.
    InPlaceOfPlain,
    /// It would have to be changed, and only the user can do that.
    NotChanged(String),
    /// The file system reports an error for a change.
    NotWritten(io::ErrorKind),
    /// `HOME` is not set, so it has no path.
    NoHome,
}

/// Discards the output of a command: in PowerShell, else in a shell of Unix.
const NO_OUTPUT: &str = if cfg!(windows) {
    ">$null"
} else {
    ">/dev/null"
};

const ANOTHER_PLACE: &str = "set HEROKU_API_KEY, or set NETRC to a file that can be written";

impl Unreadable {
    /// For the file that this environment leads to.
    pub(super) fn new(cause: impl Into<Cause>, environment: &Environment) -> Unreadable {
        Unreadable::of_file(name(environment), cause)
    }

    /// For the encrypted file beside it.
    pub(super) fn of_encrypted(cause: Cause, environment: &Environment) -> Unreadable {
        Unreadable::of_file(encrypted_name(environment), cause)
    }

    /// For a file of this name.
    pub(super) fn of_file(file: &'static str, cause: impl Into<Cause>) -> Unreadable {
        Unreadable {
            file,
            cause: cause.into(),
            is_for_login: false,
        }
    }

    /// The same, for a login that had to be written: it can be stored in another place.
    pub(super) fn for_login(self) -> Unreadable {
        Unreadable {
            is_for_login: true,
            ..self
        }
    }

    /// What happened and how to fix it.
    pub fn notice(&self) -> Notice {
        let file = self.file;
        let plain = file.trim_end_matches(".gpg");
        let with_file = |command| Command::new(command).then(in_command(file));
        let edit = |purpose| Fix::command(purpose, Command::edit().then(in_command(file)));
        let check = || Fix::command("check", Command::show_access().then(in_command(file)));
        let or_elsewhere = |fix| {
            if self.is_for_login {
                ANOTHER_PLACE.into()
            } else {
                fix
            }
        };
        match &self.cause {
            Cause::Doubt(doubt) => Notice::new(
                format!("{file}: {doubt}"),
                "fix that line, or remove the entries for Heroku",
            ),
            Cause::NotTrusted(why) => Notice::new(
                format!("{file} is not used: {why}"),
                why.fix(|command| command.then(in_command(file))),
            ),
            Cause::Denied => Notice::new(
                format!("{file} is not used: permission denied"),
                owning(file),
            ),
            Cause::Unfit(why) => Notice::new(format!("{file} is not used: {why}"), check()),
            Cause::Encrypted(why) => Notice::new(
                format!("could not read {file}: {why}"),
                Fix::command("check", with_file("gpg --decrypt").then(NO_OUTPUT)),
            ),
            Cause::SeveralTokens => Notice::new(
                format!("{file} has several tokens for Heroku"),
                edit("leave the entries of one"),
            ),
            Cause::ReadOnly => Notice::new(
                format!("{file} was not changed: this program never writes an encrypted file"),
                "remove the entries for Heroku: git credential-heroku-rs netrc clean -h",
            ),
            Cause::InPlaceOfPlain => Notice::new(
                format!("{file} takes precedence over {plain}, and this program never writes it"),
                Fix::advice(format!(
                    "set HEROKU_API_KEY, set NETRC to another file, or remove {file}"
                )),
            ),
            Cause::NotChanged(why) => Notice::new(
                format!("{file} was not changed: {why}"),
                or_elsewhere(edit("edit the file")),
            ),
            Cause::NotWritten(why) => Notice::new(
                format!("{file} was not changed: {why}"),
                files::fix_of(&(*why).into()).unwrap_or_else(|| or_elsewhere(check())),
            ),
            Cause::NoHome => Notice::new(
                format!("could not write {file}: {}", files::NoHome),
                files::NoHome::FIX,
            ),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.notice().what())
    }
}

impl From<Unreadable> for Notice {
    fn from(why: Unreadable) -> Notice {
        why.notice()
    }
}

/// So that `?` reports the notice in a command too.
impl From<Unreadable> for anyhow::Error {
    fn from(why: Unreadable) -> anyhow::Error {
        why.notice().into()
    }
}

impl Cause {
    /// Why the file could not be read.
    pub(super) fn unread(error: &io::Error) -> Cause {
        match (NotTrusted::from_io_error(error), error.kind()) {
            (Some(why), _) => Cause::NotTrusted(why),
            (None, io::ErrorKind::PermissionDenied) => Cause::Denied,
            (None, io::ErrorKind::FileTooLarge) => Cause::Unfit(TOO_LARGE.to_owned()),
            (None, kind) => Cause::Unfit(kind.to_string()),
        }
    }
}

impl From<Doubt> for Cause {
    fn from(doubt: Doubt) -> Cause {
        Cause::Doubt(doubt)
    }
}

impl From<io::Error> for Cause {
    /// Why the file could not be changed.
    fn from(error: io::Error) -> Cause {
        match error.kind() {
            io::ErrorKind::ResourceBusy => Cause::NotChanged(files::MOUNT.to_owned()),
            // A reason of `files`.
            io::ErrorKind::Other | io::ErrorKind::InvalidInput => {
                Cause::NotChanged(error.to_string())
            }
            kind => Cause::NotWritten(kind),
        }
    }
}

/// The name of the file for the user: the variable, if that names it.
pub(super) fn name(environment: &Environment) -> &'static str {
    match environment.netrc {
        Some(_) => "$NETRC",
        None if super::path(environment).is_some_and(|path| path.ends_with("_netrc")) => "~/_netrc",
        None => "~/.netrc",
    }
}

/// The same for the encrypted file beside it, which `NETRC` never names.
pub(super) fn encrypted_name(environment: &Environment) -> &'static str {
    match name(environment) {
        "~/_netrc" => "~/_netrc.gpg",
        _ => "~/.netrc.gpg",
    }
}

/// The file that a login is read from or written to, for the user: its name, and whether it is encrypted.
pub fn location(environment: &Environment) -> String {
    match super::encrypted_path(environment) {
        Some(_) => format!("{} (encrypted)", encrypted_name(environment)),
        None => format!("{} (unencrypted)", name(environment)),
    }
}

/// The netrc file in a command that can be pasted.
pub fn argument(environment: &Environment) -> &'static str {
    in_command(name(environment))
}

/// How to own a file: after `sudo heroku login` it may belong to root.
fn owning(file: &'static str) -> Fix {
    let file = in_command(file);
    if cfg!(windows) {
        return Fix::command("check", Command::show_access().then(file));
    }
    let chown = Command::own().then(file);
    let command = chown.then("&& chmod 600").then(file);
    Fix::command("change its owner and permissions", command)
}

fn in_command(name: &'static str) -> &'static str {
    match name {
        "$NETRC" => "\"$NETRC\"",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(cause: Cause, is_for_login: bool) -> String {
        let why = Unreadable {
            is_for_login,
            ..Unreadable::of_file("~/.netrc", cause)
        };
        why.notice().fix().to_string()
    }

    #[test]
    fn a_login_that_cannot_be_written_has_a_fix_that_helps() {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
        for kind in [PermissionDenied, ReadOnlyFilesystem] {
            assert_eq!(fix(Cause::NotWritten(kind), true), ANOTHER_PLACE);
        }
        let free = "free some space, then run the command again";
        for is_for_login in [true, false] {
            assert_eq!(fix(Cause::NotWritten(StorageFull), is_for_login), free);
        }
        assert_eq!(fix(Cause::NoHome, true), files::NoHome::FIX);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_this_user_may_not_read_has_a_fix_that_helps() {
        let denied = Cause::unread(&io::ErrorKind::PermissionDenied.into());
        assert_eq!(denied, Cause::Denied);
        let own = r#"sudo chown "$(id -u)" ~/.netrc && chmod 600 ~/.netrc"#;
        assert!(fix(denied, false).ends_with(own));
    }
}
