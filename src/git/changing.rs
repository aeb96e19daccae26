//! The command with which the user changes a setting that we did not write. It never contains the
//! setting's present value, which may be a secret.

use std::path::Path;

use super::Setting;
use crate::notice::{Command, Fix};

impl Setting {
    /// The command that changes this setting in the file that it is set in: `action` is the options of
    /// `git config`, `value` follows the key. If no command can do it, the key and where it is set.
    pub fn change_command(
        &self,
        action: &'static str,
        value: Option<&str>,
        home: Option<&Path>,
    ) -> Fix {
        let is_included = Path::new(&self.origin).has_root();
        let git = Command::new("git config");
        let git = match self.scope.as_str() {
            // git names the repository's own file relative to the top of the work tree.
            "local" if !is_included => git.then("--local"),
            "worktree" => git.then("--worktree"),
            "global" | "local" if is_included => {
                git.then("--file").path(Path::new(&self.origin), home)
            }
            _ => return Fix::advice(format!("change {} in {}", self.key, self.origin)),
        };
        let change = git.then(action).arg(&self.key);
        match value {
            Some(value) => change.arg(value),
            None => change,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_file_and_a_setting_without_one_has_none() {
        let fix = |scope: &str, origin: &str| {
            let setting = Setting {
                scope: scope.to_owned(),
                origin: origin.to_owned(),
                key: "http.https://git.heroku.com.extraheader".to_owned(),
                value: "Authorization: Basic secret".to_owned(),
            };
            setting
                .change_command("--unset-all", None, Some(Path::new("/h")))
                .to_string()
        };
        let key = "http.https://git.heroku.com.extraheader";
        for (scope, origin, expected) in [
            (
                "global",
                "/h/.gitconfig",
                "run: git config --file ~/.gitconfig --unset-all ",
            ),
            (
                "global",
                "/etc/more it",
                if cfg!(windows) {
                    "run: git config --file \"/etc/more it\" --unset-all "
                } else {
                    "run: git config --file '/etc/more it' --unset-all "
                },
            ),
            (
                "local",
                ".git/config",
                "run: git config --local --unset-all ",
            ),
            (
                "worktree",
                ".git/config.worktree",
                "run: git config --worktree --unset-all ",
            ),
        ] {
            assert_eq!(fix(scope, origin), format!("{expected}{key}"));
        }
        for (scope, origin) in [("system", "/etc/gitconfig"), ("command", "command line:")] {
            assert_eq!(fix(scope, origin), format!("change {key} in {origin}"));
        }
    }
}
