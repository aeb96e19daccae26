//! macOS: `/usr/bin/security` reads, writes and removes items, and the system's own search lists them.
//!
//! It is compiled on every Unix: with the feature `security-tool` a Linux program uses it, with a stand-in for the
//! tool.

#[cfg(target_os = "macos")]
mod native;
mod reply;
mod tool;

use self::tool::SecurityTool;
use super::{Accounts, Keyring, Limits, Listing, Lock, Unavailable, check_stored};
use crate::account::Account;
use crate::environment::Environment;
use crate::token::Token;

/// The keychains of a user of macOS.
pub(super) struct MacosKeyring {
    tool: SecurityTool,
}

impl MacosKeyring {
    /// A read always has the limit of a prompt. This program cannot keep macOS from showing its dialog, and a dialog
    /// cannot be closed once its program was killed.
    pub(super) fn new(environment: &Environment, limits: Limits) -> MacosKeyring {
        #[cfg(feature = "security-tool")]
        environment
            .trace
            .log(|| "built with security-tool, for tests alone".to_owned());
        MacosKeyring {
            tool: SecurityTool::new(environment.prompt_limit, limits.keyring),
        }
    }

    /// The accounts that have an item. On macOS this needs neither consent nor an unlocked keychain.
    #[cfg_attr(
        target_os = "macos",
        expect(clippy::unused_self, reason = "it is used on other systems")
    )]
    fn names(&self) -> Result<Vec<String>, Unavailable> {
        #[cfg(target_os = "macos")]
        return native::accounts();
        #[cfg(not(target_os = "macos"))]
        return self.tool.accounts();
    }
}

impl Keyring for MacosKeyring {
    fn accounts(&self) -> Result<Accounts, Unavailable> {
        Ok(Accounts::among(self.names()?, None))
    }

    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        self.tool.find(account)
    }

    /// Runs one program after the other. Several at the same time would show several dialogs at the same time.
    fn read_all(&self) -> Result<Listing, Unavailable> {
        let mut found = Vec::new();
        let mut refused = None;
        for name in self.names()? {
            let Some(account) = Account::parse(&name) else {
                found.push((None, None));
                continue;
            };
            match self.tool.find(&account) {
                Ok(token) => found.push((Some(account), token)),
                Err(why @ (Unavailable::Locked(_) | Unavailable::Refused)) => {
                    refused.get_or_insert(why);
                }
                Err(why) => return Err(why),
            }
        }
        match refused {
            Some(why) if found.iter().all(|(_, token)| token.is_none()) => Err(why),
            refused => {
                let locked = refused.map(|_| Lock::Another);
                Ok(Listing::classify(found.into_iter(), locked))
            }
        }
    }

    fn write(&self, account: &Account, token: &Token) -> Result<(), Unavailable> {
        // Without a default keychain the write would show a dialog. The search fails without one.
        self.names()?;
        self.tool.add(account, token)?;
        check_stored(self.tool.find(account)?.as_ref(), token)
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

    fn unlock(&self) -> Result<(), Unavailable> {
        self.tool.unlock()
    }
}
