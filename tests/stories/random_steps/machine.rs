//! What is stored on a machine, and what each step does to it: the rules of the program once more,
//! without a keyring, a file or a process. `commands` has the rules of a user's commands.
//!
//! If an order does not matter, such as the one in which a keyring lists its items, a step has several
//! possible results.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::Check;
use super::step::{Name, PASTED, Step, Token, User};

/// Everything that decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// The keyring: one item of an account at most.
    pub(super) items: BTreeMap<Name, Token>,
    /// `login.json`.
    pub(super) in_use: Option<Name>,
    /// Heroku's entries in netrc.
    pub(super) netrc: Option<(Name, Token)>,
    /// The tokens that were revoked at Heroku. The token without an account was never valid.
    pub(super) dead: BTreeSet<Token>,
    /// What `rotate` has made.
    pub(super) made: BTreeSet<Token>,
    /// `HEROKU_NETRC_WRITE=true`: the Heroku CLI uses netrc, so netrc comes first.
    pub(super) lives_on_netrc: bool,
}

/// How a step ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) code: i32,
    /// All of stdout; none: whatever it says, as in a table for people.
    pub(super) stdout: Option<String>,
    /// The messages on stderr.
    pub(super) stderr: Vec<String>,
    pub(super) after: Machine,
}

/// What is known of a token that git hands over.
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
    pub(super) fn ends(&self, step: Step) -> Vec<End> {
        let one = match step {
            Step::Get(user) => self.get(user),
            Step::Store(user, token) => self.store(user, token, Origin::Unknown),
            Step::StoreTyped(user, token) => self.store(user, token, Origin::Typed),
            Step::StoreOurs(..) | Step::EraseBare(_) => self.clone().prepares_with(),
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
                after.prepares_with()
            }
            Step::HerokuSwitch(name) => self.naming(Some(name)).prepares_with(),
            Step::HerokuLogout => {
                let mut after = self.naming(None);
                self.in_use.and_then(|name| after.items.remove(name));
                after.prepares_with()
            }
            Step::HerokuForgets => self.naming(None).prepares_with(),
            Step::Revoked(token) => {
                let mut after = self.clone();
                after.revoke(token);
                after.prepares_with()
            }
        };
        vec![one]
    }

    pub(super) fn prepares_with(self) -> End {
        self.ending(0, "", &[])
    }

    pub(super) fn ending(self, code: i32, stdout: &str, stderr: &[String]) -> End {
        End {
            code,
            stdout: Some(stdout.to_owned()),
            stderr: stderr.to_vec(),
            after: self,
        }
    }

    pub(super) fn failing(&self, code: i32, why: &str) -> End {
        self.clone().ending(code, "", &[why.to_owned()])
    }

    pub(super) fn naming(&self, name: Option<Name>) -> Machine {
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
        self.dead.extend(token.owner().map(|_| token));
    }

    pub(super) fn is_dead(&self, token: Token) -> bool {
        token.owner().is_none() || self.dead.contains(&token)
    }

    /// The token that is served: of this account, else of the one in use, else the only one.
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
        let in_netrc = if self.lives_on_netrc { asked } else { wanted };
        let entry = self
            .netrc
            .filter(|(name, _)| in_netrc.is_none_or(|account| account == *name));
        let first = |item: Option<(Name, Token)>, entry: Option<(Name, Token)>| {
            let (item, entry) = (item.map(found(true)), entry.map(found(false)));
            if self.lives_on_netrc {
                entry.or(item)
            } else {
                item.or(entry)
            }
        };
        // A pasted token counts for an account that has none.
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
                self.clone().ending(0, &reply, &[])
            }
            Err(why) => {
                let reply = format!("username={}\n\n", user.unwrap_or(PASTED));
                self.clone().ending(0, &reply, &[why])
            }
        }
    }

    /// What is new is kept only where the request has no token; where it was not typed for the
    /// request, only if no account has one.
    fn store(&self, user: User, token: Token, origin: Origin) -> End {
        let asked = user.filter(|name| is_email(name));
        if self.served(asked).is_ok() {
            return self.clone().prepares_with();
        }
        let has_other_login = match origin {
            Origin::Unknown => !self.items.is_empty() || self.netrc.is_some(),
            // netrc has room for one login.
            Origin::Typed => self.lives_on_netrc && self.netrc.is_some(),
        };
        if has_other_login {
            return self.failing(
                0,
                "the token was not stored (other Heroku accounts are logged in)",
            );
        }
        let name = asked.unwrap_or(PASTED);
        let mut after = self.clone();
        if self.lives_on_netrc {
            after.netrc = Some((name, token));
        } else {
            after.items.extend([(name, token)]);
        }
        after.prepares_with()
    }

    /// Only a token in the keyring can be removed, and only if Heroku rejects it.
    fn erase(&self, user: User, token: Token) -> Vec<End> {
        let asked = user.filter(|name| is_email(name));
        let holds = |name: &Name| self.items.get(name) == Some(&token);
        // For an email, the token of that account counts, else the one that was pasted at the prompt.
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
                    self.failing(0, "git was rejected with the token in netrc, line ")
                }
                _ => self.clone().prepares_with(),
            }];
        }
        let end = |name: &Name| {
            if self.is_dead(token) {
                let mut after = self.clone();
                after.items.remove(name);
                let why = format!("Heroku rejected the token of {name} (revoked or expired)");
                after.ending(0, "", &[why])
            } else {
                self.failing(0, &format!("the token of {name} is valid; it was kept"))
            }
        };
        holders.iter().map(end).collect()
    }
}
