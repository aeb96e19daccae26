//! Answers git's requests to a helper: `get`, `store` and `erase`.
//!
//! For a host that is not Heroku's, each of them returns before anything else happens: it prints nothing
//! and opens no file, socket or child process. None of them prompts, and none waits without a limit; only macOS
//! may show a dialog of its own before it lets them read an item of the keyring.

use std::io::{self, Write};
use std::time::Instant;

use jiff::SignedDuration;

use super::offered::{Offered, Permission, may_be_stored, not_stored, others_are_logged_in};
use crate::account::Account;
use crate::context::Context;
use crate::environment::Environment;
use crate::git::Git;
use crate::hosts::HerokuHost;
use crate::logins;
use crate::logins::lookup::{self, StoredToken, Wanted};
use crate::netrc::Netrc;
use crate::notice::{Fix, Notice};
use crate::protocol::{Malformed, Reply, Request, State};
use crate::token::{self, Token, Verdict};
use crate::token_metadata::{self, TokenMetadata};

/// A request that is for Heroku: only with its [`HerokuHost`] can a token be looked up.
struct HerokuRequest {
    fields: Request,
    host: HerokuHost,
}

impl HerokuRequest {
    /// Reads a request; none if it is not for Heroku. A request that cannot be read is an error only if
    /// it is for Heroku.
    fn read(input: &mut dyn io::Read, context: &Context) -> Result<Option<HerokuRequest>, Notice> {
        let heroku_host = |scheme: &str, host: &str| {
            HerokuHost::from_request(scheme, host, context.environment.heroku_host.as_deref())
        };
        match Request::read(input) {
            Ok(request) => {
                if let Some(token) = &request.password {
                    context.environment.trace.add_secret(token.expose());
                }
                let host = heroku_host(
                    request.scheme.as_deref().unwrap_or_default(),
                    request.host.as_deref().unwrap_or_default(),
                );
                context
                    .environment
                    .trace
                    .log(|| trace_text(&request, host.as_ref()));
                Ok(host.map(|host| HerokuRequest {
                    fields: request,
                    host,
                }))
            }
            Err(malformed) => match &malformed.target {
                Some((scheme, host)) if heroku_host(scheme, host).is_some() => {
                    Err(misread(&malformed))
                }
                _ => Ok(None),
            },
        }
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

fn trace_text(request: &Request, host: Option<&HerokuHost>) -> String {
    let fields = request.fields();
    match host {
        Some(host) => format!("a request for {}, with {fields}", host.name()),
        None => format!("a request for another host, with {fields}: ignored"),
    }
}

fn misread(malformed: &Malformed) -> Notice {
    Notice::new(
        format!("cannot read git's request: {malformed}"),
        Fix::command("see what git sends", "GIT_TRACE=1 git push heroku main"),
    )
}

/// Answers with the token, or with a notice that says why there is none.
///
/// The reply is written in one piece, since git would use a part of it. Without a token it contains only
/// the user name, so that git asks for just the password; the token that is pasted there comes back in
/// `store`. If git asks another helper after us, the reply is empty instead: that helper may have a
/// credential for another user name, which would not match ours.
///
/// Returns the message for the user.
pub fn get(input: &mut dyn io::Read, output: &mut dyn Write, context: &Context) -> Option<Notice> {
    let deadline = Instant::now() + context.environment.keyring_limit;
    let trace = &context.environment.trace;
    let mut send = |reply: &Reply<'_>| {
        trace.log(|| format!("reply: {}", reply.fields()));
        // If git has closed its end already, it needs no answer.
        let _ = output
            .write_all(&reply.to_bytes())
            .and_then(|()| output.flush());
    };
    for_heroku(input, context, |request| {
        let account = request.account();
        let wanted = Wanted {
            host: &request.host,
            account: account.as_ref(),
        };
        let answer = lookup::find(&wanted, context);
        if let Some(found) = &answer.found {
            send(&credential(&request, found));
            return answer.warning().or_else(|| expires_soon(found, context));
        }
        let next = next_helper(&context.environment, deadline);
        send(&no_credential(&request, &next));
        Some(match next {
            NextHelper::Present => {
                let why = answer.explain();
                let what = format!("{}; git asks the next helper", why.what());
                Notice::new(what, why.fix())
            }
            NextHelper::Absent | NextHelper::Unknown => answer.explain_before_prompt(),
        })
    })
}

/// Reads a request and answers it if it is for Heroku; returns the message for the user.
fn for_heroku(
    input: &mut dyn io::Read,
    context: &Context,
    answer: impl FnOnce(HerokuRequest) -> Option<Notice>,
) -> Option<Notice> {
    match HerokuRequest::read(input, context) {
        Ok(Some(request)) => answer(request),
        Ok(None) => None,
        Err(misread) => Some(misread),
    }
}

fn no_credential<'a>(request: &'a HerokuRequest, next: &NextHelper) -> Reply<'a> {
    match next {
        NextHelper::Present => Reply::Nothing,
        NextHelper::Absent | NextHelper::Unknown => Reply::Username {
            username: request.username().unwrap_or(Account::UNNAMED),
            speaks_state: request.fields.speaks_state,
        },
    }
}

