//! Finds the token for a request, and records why the other sources gave none. It only reads; the module above
//! it writes.
//!
//! The sources are asked in order, and the first one with a live token ends the search. The order depends only
//! on `HEROKU_NETRC_WRITE`. A source that is locked, slow or broken is unavailable, not absent: it is reported,
//! the next one is asked, and no code concludes from it that a token is gone.

mod explain;

use std::fmt;

use jiff::Timestamp;

use crate::account::Account;
use crate::context::Context;
use crate::heroku_cli;
use crate::hosts::{HerokuHost, Service};
use crate::keyring::{Missing, Unavailable};
use crate::netrc::{self, Netrc, Unreadable};
use crate::notice::{Command, Fix, Notice};
use crate::token::{NotAToken, Token};
use crate::token_metadata::{self, TokenMetadata};

/// Where a token can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The variable `HEROKU_API_KEY`. It takes precedence over the others, as in the Heroku CLI.
    ApiKey,
    /// The item in the OS keyring that is shared with the Heroku CLI.
    Keyring,
    /// The netrc file that the Heroku CLI falls back to.
    Netrc,
}

impl Source {
    /// The source's name in `state[]` and in JSON: one word.
    pub fn word(self) -> &'static str {
        match self {
            Source::ApiKey => "environment",
            Source::Keyring => "keyring",
            Source::Netrc => "netrc",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::ApiKey => "HEROKU_API_KEY",
            Source::Keyring => "the keyring",
            Source::Netrc => "netrc",
        })
    }
}

/// A token on this machine, and what is known about it.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The token.
    pub token: Token,
    /// Its account. `HEROKU_API_KEY` does not name one, and netrc need not.
    pub account: Option<Account>,
    /// Where it is stored.
    pub source: Source,
    /// What we have recorded about it.
    pub metadata: Option<TokenMetadata>,
}

impl StoredToken {
    /// When it expires, if that is known.
    pub fn expires(&self) -> Option<Timestamp> {
        self.metadata.as_ref()?.expires
    }
}

/// Why a source gave no token.
#[derive(Debug)]
pub enum Miss {
    /// It has no token of this account, or only one that another Heroku issued.
    Absent,
    /// Its token expired at this time.
    Expired(Option<Account>, Timestamp),
    /// It has several accounts, and none is chosen.
    Ambiguous(Vec<Account>),
    /// It could not be asked.
    Unavailable(Notice),
    /// The D-Bus session of the keyring cannot be reached. The keyring may have a token, but a login without it is stored in
    /// netrc.
    Unreachable(Notice),
    /// There is no such source in this session, as on most servers, so it has no token.
    Missing(Missing),
}

impl Miss {
    fn from_keyring_failure(why: &Unavailable) -> Miss {
        match why {
            Unavailable::NoKeyring(missing) if why.proves_no_login() => Miss::Missing(*missing),
            why if why.allows_netrc() => Miss::Unreachable(why.notice()),
            why => Miss::Unavailable(why.notice()),
        }
    }

    /// Why the source could not be asked although it exists, if that is so.
    fn unreadable(&self) -> Option<&Notice> {
        match self {
            Miss::Unavailable(why) | Miss::Unreachable(why) => Some(why),
            Miss::Absent | Miss::Expired(..) | Miss::Ambiguous(_) | Miss::Missing(_) => None,
        }
    }
}

/// The token for a request, with the sources that gave none.
#[derive(Debug)]
pub struct Answer {
    /// The token, if any source has a live one.
    pub found: Option<StoredToken>,
    /// The sources that were asked before the token was found, in order. The keyring and netrc occur twice if
    /// they were also asked for a token that was pasted at git's prompt.
    pub misses: Vec<(Source, Miss)>,
    /// The account that was looked for: the one in the request, else the one in `login.json`.
    pub account: Option<Account>,
    /// Why `login.json` was not used, if it would have decided.
    pub ignored: Option<Notice>,
    /// What is wrong with the place where the token is stored.
    remark: Option<Notice>,
}

