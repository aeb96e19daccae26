//! Answers docker's requests for `registry.heroku.com`: the same token and the same rules as for git.
//!
//! Unlike git, docker reads a helper's failures, so they are reported to it. For every other registry we
//! have no credential, and no source is opened or asked.

use std::ffi::OsString;
use std::io::Read;

use zeroize::Zeroizing;

use super::git::expires_soon;
use super::offered::{Permission, may_be_stored, not_stored};
use crate::account::Account;
use crate::context::Context;
use crate::docker_protocol::{self, Offered, Refusal, USERNAME};
use crate::hosts::{HerokuHost, Service};
use crate::logins;
use crate::logins::lookup::{self, Source, StoredToken, of_account};
use crate::notice::{Fix, Kind, Notice};

/// The reply to docker, and the message for the user.
#[derive(Debug)]
pub struct Reply {
    /// For stdout: docker reads it, also the text of a failure.
    pub answer: Zeroizing<Vec<u8>>,
    /// For stderr, which docker passes on.
    pub notice: Option<Notice>,
    /// Whether what docker asked for was not done; the exit code says so.
    pub is_failure: bool,
}

impl Reply {
    fn done(answer: Zeroizing<Vec<u8>>, notice: Option<Notice>) -> Reply {
        Reply {
            answer,
            notice,
            is_failure: false,
        }
    }

    fn text(text: &str) -> Reply {
        let line = format!("{text}\n").into_bytes();
        Reply::done(Zeroizing::new(line), None)
    }

