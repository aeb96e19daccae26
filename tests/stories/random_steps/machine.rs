//! A model of a machine: what is stored on it, and the result of each step. It has the program's rules,
//! without a keyring, a file or a process. `commands` has the rules of a user's commands.
//!
//! If the program may choose, such as between the items of a keyring, a step has several possible results.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::Check;
use super::step::{Name, PASTED, Step, Token, User};

/// The state that decides the result of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// The keyring: at most one item for each account.
    pub(super) items: BTreeMap<Name, Token>,
    /// `login.json`.
    pub(super) in_use: Option<Name>,
    /// Heroku's entries in netrc.
    pub(super) netrc: Option<(Name, Token)>,
    /// The tokens that were revoked at Heroku. The token without an account was never valid.
    pub(super) revoked: BTreeSet<Token>,
    /// The tokens that `rotate` has created.
    pub(super) created: BTreeSet<Token>,
    /// `HEROKU_NETRC_WRITE=true`: the Heroku CLI uses netrc, so netrc comes first.
    pub(super) uses_netrc: bool,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) code: i32,
    /// The whole of stdout. `None` if any output is allowed, as for a table.
    pub(super) stdout: Option<String>,
    /// The messages on stderr.
    pub(super) stderr: Vec<String>,
    pub(super) after: Machine,
}

/// What is known about a token in a request of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Typed,
    Unknown,
}

/// Where the token that git gets is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) account: Name,
    pub(super) token: Token,
    pub(super) is_in_keyring: bool,
}

pub(super) fn is_email(name: Name) -> bool {
    name.contains('@')
}

impl Machine {
    /// Every possible result of a step.
    pub(super) fn results(&self, step: Step) -> Vec<End> {
        let one = match step {
            Step::Get(user) => self.get(user),
            Step::Store(user, token) => self.store(user, token, Origin::Unknown),
            Step::StoreTyped(user, token) => self.store(user, token, Origin::Typed),
            Step::StoreOurs(..) | Step::EraseBare(_) => self.clone().silent_success(),
            Step::Erase(user, token) => return self.erase(user, token),
            Step::Login(token) => self.login(token),
            Step::LoginToNetrc(token) => self.login_to_netrc(token),
            Step::Logout(name, revoke) => self.logout(name, revoke),
            Step::Switch(name) => self.switch(name),
            Step::Rotate => self.rotate(),
            Step::Status => return self.status(),
            Step::StatusOffline => self.clone().restores(
                &self.items.keys().copied().collect(),
                Vec::new(),
                Check::Offline,
            ),
            Step::HerokuLogin(token) => {
                let mut after = self.clone();
                after.in_use = token.owner();
                after
                    .items
                    .extend(token.owner().map(|owner| (owner, token)));
                after.silent_success()
            }
            Step::HerokuSwitch(name) => self.with_active_account(Some(name)).silent_success(),
            Step::HerokuLogout => {
                let mut after = self.with_active_account(None);
                self.in_use.and_then(|name| after.items.remove(name));
                after.silent_success()
            }
            Step::HerokuForgets => self.with_active_account(None).silent_success(),
            Step::Revoked(token) => {
                let mut after = self.clone();
                after.revoke(token);
                after.silent_success()
            }
        };
        vec![one]
    }

    pub(super) fn silent_success(self) -> End {
        self.end(0, "", &[])
    }

    pub(super) fn end(self, code: i32, stdout: &str, stderr: &[String]) -> End {
        End {
            code,
            stdout: Some(stdout.to_owned()),
            stderr: stderr.to_vec(),
            after: self,
        }
    }

    pub(super) fn failure(&self, code: i32, why: &str) -> End {
        self.clone().end(code, "", &[why.to_owned()])
    }

    pub(super) fn with_active_account(&self, name: Option<Name>) -> Machine {
        let in_use = name;
        Machine {
            in_use,
            ..self.clone()
        }
    }

    pub(super) fn names(&self) -> BTreeSet<Name> {
        self.items.keys().copied().collect()
    }

    pub(super) fn revoke(&mut self, token: Token) {
        self.revoked.extend(token.owner().map(|_| token));
    }

    pub(super) fn is_rejected(&self, token: Token) -> bool {
        token.owner().is_none() || self.revoked.contains(&token)
    }

