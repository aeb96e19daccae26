//! The way from the old token to the new one: made, proven, written, read back, and only then the
//! old one revoked. What comes next is noted first, and a token that works is in its place before
//! and after each step.

use crate::account::Account;
use crate::commands::metadata_of;
use crate::context::Context;
use crate::heroku_api::{
    ApiError, Authorization, HerokuApi, NewAuthorization, Revoked, position_of,
};
use crate::logins::lookup::Source;
use crate::logins::{self, NotReplaced};
use crate::notice::Notice;
use crate::rotation_journal::{self, Ending, Made, Rotation};
use crate::token::Token;
use crate::token_metadata::TokenMetadata;

/// A token in its place, and who is asked about it.
pub(super) struct Rotating<'a> {
    pub(super) context: &'a Context,
    pub(super) api: &'a HerokuApi,
    pub(super) account: &'a Account,
    pub(super) token: &'a Token,
    pub(super) place: Source,
}

/// The new token is in its place.
pub(super) struct Replaced {
    pub(super) token: Token,
    pub(super) authorization: Authorization,
    /// What went wrong beside it.
    pub(super) notes: Vec<Notice>,
    pub(super) rotation: Rotation,
}

impl Rotating<'_> {
    /// Makes an authorization as `new` has it, and puts its token in the place of the old one.
    ///
    /// # Errors
    /// Why the old token stays in its place, and valid.
    pub(super) fn replace(
        &self,
        new: &NewAuthorization<'_>,
        old: Option<Ending>,
    ) -> Result<Replaced, Notice> {
        let untouched = logins::still_holds(self.context, self.place, self.account, self.token);
        untouched.map_err(|why| not_replaced(&of(&why)))?;
        let mut rotation = Rotation::begin(self.account, new.description, old)
            .map_err(|why| not_replaced(&unnoted(&why)))?;
        self.note(&rotation).map_err(|why| not_replaced(&why))?;
        let made = self.made(&rotation, new)?;
        let Some(token) = made.token.clone() else {
            return Err(self.undone(&rotation, None, &ApiError::Garbled.notice()));
        };
        rotation.new = Some(Made {
            authorization: made.id.clone(),
            fingerprint: token.fingerprint(),
        });
        self.note(&rotation)
            .and_then(|()| self.proven(&token))
            .map_err(|why| self.undone(&rotation, Some(&token), &why))?;
        let known = TokenMetadata {
            description: Some(rotation.description.clone()),
            ..metadata_of(&token, self.account, Some(&made), self.api)
        };
        let put = logins::replace(
            self.context,
            self.place,
            self.account,
            self.token,
            (&token, known),
        );
        match put {
            Ok(notes) => logins::settle(self.context, self.place, self.account, &token)
                .map_err(|why| unclear(&why))
                .map(|()| Replaced {
                    token,
                    authorization: made,
                    notes,
                    rotation,
                }),
            // Whichever of the two is there has to stay valid; the next rotation sees which it is.
            Err(NotReplaced::Unclear(why)) => Err(unclear(&why)),
            Err(why) => Err(self.undone(&rotation, Some(&token), &of(&why))),
        }
    }

    fn note(&self, rotation: &Rotation) -> Result<(), Notice> {
        rotation_journal::note(&self.context.environment, rotation).map_err(|why| unnoted(&why))
    }

    fn made(
        &self,
        rotation: &Rotation,
        new: &NewAuthorization<'_>,
    ) -> Result<Authorization, Notice> {
        let marked = rotation.marked_description();
        let marked = NewAuthorization {
            description: &marked,
            ..new.clone()
        };
        let made = self.api.create_authorization(self.token, &marked);
        made.map_err(|failure| {
            let why = failure.notice();
            if failure.is_unclear() {
                return self.undone(rotation, None, &why);
            }
            // Heroku itself has said that there is nothing to clear up.
            let _ = rotation_journal::forget(&self.context.environment, rotation);
            not_replaced(&why)
        })
    }

    /// A token is good once Heroku has taken it; whether it may do this or that is another matter.
    fn proven(&self, token: &Token) -> Result<(), Notice> {
        match self.api.account(token) {
            Ok(_) | Err(ApiError::Forbidden(_) | ApiError::Suspended | ApiError::Delinquent) => {
                Ok(())
            }
            Err(failure) => Err(failure.notice()),
        }
    }

    /// Takes back what was begun, and says why and how far that went.
    fn undone(&self, rotation: &Rotation, new: Option<&Token>, why: &Notice) -> Notice {
        match self.withdraw(rotation, new) {
            Ok(_) => not_replaced(why),
            Err(_) => Notice::new(
                format!(
                    "the token was not replaced, and a new authorization is left until the next \
                     rotate: {}",
                    why.what()
                ),
                why.fix(),
            ),
        }
    }

    /// Ends a rotation that an earlier run has begun: forward where its token is in its place, and
    /// back where it is not.
    /// Says whether there was anything to do.
    pub(super) fn finish(&self, rotation: &Rotation) -> Result<bool, ApiError> {
        if rotation.made(self.token) {
            self.conclude(self.token, rotation).map(|()| true)
        } else {
            self.withdraw(rotation, None)
        }
    }

    /// Revokes the old authorization, which nobody on this machine uses any more, and gives the
    /// new one its lasting description.
    pub(super) fn conclude(&self, new: &Token, rotation: &Rotation) -> Result<(), ApiError> {
        match &rotation.old {
            Some(Ending::Authorization(id)) => self.api.revoke(new, id).map(drop)?,
            Some(Ending::Session(id)) => self.api.end_session_named(new, id).map(drop)?,
            None => {}
        }
        if let Some(made) = &rotation.new {
            // A description that keeps its mark is only a description.
            let _ = self
                .api
                .describe(new, &made.authorization, &rotation.description);
        }
        let _ = rotation_journal::forget(&self.context.environment, rotation);
        Ok(())
    }

    /// Ends the session of a login by the browser: such a token is in no list.
    pub(super) fn end_session(&self) -> Result<Revoked, ApiError> {
        self.api.end_session(self.token)
    }

    /// Revokes what a rotation made and nobody uses; says whether there was anything. If the old
    /// token has been revoked in the meantime, as by a `logout`, the new one ends itself.
    fn withdraw(&self, rotation: &Rotation, new: Option<&Token>) -> Result<bool, ApiError> {
        let made = match &rotation.new {
            Some(made) => vec![made.authorization.clone()],
            None => self.marked(rotation)?,
        };
        for id in &made {
            match (self.api.revoke(self.token, id), new) {
                (Err(ApiError::TokenRejected), Some(new)) => self.api.revoke(new, id)?,
                (revoked, _) => revoked?,
            };
        }
        // A request that nobody waits for may have its effect later: then the mark is still known.
        if !made.is_empty() || !rotation.is_recent() {
            let _ = rotation_journal::forget(&self.context.environment, rotation);
        }
        Ok(!made.is_empty())
    }

    fn marked(&self, rotation: &Rotation) -> Result<Vec<String>, ApiError> {
        let marked = rotation.marked_description();
        let all = self.api.authorizations(self.token)?;
        // Were our notes older than the keyring, as after a restored backup, it would be in use.
        let used = position_of(self.token, &all);
        let unused = all.iter().enumerate().filter(|(at, _)| Some(*at) != used);
        let marked = unused.filter(|(_, one)| one.description.as_deref() == Some(&marked));
        Ok(marked.map(|(_, one)| one.id.clone()).collect())
    }
}

fn not_replaced(why: &Notice) -> Notice {
    Notice::new(
        format!("the token was not replaced: {}", why.what()),
        why.fix(),
    )
    .of_kind(why.kind())
}

fn unclear(why: &Notice) -> Notice {
    Notice::new(
        format!(
            "whether the new token was written is not known, so that the old one stays valid: {}",
            why.what()
        ),
        "when that is mended, this clears up: git credential-heroku-rs rotate",
    )
}

fn unnoted(why: &std::io::Error) -> Notice {
    Notice::new(
        format!("what is to be done could not be noted: {why}"),
        "look at: ls -ld ~/.local/state/git-credential-heroku-rs",
    )
}

fn of(why: &NotReplaced) -> Notice {
    match why {
        NotReplaced::Overtaken => Notice::new(
            "somebody logged in or out meanwhile, and theirs stays",
            "see which token is there: git credential-heroku-rs status",
        ),
        NotReplaced::Untouched(why) | NotReplaced::Unclear(why) => why.clone(),
    }
}
