//! What git asks of a helper: `get`, `store`, `erase`.
//!
//! For a host that is not ours each of them ends at its first line, without a word and without a
//! file, a socket or a child process. None of them prompts, and none waits without a limit.

use std::io::{self, Write};
use std::time::Instant;

use jiff::SignedDuration;

use crate::account::Account;
use crate::context::Context;
use crate::environment::Environment;
use crate::git;
use crate::hosts::HerokuHost;
use crate::logins;
use crate::logins::lookup::{self, Found, Source, Wanted};
use crate::netrc::Netrc;
use crate::notice::Notice;
use crate::protocol::{Malformed, Reply, Request, State};
use crate::token::{self, Token, Verdict};
use crate::token_metadata::{self, TokenMetadata};

/// A request for a host of Heroku's, with its proof.
struct Ours {
    request: Request,
    host: HerokuHost,
}

impl Ours {
    /// Reads a request. None where it is not for Heroku, or for anyone; a request for Heroku that
    /// cannot be read is a problem.
    fn read(input: &mut dyn io::Read, context: &Context) -> Result<Option<Ours>, Notice> {
        let ours = |scheme: &str, host: &str| {
            HerokuHost::of(scheme, host, context.environment.heroku_host.as_deref())
        };
        match Request::read(input) {
            Ok(request) => {
                if let Some(token) = &request.password {
                    context.environment.trace.hides(token.expose());
                }
                let host = ours(
                    request.scheme.as_deref().unwrap_or_default(),
                    request.host.as_deref().unwrap_or_default(),
                );
                context
                    .environment
                    .trace
                    .tell(|| read_in_public(&request, host.as_ref()));
                Ok(host.map(|host| Ours { request, host }))
            }
            Err(malformed) => match &malformed.target {
                Some((scheme, host)) if ours(scheme, host).is_some() => Err(misread(&malformed)),
                _ => Ok(None),
            },
        }
    }

    /// The request's user name; none where a token stands in its place.
    fn username(&self) -> Option<&str> {
        let name = self.request.username.as_deref()?;
        let password = self.request.password.as_ref().map(Token::expose);
        (!token::is_shaped_like_one(name) && password != Some(name)).then_some(name)
    }

    /// The account that the request's user name means: an email does, any other name says nothing.
    fn account(&self) -> Option<Account> {
        Account::parse(self.username()?).filter(Account::is_email)
    }
}

fn read_in_public(request: &Request, host: Option<&HerokuHost>) -> String {
    let fields = request.fields();
    match host {
        Some(host) => format!("a request for {}, with {fields}", host.name()),
        None => format!("a request for another host, with {fields}: nothing is done"),
    }
}

fn misread(malformed: &Malformed) -> Notice {
    Notice::new(
        format!("{malformed}: nothing was done"),
        "see what git sends: GIT_TRACE=1 git push heroku main",
    )
}

/// Answers with the token, or says in one hint why there is none.
///
/// The reply goes out in one piece once it is whole, since git uses what it gets of a partial one.
/// Without a token it is the user name alone, so that git asks for the password only; what is
/// pasted there comes back in `store`. If git asks another helper after us, the reply is empty
/// instead: a credential that it has for another user name would not match ours.
///
/// # Errors
/// A [`Notice`] for stderr. git has its answer by then.
pub fn get(
    input: &mut dyn io::Read,
    output: &mut dyn Write,
    context: &Context,
) -> Result<(), Notice> {
    let deadline = Instant::now() + context.environment.keyring_limit;
    let Some(ours) = Ours::read(input, context)? else {
        return Ok(());
    };
    let account = ours.account();
    let wanted = Wanted {
        host: &ours.host,
        account: account.as_ref(),
    };
    let answer = lookup::find(&wanted, context);
    let Some(found) = &answer.found else {
        let next = next_helper(&context.environment, deadline);
        let reply = match next {
            NextHelper::Present => Reply::Nothing,
            NextHelper::Absent | NextHelper::Unknown => Reply::Username {
                username: ours.username().unwrap_or(Account::UNNAMED),
                speaks_state: ours.request.speaks_state,
            },
        };
        context
            .environment
            .trace
            .tell(|| format!("reply: {}", reply.fields()));
        send(output, &reply);
        let why = answer.why_none();
        return Err(match next {
            NextHelper::Present => {
                let what = format!("{}: git asks its next helper", why.what());
                Notice::new(what, why.fix())
            }
            NextHelper::Absent | NextHelper::Unknown => why,
        });
    };
    let reply = reply(&ours, found);
    context
        .environment
        .trace
        .tell(|| format!("reply: {}", reply.fields()));
    send(output, &reply);
    match answer.passed_over() {
        Some(warning) => Err(warning),
        None => ending_soon(found, context).map_or(Ok(()), Err),
    }
}