    /// The token that is served: that of this account, otherwise of the active account, otherwise the only one.
    pub(super) fn served(&self, asked: Option<Name>) -> Result<Served, String> {
        let wanted = asked.or(self.in_use);
        let found = |is_in_keyring| {
            move |(account, token)| Served {
                account,
                token,
                is_in_keyring,
            }
        };
        let item = self.item(wanted);
        // If netrc comes first, its entry names the account, and `login.json` does not count.
        let in_netrc = if self.uses_netrc { asked } else { wanted };
        let entry = self
            .netrc
            .filter(|(name, _)| in_netrc.is_none_or(|account| account == *name));
        let first = |item: Option<(Name, Token)>, entry: Option<(Name, Token)>| {
            let (item, entry) = (item.map(found(true)), entry.map(found(false)));
            if self.uses_netrc {
                entry.or(item)
            } else {
                item.or(entry)
            }
        };
        // A pasted token is used for an account without a token.
        let pasted = || {
            let item = self.items.get(PASTED).map(|token| (PASTED, *token));
            let entry = self.netrc.filter(|(name, _)| *name == PASTED);
            wanted.and_then(|_| first(item, entry))
        };
        let served = first(item, entry).or_else(pasted);
        served.ok_or_else(|| match wanted {
            Some(name) => format!("not logged in to Heroku as {name}"),
            None if self.items.is_empty() => "not logged in to Heroku".to_owned(),
            None => "several Heroku accounts are logged in and none is active".to_owned(),
        })
    }

    /// The keyring's answer.
    fn item(&self, wanted: Option<Name>) -> Option<(Name, Token)> {
        let of = |name: Name| Some((name, *self.items.get(name)?));
        let only = || match self.items.len() {
            1 => self
                .items
                .iter()
                .next()
                .map(|(name, token)| (*name, *token)),
            _ => None,
        };
        match wanted {
            Some(wanted) => of(wanted),
            None => of(PASTED).or_else(only),
        }
    }

    fn get(&self, user: User) -> End {
        match self.served(user.filter(|name| is_email(name))) {
            Ok(Served { account, token, .. }) => {
                let username = user.unwrap_or(account);
                let reply = format!("username={username}\npassword={token:?}\n\n");
                self.clone().end(0, &reply, &[])
            }
            Err(why) => {
                let reply = format!("username={}\n\n", user.unwrap_or(PASTED));
                self.clone().end(0, &reply, &[why])
            }
        }
    }

    /// A token is only stored if no other token would be served for the request. If it was not typed at the prompt,
    /// it is only stored if no account has a token.
    fn store(&self, user: User, token: Token, origin: Origin) -> End {
        let asked = user.filter(|name| is_email(name));
        if self.served(asked).is_ok() {
            return self.clone().silent_success();
        }
        let has_other_login = match origin {
            Origin::Unknown => !self.items.is_empty() || self.netrc.is_some(),
            // netrc can only have one login.
            Origin::Typed => self.uses_netrc && self.netrc.is_some(),
        };
        if has_other_login {
            return self.failure(
                0,
                "the token was not stored (other Heroku accounts are logged in)",
            );
        }
        let name = asked.unwrap_or(PASTED);
        let mut after = self.clone();
        if self.uses_netrc {
            after.netrc = Some((name, token));
        } else {
            after.items.extend([(name, token)]);
        }
        after.silent_success()
    }

    /// Only a token in the keyring can be removed, and only if Heroku rejects it.
    fn erase(&self, user: User, token: Token) -> Vec<End> {
        let asked = user.filter(|name| is_email(name));
        let holds = |name: &Name| self.items.get(name) == Some(&token);
        // For an email, the token of that account is removed, otherwise the pasted one.
        let holders: Vec<Name> = match asked {
            Some(asked) => [asked, PASTED]
                .into_iter()
                .find(holds)
                .into_iter()
                .collect(),
            None => self.items.keys().copied().filter(holds).collect(),
        };
        if holders.is_empty() {
            return vec![match self.netrc {
                Some((_, held)) if held == token => {
                    self.failure(0, "git was rejected with the token in netrc, line ")
                }
                _ => self.clone().silent_success(),
            }];
        }
        let end = |name: &Name| {
            if self.is_rejected(token) {
                let mut after = self.clone();
                after.items.remove(name);
                let why = format!("Heroku rejected the token of {name} (revoked or expired)");
                after.end(0, "", &[why])
            } else {
                self.failure(0, &format!("the token of {name} is valid; it was kept"))
            }
        };
        holders.iter().map(end).collect()
    }
}
