//! Answers git's requests to a helper: `get`, `store` and `erase`.
//!
//! For a host that is not Heroku's, each of them returns before anything else happens: it prints nothing
//! and opens no file, socket or child process. None of them unlocks anything, asks the user or waits without a
//! limit. Only macOS may show a dialog of its own before it lets them read an item of the keyring. A prompt that a
//! keyring program wants for a change has to end within the limit: KeePassXC shows nothing for it.

use std::io::{self, Write};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::offered::{Permission, may_be_stored, not_stored};
use crate::account::{Account, Verdict};
use crate::context::Context;
use crate::hosts::HerokuHost;
use crate::logins;
use crate::logins::lookup::{self, StoredToken};
use crate::netrc::Netrc;
use crate::notice::{Fix, Notice};
use crate::protocol::{ASKED, CAPABILITIES, Operation, Reply, Request, State};
use crate::token::{self, Token};
use crate::token_metadata;

/// Answers a request of git; returns the message for the user. `check` asks Heroku's API about a token.
pub fn answer(
    operation: Operation,
    input: &mut dyn io::Read,
    output: &mut dyn Write,
    context: &Context,
    check: impl FnOnce(&HerokuHost, &Token) -> Verdict,
) -> Option<Notice> {
    if operation == Operation::Capability {
        let _ = output.write_all(CAPABILITIES);
        return None;
    }
    let request = match HerokuRequest::read(input, context) {
        Ok(Some(request)) => request,
        Ok(None) => return None,
        Err(misread) => return Some(misread),
    };
    match operation {
        Operation::Get => get(&request, output, context),
        Operation::Store => store(&request, context),
        Operation::Erase => erase(&request, context, check),
        Operation::Capability => None,
    }
}

/// A request that is for Heroku: only with its [`HerokuHost`] can a token be looked up.
struct HerokuRequest {
    fields: Request,
    host: HerokuHost,
}

impl HerokuRequest {
    /// Reads a request; none if it is not for Heroku. A request that cannot be read is an error only if
    /// it is for Heroku.
    fn read(input: &mut dyn io::Read, context: &Context) -> Result<Option<HerokuRequest>, Notice> {
        let environment = &context.environment;
        let heroku_host =
            |scheme: &str, host: &str| HerokuHost::from_request(scheme, host, &environment.heroku);
        let fields = match Request::read(input) {
            Ok(fields) => fields,
            Err(malformed) => {
                let target = malformed.target.as_ref();
                return match target.and_then(|(scheme, host)| heroku_host(scheme, host)) {
                    None => Ok(None),
                    Some(_) => Err(Notice::new(
                        format!("cannot read git's request: {malformed}"),
                        "to see what git sends, set GIT_TRACE=1 and push again",
                    )),
                };
            }
        };
        if let Some(token) = &fields.password {
            environment.trace.add_secret(token.expose());
        }
        let scheme = fields.scheme.as_deref().unwrap_or_default();
        let host = heroku_host(scheme, fields.host.as_deref().unwrap_or_default());
        environment.trace.log(|| match &host {
            Some(host) => format!("a request for {host}, with {}", fields.names()),
            None => format!(
                "a request for another host, with {}: ignored",
                fields.names()
            ),
        });
        Ok(host.map(|host| HerokuRequest { fields, host }))
    }

    /// The request's user name; none if a token is in its place.
    fn username(&self) -> Option<&str> {
        let name = self.fields.username.as_deref()?;
        let password = self.fields.password.as_ref().map(Token::expose);
        (!token::is_shaped_like_one(name) && password != Some(name)).then_some(name)
    }

    /// The account in the request's user name. Only an email names one.
    fn account(&self) -> Option<Account> {
        Account::parse(self.username()?).filter(Account::is_email)
    }
}

