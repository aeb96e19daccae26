//! Single values of git's configuration, changed where they stand, with the command that takes the
//! change back. A value that holds a secret is never put on a command line: such a one is named by
//! a pattern that does not hold it.

use super::whole::Place;
use super::{Scope, Setting, quoted_for_shell};
use crate::notice::{Fix, Notice};

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
        std::path::Path::new(&self.origin).has_root()
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

/// Removes the values of an `http.*.extraHeader` that carry a password.
///
/// # Errors
/// As [`remove`].
pub fn remove_authorization(setting: &Setting) -> Result<(), Notice> {
    let pattern = r"^[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn]:";
    change(setting, &["--unset-all", &setting.key, pattern])
}

/// Puts a URL without user and password in the place of one that has them.
///
/// # Errors
/// As [`remove`].
pub fn replace_url(setting: &Setting, with: &str) -> Result<(), Notice> {
    let path = with
        .split_once("git.heroku.com")
        .map_or("", |(_, path)| path);
    let pattern = format!(
        r"^https?://[^/@]*@[Gg][Ii][Tt]\.[Hh][Ee][Rr][Oo][Kk][Uu]\.[Cc][Oo][Mm](:443)?{}$",
        escaped(path)
    );
    change(setting, &["--replace-all", &setting.key, with, &pattern])
}

/// Adds a value to the user's own configuration.
///
/// # Errors
/// As [`remove`].
pub fn add(key: &str, value: &str) -> Result<(), Notice> {
    Place::Scope(Scope::Global).change(&["--add", key, value])
}

/// The command that acts on a setting's key in the file in which it stands.
pub fn command(setting: &Setting, action: &str) -> String {
    let place = setting.place().unwrap_or_default();
    let words = ["git", "config"].into_iter().chain(place);
    let words = words.chain([action, &setting.key]);
    let quoted: Vec<String> = words.map(quoted_for_shell).collect();
    quoted.join(" ")
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

/// A text as a pattern for itself.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()[]{}^$|".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
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

    #[test]
    fn a_path_is_a_pattern_for_itself_alone() {
        assert_eq!(escaped("/a.b+c"), r"/a\.b\+c");
    }
}