/// Whether git asks another helper after us.
enum NextHelper {
    Present,
    Absent,
    Unknown,
}

/// Asks git, if it started us: only then does its configuration say who is asked next.
fn next_helper(environment: &Environment, deadline: Instant) -> NextHelper {
    if !environment.is_started_by_git {
        return NextHelper::Absent;
    }
    let since = environment.trace.clock();
    let next = match git::is_followed(deadline) {
        Some(true) => NextHelper::Present,
        Some(false) => NextHelper::Absent,
        None => NextHelper::Unknown,
    };
    environment.trace.tell_since(since, || {
        let what = match next {
            NextHelper::Present => "git asks another helper after this one",
            NextHelper::Absent => "git asks no helper after this one",
            NextHelper::Unknown => "whether git asks another helper is not known",
        };
        what.to_owned()
    });
    next
}

/// The user name is git's own where it has one: Heroku looks at the password alone.
fn reply<'a>(ours: &'a Ours, found: &'a Found) -> Reply<'a> {
    let account = found.account.as_ref().map(Account::as_str);
    Reply::Credential {
        username: ours.username().or(account).unwrap_or(Account::UNNAMED),
        token: &found.token,
        expires: found.known.as_ref().and_then(|known| known.expires),
        state: ours.request.speaks_state.then(|| found.source.word()),
    }
}

/// Near the end of a token's life, a word once a day, with the command that renews it: in its last
/// three days, or in its last quarter where it lives for hours only.
pub(super) fn ending_soon(found: &Found, context: &Context) -> Option<Notice> {
    let known = found.known.as_ref()?;
    let (now, day) = (context.now(), SignedDuration::from_hours(24));
    let left = known.expires?.duration_since(now);
    let life = known
        .created
        .map(|made| known.expires.unwrap_or(made).duration_since(made));
    let near = life.map_or(day * 3, |life| (day * 3).min(life / 4));
    let warned = known
        .warned
        .is_some_and(|at| now.duration_since(at).abs() < day);
    if left > near || warned {
        return None;
    }
    let warned = TokenMetadata {
        warned: Some(now),
        ..known.clone()
    };
    // Where this cannot be noted, the word comes again with the next push.
    let _ = token_metadata::remember(&context.environment, warned);
    Some(Notice::new(
        format!(
            "the Heroku token of {} ends in {} hours",
            known.account,
            left.as_hours()
        ),
        "renew it: git credential-heroku-rs rotate",
    ))
}

/// git may have closed its end already; then there is nobody to tell.
fn send(output: &mut dyn Write, reply: &Reply<'_>) {
    let _ = output
        .write_all(&reply.to_bytes())
        .and_then(|()| output.flush());
}

