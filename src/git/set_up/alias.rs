//! The alias `git heroku`, a short form of `git credential-heroku-rs`.

use super::ConfigFile;
use crate::environment::Environment;
use crate::files;
use crate::git::{Git, Scope, text};
use crate::notice::Notice;

const KEY: &str = "alias.heroku";
const VALUE: &str = "credential-heroku-rs";

/// What `git heroku` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasState {
    /// Nothing, in any scope.
    Unset,
    /// This program.
    Ours,
    /// Another alias, or a program on PATH, which takes precedence over an alias.
    Taken,
}

impl Git {
    /// What `git heroku` means in the current directory.
    ///
    /// # Errors
    /// A [`Notice`] if git cannot be run.
    pub fn alias_state(&self, environment: &Environment) -> Result<AliasState, Notice> {
        if environment.has_program("git-heroku") {
            return Ok(AliasState::Taken);
        }
        let output = self.run(["config", "--get", KEY])?;
        Ok(match text(&output.stdout).trim_end() {
            _ if !output.status.success() => AliasState::Unset,
            VALUE => AliasState::Ours,
            _ => AliasState::Taken,
        })
    }

    /// Adds the alias to the user's configuration.
    ///
    /// # Errors
    /// A [`Notice`]; the file is then as it was.
    pub fn add_alias(&self, environment: &Environment) -> Result<(), Notice> {
        let file = self.file(Scope::Global, environment)?;
        self.change(&file, &[KEY, VALUE])
    }

    /// Removes the alias from the user's configuration if it has exactly the value that we write. Returns
    /// whether it had.
    ///
    /// # Errors
    /// A [`Notice`]; the file is then as it was.
    pub fn remove_alias(&self, environment: &Environment) -> Result<bool, Notice> {
        let mut is_removed = false;
        for path in self.config_files(Scope::Global, environment)? {
            let file = ConfigFile::new(Scope::Global, &path, environment)?;
            let name = file.path.as_os_str();
            let get = ["config", "--get-all", "--file"].map(AsRef::as_ref);
            let output = self.run(get.into_iter().chain([name, KEY.as_ref()]))?;
            if text(&output.stdout).lines().any(|value| value == VALUE) {
                self.change(&file, &["--fixed-value", "--unset-all", KEY, VALUE])?;
                is_removed = true;
            }
        }
        Ok(is_removed)
    }

    /// Changes a file by git itself, which keeps the rest of the section, but not the owner.
    fn change(&self, file: &ConfigFile<'_>, change: &[&str]) -> Result<(), Notice> {
        let target = file.target()?;
        // Our own edit keeps the owner, so that other lines of the file may have been changed.
        files::refuse_foreign(&target).map_err(|why| {
            let what = format!("{KEY} was not changed: {why}");
            Notice::new(what, file.unchanged(&why).fix())
        })?;
        let name = target.as_os_str();
        let start = ["config".as_ref(), "--file".as_ref(), name];
        let change = change.iter().map(AsRef::as_ref);
        self.output_of(start.into_iter().chain(change)).map(drop)
    }
}
