//! What only this machine knows of a command line's values: accounts and authorizations, each with a
//! word on what it is. No token is looked at, nobody is asked, and where there is trouble nothing is
//! told: whoever presses a key in the middle of a line wants no error there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};

use crate::cli::Value;
use crate::context::Context;
use crate::heroku_cli::{self, LoginState};
use crate::hosts::{HerokuHost, Service};
use crate::netrc::Netrc;
use crate::notice::shown;
use crate::token_metadata;

/// Tells what may stand at the end of the line: a value in each line of its own, and behind a tab
/// what it is.
pub(super) fn tell(words: &[OsString], context: &Context, out: &mut dyn Write) -> io::Result<()> {
    let values = match Value::at_the_end_of(words) {
        None => return Ok(()),
        Some(Value::Account) => accounts(context),
        Some(Value::Authorization) => authorizations(context),
    };
    for (value, about) in values {
        writeln!(out, "{value}\t{}", shown(&about))?;
    }
    Ok(())
}

fn accounts(context: &Context) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (alias, account) in heroku_cli::aliases(&context.environment) {
        values.insert(alias, account.to_string());
    }
    // gpg, which an encrypted file takes, may ask for a passphrase.
    let netrc = Netrc::in_plain_text(&context.environment).ok().flatten();
    let host = HerokuHost::in_sight(Service::Git, context.environment.heroku_host.as_deref());
    let entry = netrc.and_then(|netrc| netrc.entry_for(&host, None).ok().flatten());
    let in_netrc = entry.and_then(|entry| entry.account).into_iter();
    let in_keyring = context.keyring().accounts().unwrap_or_default().names;
    let in_netrc = in_netrc.map(|account| (account, "in netrc"));
    let in_keyring = in_keyring.into_iter();
    let all = in_netrc.chain(in_keyring.map(|account| (account, "in the keyring")));
    let in_use = heroku_cli::login_state(&context.environment);
    for (account, place) in all.filter(|(account, _)| account.is_email()) {
        let about = match LoginState::Account(account.clone()) == in_use {
            true => format!("{place}, in use"),
            false => place.to_owned(),
        };
        values.insert(account.to_string(), about);
    }
    values
}

/// Those whose tokens are known here. A value becomes a part of a line, so that an id is no more
/// than letters, digits and hyphens.
fn authorizations(context: &Context) -> BTreeMap<String, String> {
    let plain = |id: &String| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let known = token_metadata::all(&context.environment).into_iter();
    let value = |known: token_metadata::TokenMetadata| {
        let id = known.authorization.filter(plain)?;
        let about = known.description.unwrap_or_default();
        Some((id, format!("{about} ({})", known.account)))
    };
    known.filter_map(value).collect()
}
