//! Why a netrc cannot be used: its name and a line number, and never a word of its text.

use std::fmt;
use std::io;

use super::scanner::Doubt;
use crate::environment::Environment;
use crate::files::{EditError, NotTrusted};
use crate::notice::{Command, Fix, Notice};

/// Why a netrc cannot be used. Says where, and never contains a word of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Readers of netrc would not agree on it.
    Doubt {
        /// The line, counted from 1.
        line: usize,
        /// What is in doubt there.
        phrase: &'static str,
    },
    /// Another user may have written it.
    NotTrusted(NotTrusted),
    /// It is not a file that a reader and a writer can deal with.
    Unfit(&'static str),
    /// gpg did not give its text.
    Encrypted(&'static str),
    /// It is a mount, and would have to be replaced.
    Mount,
    /// It is encrypted, and would have to be changed.
    ReadOnly,
    /// An encrypted file is in use, and a login would have to be written.
    InPlaceOfPlain,
    /// The file system reports an error.
    Failed(io::ErrorKind),
    /// The file system reports an error for a change.
    NotWritten(io::ErrorKind),
}

impl Unreadable {
    /// What happened and how to fix it, for the file that this environment leads to.
    pub fn notice(&self, environment: &Environment) -> Notice {
        let file = name(environment);
        let fix = match self {
            Unreadable::Doubt { .. } => "fix that line, or remove the entries for Heroku".into(),
            Unreadable::NotTrusted(NotTrusted::Foreign) => Fix::command(
                "change its owner",
                Command::new("sudo chown \"$(id -u)\"").then(argument(environment)),
            ),
            Unreadable::NotTrusted(NotTrusted::Writable) => Fix::command(
                "restrict its permissions",
                Command::new("chmod 600").then(argument(environment)),
            ),
            Unreadable::Encrypted(_) => {
                Fix::command("check", "gpg --decrypt ~/.netrc.gpg >/dev/null")
            }
            Unreadable::Mount => Fix::command(
                "edit the file",
                Command::new("${EDITOR:-vi}").then(argument(environment)),
            ),
            Unreadable::ReadOnly => {
                "remove the entries for Heroku: git credential-heroku-rs netrc clean -h".into()
            }
            Unreadable::InPlaceOfPlain => {
                "set HEROKU_API_KEY, set NETRC to another file, or remove ~/.netrc.gpg".into()
            }
            Unreadable::NotWritten(io::ErrorKind::ReadOnlyFilesystem) => {
                "set HEROKU_API_KEY, or set NETRC to a file that can be written".into()
            }
            Unreadable::Unfit(_) | Unreadable::Failed(_) | Unreadable::NotWritten(_) => {
                Fix::command("check", Command::new("ls -l").then(argument(environment)))
            }
        };
        Notice::new(self.what(file), fix)
    }

    /// What happened to the file of this name.
    fn what(&self, file: &str) -> String {
        match self {
            Unreadable::Doubt { line, phrase } => format!("{file}: line {line}: {phrase}"),
            Unreadable::NotTrusted(why) => format!("{file} is not used: {why}"),
            Unreadable::Unfit(why) => format!("{file} is not used: {why}"),
            Unreadable::Mount => {
                format!("{file} was not changed: it is a mount and cannot be replaced")
            }
            Unreadable::Encrypted(why) => format!("could not read ~/.netrc.gpg: {why}"),
            Unreadable::ReadOnly => {
                "~/.netrc.gpg was not changed: this program never writes an encrypted file"
                    .to_owned()
            }
            Unreadable::InPlaceOfPlain => {
                "~/.netrc.gpg takes precedence over ~/.netrc, and this program never writes it"
                    .to_owned()
            }
            Unreadable::Failed(why) => format!("could not read {file}: {why}"),
            Unreadable::NotWritten(why) => format!("could not write {file}: {why}"),
        }
    }
}

/// The name of the file for the user: the variable, if that names it.
fn name(environment: &Environment) -> &'static str {
    match environment.netrc {
        Some(_) => "$NETRC",
        None if super::path(environment).is_some_and(|path| path.ends_with("_netrc")) => "~/_netrc",
        None => "~/.netrc",
    }
}

/// The file that a login is read from or written to, for the user: its name, and whether it is encrypted.
pub fn location(environment: &Environment) -> String {
    let name = name(environment);
    match super::encrypted_path(environment) {
        Some(_) => format!("{name}.gpg (encrypted)"),
        None => format!("{name} (unencrypted)"),
    }
}

/// The netrc file in a command that can be pasted.
pub fn argument(environment: &Environment) -> &'static str {
    match name(environment) {
        "$NETRC" => "\"$NETRC\"",
        name => name,
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what("netrc"))
    }
}

impl std::error::Error for Unreadable {}

impl From<Doubt> for Unreadable {
    fn from(Doubt { line, phrase }: Doubt) -> Unreadable {
        Unreadable::Doubt { line, phrase }
    }
}

impl From<EditError<Unreadable>> for Unreadable {
    fn from(error: EditError<Unreadable>) -> Unreadable {
        match error {
            EditError::Refused(why) => why,
            EditError::SecondName => Unreadable::Unfit("it has another hard link"),
            EditError::NotAFile => Unreadable::Unfit("it is not a regular file"),
            EditError::TooLarge => Unreadable::Unfit("it is too large"),
            EditError::Busy => Unreadable::Unfit("another program keeps writing to it"),
            // A single file that is mounted, as into a container, cannot be renamed over.
            EditError::Failed(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                Unreadable::Mount
            }
            EditError::Failed(error) => Unreadable::NotWritten(error.kind()),
        }
    }
}