/// Whether git asks another helper after us.
enum NextHelper {
    Present,
    Absent,
    Unknown,
}

/// Asks git, if it started us: only then does its configuration say which helper is next.
fn next_helper(environment: &Environment, deadline: Instant) -> NextHelper {
    if !environment.is_started_by_git {
        return NextHelper::Absent;
    }
    let since = environment.trace.clock();
    let next = match Git::new(environment).is_followed(deadline) {
        Some(true) => NextHelper::Present,
        Some(false) => NextHelper::Absent,
        None => NextHelper::Unknown,
    };
    environment.trace.log_since(since, || {
        let what = match next {
            NextHelper::Present => "git asks another helper after this one",
            NextHelper::Absent => "git asks no helper after this one",
            NextHelper::Unknown => "whether git asks another helper is not known",
        };
        what.to_owned()
    });
    next
}

/// The reply with a token. git's own user name is kept if it has one: Heroku checks only the password.
fn credential<'a>(request: &'a HerokuRequest, found: &'a StoredToken) -> Reply<'a> {
    let account = found.account.as_ref().map(Account::as_str);
    Reply::Credential {
        username: request.username().or(account).unwrap_or(Account::UNNAMED),
        token: &found.token,
        expires: found
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.expires),
        state: request.fields.speaks_state.then(|| found.source.word()),
    }
}

/// A notice with the command that renews the token, once a day while the token expires soon: in its last
/// three days, or in the last quarter of a short life.
pub(super) fn expires_soon(found: &StoredToken, context: &Context) -> Option<Notice> {
    let metadata = found.metadata.as_ref()?;
    let (now, day) = (context.now(), SignedDuration::from_hours(24));
    let left = metadata.left_if_near_its_end(now)?;
    let warned = metadata
        .warned
        .is_some_and(|at| now.duration_since(at).abs() < day);
    if warned {
        return None;
    }
    let warned = TokenMetadata {
        warned: Some(now),
        ..metadata.clone()
    };
    // If this cannot be recorded, the notice comes again with the next push.
    let _ = token_metadata::save(&context.environment, warned);
    Some(Notice::new(
        format!(
            "the Heroku token of {} expires in {} hours",
            metadata.account,
            left.as_hours()
        ),
        Fix::command("renew", "git credential-heroku-rs rotate"),
    ))
}

/// Stores a token that worked, if we have none: one that was pasted at git's prompt, or one that came from a
/// URL or from another helper.
///
/// It never replaces a login, not even one of the same account. The author of a URL, in `.gitmodules` for
/// example, chooses the user name and the password in it, and git sends those to `store` too. Heroku is not
/// asked about the token: git waits for `store` before it uploads.
///
/// Returns the message for the user, if a token could not be stored.
pub fn store(input: &mut dyn io::Read, context: &Context) -> Option<Notice> {
    for_heroku(input, context, |request| {
        store_if_allowed(&request, context)
    })
}

fn store_if_allowed(request: &HerokuRequest, context: &Context) -> Option<Notice> {
    let trace = &context.environment.trace;
    let Some(token) = &request.fields.password else {
        trace.log(|| "not stored: there is no password that could be a token");
        return None;
    };
    if let Some(State::Served(_)) = request.fields.state {
        trace.log(|| "not stored: the token came from this program");
        return None;
    }
    if request.fields.is_ephemeral {
        trace.log(|| "not stored: git says that the token is ephemeral");
        return None;
    }
    let account = request.account();
    let offered = Offered {
        token,
        account: account.as_ref(),
        is_typed: request.fields.state == Some(State::Asked),
    };
    match may_be_stored(&offered, &request.host, context) {
        Ok(Permission::Granted) => {
            let account = account.unwrap_or_else(Account::unnamed);
            trace.log(|| format!("storing the token as {account}"));
            let kept = logins::save_unchecked(context, &account, token);
            kept.err().map(|why| not_stored(&why))
        }
        Ok(Permission::HasToken(found)) => {
            trace.log(|| {
                if found.token == *token {
                    "not stored: the token is stored already"
                } else {
                    "not stored: the token would replace a login"
                }
            });
            None
        }
        Ok(Permission::OthersAreLoggedIn) => Some(others_are_logged_in()),
        Err(why) => Some(not_stored(&why)),
    }
}

