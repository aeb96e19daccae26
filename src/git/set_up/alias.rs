//! The alias `git heroku`, a short form of `git credential-heroku-rs`.

use super::{Addition, Section};
use crate::environment::Environment;
use crate::git::{Git, Scope};
use crate::notice::Notice;

const KEY: &str = "alias.heroku";
const VALUE: &str = "credential-heroku-rs";

/// The alias `git heroku`. An alias that the user has set is kept.
pub static ALIAS: Addition = Addition {
    name: "the alias `git heroku`",
    header: "[alias]",
    key: KEY,
    are_ours: &[|value| value == VALUE],
    is_in: |_, entries| entries.iter().any(|(key, _)| key == KEY),
};

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
    /// What `git heroku` means in the current directory, or would mean if git read the user's file, which a variable may
    /// hide.
    ///
    /// # Errors
    /// A [`Notice`] if git cannot be run or its configuration cannot be read.
    pub fn alias_state(&self, environment: &Environment) -> Result<AliasState, Notice> {
        if environment.has_program("git-heroku") {
            return Ok(AliasState::Taken);
        }
        let in_file = self.entries(&self.config_file(Scope::Global, environment)?)?;
        let settings = self.settings()?.into_iter();
        let settings = settings.map(|setting| (setting.key, setting.value));
        let last = in_file
            .into_iter()
            .chain(settings)
            .rfind(|(key, _)| key == KEY);
        Ok(match last {
            None => AliasState::Unset,
            Some((_, value)) if value == VALUE => AliasState::Ours,
            Some(_) => AliasState::Taken,
        })
    }

    /// Adds the alias to the user's configuration. An alias that another program has just added stays.
    ///
    /// # Errors
    /// A [`Notice`]; the file is then as it was.
    pub fn add_alias(&self, environment: &Environment) -> Result<(), Notice> {
        let section = Section {
            addition: &ALIAS,
            values: &[VALUE],
        };
        self.add(section, Scope::Global, environment).map(drop)
    }
}
