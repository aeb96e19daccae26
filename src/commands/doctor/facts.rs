//! The facts that the checks use. Each is collected once; Heroku is asked once about each token.

use std::cell::{OnceCell, RefCell};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::push::{self, Push};
use crate::account::{Account, Verdict};
use crate::cli::Doctor;
use crate::commands::verdict;
use crate::context::Context;
use crate::files::{self, NotTrusted};
use crate::git::{Configuration, Setting, UrlParts};
use crate::heroku_cli;
use crate::keyring::{Listing, Unavailable};
use crate::logins::lookup::{Answer, StoredToken};
use crate::netrc::{self, Cause, Netrc, Overview, Unreadable};
use crate::notice::Notice;
use crate::token::Token;
use crate::token_metadata;

/// How long a request to Heroku may take.
pub(super) const ASK_LIMIT: Duration = Duration::from_secs(10);

/// The state of the machine at one moment.
pub(super) struct Facts<'a> {
    pub(super) context: &'a Context,
    pub(super) git: Configuration,
    /// Why git's settings or remotes are missing or incomplete, or why git cannot use a setting.
    pub(super) git_error: Option<Notice>,
    pub(super) listing: Result<Listing, Unavailable>,
    /// The account that `login.json` names.
    pub(super) login_json: Result<Option<Account>, NotTrusted>,
    /// Heroku's entries in the user's plain netrc.
    pub(super) netrc: Result<Overview, Unreadable>,
    /// Heroku's entries in the netrc that git reads, if it is another file, or if this program may not use it.
    only_for_git: Option<Overview>,
    /// Whether the plain netrc as a whole can be read.
    pub(super) is_netrc_parsed: bool,
    /// What this program would answer to git.
    pub(super) answer: Answer,
    /// Whether Heroku may not be asked.
    pub(super) is_offline: bool,
    asked: RefCell<Vec<(Token, Option<Verdict>)>>,
    pushes: OnceCell<Vec<Push>>,
}

impl<'a> Facts<'a> {
    pub(super) fn collect(context: &'a Context, arguments: &Doctor) -> Facts<'a> {
        let git = context.git();
        let (settings, remotes) = (git.settings(), git.remotes());
        let git_error = settings.as_ref().err().or(remotes.as_ref().err()).cloned();
        let git_error = git_error.or_else(|| git.unreadable_file(&context.environment));
        let configuration = Configuration {
            settings: settings.unwrap_or_default(),
            remotes: remotes.unwrap_or_default(),
        };
        let git_error = git_error.or_else(|| git.check(&configuration).err());
        let netrc = Netrc::in_plain_text(&context.environment);
        let is_not_for_us =
            |why: &Unreadable| matches!(why.cause, Cause::NotTrusted(_) | Cause::Denied);
        let is_only_for_git = netrc.as_ref().is_err_and(is_not_for_us)
            || netrc::path(&context.environment) != netrc::path_of_git(&context.environment);
        Facts {
            context,
            git: configuration,
            git_error,
            listing: context.keyring().read_all(),
            login_json: heroku_cli::active_account(&context.environment),
            is_netrc_parsed: netrc.is_ok(),
            only_for_git: is_only_for_git.then(|| netrc_of_git(context)).flatten(),
            netrc: netrc
                .and_then(|netrc| netrc.map_or(Ok(Overview::default()), |netrc| netrc.overview())),
            answer: Answer::to_git(context),
            is_offline: arguments.offline,
            asked: RefCell::default(),
            pushes: OnceCell::new(),
        }
    }

    /// The settings with a key of `section`, anything, and `name`; both in lower case.
    pub(super) fn settings_of(&self, section: &str, name: &str) -> impl Iterator<Item = &Setting> {
        let end = format!(".{name}");
        self.git.settings.iter().filter(move |setting| {
            let rest = setting.key.strip_prefix(section);
            rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(&end))
        })
    }

    /// The URLs that git pushes to.
    pub(super) fn push_urls(&self) -> impl Iterator<Item = UrlParts> {
        let urls = self.git.push_urls().into_iter();
        urls.map(|(url, _)| UrlParts::parse(url))
    }

