//! A value in git's configuration: where it is set, what git makes of it, and how the user changes it.

use std::fmt;
use std::path::Path;

use serde::de::value::{self, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::{HEROKU_HELPER, Scope, text};
use crate::environment::Environment;
use crate::notice::{Command, Fix};
use crate::redact::{Hide, Redactor};

/// A value in git's configuration, and where it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Where it is set.
    pub scope: SettingScope,
    /// The file, or what else it comes from.
    pub origin: String,
    /// The key, its last part in lower case.
    pub key: String,
    /// The value.
    pub value: String,
    /// Whether there is an `=` after the key. Without one, a boolean is true, and any other setting stops git. To git,
    /// this is not an empty value.
    pub has_value: bool,
}

/// Where a setting is set, in git's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingScope {
    /// For every user of the machine.
    System,
    /// For the user.
    Global,
    /// In the repository.
    Local,
    /// In the work tree, if it has a configuration of its own.
    Worktree,
    /// On the command line, or in the environment.
    Command,
}

impl SettingScope {
    /// The file to write so that git reads it after a setting of this scope; none if we write to no such file.
    pub fn our_scope(self) -> Option<Scope> {
        match self {
            SettingScope::System | SettingScope::Global => Some(Scope::Global),
            SettingScope::Local => Some(Scope::Local),
            SettingScope::Worktree | SettingScope::Command => None,
        }
    }
}

impl fmt::Display for SettingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Reads the output of `git config -z --show-scope --show-origin`: scope, origin, then key and value. A
/// line feed separates the value from its key; a key without a value has neither.
pub fn listed(bytes: &[u8]) -> Vec<Setting> {
    let text = text(bytes);
    let mut parts = text.split_terminator('\0');
    let mut settings = Vec::new();
    while let (Some(scope), Some(origin), Some(entry)) = (parts.next(), parts.next(), parts.next())
    {
        let (key, value) = match entry.split_once('\n') {
            Some((key, value)) => (key, Some(value)),
            None => (entry, None),
        };
        if key.is_empty() {
            continue;
        }
        let scope = SettingScope::deserialize(StrDeserializer::<value::Error>::new(scope));
        let file = origin.strip_prefix("file:");
        // Apple's git names no scope for the file that comes with Xcode, which has a helper.
        let unknown = if file.is_some() {
            SettingScope::System
        } else {
            SettingScope::Command
        };
        settings.push(Setting {
            scope: scope.unwrap_or(unknown),
            origin: file.unwrap_or(origin).to_owned(),
            key: key.to_owned(),
            value: value.unwrap_or_default().to_owned(),
            has_value: value.is_some(),
        });
    }
    settings
}

/// A name or a value in git's configuration, for display: the user may have put a token into it.
pub fn without_secrets(text: &str) -> String {
    Redactor::new(Hide::Forms).redacted(text)
}

/// The same for a path. A directory may have a UUID as its name, as in some containers.
pub fn path_without_secrets(path: &str) -> String {
    const UUID: usize = 36;
    let is_uuid_digit = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let is_uuid = |name: &str| name.len() == UUID && name.bytes().all(is_uuid_digit);
    let names = path.split('/').map(|name| match name {
        name if is_uuid(name) => name.to_owned(),
        name => without_secrets(name),
    });
    names.collect::<Vec<_>>().join("/")
}

impl Setting {
    /// The key, for display.
    pub fn shown_key(&self) -> String {
        without_secrets(&self.key)
    }

    /// Where it is set, for display.
    pub fn shown_origin(&self, environment: &Environment) -> String {
        if self.scope == SettingScope::Command {
            return "git's command line".to_owned();
        }
        path_without_secrets(&environment.display_path(Path::new(&self.origin)))
    }

    /// A helper with this value, under the key for Heroku.
    pub(super) fn helper(value: &str) -> Setting {
        Setting::helper_at(HEROKU_HELPER, value)
    }

