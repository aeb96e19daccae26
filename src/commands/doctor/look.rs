//! The facts that the checks go by, gathered once, and Heroku's word on each token, asked once.

use std::cell::RefCell;
use std::time::Duration;

use crate::account::Account;
use crate::commands::{api_of, proven};
use crate::context::Context;
use crate::git::{self, Setting};
use crate::heroku_api::{AccountInfo, ApiError, HerokuApi};
use crate::heroku_cli::{self, LoginState};
use crate::keyring::{Listing, Unavailable};
use crate::logins;
use crate::logins::lookup::{Answer, Source};
use crate::notice::Notice;
use crate::token::Token;
use crate::token_metadata;

const ASK_LIMIT: Duration = Duration::from_secs(10);

/// Whether Heroku may be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Online,
    Offline,
}

/// What Heroku says of a token.
#[derive(Clone)]
pub(super) enum Word {
    Good(AccountInfo),
    Refused,
    Unknown(Notice),
    NotAsked,
}

/// The world as it is at one moment.
pub(super) struct Look<'a> {
    pub(super) context: &'a Context,
    /// All of git's settings, in its reading order.
    pub(super) settings: Result<Vec<Setting>, Notice>,
    /// The helpers that git asks about Heroku, in its order.
    pub(super) helpers: Vec<Setting>,
    pub(super) listing: Result<Listing, Unavailable>,
    pub(super) login: LoginState,
    /// What this program would answer.
    pub(super) answer: Answer,
    pub(super) api: Option<Result<HerokuApi, ApiError>>,
    asked: RefCell<Vec<(Token, Word)>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(context: &'a Context, reach: Reach) -> Look<'a> {
        Look {
            context,
            settings: git::settings("."),
            helpers: git::helpers_for_heroku().unwrap_or_default(),
            listing: context.keyring().items(),
            login: heroku_cli::login_state(&context.environment),
            answer: Answer::to_git(context),
            api: match reach {
                Reach::Online => Some(context.api(ASK_LIMIT)),
                Reach::Offline => None,
            },
            asked: RefCell::default(),
        }
    }

    /// The settings whose key is `section`, anything, and `name`; both in lower case.
    pub(super) fn settings_of(&self, section: &str, name: &str) -> Vec<&Setting> {
        let settings = self.settings.as_deref().unwrap_or_default();
        let is_it = |setting: &&Setting| {
            let rest = setting.key.strip_prefix(section);
            rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(&format!(".{name}")))
        };
        settings.iter().filter(is_it).collect()
    }

    /// What Heroku says of a token.
    pub(super) fn heroku_says(&self, token: &Token) -> Word {
        let known = self
            .asked
            .borrow()
            .iter()
            .find(|(one, _)| one == token)
            .map(|(_, word)| word.clone());
        if let Some(word) = known {
            return word;
        }
        let word = match self.api {
            None => Word::NotAsked,
            Some(_) => self.ask_heroku(token),
        };
        self.asked.borrow_mut().push((token.clone(), word.clone()));
        word
    }

    fn ask_heroku(&self, token: &Token) -> Word {
        let known = token_metadata::about(&self.context.environment, token);
        let asked = api_of(known.as_ref(), ASK_LIMIT, self.context)
            .and_then(|api| proven(api.account(token), &api, known.as_ref()));
        match asked {
            Ok(info) => Word::Good(info),
            Err(ApiError::Refused) => Word::Refused,
            Err(failure) => Word::Unknown(failure.notice()),
        }
    }

    /// Every token that was come upon.
    pub(super) fn tokens(&self) -> Vec<Token> {
        let listing = self.listing.iter().flat_map(|listing| &listing.items);
        let served = self.answer.found.iter().map(|found| &found.token);
        let held = listing.map(|item| &item.token).chain(served).cloned();
        let asked = self.asked.borrow();
        held.chain(asked.iter().map(|(token, _)| token.clone()))
            .collect()
    }

    /// The keyring's token of this account.
    pub(super) fn item_of(&self, account: &Account) -> Option<&Token> {
        let items = &self.listing.as_ref().ok()?.items;
        let item = items.iter().find(|item| item.account == *account)?;
        Some(&item.token)
    }

    /// Whether the keyring has this very token, under any name.
    pub(super) fn is_in_keyring(&self, token: &Token) -> bool {
        let listing = self.listing.as_ref();
        listing.is_ok_and(|listing| listing.items.iter().any(|item| item.token == *token))
    }

    /// What becomes of a token once the copy that was found of it is gone.
    pub(super) fn fate_of(&self, token: &Token, copy: Copy) -> Fate {
        let served = self.answer.found.as_ref();
        let is_served = served.is_some_and(|found| {
            found.token == *token && !(copy == Copy::InNetrc && found.source == Source::Netrc)
        });
        if is_served || self.is_in_keyring(token) {
            return Fate::Held;
        }
        match self.heroku_says(token) {
            Word::Refused => Fate::Dead,
            Word::Good(info) => self.fate_of_a_good_one(info.email),
            Word::Unknown(why) => Fate::Unsure(why.what().to_owned()),
            Word::NotAsked => Fate::Unsure("Heroku was not asked".to_owned()),
        }
    }

    /// Another token of the same account is enough only where that one is good too.
    fn fate_of_a_good_one(&self, owner: Account) -> Fate {
        let other = self.item_of(&owner);
        match other.map(|other| self.heroku_says(other)) {
            _ if self.listing.is_err() => {
                Fate::Unsure("there is no keyring to keep it in".to_owned())
            }
            None | Some(Word::Refused) => Fate::Moved {
                dead: other.cloned(),
                owner,
            },
            Some(Word::Good(_)) => Fate::Spare(owner),
            Some(Word::Unknown(why)) => Fate::Unsure(why.what().to_owned()),
            Some(Word::NotAsked) => Fate::Unsure("Heroku was not asked".to_owned()),
        }
    }
}

