//! An overview of netrc: everything in it that git and the Heroku CLI would use.

use super::reading::checked;
use super::{Entry, Netrc, Unreadable, entries};
use crate::hosts::Service;

/// Heroku's entries in a file, in its order.
#[derive(Debug, Default)]
pub struct Overview {
    /// Those for the git server. git sends the first before it asks any helper.
    pub git: Vec<Entry>,
    /// Those for the API.
    pub api: Vec<Entry>,
    /// The line of the `default` entry, which git sends to every host that has none of its own.
    pub default: Option<usize>,
}

impl Netrc {
    /// Checks the whole file, not only Heroku's entries.
    ///
    /// # Errors
    /// A doubt about the whole file. git may stop at it too.
    pub fn check_syntax(&self) -> Result<(), Unreadable> {
        Ok(entries::layout(&self.bytes, &self.machines).map(drop)?)
    }

    /// All entries of Heroku's, and what else git would send there.
    ///
    /// # Errors
    /// A doubt in one of them, or about the whole file.
    pub fn overview(&self) -> Result<Overview, Unreadable> {
        let layout = entries::layout(&self.bytes, &self.machines)?;
        let mut overview = Overview {
            default: layout.default,
            ..Overview::default()
        };
        for entry in &layout.entries {
            match entry.service {
                Service::Git => overview.git.extend(checked(entry)?),
                Service::Api => overview.api.extend(checked(entry)?),
                // Neither git nor the Heroku CLI looks for one.
                Service::Registry => {}
            }
        }
        Ok(overview)
    }
}
