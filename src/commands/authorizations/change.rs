//! `authorizations update` and `authorizations revoke`.

use super::{Client, Entry};
use crate::cli::{AuthorizationsRevoke, AuthorizationsUpdate};
use crate::commands::Session;
use crate::heroku_api::Revoked;
use crate::notice::{Notice, shown};
use crate::terminal::{self, DefaultAnswer};
use crate::token_metadata::{self, TokenMetadata};

impl Client {
    pub(super) fn update(
        &self,
        arguments: &AuthorizationsUpdate,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        let (entry, _) = self.entry(&arguments.named, session)?;
        let token = &self.found.token;
        let updated = self
            .api
            .describe(token, &entry.id, &arguments.description)?;
        if let Some(metadata) = token_metadata::about(&session.context.environment, token)
            && metadata.authorization.as_ref() == Some(&entry.id)
        {
            let renamed = TokenMetadata {
                description: updated.description.clone(),
                ..metadata
            };
            // Best effort: only `status` shows the description, and asks Heroku for it from time to time.
            let _ = token_metadata::save(&session.context.environment, renamed);
        }
        let description = shown(updated.description.as_deref().unwrap_or_default());
        session.print(&format!(
            "Updated {}: the description is now \"{description}\"",
            entry.id
        ))
    }

    pub(super) fn revoke(
        &self,
        arguments: &AuthorizationsRevoke,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        let (entry, hidden) = self.entry(&arguments.named, session)?;
        let name = entry.name();
        if !arguments.force {
            self.check_unused(&entry, hidden)?;
        }
        let question = format!("Revoke {name}? Its token will no longer work anywhere.");
        let is_confirmed = arguments.yes
            || terminal::confirm(&question, DefaultAnswer::No)
                .map_err(|why| why.notice("run it without a question: --yes"))?;
        if !is_confirmed {
            return session.say("Nothing was revoked");
        }
        match self.api.revoke(&self.found.token, &entry.id)? {
            Revoked::Done => session.print(&format!("Revoked {name}"))?,
            Revoked::AlreadyGone => session.print(&format!("{name} was already revoked"))?,
        }
        if entry.is_stored() {
            session.say("This machine used its token\n  log in: git credential-heroku-rs login")?;
        }
        Ok(())
    }

    /// Only `--force` revokes an authorization that this machine may use, or that other programs may use as the
    /// account's API key.
    fn check_unused(&self, entry: &Entry, hidden: Option<Notice>) -> Result<(), Notice> {
        let name = entry.name();
        if entry.is_stored() {
            return Err(Notice::new(
                format!("this machine uses {name}"),
                "use --force to revoke it, or log out: git credential-heroku-rs logout",
            ));
        }
        if let Some(why) = hidden {
            return Err(Notice::new(
                format!("this machine may use {name}: {}", why.what()),
                why.fix().or("use --force to revoke it"),
            ));
        }
        if entry.may_be_stored {
            return Err(Notice::new(
                format!("this machine may use {name} (Heroku does not show enough of its token)"),
                "use --force to revoke it, or replace the token that is used here: git credential-heroku-rs rotate",
            ));
        }
        if self.api.is_api_key(&self.found.token, &entry.id)? {
            return Err(Notice::new(
                format!("{name} is the account's API key, which other programs may use"),
                "use --force to revoke it",
            ));
        }
        Ok(())
    }
}