/// Finds the token that a host may get: of this account, or without one of the active account.
///
/// The keyring, and gpg for an encrypted netrc, each take no longer than the keyring's time limit. Nothing
/// prompts, and nothing is written. The exception is macOS: it may show a dialog before it lets anything read an
/// item, and the limit of such a read is that of a prompt.
pub fn find(host: &HerokuHost, account: Option<&Account>, context: &Context) -> Answer {
    find_in(&sources_by_precedence(context), host, account, context)
}

fn find_in(
    sources: &[Source],
    host: &HerokuHost,
    asked: Option<&Account>,
    context: &Context,
) -> Answer {
    let environment = &context.environment;
    let named = match asked {
        Some(_) => Ok(None),
        None => heroku_cli::active_account(environment),
    };
    let ignored = named.as_ref().err().map(|why| {
        let what = format!("login.json is not used: {why}");
        Notice::new(what, heroku_cli::trusting_fix(*why, environment))
    });
    let active = named.ok().flatten();
    environment.trace.log(|| match (asked, &active) {
        (Some(account), _) => format!("the account that was asked for: {account}"),
        (None, Some(account)) => format!("the account in login.json: {account}"),
        (None, None) => "no account is chosen: the only one counts".to_owned(),
    });
    let account = asked.or(active.as_ref());
    let mut search = Search {
        host,
        context,
        is_active: active.is_some(),
        answer: Answer {
            found: None,
            misses: Vec::new(),
            account: account.cloned(),
            ignored,
            remark: None,
        },
    };
    search.look_in(sources, account);
    // A token that was pasted at git's own prompt may be stored without an email until `login` or
    // `status` finds out its account. It was stored in the first store, because the account that was looked for had
    // none. If that store cannot be read, the account's own token may be there.
    let stores = sources.strip_prefix(&[Source::ApiKey]).unwrap_or(sources);
    let is_readable = !search
        .answer
        .misses
        .iter()
        .any(|(source, miss)| stores.first() == Some(source) && miss.unreadable().is_some());
    if search.answer.found.is_none() && is_readable && account.is_some() {
        search.look_in(stores, Some(&Account::unnamed()));
    }
    search.answer
}

/// `HEROKU_API_KEY`, then the keyring, then netrc. With `HEROKU_NETRC_WRITE=true` the Heroku CLI uses
/// netrc only, so netrc has the newer token.
fn sources_by_precedence(context: &Context) -> [Source; 3] {
    if context.environment.netrc_before_keyring {
        [Source::ApiKey, Source::Netrc, Source::Keyring]
    } else {
        [Source::ApiKey, Source::Keyring, Source::Netrc]
    }
}

/// A search for the token that a host may get.
struct Search<'a> {
    host: &'a HerokuHost,
    context: &'a Context,
    /// Whether `login.json` chose the account.
    is_active: bool,
    answer: Answer,
}

