//! What lies on a machine, and what each step does to it: the rules of the program once more, in a
//! page, without a keyring, a file or a process.
//!
//! Where two orders are as good as each other, as the one in which a keyring lists its items, a
//! step has several ends.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Name, PASTED, Revoke, Step, Token, User};

/// Everything that decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// The keyring: one item of an account at most.
    pub(super) items: BTreeMap<Name, Token>,
    /// `login.json`.
    pub(super) in_use: Option<Name>,
    /// Heroku's entries in netrc.
    pub(super) netrc: Option<(Name, Token)>,
    /// What was revoked at Heroku. The token that is nobody's was never alive.
    pub(super) dead: BTreeSet<Token>,
    /// What `rotate` has made.
    pub(super) made: BTreeSet<Token>,
}

/// How a step ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) code: i32,
    /// All of stdout; none: whatever it says, as in a table for people.
    pub(super) stdout: Option<String>,
    /// What stderr tells; nothing of it: not a word.
    pub(super) stderr: Vec<String>,
    pub(super) after: Machine,
}

/// Where a token that is served lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Served {
    account: Name,
    token: Token,
    is_in_keyring: bool,
}

fn is_email(name: Name) -> bool {
    name.contains('@')
}

impl Machine {
    /// Everything that may come of a step.
    pub(super) fn ends(&self, step: Step) -> Vec<End> {
        let one = match step {
            Step::Get(user) => self.get(user),
            Step::Store(user, token) => self.store(user, token),
            Step::StoreOurs(..) | Step::EraseBare(_) => self.clone().quietly(),
            Step::Erase(user, token) => return self.erase(user, token),
            Step::Login(token) => self.login(token),
            Step::LoginToNetrc(token) => self.login_to_netrc(token),
            Step::Logout(name, revoke) => self.logout(name, revoke),
            Step::Switch(name) => self.switch(name),
            Step::Rotate => self.rotate(),
            Step::Status => return self.status(),
            Step::StatusOffline => self.clone().restores(&self.names(), Vec::new()),
            Step::HerokuLogin(token) => {
                let mut after = self.clone();
                after.in_use = token.owner();
                after
                    .items
                    .extend(token.owner().map(|owner| (owner, token)));
                after.quietly()
            }
            Step::HerokuSwitch(name) => self.naming(Some(name)).quietly(),
            Step::HerokuLogout => {
                let mut after = self.naming(None);
                self.in_use.and_then(|name| after.items.remove(name));
                after.quietly()
            }
            Step::HerokuForgets => self.naming(None).quietly(),
            Step::Revoked(token) => {
                let mut after = self.clone();
                after.revoke(token);
                after.quietly()
            }
        };
        vec![one]
    }

    fn quietly(self) -> End {
        self.ending(0, "", &[])
    }

    fn ending(self, code: i32, stdout: &str, stderr: &[String]) -> End {
        End {
            code,
            stdout: Some(stdout.to_owned()),
            stderr: stderr.to_vec(),
            after: self,
        }
    }

    fn failing(&self, code: i32, why: &str) -> End {
        self.clone().ending(code, "", &[why.to_owned()])
    }

    fn naming(&self, name: Option<Name>) -> Machine {
        let in_use = name;
        Machine {
            in_use,
            ..self.clone()
        }
    }

    fn names(&self) -> Vec<Name> {
        self.items.keys().copied().collect()
    }

    fn revoke(&mut self, token: Token) {
        self.dead.extend(token.owner().map(|_| token));
    }

    fn is_dead(&self, token: Token) -> bool {
        token.owner().is_none() || self.dead.contains(&token)
    }

