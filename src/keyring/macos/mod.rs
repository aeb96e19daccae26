//! macOS: `/usr/bin/security` reads, writes and removes items, and the system's own search lists them.
//!
//! It is compiled on every Unix: with the feature `security-tool` a Linux program uses it, with a stand-in for the
//! tool.

#[cfg(target_os = "macos")]
mod native;
mod reply;
mod tool;

pub(super) use self::tool::SecurityTool;
use super::{Keyring, Listing, Lock, Unavailable, check_stored};
use crate::account::Account;
use crate::token::Token;

/// The most items of one account that are removed. They can be in several keychains, and each call removes the first.
const MOST_DUPLICATES: usize = 8;

impl Keyring for SecurityTool {
    fn read(&self, account: &Account) -> Result<Option<Token>, Unavailable> {
        self.find(account)
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
            match self.find(&account) {
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
        self.add(account, token).map_err(|why| match why {
            // With these, macOS has refused the write.
            Unavailable::Locked(_) | Unavailable::Refused | Unavailable::NoKeyring(_) => why,
            why => why.unconfirmed(),
        })?;
        let found = self.find(account).map_err(Unavailable::unconfirmed)?;
        check_stored(found.as_ref(), token)
    }

    fn remove(&self, account: &Account, token: &Token) -> Result<usize, Unavailable> {
        let mut count = 0;
        while count < MOST_DUPLICATES
            && self.find(account)?.as_ref() == Some(token)
            && self.delete(account)?
        {
            count += 1;
        }
        Ok(count)
    }

    fn unlock(&self) -> Result<(), Unavailable> {
        self.unlock_keychain()
    }
}
