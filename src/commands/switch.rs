//! `switch`: makes another account the active one, for git and for the Heroku CLI.

use super::{Session, account_named, warn_of_api_key, warn_of_chosen_account};
use crate::cli::Switch;
use crate::logins;

pub(super) fn run(arguments: &Switch, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let named = account_named(&arguments.account, session.context)?;
    let account = logins::as_stored(session.context, named);
    if logins::switch(session.context, &account)? {
        session.print(&format!(
            "Switched to {account}, for git and the Heroku CLI"
        ))?;
    } else {
        session.print(&format!("{account} is already the active account"))?;
    }
    warn_of_api_key(session)?;
    warn_of_chosen_account(&account, session)
}