    fn failure(text: &str, notice: Option<Notice>) -> Reply {
        Reply {
            notice,
            is_failure: true,
            ..Reply::text(text)
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Reply {
        Reply::failure(&refusal.to_string(), None)
    }
}

/// docker shows stdout, and not every program that calls us shows stderr.
impl From<Notice> for Reply {
    fn from(notice: Notice) -> Reply {
        let what = notice.what().to_owned();
        Reply::failure(&what, Some(notice))
    }
}

/// Runs the action in docker's one argument, with docker's input on stdin.
pub fn answer(arguments: &[OsString], input: &mut dyn Read, context: &Context) -> Reply {
    const USAGE: &str = "Usage: docker-credential-heroku-rs <store|get|erase|list|version>";
    const VERSION: &str = concat!(
        "docker-credential-heroku-rs (git-credential-heroku-rs) ",
        env!("CARGO_PKG_VERSION")
    );
    let [action] = arguments else {
        return Reply::failure(USAGE, None);
    };
    let done = match action.to_string_lossy().as_ref() {
        "get" => get(input, context),
        "store" => store(input, context),
        "erase" => erase(input, context),
        "list" => list(context),
        "version" | "--version" | "-v" => Ok(Reply::text(VERSION)),
        "help" | "--help" | "-h" => Ok(Reply::text(USAGE)),
        unknown => {
            let text = format!("Unknown credential action `{unknown}`");
            Err(Reply::failure(&text, None))
        }
    };
    done.unwrap_or_else(|failure| failure)
}

fn registry(server: &str, context: &Context) -> Option<HerokuHost> {
    HerokuHost::from_registry_name(server, &context.environment.heroku)
}

fn get(input: &mut dyn Read, context: &Context) -> Result<Reply, Reply> {
    let server = docker_protocol::server(input)?;
    let host = registry(&server, context).ok_or(Refusal::NotFound)?;
    let answer = lookup::find(&host, None, context);
    let Some(found) = &answer.found else {
        return Err(no_credential(answer.explain()));
    };
    let notice = answer.warning().or_else(|| expires_soon(found, context));
    let credential = docker_protocol::credential(&server, &found.token);
    Ok(Reply::done(credential, notice))
}

/// If the user is not logged in, docker continues without a credential, and the notice says why. A keyring
/// that gives no answer is a failure instead: there may be a login.
fn no_credential(why: Notice) -> Reply {
    match why.kind() {
        Kind::NotLoggedIn => Reply::failure(&Refusal::NotFound.to_string(), Some(why)),
        _ => Reply::from(why),
    }
}

/// Stores a token from `docker login`, by the same rules as a token from git: if there is none yet, or for
/// exactly the account that is named. A login is never replaced by one of another account.
fn store(input: &mut dyn Read, context: &Context) -> Result<Reply, Reply> {
    let Offered {
        server,
        username,
        token,
    } = docker_protocol::offered(input)?;
    let host = registry(&server, context).ok_or_else(not_ours)?;
    let token = token.map_err(|why| {
        Notice::new(
            format!("the password was not stored: not a Heroku token ({why})"),
            Fix::command("log in", "git credential-heroku-rs login"),
        )
    })?;
    context.environment.trace.add_secret(token.expose());
    let named = Account::parse(&username).filter(Account::is_email);
    let account = match may_be_stored(None, named.as_ref(), &host, context)? {
        Permission::HasToken(found) if found.token == token => {
            return Ok(Reply::done(Zeroizing::default(), None));
        }
        Permission::HasToken(found) => {
            account_to_replace(&username, &found, context).ok_or_else(|| taken(&found))?
        }
        Permission::Granted => named.unwrap_or_else(Account::unnamed),
    };
    logins::save_unchecked(context, &account, &token).map_err(|why| not_stored(&why))?;
    Ok(Reply::done(Zeroizing::default(), None))
}

/// The account, if its token may be replaced: only one in the keyring, and only if docker names it. If the Heroku CLI
/// uses netrc, the new token would go there instead.
fn account_to_replace(username: &str, found: &StoredToken, context: &Context) -> Option<Account> {
    let account = found.account.clone()?;
    let is_named = username == account.as_str();
    let is_replaced = found.source == Source::Keyring && !context.environment.netrc_before_keyring;
    (is_named && is_replaced).then_some(account)
}

fn taken(found: &StoredToken) -> Notice {
    Notice::new(
        format!(
            "the token was not stored: {} already has a token{}",
            found.source,
            of_account(found.account.as_ref())
        ),
        Fix::command("change the login", "git credential-heroku-rs login"),
    )
}

fn not_ours() -> Notice {
    Notice::new(
        "heroku-rs stores credentials for registry.heroku.com only",
        "use credHelpers, not credsStore: git credential-heroku-rs setup --docker",
    )
}

/// Keeps the token: `docker logout` is about docker alone, but git and the Heroku CLI use the token too.
fn erase(input: &mut dyn Read, context: &Context) -> Result<Reply, Reply> {
    let server = docker_protocol::server(input)?;
    let notice = registry(&server, context).map(|_| {
        Notice::new(
            "the Heroku login was kept: git and the Heroku CLI use it too",
            Fix::command(
                "remove the docker setup",
                "git credential-heroku-rs unsetup --docker",
            ),
        )
    });
    Ok(Reply::done(Zeroizing::default(), notice))
}

fn list(context: &Context) -> Result<Reply, Reply> {
    let Some(host) = context.environment.heroku.host(Service::Registry) else {
        return Ok(Reply::text("{}"));
    };
    let answer = lookup::find(&host, None, context);
    if answer.found.is_some() {
        let servers = serde_json::json!({host.name(): USERNAME});
        return Ok(Reply::text(&servers.to_string()));
    }
    let why = answer.explain();
    match why.kind() {
        Kind::NotLoggedIn => Ok(Reply::text("{}")),
        _ => Err(Reply::from(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::keyring::memory::MemoryKeyring;
    use crate::netrc;
    use crate::token::Token;

    #[test]
    fn a_login_in_netrc_is_never_replaced() {
        const ANN: &str = "ann@example.com";
        let token = |last: char| format!("HRKU-01234567-89ab-cdef-0123-456789abcde{last}");
        let (_dir, environment) = Environment::with_new_home();
        let environment = Environment {
            netrc_before_keyring: true,
            ..environment
        };
        let bob = Account::parse("bob@example.com").unwrap();
        netrc::save(&environment, &bob, &Token::parse(&token('b')).unwrap()).unwrap();
        let file = netrc::path(&environment).unwrap();
        let before = std::fs::read(&file).unwrap();
        let keyring = MemoryKeyring::new().with(ANN, &token('a'));
        let context = Context::new(environment).with_keyring(Box::new(keyring));
        for username in [ANN, "carol@example.com", "_"] {
            let offered = serde_json::json!({
                "ServerURL": "registry.heroku.com", "Username": username, "Secret": token('c'),
            });
            let reply = answer(
                &["store".into()],
                &mut offered.to_string().as_bytes(),
                &context,
            );
            assert!(reply.is_failure, "{username}");
            assert_eq!(std::fs::read(&file).unwrap(), before, "{username}");
        }
    }
}