impl Search<'_> {
    /// Asks these sources in order, until one has a live token: of this account, or of the only one there is.
    fn look_in(&mut self, sources: &[Source], account: Option<&Account>) {
        for &source in sources {
            let trace = &self.context.environment.trace;
            let since = trace.clock();
            let asked = match source {
                Source::ApiKey => self.ask_api_key(),
                Source::Keyring => self.ask_keyring(account),
                Source::Netrc => self.ask_netrc(account),
            };
            trace.log_since(since, || explain::in_public(source, &asked));
            match asked {
                Ok(found) => {
                    self.answer.found = Some(found);
                    return;
                }
                Err(miss) => self.answer.misses.push((source, miss)),
            }
        }
    }

    fn ask_api_key(&self) -> Result<StoredToken, Miss> {
        match &self.context.environment.api_key {
            None => Err(Miss::Absent),
            Some(Ok(token)) => self.live(token.clone(), None, Source::ApiKey),
            Some(Err(why)) => Err(Miss::Unavailable(unusable_api_key(*why))),
        }
    }

    fn ask_keyring(&self, account: Option<&Account>) -> Result<StoredToken, Miss> {
        let Some(account) = account else {
            return self.only_item();
        };
        let find = |account: &Account| {
            let token = self.context.keyring().read(account)?;
            Ok(token.map(|token| (token, account.clone())))
        };
        let mut found = find(account);
        if found == Ok(None)
            && let Some(stored) = in_another_case(account, self.context)
        {
            found = find(&stored);
        }
        match found {
            Ok(Some((token, account))) => self.live(token, Some(account), Source::Keyring),
            Ok(None) => Err(Miss::Absent),
            Err(why) => Err(Miss::from_keyring_failure(&why)),
        }
    }

    /// The only item in the keyring. If there are several, the one that was pasted at git's prompt: with that
    /// the user chose which one to use.
    fn only_item(&self) -> Result<StoredToken, Miss> {
        let listing = self.context.keyring().read_all();
        let listing = listing.map_err(|why| Miss::from_keyring_failure(&why))?;
        let mut items = listing.items;
        let pasted = items.iter().position(|i| i.account == Account::unnamed());
        let item = match (pasted, items.len()) {
            (Some(pasted), _) => items.swap_remove(pasted),
            (None, 0) => return Err(Miss::Absent),
            (None, 1) => {
                if let Some(lock) = listing.locked {
                    // Another login may be behind the lock: then this is not the only one.
                    return Err(Miss::from_keyring_failure(&Unavailable::Locked(lock)));
                }
                items.remove(0)
            }
            (None, _) => {
                let accounts = items.into_iter().map(|item| item.account);
                let mut accounts: Vec<Account> = accounts.collect();
                // The keyring's own order changes.
                accounts.sort();
                return Err(Miss::Ambiguous(accounts));
            }
        };
        self.live(item.token, Some(item.account), Source::Keyring)
    }

    fn ask_netrc(&mut self, account: Option<&Account>) -> Result<StoredToken, Miss> {
        let environment = &self.context.environment;
        let is_from_login_json = self.is_active && account == self.answer.account.as_ref();
        // If the CLI uses netrc only, the entry itself says which account is active, not `login.json`.
        let is_ignored = is_from_login_json && environment.netrc_before_keyring;
        let account = account.filter(|_| !is_ignored);
        let unavailable = |why: Unreadable| Miss::Unavailable(why.into());
        let netrc = Netrc::read(environment).map_err(unavailable)?;
        let netrc = netrc.ok_or(Miss::Absent)?;
        let entry = netrc.entry_for(self.host, account).map_err(unavailable)?;
        let entry = entry.ok_or(Miss::Absent)?;
        let found = self.live(entry.token, entry.account, Source::Netrc)?;
        if netrc.is_readable_by_others {
            let chmod = Command::new("chmod 600").then(netrc::argument(environment));
            self.answer.remark = Some(Notice::new(
                "other users can read your netrc",
                Fix::command("restrict its permissions", chmod),
            ));
        }
        Ok(found)
    }

    /// A token that is known to have expired is not served: git would send it, and then ask us to erase it.
    /// Neither is one that another Heroku issued.
    fn live(
        &self,
        token: Token,
        account: Option<Account>,
        source: Source,
    ) -> Result<StoredToken, Miss> {
        let environment = &self.context.environment;
        environment.trace.add_secret(token.expose());
        let metadata = token_metadata::about(environment, &token);
        if !token_metadata::may_belong_to(metadata.as_ref(), self.host) {
            return Err(Miss::Absent);
        }
        match expired_at(metadata.as_ref(), self.context) {
            Some(past) => Err(Miss::Expired(account, past)),
            None => Ok(StoredToken {
                token,
                account,
                source,
                metadata,
            }),
        }
    }
}

/// The account in the keyring that is this one in another letter case; none if the keyring cannot list its accounts.
pub fn in_another_case(account: &Account, context: &Context) -> Option<Account> {
    if !account.is_email() {
        return None;
    }
    let mut accounts = context.keyring().accounts().ok()?.into_iter();
    accounts.find(|stored| stored.differs_only_in_case(account))
}