    /// A helper with this value under this key, from no file.
    pub(super) fn helper_at(key: &str, value: &str) -> Setting {
        Setting {
            scope: SettingScope::Command,
            origin: String::new(),
            key: key.to_owned(),
            value: value.to_owned(),
            has_value: true,
        }
    }

    /// The command that git makes of this helper value, without the operation.
    ///
    /// Source: git's `credential.c`, `credential_do`.
    pub fn command(&self) -> String {
        match self.value.strip_prefix('!') {
            Some(command) => command.to_owned(),
            // To git, a path without a drive is absolute on Windows, too.
            None if Path::new(&self.value).has_root() => self.value.clone(),
            None => format!("git credential-{}", self.value),
        }
    }

    /// The value for display. It is cut off at its first special character, since a secret may follow.
    pub fn shown_value(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!/._-:~ ".contains(c);
        without_secrets(&match self.value.find(|c| !plain(c)) {
            None => format!("`{}`", self.value),
            Some(end) => format!("`{}…`", &self.value[..end]),
        })
    }

    /// How to make git skip this helper, or this reset, for Heroku: by our own lines after it, if possible.
    pub fn silencer(&self) -> Fix {
        match (self.scope.our_scope(), self.scope) {
            (Some(scope), _) => Command::new(scope.setup()).into(),
            (None, SettingScope::Worktree) => {
                Fix::command("remove the setting", "git config --worktree --edit")
            }
            (None, _) => {
                "remove the setting from git's command line and from GIT_CONFIG_COUNT".into()
            }
        }
    }

    /// The command that changes this setting in the file that it is set in: `action` is the options of
    /// `git config`, the values follow the key. If no command can do it, the key and where it is set.
    pub fn change_command(
        &self,
        action: &'static str,
        values: &[&str],
        home: Option<&Path>,
    ) -> Fix {
        let Some(git) = self.git_config(home) else {
            return Fix::advice(format!("change {} in {}", self.key, self.origin));
        };
        let change = git.then(action).arg(&self.key);
        values
            .iter()
            .fold(change, |change, value| change.arg(value))
            .into()
    }

    /// The fix that opens the file of this setting, for this purpose.
    pub fn edit_command(&self, purpose: &'static str, home: Option<&Path>) -> Fix {
        match self.git_config(home) {
            Some(git) => Fix::command(purpose, git.then("--edit")),
            None => Fix::advice(format!("in {}, {purpose}", self.origin)),
        }
    }