    /// The token that is served: of this account, else of the one in use, else the only one.
    fn served(&self, asked: Option<Name>) -> Result<Served, String> {
        let wanted = asked.or(self.in_use);
        let pasted = || asked.is_none().then_some(PASTED);
        let of = |name: Name| Some((name, *self.items.get(name)?));
        let only = || match self.items.len() {
            1 => self
                .items
                .iter()
                .next()
                .map(|(name, token)| (*name, *token)),
            _ => None,
        };
        let item = wanted
            .and_then(of)
            .or_else(|| pasted().and_then(of))
            .or_else(|| wanted.is_none().then(only).flatten());
        if let Some((account, token)) = item {
            let is_in_keyring = true;
            return Ok(Served {
                account,
                token,
                is_in_keyring,
            });
        }
        match self.netrc {
            Some((account, token)) if wanted.is_none_or(|name| name == account) => {
                let is_in_keyring = false;
                Ok(Served {
                    account,
                    token,
                    is_in_keyring,
                })
            }
            _ => Err(match wanted {
                Some(name) => format!("no Heroku token for {name} on this machine"),
                None if self.items.is_empty() => "not logged in to Heroku".to_owned(),
                None => "several Heroku accounts are logged in and none is chosen".to_owned(),
            }),
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

    /// What is new is kept only where it is of the very account that is served, or where none is.
    fn store(&self, user: User, token: Token) -> End {
        let asked = user.filter(|name| is_email(name));
        let held = match asked.map(|name| self.served(Some(name))) {
            Some(Ok(held)) => Some(held),
            Some(Err(_)) | None => self.served(None).ok(),
        };
        let name = match held {
            None => user.unwrap_or(PASTED),
            Some(_) => return self.clone().quietly(),
        };
        let mut after = self.clone();
        after.items.insert(name, token);
        after.quietly()
    }

    /// Only what lies in the keyring can go, and only where Heroku refuses it.
    fn erase(&self, user: User, token: Token) -> Vec<End> {
        let asked = user.filter(|name| is_email(name));
        let holds = |(name, held): &(&Name, &Token)| {
            **held == token && asked.is_none_or(|asked| asked == **name)
        };
        let holders: Vec<Name> = self
            .items
            .iter()
            .filter(holds)
            .map(|(name, _)| *name)
            .collect();
        if holders.is_empty() {
            return vec![match self.netrc {
                Some((_, held)) if held == token => self.failing(0, "from netrc, line "),
                _ => self.clone().quietly(),
            }];
        }
        let end = |name: &Name| match self.is_dead(token) {
            true => {
                let mut after = self.clone();
                after.items.remove(name);
                let why = format!("no longer takes the token of {name} (revoked or expired)");
                after.ending(0, "", &[why])
            }
            false => self.failing(0, &format!("Heroku takes the token of {name}: it was kept")),
        };
        holders.iter().map(end).collect()
    }

    fn login(&self, token: Token) -> End {
        let Some(owner) = token.owner().filter(|_| !self.is_dead(token)) else {
            return self.failing(1, "Heroku refuses this token");
        };
        let mut after = self.naming(Some(owner));
        after.items.insert(owner, token);
        if after.items.get(PASTED) == Some(&token) {
            after.items.remove(PASTED);
        }
        let told = "the token is in the keychain, for git and for the Heroku CLI";
        after.ending(0, &format!("Logged in as {owner}: {told}\n"), &[])
    }

    fn login_to_netrc(&self, token: Token) -> End {
        let Some(owner) = token.owner().filter(|_| !self.is_dead(token)) else {
            return self.failing(1, "Heroku refuses this token");
        };
        let mut after = self.naming(self.in_use.map(|_| owner));
        after.netrc = Some((owner, token));
        let told = "the token is in netrc, in plain text, for git and for the Heroku CLI";
        after.ending(0, &format!("Logged in as {owner}: {told}\n"), &[])
    }

    fn logout(&self, name: User, revoke: Revoke) -> End {
        let mut there: BTreeSet<Name> = self.items.keys().copied().collect();
        there.extend(self.netrc.map(|(name, _)| name));
        let meant = match name.or(self.in_use) {
            Some(name) if there.contains(name) => name,
            None if there.len() > 1 => {
                return self.failing(1, "several accounts are logged in and none is chosen");
            }
            None if there.len() == 1 => there.first().copied().unwrap_or_default(),
            _ => return self.failing(4, "there is no such login on this machine"),
        };
        let mut after = self.clone();
        let item = after.items.remove(meant);
        let entry = self
            .netrc
            .filter(|(name, token)| *name == meant || item == Some(*token));
        after.netrc = self.netrc.filter(|_| entry.is_none());
        if revoke == Revoke::Yes {
            let own = entry.filter(|(name, _)| *name == meant);
            let tokens = item.into_iter().chain(own.map(|(_, token)| token));
            tokens.for_each(|token| after.revoke(token));
        }
        after.in_use = self.in_use.filter(|name| *name != meant);
        let of = |machine: &Machine| machine.served(None).ok().map(|served| served.account);
        let (before, rest) = (of(self), of(&after));
        let told = rest.filter(|_| rest != before);
        let told = told.map(|name| format!("{name} is in use from now on"));
        let out = format!("{meant} is logged out of this machine\n");
        after.ending(0, &out, &Vec::from_iter(told))
    }

    fn switch(&self, name: Name) -> End {
        if !self.items.contains_key(name) {
            return self.failing(1, &format!("the keychain has no token of {name}"));
        }
        if !is_email(name) {
            return self.failing(1, &format!("whose token lies under the name {name}"));
        }
        let told = match self.in_use == Some(name) {
            true => format!("{name} was in use already\n"),
            false => format!("{name} is now in use, by git and by the Heroku CLI\n"),
        };
        self.naming(Some(name)).ending(0, &told, &[])
    }

    /// The token that is served, and its copy in the other place, give way to a new one; it is revoked.
    fn rotate(&self) -> End {
        let served = match self.served(None) {
            Ok(served) => served,
            Err(why) => return self.failing(4, &why),
        };
        let (account, token) = (served.account, served.token);
        let Some(owner) = token.owner().filter(|_| !self.is_dead(token)) else {
            return self.failing(1, "Heroku");
        };
        let before = self
            .made
            .iter()
            .filter(|made| made.owner() == Some(owner))
            .count();
        let new = Token::made(owner, before);
        let mut after = self.clone();
        after.made.insert(new);
        after.revoke(token);
        if after.items.get(account) == Some(&token) {
            after.items.insert(account, new);
        }
        if after.netrc.is_some_and(|(_, held)| held == token) {
            after.netrc = Some((account, new));
        }
        let place = match served.is_in_keyring {
            true => "the keychain",
            false => "netrc",
        };
        let told = format!(
            "{account} has a new token in {place}: it never ends\nThe old one is revoked\n"
        );
        after.ending(0, &told, &[])
    }

    /// A look: what was served before it is served after it, and nothing that lives is lost. A
    /// token that was pasted finds its owner's name, unless another live one lies under that.
    fn status(&self) -> Vec<End> {
        let is_pasted = |name: &Name| !is_email(name) && !self.is_dead(self.items[name]);
        let (pasted, named): (Vec<Name>, Vec<Name>) = self.names().into_iter().partition(is_pasted);
        // A login counts for its token's owner, where Heroku takes it.
        let counts_for = |name: Name| {
            let token = self.items[name];
            token
                .owner()
                .filter(|_| !self.is_dead(token))
                .unwrap_or(name)
        };
        let orders = match pasted[..] {
            [one, other] => vec![vec![one, other], vec![other, one]],
            _ => vec![pasted],
        };
        let end = |order: Vec<Name>| {
            let mut after = self.clone();
            let mut logins: Vec<Name> = named.iter().copied().map(counts_for).collect();
            let mut told = Vec::new();
            for name in order {
                let owner = counts_for(name);
                if after.moves(name, owner) {
                    logins.push(owner);
                    told.push(format!(
                        "token pasted at git's prompt is kept as {owner} now"
                    ));
                }
            }
            after.restores(&logins, told)
        };
        orders.into_iter().map(end).collect()
    }

    fn moves(&mut self, from: Name, owner: Name) -> bool {
        let token = self.items[from];
        let held = self.items.get(owner).filter(|held| !self.is_dead(**held));
        if held.is_some_and(|held| *held != token) {
            return false;
        }
        if self.served(None).is_ok_and(|served| served.account == from) {
            self.in_use = Some(owner);
        }
        self.items.remove(from);
        self.items.insert(owner, token);
        true
    }

    /// The rest of `status`: where no account is named and one email alone is there, it is named.
    fn restores(mut self, logins: &[Name], mut told: Vec<String>) -> End {
        let mut emails = logins.iter().copied().filter(|name| is_email(name));
        if let (None, Some(only), None) = (self.in_use, emails.next(), emails.next()) {
            told.push(match self.items.contains_key(only) {
                true => format!("login.json names {only} again"),
                false => format!("the keychain has no token of {only}"),
            });
            self.in_use = Some(only).filter(|name| self.items.contains_key(name));
        }
        let served = self.served(None);
        told.extend(served.as_ref().err().cloned());
        End {
            code: if served.is_ok() { 0 } else { 4 },
            stdout: None,
            stderr: told,
            after: self,
        }
    }
}