    /// What Heroku says about a token; none if it may not be asked.
    pub(super) fn verdict(&self, token: &Token) -> Option<Verdict> {
        if let Some((_, verdict)) = self.asked.borrow().iter().find(|(one, _)| one == token) {
            return verdict.clone();
        }
        let ask = || {
            let known = token_metadata::about(&self.context.environment, token);
            verdict(token, known.as_ref(), self.context)
        };
        let verdict = (!self.is_offline).then(ask);
        self.asked
            .borrow_mut()
            .push((token.clone(), verdict.clone()));
        verdict
    }

    /// The account of a token, if Heroku accepts the token and shows it.
    pub(super) fn valid_account(&self, token: &Token) -> Option<Account> {
        match self.verdict(token) {
            Some(Verdict::Accepted(account)) => account.ok(),
            _ => None,
        }
    }

    /// Whether Heroku rejects a token. If it cannot be asked, the token may be valid.
    pub(super) fn is_rejected(&self, token: &Token) -> bool {
        self.verdict(token) == Some(Verdict::Rejected)
    }

    /// Heroku's entries in netrc that git reads; none if this program cannot read them.
    pub(super) fn netrc_of_git(&self) -> Option<&Overview> {
        let same = self.netrc.as_ref().ok();
        self.only_for_git.as_ref().or(same)
    }

    /// Whether git reads another netrc than the Heroku CLI and this program, as on Windows if there are two.
    pub(super) fn has_other_netrc_for_git(&self) -> bool {
        self.netrc.is_ok() && self.only_for_git.is_some()
    }

    /// What git sends at a push to each remote. git is asked once.
    pub(super) fn pushes(&self) -> &[Push] {
        self.pushes.get_or_init(|| push::pushes(self))
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

    /// The active login, if it has this token.
    pub(super) fn active_login_with(&self, token: Option<&Token>) -> Option<&StoredToken> {
        let active = self.answer.found.as_ref();
        active.filter(|active| Some(&active.token) == token)
    }

    /// The account under which the keyring has this token.
    pub(super) fn keyring_account_of(&self, token: &Token) -> Option<&Account> {
        let items = &self.listing.as_ref().ok()?.items;
        let item = items.iter().find(|item| item.token == *token)?;
        Some(&item.account)
    }

    /// Whether the keyring certainly has no token of this account.
    pub(super) fn is_not_in_keyring(&self, account: &Account) -> bool {
        self.listing.as_ref().is_ok_and(|listing| {
            listing.locked.is_none() && listing.items.iter().all(|item| item.account != *account)
        })
    }

    /// The user's home.
    pub(super) fn home(&self) -> Option<&Path> {
        self.context.environment.home.as_deref()
    }

    /// A token, by its account if that is known.
    pub(super) fn described(&self, token: &Token) -> String {
        let active = self.active_login_with(Some(token));
        let account = active.and_then(|active| active.account.as_ref());
        let account = account.or_else(|| self.keyring_account_of(token));
        match (account, self.verdict(token)) {
            // Its name, `heroku`, would be misread.
            (Some(account), _) if *account == Account::unnamed() => {
                "the token pasted at git's prompt".to_owned()
            }
            (Some(account), _) => format!("the token of {account}"),
            (None, Some(Verdict::Accepted(Ok(account)))) => format!("a valid token of {account}"),
            (None, _) if active.is_some() => "the active token".to_owned(),
            (None, Some(Verdict::Accepted(Err(_)))) => "a valid token".to_owned(),
            (None, _) => "a token of an unknown account".to_owned(),
        }
    }

    /// What the user should know about a token that was found elsewhere.
    pub(super) fn status_text(&self, token: &Token) -> String {
        if self.is_rejected(token) {
            "Heroku rejects this token".to_owned()
        } else {
            format!("this is {}", self.described(token))
        }
    }
}

/// Also if this program does not trust the file. A file that this user may not read has no entry for git either.
fn netrc_of_git(context: &Context) -> Option<Overview> {
    const LARGEST: usize = 1024 * 1024;
    let environment = &context.environment;
    match files::read(&netrc::path_of_git(environment)?, LARGEST) {
        Ok(text) => Netrc::from_text(&text, environment).ok()?.overview().ok(),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(Overview::default()),
        Err(_) => None,
    }
}
