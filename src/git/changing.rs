//! Single values of git's configuration, changed where they stand, with the command that takes the
//! change back. A value that holds a secret is never put on a command line: such a one is named by
//! a pattern that does not hold it.

use std::path::Path;

use super::whole::Place;
use super::{Setting, quoted_for_shell};
use crate::notice::{Command, Fix, Notice};

impl Setting {
    /// The flags that name the place where this value stands; none where it is not ours to change:
    /// the system's files, the command line, the environment.
    fn place(&self) -> Option<Vec<&str>> {
        match self.scope.as_str() {
            // git tells these relative to the top of the work tree, wherever we stand.
            "local" if !self.is_included() => Some(vec!["--local"]),
            "worktree" => Some(vec!["--worktree"]),
            "global" | "local" if self.is_included() => Some(vec!["--file", &self.origin]),
            _ => None,
        }
    }

    fn is_included(&self) -> bool {
        Path::new(&self.origin).has_root()
    }

    /// Whether the file in which it stands is the user's or the repository's.
    pub fn is_changeable(&self) -> bool {
        self.place().is_some()
    }
}

/// Removes a value that is no secret.
///
/// # Errors
/// A [`Notice`] with git's own words.
pub fn remove(setting: &Setting) -> Result<(), Notice> {
    let value = setting.value.as_str();
    change(
        setting,
        &["--fixed-value", "--unset-all", &setting.key, value],
    )
}

/// Puts another value in the place of one that is no secret.
///
/// # Errors
/// As [`remove`].
pub fn replace(setting: &Setting, with: &str) -> Result<(), Notice> {
    let (key, value) = (setting.key.as_str(), setting.value.as_str());
    change(
        setting,
        &["--fixed-value", "--replace-all", key, with, value],
    )
}

/// The command that acts on a setting's key in the file in which it stands.
fn command(setting: &Setting, action: &str) -> String {
    let place = setting.place().unwrap_or_default();
    let words = ["git", "config"].into_iter().chain(place);
    let words = words.chain([action, &setting.key]);
    let quoted: Vec<String> = words.map(quoted_for_shell).collect();
    quoted.join(" ")
}

/// The command with which the user changes a setting in the file that it is set in: `action` is options of
/// `git config`, `value` is what follows the key. If no command can change it, where it is set.
pub fn change_command(
    setting: &Setting,
    action: &'static str,
    value: Option<&str>,
    home: Option<&Path>,
) -> Fix {
    let Some(place) = setting.place() else {
        return Fix::advice(format!("change {} in {}", setting.key, setting.origin));
    };
    let git = Command::new("git config");
    let git = match place.as_slice() {
        ["--file", file] => git.then("--file").path(Path::new(file), home),
        flags => flags.iter().fold(git, |git, flag| git.arg(flag)),
    };
    let change = git.then(action).arg(&setting.key);
    match value {
        Some(value) => change.arg(value),
        None => change,
    }
    .into()
}

/// The command that writes a removed value again.
pub fn undone_by(setting: &Setting) -> String {
    let value = quoted_for_shell(&setting.value);
    format!("{} {value}", command(setting, "--add"))
}

/// The command that puts a replaced value back.
pub fn undone_by_replacing(setting: &Setting, with: &str) -> String {
    let command = command(setting, "--replace-all");
    let command = command.replace("--replace-all", "--fixed-value --replace-all");
    let (before, after) = (&setting.value, with);
    format!(
        "{command} {} {}",
        quoted_for_shell(before),
        quoted_for_shell(after)
    )
}

fn change(setting: &Setting, what: &[&str]) -> Result<(), Notice> {
    let Some(place) = setting.place() else {
        let what = format!("{} is not set in a file of yours", setting.key);
        return Err(Notice::new(
            what,
            Fix::advice(format!("look at: {}", setting.origin)),
        ));
    };
    Place::Flags(&place).change(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(scope: &str, origin: &str, value: &str) -> Setting {
        Setting {
            scope: scope.to_owned(),
            origin: origin.to_owned(),
            key: "credential.helper".to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn the_command_that_takes_a_change_back_can_be_pasted() {
        assert_eq!(
            undone_by(&setting("global", "/h/.gitconfig", "!it's me")),
            r"git config --file /h/.gitconfig --add credential.helper '!it'\''s me'"
        );
        assert_eq!(
            undone_by(&setting("local", ".git/config", "store")),
            "git config --local --add credential.helper store"
        );
    }

    #[test]
    fn a_replacement_is_taken_back_by_a_replacement() {
        assert_eq!(
            undone_by_replacing(&setting("local", ".git/config", "a b"), "c"),
            "git config --local --fixed-value --replace-all credential.helper 'a b' c"
        );
    }

    #[test]
    fn what_is_not_the_users_is_not_changed() {
        assert!(!setting("system", "/etc/gitconfig", "x").is_changeable());
        assert!(!setting("command", "command line:", "x").is_changeable());
    }
}
