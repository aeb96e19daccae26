//! What git sends at a push to each remote, and whether Heroku accepts it. git itself is asked for the
//! credential, so these checks decide whether a push would fail.

use std::time::Duration;

use zeroize::Zeroizing;

use super::netrc::GitEntry;
use super::{Facts, Finding, Severity, headers, netrc};
use crate::account::Account;
use crate::git::{Filled, HerokuUrl, Request, Setting, Way};
use crate::logins::lookup::Source;
use crate::notice::{Command, Fix, Notice};
use crate::token::Token;

const ID: &str = "push.credential";

/// How long all helpers together may take: git itself would wait forever.
fn limit(facts: &Facts<'_>) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(5);
    SHORTEST.max(5 * facts.context.environment.keyring_limit)
}

/// A push to one URL.
pub(super) struct Push {
    /// The name of the remote; none if no remote leads to Heroku.
    remote: Option<String>,
    url: Zeroizing<String>,
    pub(super) sent: Sent,
}

/// What git sends. `None` in place of a token is a password that cannot be a Heroku token.
pub(super) enum Sent {
    /// The password of an `Authorization` header in git's settings. git sends it in any case.
    Header(Option<Token>),
    /// The password in the remote URL.
    Url(Option<Token>),
    /// The answer of a credential helper.
    Helper(Filled),
    /// The token in netrc, since no helper answers, or Heroku rejects the helper's answer.
    Netrc(Token),
    /// Nothing. Contains git's message.
    Nothing(Notice),
}

/// A push to each remote at Heroku; without such a remote, one to `https://git.heroku.com`.
pub(super) fn pushes(facts: &Facts<'_>) -> Vec<Push> {
    let remotes = facts.remotes.as_deref().unwrap_or_default().iter();
    let is_herokus = |way: Option<HerokuUrl>| way.is_some_and(|url| url.way == Way::Https);
    let remotes = remotes.filter(|remote| remote.is_push && is_herokus(remote.heroku_url()));
    let mut pushes: Vec<Push> = remotes
        .map(|remote| Push {
            remote: Some(remote.name.clone()),
            url: remote.url.clone(),
            sent: Sent::to(&remote.url, facts),
        })
        .collect();
    if pushes.is_empty() {
        let url = "https://git.heroku.com";
        pushes.push(Push {
            remote: None,
            url: Zeroizing::new(url.to_owned()),
            sent: Sent::to(url, facts),
        });
    }
    pushes
}

impl Sent {
    /// What git sends to this URL.
    fn to(url: &str, facts: &Facts<'_>) -> Sent {
        if let Some(sent) = headers::sent(facts) {
            return sent;
        }
        if let Some(parsed) = HerokuUrl::parse(url).filter(|parsed| parsed.has_password) {
            return Sent::Url(parsed.token);
        }
        let sent = match facts.context.git().fill(url, limit(facts)) {
            Ok(filled) => Sent::Helper(filled),
            Err(why) => Sent::Nothing(why),
        };
        // With a user name in the URL, git does not use netrc.
        let has_user = Request::for_url(url).username().is_some();
        match netrc::git_entry(facts) {
            GitEntry::Token(token)
                if !has_user && !sent.is_accepted(facts) && !facts.is_rejected(&token) =>
            {
                Sent::Netrc(token)
            }
            GitEntry::Token(_) | GitEntry::Absent | GitEntry::Unreadable => sent,
        }
    }

    fn token(&self) -> Option<&Token> {
        match self {
            Sent::Header(token) | Sent::Url(token) => token.as_ref(),
            Sent::Helper(filled) => filled.token.as_ref(),
            Sent::Netrc(token) => Some(token),
            Sent::Nothing(_) => None,
        }
    }

    /// Whether Heroku accepts it, as far as that is known.
    fn is_accepted(&self, facts: &Facts<'_>) -> bool {
        self.token().is_some_and(|token| !facts.is_rejected(token))
    }
}