pub(super) fn unusable_api_key(why: NotAToken) -> Notice {
    Notice::new(
        format!("HEROKU_API_KEY is not a Heroku token: {why}"),
        "set HEROKU_API_KEY to a Heroku token, or unset it",
    )
}

/// When a token expired, if it is known to have.
fn expired_at(metadata: Option<&TokenMetadata>, context: &Context) -> Option<Timestamp> {
    let expires = metadata?.expires?;
    (expires <= context.now()).then_some(expires)
}

/// Whether any source has a token, of any account, that is not known to have expired.
///
/// An item in the keyring that is no token to us counts too: it may be a login of the Heroku CLI.
///
/// # Errors
/// Why a source could not be read completely: then the answer is unknown.
pub fn any_source_has_a_token(host: &HerokuHost, context: &Context) -> Result<bool, Notice> {
    match &context.environment.api_key {
        Some(Ok(token)) if is_live(token, context) => return Ok(true),
        None | Some(Ok(_)) => {}
        Some(Err(why)) => return Err(unusable_api_key(*why)),
    }
    match context.keyring().read_all() {
        Ok(listing) => {
            let mut held = listing.items.iter().chain(&listing.duplicates);
            if listing.unusable > 0 || held.any(|item| is_live(&item.token, context)) {
                return Ok(true);
            }
            if let Some(lock) = listing.locked {
                return Err(Unavailable::Locked(lock).into());
            }
        }
        Err(why) if why.proves_no_login() => {}
        Err(why) => return Err(why.into()),
    }
    netrc_has_a_token(host, context)
}

/// Whether netrc has a token, of any account, that is not known to have expired.
///
/// # Errors
/// Why the file could not be read: then the answer is unknown.
pub fn netrc_has_a_token(host: &HerokuHost, context: &Context) -> Result<bool, Notice> {
    let Some(netrc) = Netrc::read(&context.environment)? else {
        return Ok(false);
    };
    let entries = netrc.entries_serving(host);
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    Ok(entries.iter().any(|entry| is_live(&entry.token, context)))
}

fn is_live(token: &Token, context: &Context) -> bool {
    let metadata = token_metadata::about(&context.environment, token);
    expired_at(metadata.as_ref(), context).is_none()
}

impl Answer {
    /// The answer to a request of git that names no account, for the Heroku in use.
    pub fn to_git(context: &Context) -> Answer {
        Answer::for_no_account(&sources_by_precedence(context), context)
    }

    /// The same if `HEROKU_API_KEY` were not set.
    pub fn to_git_without_api_key(context: &Context) -> Answer {
        // That source is the first.
        Answer::for_no_account(&sources_by_precedence(context)[1..], context)
    }

    fn for_no_account(sources: &[Source], context: &Context) -> Answer {
        let host = context.environment.heroku.host_or_default(Service::Git);
        find_in(sources, &host, None, context)
    }

    /// Whether there is no token because several accounts are logged in and none is chosen.
    pub fn is_ambiguous(&self) -> bool {
        let is_ambiguous = |(_, miss): &(Source, Miss)| matches!(miss, Miss::Ambiguous(_));
        self.found.is_none() && self.misses.iter().any(is_ambiguous)
    }

    /// The token, or why there is none.
    ///
    /// # Errors
    /// As [`Answer::explain`] puts it.
    pub fn into_found(mut self) -> Result<StoredToken, Notice> {
        self.found.take().ok_or_else(|| self.explain())
    }
}

/// ` of ann@example.com` for a message; empty without an account.
pub(crate) fn of_account(account: Option<&Account>) -> String {
    account.map_or_else(String::new, |account| format!(" of {account}"))
}

/// The day of a time, in UTC: what the dashboard shows.
fn day(time: Timestamp) -> impl fmt::Display {
    time.strftime("%Y-%m-%d")
}