/// Keeps a token that worked, where we have none to offer: the one pasted at git's prompt.
///
/// It never replaces a login, its own account's neither: whoever writes a URL, in `.gitmodules` for
/// one, chooses user name and password in it, and git sends those to `store` too. It opens no socket:
/// git waits for it before it uploads.
///
/// # Errors
/// A [`Notice`] where a token that should be kept could not be.
pub fn store(input: &mut dyn io::Read, context: &Context) -> Result<(), Notice> {
    let Some(ours) = Ours::read(input, context)? else {
        return Ok(());
    };
    let trace = &context.environment.trace;
    let Some(token) = &ours.request.password else {
        trace.tell(|| "not kept: there is no password that could be a token");
        return Ok(());
    };
    if let Some(State::Served(_)) = ours.request.state {
        trace.tell(|| "not kept: it came from here");
        return Ok(());
    }
    if ours.request.is_ephemeral {
        trace.tell(|| "not kept: it is said to be of no use later");
        return Ok(());
    }
    let account = ours.account();
    let offered = Offered {
        token,
        account: account.as_ref(),
        is_typed: ours.request.state == Some(State::Asked),
    };
    match place_for(&offered, &ours.host, context) {
        Ok(Place::Free) => {
            let account = account.unwrap_or_else(Account::unnamed);
            trace.tell(|| format!("to be kept as {account}"));
            let kept = logins::keep_unchecked(context, &account, token);
            kept.map_err(|why| not_kept(&why))
        }
        Ok(Place::Taken(found)) => {
            trace.tell(|| match found.token == *token {
                true => "not kept: it is here already",
                false => "not kept: it would replace a login",
            });
            Ok(())
        }
        Ok(Place::OthersAreHere) => Err(others_are_here()),
        Err(why) => Err(not_kept(&why)),
    }
}

/// A token that a program hands over after it worked.
pub(super) struct Offered<'a> {
    pub(super) token: &'a Token,
    /// The account that it was used for, where that is named by its email.
    pub(super) account: Option<&'a Account>,
    /// We were asked for it and had none, so that it was typed at git's prompt.
    pub(super) is_typed: bool,
}

/// Whether a token that is offered may become a login.
pub(super) enum Place {
    /// There is none that it would replace or outdo.
    Free,
    /// The request has a token here: this one.
    Taken(Box<Found>),
    /// The request has none, and other accounts have: the token may come from the URL of a
    /// submodule, and the next push without a user name would be made with it.
    OthersAreHere,
}

/// Looks for the place of a token that is offered.
///
/// One that was typed for this request is kept unless a login came in the meantime. Any other may
/// come from a URL, from another helper or from a client that knows no state: it is kept only where
/// every source can be read and none has a token of any account.
///
/// A keyring that gives no answer gives none to a second question either: git waits for us.
pub(super) fn place_for(
    offered: &Offered<'_>,
    host: &HerokuHost,
    context: &Context,
) -> Result<Place, Notice> {
    context.environment.trace.hides(offered.token.expose());
    let wanted = Wanted {
        host,
        account: offered.account,
    };
    let answer = lookup::find(&wanted, context);
    if let Some(found) = answer.found {
        return Ok(Place::Taken(Box::new(found)));
    }
    if offered.is_typed {
        // Where the Heroku CLI lives on netrc, nothing is kept in the keyring, whatever is in it.
        let keyring = answer.unavailable(Source::Keyring);
        return match keyring.filter(|_| !context.environment.netrc_first) {
            Some(why) => Err(why.clone()),
            None => Ok(Place::Free),
        };
    }
    if let Some(why) = answer.unreadable() {
        return Err(why.clone());
    }
    match lookup::hold_any_token(host, context)? {
        true => Ok(Place::OthersAreHere),
        false => Ok(Place::Free),
    }
}

pub(super) fn others_are_here() -> Notice {
    not_kept(&Notice::new(
        "other Heroku accounts are logged in here",
        "to log in with it: git credential-heroku-rs login",
    ))
}

pub(super) fn not_kept(why: &Notice) -> Notice {
    let what = format!("the token was not kept: {}", why.what());
    Notice::new(what, why.fix())
}

