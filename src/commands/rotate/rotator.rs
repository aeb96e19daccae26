//! The steps of one rotation. Before each request the journal contains what the next run needs to complete or undo
//! it. A valid token is stored before and after each step.

use super::OldToken;
use crate::account::Account;
use crate::commands::metadata_of;
use crate::context::Context;
use crate::heroku_api::{
    ApiError, Auth, Authorization, HerokuApi, NewAuthorization, Revoked, position_of,
};
use crate::logins::lookup::Source;
use crate::logins::{self, NotStored};
use crate::notice::{Fix, Notice};
use crate::rotation_journal::{self, NewToken, Revocable, Rotation};
use crate::token::Token;
use crate::token_metadata::TokenMetadata;

/// A stored token that is being replaced.
pub(super) struct Rotator<'a> {
    pub(super) context: &'a Context,
    pub(super) api: &'a HerokuApi,
    pub(super) account: &'a Account,
    /// The old token.
    pub(super) token: &'a Token,
    /// Where it is stored.
    pub(super) source: Source,
}

/// A new authorization, which Heroku accepts and which is recorded in the journal.
pub(super) struct Created {
    token: Token,
    pub(super) authorization: Authorization,
    rotation: Rotation,
}

impl Rotator<'_> {
    /// Checks that the old token is still stored, and records the start in the journal.
    ///
    /// # Errors
    /// Why the token cannot be replaced; nothing has changed.
    pub(super) fn start(
        &self,
        new: &NewAuthorization<'_>,
        old: &OldToken,
    ) -> Result<Rotation, Notice> {
        self.check_stored()?;
        Rotation::start(
            self.account,
            self.source.word(),
            self.token,
            new.description,
            old.revocable.clone(),
        )
        .and_then(|rotation| {
            rotation_journal::record(&self.context.environment, &rotation)?;
            Ok(rotation)
        })
        .map_err(|why| not_replaced(&why))
    }

    /// Checks that the token is still stored, and that each of its copies could be replaced.
    pub(super) fn check_stored(&self) -> Result<(), Notice> {
        let held = logins::still_holds(self.context, self.source, self.account, self.token);
        held.map_err(|why| not_replaced(&Notice::from(why).without_alternative()))
    }

    /// Creates the new authorization, records it, and checks its token.
    ///
    /// # Errors
    /// Why the old token is still stored and valid.
    pub(super) fn create(
        &self,
        mut rotation: Rotation,
        new: &NewAuthorization<'_>,
    ) -> Result<Created, Notice> {
        let description = rotation.marked_description();
        let marked = NewAuthorization {
            description: &description,
            ..new.clone()
        };
        let created = self
            .api
            .create_authorization(Auth::Bearer(self.token), &marked);
        let (authorization, token) = match created {
            Ok(created) => created,
            Err(failure) if failure.is_unclear() => {
                return Err(self.undo(&rotation, None, &failure.notice()));
            }
            Err(failure) => {
                // Heroku has created nothing.
                rotation_journal::remove(&self.context.environment, &rotation);
                return Err(not_replaced(&failure.notice()));
            }
        };
        rotation.new = Some(NewToken {
            authorization: authorization.id.clone(),
            fingerprint: token.fingerprint(),
        });
        rotation_journal::record(&self.context.environment, &rotation)
            .and_then(|()| self.check(&token))
            .map_err(|why| self.undo(&rotation, Some(&token), &why))?;
        Ok(Created {
            token,
            authorization,
            rotation,
        })
    }

    /// Stores the new token in place of the old one, and reads it back. Returns what else went wrong.
    ///
    /// # Errors
    /// Why the old token has to stay valid.
    pub(super) fn store(&self, created: &Created) -> Result<Vec<Notice>, Notice> {
        let Created {
            token,
            authorization,
            rotation,
        } = created;
        let metadata = TokenMetadata {
            description: Some(rotation.description.clone()),
            ..metadata_of(token, self.account, Some(authorization), self.api)
        };
        let replaced = logins::replace(
            self.context,
            self.source,
            self.account,
            self.token,
            (token, metadata),
        );
        replaced.map_err(|why| match why {
            // Either token may be stored, so both stay valid; the next run sees which one it is.
            NotStored::Unclear(why) => may_be_stored(&why),
            NotStored::Overtaken | NotStored::Untouched(_) => {
                let why = Notice::from(why).without_alternative();
                self.undo(rotation, Some(token), &why)
            }
        })
    }

    /// Revokes the old authorization, or ends the session of a browser login's token.
    ///
    /// # Errors
    /// Why the old token is still valid.
    pub(super) fn revoke_old(&self, new: &Created, old: &OldToken) -> Result<(), Notice> {
        let by_hand = || Fix::on_dashboard("revoke it");
        let by_the_next_run = "the next run revokes it: git credential-heroku-rs rotate".into();
        let not_revoked = |failure: &ApiError, fix: Fix| {
            let what = format!("the old token was not revoked and is still valid: {failure}");
            Notice::new(what, fix)
        };
        let mut rotation = new.rotation.clone();
        let mut ended = Ok(Revoked::Done);
        if old.metadata.authorization.is_none() {
            // The old token ends its own session, as in a logout of the Heroku CLI: such a token is in no list.
            ended = self.api.end_session(self.token);
            if let Ok(Revoked::Done) | Err(ApiError::TokenRejected) = ended {
                rotation.old = None;
            }
        }
        self.complete(&rotation, &new.token)
            .map_err(|failure| not_revoked(&failure, by_the_next_run))?;
        match ended {
            // It was revoked by its id.
            _ if rotation.old.is_some() => Ok(()),
            Ok(Revoked::Done) | Err(ApiError::TokenRejected) => Ok(()),
            Ok(Revoked::AlreadyGone) | Err(ApiError::Forbidden(_)) => Err(Notice::new(
                "the old token is still valid: could not determine its authorization",
                by_hand(),
            )),
            Err(failure) => Err(not_revoked(&failure, by_hand())),
        }
    }

    /// Replaces a copy of the old token that the rotation which has created this token left in the other source: the old
    /// token is about to be revoked. Returns what the user should know.
    pub(super) fn replace_copy(&self, rotation: &Rotation) -> Option<Notice> {
        let (stored, _) = logins::list(self.context);
        let mut tokens = stored.iter().map(|login| &login.token);
        let old = tokens.find(|token| rotation.replaces(token));
        logins::replace_copy(self.context, self.source, self.account, old, self.token)
    }

    /// Finishes a rotation that an earlier run has started: completes it if its token is stored, else undoes it.
    /// Returns whether there was anything to do.
    pub(super) fn complete_or_undo(&self, rotation: &Rotation) -> Result<bool, ApiError> {
        if rotation.has_created(self.token) {
            self.complete(rotation, self.token).map(|()| true)
        } else {
            self.revoke_new(rotation, None)
        }
    }

    /// Revokes the old authorization of a rotation, which this machine does not use any more, and gives the new one its
    /// final description. `new` is the token that the rotation has created.
    fn complete(&self, rotation: &Rotation, new: &Token) -> Result<(), ApiError> {
        match &rotation.old {
            Some(Revocable::Authorization(id)) => self.api.revoke(new, id).map(drop)?,
            Some(Revocable::Session(id)) => self.api.end_session_named(new, id).map(drop)?,
            None => {}
        }
        if let Some(created) = &rotation.new {
            // Best effort: a description that keeps its mark does no harm.
            let _ = self
                .api
                .describe(new, &created.authorization, &rotation.description);
        }
        rotation_journal::remove(&self.context.environment, rotation);
        Ok(())
    }

    /// Checks that Heroku accepts the new token. What its scope allows is not checked.
    fn check(&self, token: &Token) -> Result<(), Notice> {
        match self.api.account(token) {
            Ok(_) | Err(ApiError::Forbidden(_) | ApiError::Suspended | ApiError::Delinquent) => {
                Ok(())
            }
            Err(failure) => Err(failure.notice()),
        }
    }

    /// Undoes what was started. The result says why the token was not replaced, and what is left.
    fn undo(&self, rotation: &Rotation, new: Option<&Token>, why: &Notice) -> Notice {
        match self.revoke_new(rotation, new) {
            Ok(_) => not_replaced(why),
            Err(_) => why.as_cause_of(
                "the token was not replaced, and a new authorization is left until the next rotate",
            ),
        }
    }

    /// Revokes an authorization that was created and is not used; says whether there was one. If the old token
    /// has been revoked in the meantime, as by `logout`, the new one revokes its own authorization.
    fn revoke_new(&self, rotation: &Rotation, new: Option<&Token>) -> Result<bool, ApiError> {
        let created = match &rotation.new {
            Some(created) => vec![created.authorization.clone()],
            None => self.find_marked(rotation)?,
        };
        for id in &created {
            match (self.api.revoke(self.token, id), new) {
                (Err(ApiError::TokenRejected), Some(new)) => self.api.revoke(new, id)?,
                (revoked, _) => revoked?,
            };
        }
        // A request that was abandoned may still be carried out: then the mark is needed to find its result.
        if !created.is_empty() || !rotation.is_recent() {
            rotation_journal::remove(&self.context.environment, rotation);
        }
        Ok(!created.is_empty())
    }

    /// The authorizations with the rotation's mark that are not in use.
    fn find_marked(&self, rotation: &Rotation) -> Result<Vec<String>, ApiError> {
        let description = rotation.marked_description();
        let all = self.api.authorizations(self.token)?;
        // If the journal is older than the keyring, as after a restored backup, it may be the one in use.
        let in_use = position_of(self.token, &all);
        Ok(all
            .iter()
            .enumerate()
            .filter(|(at, one)| {
                Some(*at) != in_use && one.description.as_deref() == Some(&description)
            })
            .map(|(_, one)| one.id.clone())
            .collect())
    }
}

fn not_replaced(why: &Notice) -> Notice {
    why.as_cause_of("the token was not replaced")
}

fn may_be_stored(why: &Notice) -> Notice {
    Notice::new(
        format!(
            "the new token may not have been stored, so the old one was not revoked: {}",
            why.what()
        ),
        why.without_alternative()
            .fix()
            .then("git credential-heroku-rs rotate"),
    )
}
