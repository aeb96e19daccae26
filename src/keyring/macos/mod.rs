//! macOS: `/usr/bin/security` reads, writes and removes; the system's own search lists.
//!
//! It is compiled on every Unix: with the feature `security-tool` a Linux program uses it, against
//! a stand-in for the tool.

#[cfg(target_os = "macos")]
mod native;
mod reply;
mod tool;

use std::time::Duration;

use self::tool::SecurityTool;
use super::{Accounts, Keyring, Limits, Listing, Lock, Unavailable};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;

/// The keychains of a user of macOS.
pub(super) struct MacosKeyring {
    tool: SecurityTool,
}

impl MacosKeyring {
    /// A read has the limit of a prompt in every case: macOS shows its dialog whether we want it or
    /// not, and a dialog whose program was killed cannot be closed.
    pub(super) fn new(environment: &Environment, limits: Limits) -> MacosKeyring {
        #[cfg(feature = "security-tool")]
        environment
            .trace
            .log(|| "built with security-tool, for tests alone".to_owned());
        MacosKeyring {
            tool: SecurityTool::new(environment.prompt_limit, limits.operation),
        }
    }

    /// The accounts that have an item. It needs no consent and no unlocked keychain.
    #[cfg(target_os = "macos")]
    #[expect(clippy::unused_self, reason = "the stand-in for the system needs it")]
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        native::accounts()
    }

    /// The same as the Heroku CLI lists them: here is no such search.
    #[cfg(not(target_os = "macos"))]
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        Ok(reply::accounts(&self.tool.dump()?))
    }
}

impl Keyring for MacosKeyring {
    fn accounts(&self) -> Result<Accounts, Unavailable> {
        let names = self.names()?;
        Ok(Accounts::among(names.iter().map(String::as_str), None))
    }

    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        self.tool.find(account)
    }

    /// One program after the other: several at once would show several dialogs at once.
    fn read_all(&self) -> Result<Listing, Unavailable> {
        let mut found = Vec::new();
        let mut kept_back = None;
        for name in self.names()? {
            let Some(account) = Account::parse(&name) else {
                found.push((None, None));
                continue;
            };
            match self.tool.find(&account) {
                Ok(token) => found.push((Some(account), token)),
                Err(why @ (Unavailable::Locked(_) | Unavailable::Refused)) => {
                    kept_back.get_or_insert(why);
                }
                Err(why) => return Err(why),
            }
        }
        match kept_back {
            Some(why) if found.iter().all(|(_, token)| token.is_none()) => Err(why),
            kept_back => {
                let locked = kept_back.map(|_| Lock::Another);
                Ok(Listing::sort(found.into_iter(), locked))
            }
        }
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        // Without a default keychain the write would show a dialog, and the search says so first.
        self.names()?;
        self.tool.add(account, token)?;
        match self.tool.find(account)? {
            Some(stored) if stored == *token => Ok(()),
            Some(_) => Err(Unavailable::Overtaken),
            None => Err(Unavailable::Broken(
                "the keyring did not keep the token".to_owned(),
            )),
        }
    }

    fn remove(&self, account: &Account, only: Option<&Token>) -> Result<usize, Unavailable> {
        let Some(only) = only else {
            return self.tool.delete_all(account);
        };
        let mut count = 0;
        while self.tool.find(account)?.as_ref() == Some(only) && self.tool.delete(account)? {
            count += 1;
        }
        Ok(count)
    }

    fn unlock(&self, limit: Duration) -> Result<(), Unavailable> {
        self.tool.unlock(limit)
    }
}