/// Forgets a token that git was refused with, where Heroku itself says that it is dead.
///
/// A refusal proves nothing: a stale `http.extraHeader`, a redirect, another helper's password all
/// cause one. So nothing goes but what is equal to the token that we hold, and only after `check`
/// has asked the API of the Heroku that the request is for, if the token is that one's. Without a password nothing goes at all: the Heroku CLI's own login ends with
/// such an `erase`.
///
/// # Errors
/// A [`Notice`] that says what became of the token, and why.
pub fn erase(
    input: &mut dyn io::Read,
    context: &Context,
    check: impl FnOnce(&HerokuHost, &Token) -> Verdict,
) -> Result<(), Notice> {
    let Some(ours) = Ours::read(input, context)? else {
        return Ok(());
    };
    let trace = &context.environment.trace;
    let Some(token) = &ours.request.password else {
        trace.tell(|| "nothing goes: there is no password that could be a token");
        return Ok(());
    };
    if context.environment.api_key == Some(Ok(token.clone())) {
        return Err(refused_outside(
            "HEROKU_API_KEY",
            "run: unset HEROKU_API_KEY",
        ));
    }
    match keyring_account(&ours, token, context) {
        Ok(Some(account)) => {
            let known = token_metadata::about(&context.environment, token);
            if !token_metadata::is_proof(known.as_ref(), &ours.host) {
                return Err(refused_elsewhere(&account, &ours.host));
            }
            let since = trace.clock();
            let verdict = check(&ours.host, token);
            trace.tell_since(since, || format!("Heroku's word on it: {verdict:?}"));
            return Err(after_check(context, &account, token, verdict));
        }
        Ok(None) => {}
        Err(why) => return Err(undecided(&why)),
    }
    match netrc_line(&ours, token, context) {
        Some(line) => Err(refused_outside(
            &format!("netrc, line {line},"),
            "log in again: git credential-heroku-rs login",
        )),
        None => {
            trace.tell(|| "nothing goes: it is not here");
            Ok(())
        }
    }
}

/// The account whose item holds this very token; with an email in the request only that account's.
fn keyring_account(
    ours: &Ours,
    token: &Token,
    context: &Context,
) -> Result<Option<Account>, Notice> {
    let asked = ours.account();
    let listing = context.keyring().read_all();
    let items = listing.map_err(|why| why.notice())?.items;
    let meant = |account: &Account| asked.as_ref().is_none_or(|asked| asked == account);
    let mut holders = items.into_iter().filter(|item| item.token == *token);
    let held = holders.find(|item| meant(&item.account));
    Ok(held.map(|item| item.account))
}

fn netrc_line(ours: &Ours, token: &Token, context: &Context) -> Option<usize> {
    let netrc = Netrc::read(&context.environment).ok()??;
    let entry = netrc.entry_for(&ours.host, None).ok()??;
    (entry.token == *token).then_some(entry.line)
}

fn after_check(context: &Context, account: &Account, token: &Token, verdict: Verdict) -> Notice {
    match verdict {
        Verdict::Dead => match logins::forget_dead(context, account, token) {
            Ok(()) => Notice::new(
                format!(
                    "Heroku no longer takes the token of {account} (revoked or expired): it was removed"
                ),
                "log in again: git credential-heroku-rs login",
            ),
            Err(why) => Notice::new(
                format!(
                    "Heroku no longer takes the token of {account}, and it could not be removed: {}",
                    why.what()
                ),
                "log in again: git credential-heroku-rs login",
            ),
        },
        Verdict::Alive => Notice::new(
            format!("git was refused, but Heroku takes the token of {account}: it was kept"),
            "look for what else git sends: git config --show-origin --get-all http.extraHeader",
        ),
        Verdict::Unknown(why) => Notice::new(
            format!(
                "git was refused, and Heroku could not be asked about the token of {account}: it was kept ({why})"
            ),
            "ask again later: git credential-heroku-rs status",
        ),
    }
}

/// A Heroku that did not issue the token refuses it in any case.
fn refused_elsewhere(account: &Account, host: &HerokuHost) -> Notice {
    Notice::new(
        format!(
            "{host} refused the token of {account}, which may be another Heroku's: it was kept"
        ),
        "log in there: git credential-heroku-rs login",
    )
}

fn undecided(why: &Notice) -> Notice {
    Notice::new(
        format!("git was refused, and nothing was removed: {}", why.what()),
        why.fix(),
    )
}

fn refused_outside(place: &str, fix: &'static str) -> Notice {
    Notice::new(
        format!("git was refused with the token from {place} which is not ours to remove"),
        fix,
    )
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