    /// `git config` for the file in which this is set; none if no option names it.
    fn git_config(&self, home: Option<&Path>) -> Option<Command> {
        let file = Path::new(&self.origin);
        let git = Command::new("git config");
        // git names the repository's files relative to the top of the work tree. Another name is that of an included
        // file.
        match (self.scope, &*self.origin) {
            (SettingScope::Global | SettingScope::Local, _) if file.has_root() => {
                Some(git.then("--file").path(file, home))
            }
            (SettingScope::Local, "config" | ".git/config") => Some(git.then("--local")),
            (SettingScope::Worktree, "config.worktree" | ".git/config.worktree") => {
                Some(git.then("--worktree"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_file_and_a_setting_without_one_has_none() {
        let fix = |scope: SettingScope, origin: &str| {
            let setting = Setting {
                scope,
                origin: origin.to_owned(),
                key: "http.https://git.heroku.com.extraheader".to_owned(),
                value: "Authorization: Basic secret".to_owned(),
                has_value: true,
            };
            setting
                .change_command("--unset-all", &[], Some(Path::new("/h")))
                .to_string()
        };
        let key = "http.https://git.heroku.com.extraheader";
        for (scope, origin, expected) in [
            (
                SettingScope::Global,
                "/h/.gitconfig",
                "run: git config --file ~/.gitconfig --unset-all ",
            ),
            (
                SettingScope::Global,
                "/etc/more it",
                if cfg!(windows) {
                    "run: git config --file \"/etc/more it\" --unset-all "
                } else {
                    "run: git config --file '/etc/more it' --unset-all "
                },
            ),
            (
                SettingScope::Local,
                ".git/config",
                "run: git config --local --unset-all ",
            ),
            (
                SettingScope::Local,
                "config",
                "run: git config --local --unset-all ",
            ),
            (
                SettingScope::Worktree,
                ".git/config.worktree",
                "run: git config --worktree --unset-all ",
            ),
        ] {
            assert_eq!(fix(scope, origin), format!("{expected}{key}"));
        }
        for (scope, origin) in [
            (SettingScope::System, "/etc/gitconfig"),
            (SettingScope::Command, "command line:"),
            (SettingScope::Local, ".git/included"),
            (SettingScope::Local, ".git/../team/config"),
            (SettingScope::Worktree, ".git/../team/config.worktree"),
        ] {
            assert_eq!(fix(scope, origin), format!("change {key} in {origin}"));
        }
    }

    #[test]
    fn a_token_in_a_key_or_in_the_path_of_an_include_is_not_shown() {
        const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
        let (_dir, environment) = Environment::with_new_home();
        let home = environment.home.as_ref().unwrap().display();
        let setting = |key: String, origin: String| Setting {
            origin,
            scope: SettingScope::Global,
            ..Setting::helper_at(&key, "x")
        };
        for name in [
            format!("https://x:{TOKEN}@git.heroku.com"),
            format!("https://{TOKEN}@h"),
        ] {
            let key = format!("credential.{name}.username");
            let shown = setting(key, format!("{home}/{TOKEN}.inc"));
            let (key, origin) = (shown.shown_key(), shown.shown_origin(&environment));
            assert!(key.contains('…') && key.ends_with(".username"), "{key}");
            assert_eq!(origin, "~/….inc");
            assert!(!key.contains("89ab"), "{key}");
        }
        let usual = setting(
            "credential.https://ann@git.heroku.com.username".to_owned(),
            "/nix/store/0c0p7wk4rj9f2y8v6d3a1b5m7n9q2s4x-git/etc/gitconfig".to_owned(),
        );
        assert_eq!(usual.shown_key(), usual.key);
        assert_eq!(usual.shown_origin(&environment), usual.origin);
    }

    #[test]
    fn a_directory_named_by_a_uuid_is_shown_and_a_token_is_not() {
        const UUID: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        let path = format!("/builds/{UUID}/cfg");
        assert_eq!(path_without_secrets(&path), path);
        let token = format!("/builds/HRKU-{UUID}/cfg");
        assert_eq!(path_without_secrets(&token), "/builds/…/cfg");
        assert_eq!(without_secrets(UUID), "…");
    }

    #[test]
    fn settings_are_read_with_their_origin() {
        let bytes = b"global\0file:/h/.gitconfig\0credential.helper\nstore\0\
                      local\0file:.git/config\0credential.helper\n\0\
                      unknown\0file:/x/gitconfig\0credential.helper\0\
                      unknown\0command line:\0credential.helper\0";
        let read = listed(bytes);
        let scopes: Vec<SettingScope> = read.iter().map(|setting| setting.scope).collect();
        let expected = [
            SettingScope::Global,
            SettingScope::Local,
            SettingScope::System,
            SettingScope::Command,
        ];
        assert_eq!(scopes, expected);
        assert_eq!(read[0].origin, "/h/.gitconfig");
        assert_eq!(read[0].value, "store");
        assert_eq!((read[1].value.as_str(), read[1].has_value), ("", true));
        assert_eq!((read[2].value.as_str(), read[2].has_value), ("", false));
        let resets: Vec<bool> = read.iter().map(Setting::is_reset).collect();
        assert_eq!(resets, [false, true, false, false]);
    }

    #[test]
    fn a_helper_value_becomes_the_command_that_git_makes_of_it() {
        let command = |value: &str| Setting::helper(value).command();
        assert_eq!(command("heroku-rs"), "git credential-heroku-rs");
        assert_eq!(command("!heroku git:credentials"), "heroku git:credentials");
        assert_eq!(command("/opt/x y"), "/opt/x y");
        assert_eq!(command("~/x"), "git credential-~/x");
    }
}