/// Where a copy of a token was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy {
    InNetrc,
    Elsewhere,
}

/// What becomes of a token whose copy is removed: none that is good is lost.
#[derive(Clone)]
pub(super) enum Fate {
    /// It stays where this program finds it.
    Held,
    /// Heroku refuses it: nothing is lost.
    Dead,
    /// The keyring has another one of this account.
    Spare(Account),
    /// It goes to the keyring first, as this account's, in place of one that Heroku refuses.
    Moved { owner: Account, dead: Option<Token> },
    /// Nobody can say, so the copy stays.
    Unsure(String),
}

impl Fate {
    /// In a few words, after "the token":
    pub(super) fn words(&self) -> String {
        match self {
            Fate::Held => "it is the one in use, and stays there".to_owned(),
            Fate::Dead => "Heroku refuses it: it is of no use to anyone".to_owned(),
            Fate::Spare(account) => {
                format!("it is good, and the keyring has another one of {account}")
            }
            Fate::Moved { owner, .. } => {
                format!("it is good, and goes to the keyring as the login of {owner}")
            }
            Fate::Unsure(why) => format!("it stays: {why}"),
        }
    }

    /// Whether the copy may go.
    pub(super) fn is_safe(&self) -> bool {
        !matches!(self, Fate::Unsure(_))
    }

    /// Makes sure that a good token is not lost, before its copy goes.
    ///
    /// # Errors
    /// Why the keyring could not take it.
    pub(super) fn prepare(&self, context: &Context, token: &Token) -> Result<(), Notice> {
        match self {
            Fate::Moved { owner, dead } => logins::adopt(context, owner, token, dead.as_ref()),
            Fate::Held | Fate::Dead | Fate::Spare(_) => Ok(()),
            Fate::Unsure(why) => Err(Notice::new(format!("the token stays: {why}"), "")),
        }
    }
}
