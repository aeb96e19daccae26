//! What came of each question, in a line for the trace.

use super::{Choice, Found, Outcome, Source, day, of};

/// What came of asking a source: whose token, or why none; never the token.
pub(super) fn in_public(source: Source, asked: &Result<Found, Outcome>) -> String {
    let what = match asked {
        Ok(found) => {
            let expires = found.known.as_ref().and_then(|known| known.expires);
            let until = expires.map(|end| format!(", which ends on {}", day(end)));
            let account = of(found.account.as_ref());
            format!("a token{account}{}", until.unwrap_or_default())
        }
        Err(Outcome::Served) => "served".to_owned(),
        Err(Outcome::Absent) => "no token".to_owned(),
        Err(Outcome::Expired(account, end)) => {
            let account = of(account.as_ref());
            format!("a token{account}, which ended on {}", day(*end))
        }
        Err(Outcome::Ambiguous(accounts)) => {
            format!("tokens of {} accounts, and none is chosen", accounts.len())
        }
        Err(Outcome::Unavailable(why) | Outcome::Missing(why)) => {
            format!("unavailable: {}", why.what())
        }
    };
    format!("{source}: {what}")
}

impl Choice {
    /// Which account is meant, and who says so.
    pub(super) fn in_public(&self) -> String {
        match self {
            Choice::Asked(account) => format!("the account that was asked for: {account}"),
            Choice::InUse(account) => format!("the account in login.json: {account}"),
            Choice::Only => "no account is chosen: the only one counts".to_owned(),
            Choice::Pasted => "the token that was pasted at git's prompt".to_owned(),
        }
    }
}
