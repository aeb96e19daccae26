//! What a user's commands do to a machine: the other half of the model.

use std::collections::BTreeSet;

use super::machine::{End, Machine, Served, is_email};
use super::step::{Name, PASTED, Revoke, Token, User};

/// Whether `status` asks Heroku.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Online,
    Offline,
}

/// The last lines of a login on this machine.
const NEXT: &str = "Done. In the repository of your app, run:\n  \
                    git remote add heroku https://git.heroku.com/APP.git\n  \
                    git push heroku main\n";

fn label(name: Name) -> &'static str {
    match name {
        PASTED => "an unnamed account (token pasted at git's prompt)",
        name => name,
    }
}

impl Machine {
    pub(super) fn login(&self, token: Token) -> End {
        if self.uses_netrc {
            return self.login_to_netrc(token);
        }
        let Some(owner) = token.owner().filter(|_| !self.is_rejected(token)) else {
            return self.failure(1, "Heroku rejected the token");
        };
        let mut after = self.with_active_account(Some(owner));
        after.items.insert(owner, token);
        if after.items.get(PASTED) == Some(&token) {
            after.items.remove(PASTED);
        }
        let stored = "The token is stored in the keyring, shared with the Heroku CLI";
        let warned = after.used_from_netrc(owner);
        after.end(
            0,
            &format!("Logged in as {owner}\n{stored}\n{NEXT}"),
            &Vec::from_iter(warned),
        )
    }

    pub(super) fn login_to_netrc(&self, token: Token) -> End {
        let Some(owner) = token.owner().filter(|_| !self.is_rejected(token)) else {
            return self.failure(1, "Heroku rejected the token");
        };
        let mut after = self.with_active_account(self.in_use.map(|_| owner));
        after.netrc = Some((owner, token));
        let stored = "The token is stored in ~/.netrc (unencrypted)";
        let served = after.served(None).ok();
        let other = served.filter(|served| served.token != token);
        let mut warned =
            Vec::from_iter(other.map(|_| "which takes precedence over netrc".to_owned()));
        let is_replaced = |(name, held): (Name, Token)| name != owner && held != token;
        if self.netrc.is_some_and(is_replaced) {
            warned.push("this replaced the login".to_owned());
        }
        after.end(
            0,
            &format!("Logged in as {owner}\n{stored}\n{NEXT}"),
            &warned,
        )
    }

    pub(super) fn logout(&self, name: User, revoke: Revoke) -> End {
        let mut there: BTreeSet<Name> = self.items.keys().copied().collect();
        there.extend(self.netrc.map(|(name, _)| name));
        let served = self.served(None).ok().map(|served| served.account);
        let meant = match name.or(served).or(self.in_use) {
            Some(name) if there.contains(name) => name,
            None if there.len() > 1 => {
                return self.failure(1, "several accounts are logged in, and none is active");
            }
            None if there.len() == 1 => there.first().copied().unwrap_or_default(),
            Some(name) => return self.failure(4, &format!("not logged in as {name}")),
            None => return self.failure(4, "not logged in to Heroku"),
        };
        let mut after = self.clone();
        let item = after.items.remove(meant);
        let entry = self
            .netrc
            .filter(|(name, token)| *name == meant || item == Some(*token));
        after.netrc = self.netrc.filter(|_| entry.is_none());
        let mut result = "token not revoked";
        if revoke == Revoke::Yes {
            let own = entry.filter(|(name, _)| *name == meant);
            let tokens = item.into_iter().chain(own.map(|(_, token)| token));
            result = "the token was already invalid";
            for token in tokens {
                if !after.is_rejected(token) {
                    result = "token revoked";
                }
                after.revoke(token);
            }
        }
        after.in_use = self.in_use.filter(|name| *name != meant);
        after.in_use = after.in_use.or(after.only_one(&after.names()));
        let of = |machine: &Machine| machine.served(None).map(|served| served.account);
        let messages = match of(&after) {
            Ok(account) if of(self) != Ok(account) => {
                Some(format!("The active account is now {}", label(account)))
            }
            Err(why) if why.starts_with("several") => Some(why),
            Ok(_) | Err(_) => None,
        };
        let out = format!("Logged out of {}; {result}\n", label(meant));
        after.end(0, &out, &Vec::from_iter(messages))
    }

    pub(super) fn switch(&self, name: Name) -> End {
        if self.uses_netrc && self.netrc.is_some() {
            return self.failure(1, "netrc decides which account is active");
        }
        if !self.items.contains_key(name) {
            return match self.netrc {
                Some((entry, _)) if entry == name => {
                    self.failure(1, &format!("the login of {name} is in netrc"))
                }
                _ => self.failure(4, &format!("not logged in as {name}")),
            };
        }
        if !is_email(name) {
            return self.failure(
                1,
                &format!("{name} is not an email, so it cannot be the active account"),
            );
        }
        let messages = if self.in_use == Some(name) {
            format!("{name} is already the active account\n")
        } else {
            format!("Switched to {name}, for git and the Heroku CLI\n")
        };
        let after = self.with_active_account(Some(name));
        let warned = after.used_from_netrc(name);
        after.end(0, &messages, &Vec::from_iter(warned))
    }