/// Answers with the token, or with a notice that says why there is none.
///
/// Without a token the reply contains only the user name, so that git asks for just the password; the token that is
/// pasted there comes back in `store`. If git asks another helper after us, there is no reply instead: that helper
/// may have a credential for another user name, which would not match ours.
fn get(request: &HerokuRequest, output: &mut dyn Write, context: &Context) -> Option<Notice> {
    let deadline = Instant::now() + context.environment.keyring_limit;
    let account = request.account();
    let answer = lookup::find(&request.host, account.as_ref(), context);
    let found = answer.found.as_ref();
    if found.is_none() && is_followed(request, context, deadline) {
        let why = answer.explain();
        let what = format!("{}; git asks the next helper", why.what());
        return Some(Notice::new(what, why.fix()));
    }
    let account = found.and_then(|found| found.account.as_ref());
    let state = found.map_or(ASKED, |found| found.source.word());
    // git's own user name is kept: Heroku checks only the password.
    let username = request.username().or(account.map(Account::as_str));
    let reply = Reply {
        username: username.unwrap_or(Account::UNNAMED),
        token: found.map(|found| &found.token),
        expires: found.and_then(StoredToken::expires),
        state: Some(state).filter(|_| request.fields.speaks_state),
    };
    let trace = &context.environment.trace;
    let from = found.map_or("no token", |found| found.source.word());
    trace.log(|| format!("reply: {from}"));
    // In one piece, since git would use a part of it. If git has closed its end already, it needs no answer.
    let _ = output
        .write_all(&reply.to_bytes())
        .and_then(|()| output.flush());
    match found {
        Some(found) => answer.warning().or_else(|| expires_soon(found, context)),
        None => Some(answer.explain_before_prompt()),
    }
}

/// Whether git asks another helper after us, as far as that can be found out: only if git started us does its
/// configuration say who is next.
fn is_followed(request: &HerokuRequest, context: &Context, deadline: Instant) -> bool {
    let environment = &context.environment;
    if !environment.is_started_by_git {
        return false;
    }
    let since = environment.trace.clock();
    let followed = context.git().is_followed(request.username(), deadline);
    environment.trace.log_since(since, || match followed {
        Some(true) => "git asks another helper after this one",
        Some(false) => "git asks no helper after this one",
        None => "whether git asks another helper is not known",
    });
    followed.unwrap_or(false)
}

/// A notice with the command that renews the token, once a day while the token expires soon: in its last
/// three days, or in the last quarter of a short life.
pub(super) fn expires_soon(found: &StoredToken, context: &Context) -> Option<Notice> {
    let metadata = found.metadata.as_ref()?;
    let (now, day) = (context.now(), SignedDuration::from_hours(24));
    let left = metadata.left_if_near_its_end(now)?;
    let is_recent = |at: Timestamp| now.duration_since(at).abs() < day;
    if metadata.warned.is_some_and(is_recent) {
        return None;
    }
    // If this cannot be recorded, the notice comes again with the next push.
    let _ = token_metadata::set_warned(&context.environment, &metadata.fingerprint, now);
    let account = &metadata.account;
    let time = match left.as_hours() {
        ..=0 => "less than an hour".to_owned(),
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    };
    Some(Notice::new(
        format!("the Heroku token of {account} expires in {time}"),
        Fix::command("renew", "git credential-heroku-rs rotate"),
    ))
}

/// Stores a token that worked, if we have none: one that was pasted at git's prompt, or one that came from a
/// URL or from another helper.
///
/// It never replaces a login, not even one of the same account. The author of a URL, in `.gitmodules` for
/// example, chooses the user name and the password in it, and git sends those to `store` too. Heroku is not
/// asked about the token: git waits for `store` before it uploads.
fn store(request: &HerokuRequest, context: &Context) -> Option<Notice> {
    let trace = &context.environment.trace;
    let Some(token) = &request.fields.password else {
        trace.log(|| "not stored: there is no password that could be a token");
        return None;
    };
    if request.fields.state == Some(State::Served) {
        trace.log(|| "not stored: the token came from this program");
        return None;
    }
    if request.fields.is_ephemeral {
        trace.log(|| "not stored: git says that the token is ephemeral");
        return None;
    }
    let account = request.account();
    let state = request.fields.state;
    match may_be_stored(state, account.as_ref(), &request.host, context) {
        Ok(Permission::Granted) => {
            let account = account.unwrap_or_else(Account::unnamed);
            trace.log(|| format!("storing the token as {account}"));
            let kept = logins::save_unchecked(context, &account, token);
            kept.err().map(|why| not_stored(&why))
        }
        Ok(Permission::HasToken(_)) => {
            trace.log(|| "not stored: there is a token already");
            None
        }
        Err(not_stored) => Some(not_stored),
    }
}

