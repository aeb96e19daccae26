//! The facts that the checks use. Each is collected once; Heroku is asked once about each token.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::push::{self, Push};
use crate::account::Account;
use crate::commands::{api_of, proven};
use crate::context::Context;
use crate::git::{self, Remote, Setting};
use crate::heroku_api::{AccountInfo, ApiError, HerokuApi};
use crate::heroku_cli::{self, LoginState};
use crate::keyring::{Listing, Unavailable};
use crate::logins::lookup::Answer;
use crate::netrc::{Netrc, Unreadable};
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

/// What Heroku says about a token.
#[derive(Clone)]
pub(super) enum TokenStatus {
    Valid(AccountInfo),
    Rejected,
    Unknown(Notice),
    NotAsked,
}

/// The state of the machine at one moment.
pub(super) struct Facts<'a> {
    pub(super) context: &'a Context,
    /// All of git's settings, in its reading order.
    pub(super) settings: Result<Vec<Setting>, Notice>,
    /// The directory that git searches for its commands before PATH.
    pub(super) git_exec_path: Option<PathBuf>,
    /// The helpers that git asks about Heroku, in its order.
    pub(super) helpers: Vec<Setting>,
    /// The URLs of the remotes, as git uses them.
    pub(super) remotes: Result<Vec<Remote>, Notice>,
    pub(super) listing: Result<Listing, Unavailable>,
    pub(super) login: LoginState,
    /// The netrc that git reads; none if it does not exist.
    pub(super) netrc: Result<Option<Netrc>, Unreadable>,
    /// What this program would answer to git.
    pub(super) answer: Answer,
    pub(super) api: Option<Result<HerokuApi, ApiError>>,
    asked: RefCell<Vec<(Token, TokenStatus)>>,
    pushes: OnceCell<Vec<Push>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(context: &'a Context, reach: Reach) -> Facts<'a> {
        let git = context.git();
        let (settings, remotes) = (git.settings(), git.remotes());
        Facts {
            context,
            git_exec_path: git.exec_path(),
            helpers: git::helpers_for(
                settings.as_deref().unwrap_or_default(),
                remotes.as_deref().unwrap_or_default(),
            ),
            settings,
            remotes,
            listing: context.keyring().read_all(),
            login: heroku_cli::login_state(&context.environment),
            netrc: Netrc::in_plain_text(&context.environment),
            answer: Answer::to_git(context),
            api: match reach {
                Reach::Online => Some(context.api(ASK_LIMIT)),
                Reach::Offline => None,
            },
            asked: RefCell::default(),
            pushes: OnceCell::new(),
        }
    }

    /// The settings with a key of `section`, anything, and `name`; both in lower case.
    pub(super) fn settings_of(&self, section: &str, name: &str) -> Vec<&Setting> {
        let settings = self.settings.as_deref().unwrap_or_default();
        let is_it = |setting: &&Setting| {
            let rest = setting.key.strip_prefix(section);
            rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(&format!(".{name}")))
        };
        settings.iter().filter(is_it).collect()
    }

    /// What Heroku says about a token.
    pub(super) fn status_of(&self, token: &Token) -> TokenStatus {
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
            None => TokenStatus::NotAsked,
            Some(_) => self.ask_heroku(token),
        };
        self.asked.borrow_mut().push((token.clone(), word.clone()));
        word
    }

    /// Whether Heroku rejects a token. If it cannot be asked, the token may be valid.
    pub(super) fn is_rejected(&self, token: &Token) -> bool {
        matches!(self.status_of(token), TokenStatus::Rejected)
    }

    /// What git sends at a push to each remote. git is asked once.
    pub(super) fn pushes(&self) -> &[Push] {
        self.pushes.get_or_init(|| push::pushes(self))
    }

    fn ask_heroku(&self, token: &Token) -> TokenStatus {
        let known = token_metadata::about(&self.context.environment, token);
        let asked = api_of(token, known.as_ref(), ASK_LIMIT, self.context)
            .and_then(|api| proven(api.account(token), &api, known.as_ref()));
        match asked {
            Ok(info) => TokenStatus::Valid(info),
            Err(ApiError::TokenRejected) => TokenStatus::Rejected,
            Err(failure) => TokenStatus::Unknown(failure.notice()),
        }
    }

    /// Every token that was found.
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

    /// Whether one of the variables that only `doctor` looks at is set.
    pub(super) fn is_set(&self, variable: &str) -> bool {
        self.context.environment.remarkable.contains(&variable)
    }

    /// The user's home.
    pub(super) fn home(&self) -> Option<&Path> {
        self.context.environment.home.as_deref()
    }

    /// What the user should know about a token that was found elsewhere; none if nothing is known.
    pub(super) fn describe(&self, token: &Token) -> Option<String> {
        let served = self.answer.found.as_ref();
        if served.is_some_and(|found| found.token == *token) {
            return Some("this is the active token".to_owned());
        }
        if self.is_in_keyring(token) {
            return Some("this token is in the keyring too".to_owned());
        }
        match self.status_of(token) {
            TokenStatus::Valid(info) => Some(format!("this is a valid token of {}", info.email)),
            TokenStatus::Rejected => Some("Heroku rejects this token".to_owned()),
            TokenStatus::Unknown(_) | TokenStatus::NotAsked => None,
        }
    }
}