impl Facts<'_> {
    /// Whether a push sends this token.
    pub(super) fn is_sent(&self, token: &Token) -> bool {
        let mut pushes = self.pushes().iter();
        pushes.any(|push| push.sent.token() == Some(token))
    }

    /// The severity of what keeps a helper from answering: a push only fails if git gets no credential
    /// from any other place.
    pub(super) fn severity_without_helper(&self) -> Severity {
        let gets_nothing = |push: &Push| matches!(push.sent, Sent::Nothing(_));
        if self.pushes().iter().any(gets_nothing) {
            severity_of_nothing(self)
        } else {
            Severity::Warn
        }
    }
}

/// git may still send an entry in a netrc that this program does not read.
fn severity_of_nothing(facts: &Facts<'_>) -> Severity {
    match netrc::git_entry(facts) {
        GitEntry::Unreadable => Severity::Warn,
        GitEntry::Absent | GitEntry::Token(_) => Severity::Fail,
    }
}

/// The finding for each push; the same one only once.
pub(super) fn credential(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for push in facts.pushes() {
        let finding = push.finding(facts);
        if !found.iter().any(|other| other.message == finding.message) {
            found.push(finding);
        }
    }
    found
}

impl Push {
    fn finding(&self, facts: &Facts<'_>) -> Finding {
        let severity = self.severity(facts);
        match &self.sent {
            Sent::Header(_) => self.named(Finding::new(
                ID,
                severity,
                "git sends the password in http.extraHeader, and asks no helper",
            )),
            Sent::Url(_) => self
                .named(Finding::new(
                    ID,
                    severity,
                    "git sends the password in the remote URL, and asks no helper",
                ))
                .with_fix(self.clean_url()),
            Sent::Netrc(token) => of_netrc(token, facts),
            Sent::Helper(filled) => {
                let by = filled.by.as_deref().unwrap_or_default();
                let helper = facts.helpers.iter().find(|helper| helper.command() == by);
                match helper {
                    Some(helper) if helper.starts_us() => self.our_answer(severity, filled, facts),
                    Some(helper) => self.named(of_another_helper(severity, filled, helper, facts)),
                    None => self.named(Finding::new(
                        ID,
                        severity,
                        "git gets a credential, but does not report from which helper",
                    )),
                }
            }
            Sent::Nothing(why) => self.without_credential(why.what(), facts),
        }
    }

    /// The severity if the credential is not the active token from this program.
    fn severity(&self, facts: &Facts<'_>) -> Severity {
        if self.sent.is_accepted(facts) {
            Severity::Warn
        } else {
            Severity::Fail
        }
    }

    /// The same finding, with the name of the remote.
    fn named(&self, finding: Finding) -> Finding {
        match &self.remote {
            Some(remote) => Finding {
                message: format!("remote {remote}: {}", finding.message),
                ..finding
            },
            None => finding,
        }
    }

    /// The account that the URL selects: a user name that is an email selects exactly that account.
    fn account(&self) -> Option<Account> {
        let name = Request::for_url(&self.url).username()?;
        Account::parse(&name).filter(Account::is_email)
    }

    /// The command that leaves user and password out of the URL.
    fn clean_url(&self) -> Command {
        let clean = HerokuUrl::parse(&self.url).map(|url| url.clean);
        Command::new("git remote set-url")
            .arg(self.remote.as_deref().unwrap_or_default())
            .arg(&clean.unwrap_or_default())
    }

    /// git gets no credential: not logged in, or a setting prevents it.
    fn without_credential(&self, why: &str, facts: &Facts<'_>) -> Finding {
        let new = |message: String| Finding::new(ID, severity_of_nothing(facts), message);
        let finding = if let Some(account) = self.account()
            && facts.item_of(&account).is_none()
        {
            new(format!(
                "git gets no token: the URL names {account}, which is not logged in"
            ))
            .with_fix(Fix::command("log in to that account, or", self.clean_url()))
        } else if facts.answer.found.is_some() {
            new("git gets no token, although one is stored".to_owned())
                .with_details(format!("git says: {why}"))
                .with_command("git credential-heroku-rs setup")
        } else {
            let notice = facts.answer.explain();
            new(format!("git gets no token: {}", notice.what())).with_fix(notice.fix())
        };
        let finding = self.named(finding);
        if finding.severity == Severity::Warn {
            return finding
                .with_details("git may send the entry in netrc, which heroku-rs does not read");
        }
        match askpass(facts) {
            Some(program) => {
                finding.with_details(format!("a push would ask for a password with {program}"))
            }
            None => finding,
        }
    }