/// Removes a token with which git was rejected, if Heroku's API rejects it too.
///
/// A 401 proves little: a stale `http.extraHeader`, a redirect or another helper's password all cause one. So
/// only a token that is equal to ours is removed. The token must also belong to the Heroku of the request, and
/// `check` must have asked the API of that Heroku. Without a password nothing is removed: the Heroku CLI's own
/// login sends such an `erase` as its last step.
///
/// Returns the message for the user: what was done with the token, and why.
pub fn erase(
    input: &mut dyn io::Read,
    context: &Context,
    check: impl FnOnce(&HerokuHost, &Token) -> Verdict,
) -> Option<Notice> {
    for_heroku(input, context, |request| {
        erase_if_dead(&request, context, check)
    })
}

fn erase_if_dead(
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
    match keyring_account(request, token, context) {
        Ok(Some(account)) => {
            let metadata = token_metadata::about(&context.environment, token);
            if !token_metadata::is_proof(metadata.as_ref(), &request.host) {
                return Some(rejected_elsewhere(&account, &request.host));
            }
            let since = trace.clock();
            let verdict = check(&request.host, token);
            trace.log_since(since, || {
                format!("Heroku's verdict on the token: {verdict:?}")
            });
            return Some(after_check(context, &account, token, verdict));
        }
        Ok(None) => {}
        Err(why) => return Some(undecided(&why)),
    }
    match netrc_line(request, token, context) {
        Some(line) => Some(rejected_outside(
            &format!("netrc, line {line}"),
            Fix::command("log in again", "git credential-heroku-rs login"),
        )),
        None => {
            trace.log(|| "nothing is removed: the token is not stored here");
            None
        }
    }
}

/// The account of the keyring item with exactly this token.
///
/// If the request has an email, only two items count, as in [`lookup::find`]: that account's, then the one
/// that was pasted at git's prompt. The same token under another account was not served for this request.
fn keyring_account(
    request: &HerokuRequest,
    token: &Token,
    context: &Context,
) -> Result<Option<Account>, Notice> {
    let items = context.keyring().read_all()?.items.into_iter();
    let mut holders = items
        .filter(|item| item.token == *token)
        .map(|item| item.account);
    Ok(match request.account() {
        None => holders.next(),
        Some(asked) => {
            let holders: Vec<Account> = holders.collect();
            let served = [asked, Account::unnamed()];
            served.into_iter().find(|account| holders.contains(account))
        }
    })
}

fn netrc_line(request: &HerokuRequest, token: &Token, context: &Context) -> Option<usize> {
    let netrc = Netrc::read(&context.environment).ok()??;
    let entry = netrc.entry_for(&request.host, None).ok()??;
    (entry.token == *token).then_some(entry.line)
}

fn after_check(context: &Context, account: &Account, token: &Token, verdict: Verdict) -> Notice {
    match verdict {
        Verdict::Rejected => match logins::remove_dead(context, account, token) {
            Ok(()) => Notice::new(
                format!(
                    "Heroku rejected the token of {account} (revoked or expired); it was removed"
                ),
                Fix::command("log in again", "git credential-heroku-rs login"),
            ),
            Err(why) => Notice::new(
                format!(
                    "Heroku rejected the token of {account}, but it could not be removed: {}",
                    why.what()
                ),
                Fix::command("log in again", "git credential-heroku-rs login"),
            ),
        },
        Verdict::Accepted => Notice::new(
            format!("git was rejected, but the token of {account} is valid; it was kept"),
            Fix::command(
                "see what else git sends",
                "git config --show-origin --get-all http.extraHeader",
            ),
        ),
        Verdict::Unknown(why) => Notice::new(
            format!(
                "git was rejected, but the token of {account} could not be checked; it was kept ({why})"
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

fn undecided(why: &Notice) -> Notice {
    Notice::new(
        format!("git was rejected, and nothing was removed: {}", why.what()),
        why.fix(),
    )
}

fn rejected_outside(place: &str, fix: impl Into<Fix>) -> Notice {
    Notice::new(format!("git was rejected with the token in {place}"), fix)
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