/// Removes a token with which git was rejected, if Heroku's API rejects it too.
///
/// A 401 proves little: a stale `http.extraHeader`, a redirect or another helper's password all cause one. So
/// only a token that is equal to ours is removed. The token must also belong to the Heroku of the request, and
/// `check` must have asked the API of that Heroku. Without a password nothing is removed: the Heroku CLI's own
/// login sends such an `erase` as its last step.
fn erase(
    request: &HerokuRequest,
    context: &Context,
    check: impl FnOnce(&HerokuHost, &Token) -> Verdict,
) -> Option<Notice> {
    let trace = &context.environment.trace;
    let Some(token) = &request.fields.password else {
        trace.log(|| "nothing is removed: there is no password that could be a token");
        return None;
    };
    if context.environment.api_key == Some(Ok(token.clone())) {
        return Some(rejected_outside(
            "HEROKU_API_KEY",
            "set HEROKU_API_KEY to a valid token, or unset it",
        ));
    }
    let unreadable = match keyring_account(request, token, context) {
        Ok(Some(account)) => {
            let metadata = token_metadata::about(&context.environment, token);
            if !token_metadata::is_proof(metadata.as_ref(), &request.host) {
                return Some(rejected_elsewhere(&account, &request.host));
            }
            let since = trace.clock();
            let verdict = check(&request.host, token);
            trace.log_since(since, || match &verdict {
                Verdict::Rejected => "Heroku rejects the token",
                Verdict::Accepted(_) => "Heroku accepts the token",
                Verdict::Unknown(_) => "the token could not be checked",
            });
            return Some(after_check(context, &account, token, verdict));
        }
        Ok(None) => None,
        Err(why) => Some(why),
    };
    // Without a keyring, the token that git got is the one in netrc.
    if let Some(line) = netrc_line(request, token, context) {
        let log_in = Fix::command("log in again", "git credential-heroku-rs login");
        return Some(rejected_outside(&format!("netrc, line {line}"), log_in));
    }
    if unreadable.is_none() {
        trace.log(|| "nothing is removed: the token is not stored here");
    }
    unreadable.map(|why| why.as_cause_of("git was rejected, and nothing was removed"))
}

/// The account of the keyring item with exactly this token.
///
/// If the request has an email, only these items count, as in [`lookup::find`]: that account's; if it has none, the one
/// in another letter case; then the one that was pasted at git's prompt. The same token under another account was not
/// served for this request.
fn keyring_account(
    request: &HerokuRequest,
    token: &Token,
    context: &Context,
) -> Result<Option<Account>, Notice> {
    let items = context.keyring().read_all()?.items;
    let has_item = |account: &Account| items.iter().any(|item| item.account == *account);
    let mut holders = items.iter().filter(|item| item.token == *token);
    let Some(asked) = request.account() else {
        return Ok(holders.next().map(|holder| holder.account.clone()));
    };
    let found = |is_served: &dyn Fn(&Account) -> bool| {
        let mut holders = holders.clone();
        let holder = holders.find(|holder| is_served(&holder.account))?;
        Some(holder.account.clone())
    };
    Ok(found(&|account| *account == asked)
        .or_else(|| found(&|account| account.differs_only_in_case(&asked) && !has_item(&asked)))
        .or_else(|| found(&|account| *account == Account::unnamed())))
}

fn netrc_line(request: &HerokuRequest, token: &Token, context: &Context) -> Option<usize> {
    let netrc = Netrc::read(&context.environment).ok()??;
    let mut entries = netrc.entries_serving(&request.host).flatten();
    Some(entries.find(|entry| entry.token == *token)?.line)
}

fn after_check(context: &Context, account: &Account, token: &Token, verdict: Verdict) -> Notice {
    let log_in = Fix::command("log in again", "git credential-heroku-rs login");
    match verdict {
        Verdict::Rejected => {
            let rejected = format!("Heroku rejected the token of {account}");
            let what = match logins::remove_dead(context, account, token) {
                Ok(()) => format!("{rejected} (revoked or expired); it was removed"),
                Err(why) => format!("{rejected}, but it could not be removed: {}", why.what()),
            };
            Notice::new(what, log_in)
        }
        Verdict::Accepted(_) => Notice::new(
            format!("git was rejected, but the token of {account} is valid; it was kept"),
            Fix::command(
                "find out what else git sends",
                "git credential-heroku-rs doctor",
            ),
        ),
        Verdict::Unknown(why) => Notice::new(
            format!(
                "git was rejected, but the token of {account} could not be checked; it was kept ({})",
                why.what()
            ),
            Fix::command("check again later", "git credential-heroku-rs status"),
        ),
    }
}

/// A Heroku that did not issue the token rejects it in any case, so this proves nothing.
fn rejected_elsewhere(account: &Account, host: &HerokuHost) -> Notice {
    Notice::new(
        format!(
            "{host} rejected git; the token of {account} may belong to another Heroku and was kept"
        ),
        "log in to this Heroku: git credential-heroku-rs login",
    )
}

fn rejected_outside(place: &str, fix: impl Into<Fix>) -> Notice {
    Notice::new(format!("git was rejected with the token in {place}"), fix)
}

#[cfg(test)]
mod tests;