    /// git reads netrc before it asks a helper.
    fn used_from_netrc(&self, active: Name) -> Option<String> {
        let (name, token) = self.netrc?;
        let served = self.served(None).ok().map(|served| served.token);
        (name != active && served != Some(token))
            .then(|| format!("git uses {} here (netrc, line ", label(name)))
    }

    /// The token that is served, and its copy in the other place, are replaced by a new one, and the old one is revoked.
    pub(super) fn rotate(&self) -> End {
        let served = match self.served(None) {
            Ok(served) => served,
            Err(why) => return self.failure(4, &why),
        };
        let (account, token) = (served.account, served.token);
        let Some(owner) = token.owner().filter(|_| !self.is_rejected(token)) else {
            return self.failure(1, "Heroku");
        };
        let before = self
            .created
            .iter()
            .filter(|made| made.owner() == Some(owner))
            .count();
        let new = Token::created(owner, before);
        let mut after = self.clone();
        after.created.insert(new);
        after.revoke(token);
        if after.items.get(account) == Some(&token) {
            after.items.insert(account, new);
        }
        if after.netrc.is_some_and(|(_, held)| held == token) {
            after.netrc = Some((account, new));
        }
        let place = if served.is_in_keyring {
            "the keyring"
        } else {
            "netrc"
        };
        let messages = format!(
            "Replaced the token of {} in {place}\n  expires: never\nRevoked the old token\n",
            label(account)
        );
        after.end(0, &messages, &[])
    }

    /// `status`: the same token is served before and after it, and no valid token is lost. A
    /// token that was pasted is stored under its own account, unless that has another valid token.
    pub(super) fn status(&self) -> Vec<End> {
        let is_pasted = |name: &Name| !is_email(name) && !self.is_rejected(self.items[name]);
        let (pasted, named): (Vec<Name>, Vec<Name>) = self.names().into_iter().partition(is_pasted);
        // A login counts for the owner of its token, if Heroku accepts the token.
        let counts_for = |name: Name| {
            let token = self.items[name];
            token
                .owner()
                .filter(|_| !self.is_rejected(token))
                .unwrap_or(name)
        };
        let orders = match pasted[..] {
            [one, other] => vec![vec![one, other], vec![other, one]],
            _ => vec![pasted],
        };
        let end = |order: Vec<Name>| {
            let mut after = self.clone();
            let mut logins: BTreeSet<Name> = named.iter().copied().map(counts_for).collect();
            let mut messages = Vec::new();
            for name in order {
                let owner = counts_for(name);
                let is_moved = after.moves(name, owner);
                logins.insert(if is_moved { owner } else { name });
                if is_moved {
                    messages.push(format!(
                        "token pasted at git's prompt is now stored as the login of {owner}"
                    ));
                }
            }
            after.restores(&logins, messages, Check::Online)
        };
        orders.into_iter().map(end).collect()
    }

    fn moves(&mut self, from: Name, owner: Name) -> bool {
        let token = self.items[from];
        let held = self
            .items
            .get(owner)
            .filter(|held| !self.is_rejected(**held));
        if held.is_some_and(|held| *held != token) {
            return false;
        }
        let is_it = |served: &Served| served.is_in_keyring && served.account == from;
        if self.served(None).as_ref().is_ok_and(is_it) {
            self.in_use = Some(owner);
        }
        self.items.remove(from);
        self.items.insert(owner, token);
        true
    }

    /// The only login, if `login.json` names none and its name is an email.
    fn only_one(&self, logins: &BTreeSet<Name>) -> Option<Name> {
        let only = logins.first().filter(|_| logins.len() == 1).copied();
        let is_unnamed = self.in_use.is_none() && !self.uses_netrc;
        only.filter(|name| is_unnamed && is_email(name))
    }

    /// The rest of `status`: where no account is named and one email alone is there, it is named.
    pub(super) fn restores(
        mut self,
        logins: &BTreeSet<Name>,
        mut messages: Vec<String>,
        check: Check,
    ) -> End {
        if let Some(only) = self.only_one(logins) {
            // Its token may be stored under another account's name.
            self.in_use = Some(only).filter(|name| self.items.contains_key(name));
            let found = self.in_use.iter();
            messages.extend(
                found.map(|name| format!("so that the Heroku CLI finds the login of {name}")),
            );
        }
        let problem = match self.served(None) {
            Ok(served) if check == Check::Online && self.is_rejected(served.token) => {
                Some((1, "Heroku rejected the token".to_owned()))
            }
            Ok(_) => None,
            Err(why) => Some((4, why)),
        };
        let code = problem.as_ref().map_or(0, |(code, _)| *code);
        messages.extend(problem.map(|(_, why)| why));
        End {
            code,
            stdout: None,
            stderr: messages,
            after: self,
        }
    }
}