    /// The credential comes from this program.
    fn our_answer(&self, severity: Severity, filled: &Filled, facts: &Facts<'_>) -> Finding {
        let Some(token) = &filled.token else {
            let what = "git gets a password from heroku-rs that is not a token";
            return self.named(Finding::fail(ID, what));
        };
        let found = facts.answer.found.as_ref();
        if let Some(found) = found.filter(|found| found.token == *token) {
            return of_ours(found.account.as_ref(), found.source);
        }
        let selected = self.account();
        let selected = selected.filter(|account| facts.item_of(account) == Some(token));
        if let Some(account) = selected {
            return self.named(match severity {
                Severity::Fail => Finding::fail(
                    ID,
                    format!("git gets the token of {account}, which Heroku rejects"),
                )
                .with_command("git credential-heroku-rs login"),
                Severity::Pass | Severity::Warn => of_ours(Some(&account), Source::Keyring),
            });
        }
        // `credential.username` and the like may ask for another account than the active one.
        let finding = Finding::new(
            ID,
            severity,
            "git gets a token from heroku-rs that is not the active account's",
        );
        self.named(finding)
            .with_details("a user name in git's settings selects another account")
            .with_fix(Fix::command(
                "see",
                "git config --show-origin --get-regexp '^credential.*username$'",
            ))
    }
}

fn of_ours(account: Option<&Account>, source: Source) -> Finding {
    let of = account.map(|account| format!(" of {account}"));
    let of = of.unwrap_or_default();
    Finding::pass(
        ID,
        format!("git gets the token{of} from {source}, through heroku-rs"),
    )
}

fn of_netrc(token: &Token, facts: &Facts<'_>) -> Finding {
    let found = facts.answer.found.as_ref();
    if found.is_some_and(|found| found.token == *token) {
        Finding::pass(ID, "git sends the token in netrc, without a helper")
    } else {
        Finding::warn(ID, "git sends another token, from netrc, without a helper")
            .with_details("the token is not the active account's")
            .with_fix(Fix::command(
                "move the token to the keyring",
                "git credential-heroku-rs netrc import",
            ))
    }
}

/// The program by which a push would ask the user.
fn askpass(facts: &Facts<'_>) -> Option<String> {
    if facts.is_set("GIT_ASKPASS") {
        return Some("the program in GIT_ASKPASS".to_owned());
    }
    if let Some(setting) = facts.settings_of("core", "askpass").last() {
        return Some(format!("core.askPass in {}", setting.origin));
    }
    facts
        .is_set("SSH_ASKPASS")
        .then(|| "the program in SSH_ASKPASS".to_owned())
}

/// The credential comes from another helper.
fn of_another_helper(
    severity: Severity,
    filled: &Filled,
    helper: &Setting,
    facts: &Facts<'_>,
) -> Finding {
    let helper = format!("{} ({})", helper.shown_value(), helper.origin);
    let active = facts.answer.found.as_ref().map(|found| &found.token);
    let finding = match &filled.token {
        None => Finding::fail(
            ID,
            format!("git gets a password from {helper} that is not a token"),
        ),
        Some(token) if active == Some(token) => Finding::new(
            ID,
            severity,
            format!("git gets the active token from {helper}, not from heroku-rs"),
        ),
        Some(_) if severity == Severity::Fail => Finding::fail(
            ID,
            format!("git gets a token from {helper}, which Heroku rejects"),
        ),
        Some(_) => Finding::new(
            ID,
            severity,
            format!("git gets another token from {helper}"),
        )
        .with_details(match active {
            Some(_) => "the token is not the active account's",
            None => "heroku-rs has no token",
        }),
    };
    finding.with_command("git credential-heroku-rs setup")
}
