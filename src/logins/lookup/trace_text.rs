//! One line for the trace about each source that was asked.

use super::{Choice, Found, Miss, Source, day, of_account};

/// The result of asking a source: the account of its token, or why there is none. Never the token.
pub(super) fn in_public(source: Source, asked: &Result<Found, Miss>) -> String {
    let what = match asked {
        Ok(found) => {
            let expires = found
                .stored
                .metadata
                .as_ref()
                .and_then(|metadata| metadata.expires);
            let until = expires.map(|end| format!(", which ends on {}", day(end)));
            let account = of_account(found.stored.account.as_ref());
            format!("a token{account}{}", until.unwrap_or_default())
        }
        Err(Miss::Absent) => "no token".to_owned(),
        Err(Miss::Expired(account, end)) => {
            let account = of_account(account.as_ref());
            format!("a token{account}, which ended on {}", day(*end))
        }
        Err(Miss::Ambiguous(accounts)) => {
            format!("tokens of {} accounts, and none is chosen", accounts.len())
        }
        Err(Miss::Unavailable(why)) => format!("unavailable: {}", why.what()),
        Err(Miss::Missing(missing)) => format!("unavailable: {}", missing.notice().what()),
    };
    format!("{source}: {what}")
}

impl Choice {
    /// Which account to look for, and what chose it.
    pub(super) fn in_public(&self) -> String {
        match self {
            Choice::Asked(account) => format!("the account that was asked for: {account}"),
            Choice::InUse(account) => format!("the account in login.json: {account}"),
            Choice::Only => "no account is chosen: the only one counts".to_owned(),
            Choice::Pasted => "the token that was pasted at git's prompt".to_owned(),
        }
    }
}
