//! Why a netrc gives no answer, told by its name and line; never by a word of it.

use std::fmt;
use std::io;

use super::scanner::Doubt;
use crate::environment::Environment;
use crate::files::EditError;
use crate::notice::{Command, Fix, Notice};

/// Why netrc gives no answer. Says where; never a word of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Readers of netrc would not agree on it.
    Doubt {
        /// The line, counted from 1.
        line: usize,
        /// What is in doubt there.
        phrase: &'static str,
    },
    /// Somebody else may have written it.
    NotOurs(&'static str),
    /// It is not a file that a reader and a writer can deal with.
    Unfit(&'static str),
    /// gpg did not give its text.
    Encrypted(&'static str),
    /// It is encrypted, and to be changed.
    ReadOnly,
    /// An encrypted file is in use, and a login is to be written.
    InPlaceOfPlain,
    /// The file system says no.
    Failed(io::ErrorKind),
}

impl Unreadable {
    /// What happened, and what mends it, in the file that this environment leads to.
    pub fn notice(&self, environment: &Environment) -> Notice {
        let file = name(environment);
        let fix = match self {
            Unreadable::Doubt { .. } => "fix that line, or remove Heroku's entries".into(),
            Unreadable::NotOurs("it belongs to another user") => Fix::command(
                "make it yours",
                Command::new("sudo chown \"$(id -u)\"").then(argument(environment)),
            ),
            Unreadable::NotOurs(_) => Fix::command(
                "make it readable by you only",
                Command::new("chmod 600").then(argument(environment)),
            ),
            Unreadable::Encrypted(_) => "look at: gpg --decrypt ~/.netrc.gpg >/dev/null".into(),
            Unreadable::ReadOnly => {
                "how to take Heroku's entries out of it: git credential-heroku-rs netrc clean -h"
                    .into()
            }
            Unreadable::InPlaceOfPlain => {
                "put a token into HEROKU_API_KEY, point NETRC at another file, or remove ~/.netrc.gpg"
                    .into()
            }
            Unreadable::Unfit(_) | Unreadable::Failed(_) => {
                Fix::command("look at", Command::new("ls -l").then(argument(environment)))
            }
        };
        Notice::new(self.of(file), fix)
    }

    /// What happened to the file of this name.
    fn of(&self, file: &str) -> String {
        match self {
            Unreadable::Doubt { line, phrase } => format!("{file}: line {line}: {phrase}"),
            Unreadable::NotOurs(why) | Unreadable::Unfit(why) => {
                format!("{file} is not used: {why}")
            }
            Unreadable::Encrypted(why) => format!("~/.netrc.gpg was not read: {why}"),
            Unreadable::ReadOnly => {
                "~/.netrc.gpg is left as it is: an encrypted file is read, never written".to_owned()
            }
            Unreadable::InPlaceOfPlain => {
                "there is a ~/.netrc.gpg, which the Heroku CLI reads in place of ~/.netrc and which is never written"
                    .to_owned()
            }
            Unreadable::Failed(why) => format!("{file} could not be read: {why}"),
        }
    }
}

/// What a person calls the file: the variable where that names it.
fn name(environment: &Environment) -> &'static str {
    match environment.netrc {
        Some(_) => "$NETRC",
        None if super::path(environment).is_some_and(|path| path.ends_with("_netrc")) => "~/_netrc",
        None => "~/.netrc",
    }
}

/// What a person calls the netrc file, in a command that can be pasted.
pub fn argument(environment: &Environment) -> &'static str {
    match name(environment) {
        "$NETRC" => "\"$NETRC\"",
        name => name,
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of("netrc"))
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
            EditError::SecondName => Unreadable::Unfit("it has a second name (a hard link)"),
            EditError::NotAFile => Unreadable::Unfit("it is not a plain file"),
            EditError::TooLarge => Unreadable::Unfit("it is too large"),
            EditError::Busy => Unreadable::Unfit("another program keeps writing to it"),
            // A file that is mounted by itself, as into a container, cannot be renamed over.
            EditError::Failed(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                Unreadable::Unfit("it is a mount, and cannot be replaced")
            }
            EditError::Failed(error) => Unreadable::Failed(error.kind()),
        }
    }
}
