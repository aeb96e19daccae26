//! The last check asks git itself: which credential a push to each remote would send, and from which helper.

use std::time::Duration;

use super::{Facts, Finding, is_sent_by_git};
use crate::account::Account;
use crate::git::{Filled, HerokuUrl, Request, Setting, Way};
use crate::logins::lookup::Source;
use crate::notice::{Command, Fix};

/// How long all helpers together may take: git itself would wait forever.
fn limit(facts: &Facts<'_>) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(5);
    SHORTEST.max(5 * facts.context.environment.keyring_limit)
}

/// A push to one URL.
struct Push<'a> {
    remote: Option<&'a str>,
    url: &'a str,
}

pub(super) fn fill(facts: &Facts<'_>) -> Vec<Finding> {
    let remotes = facts.remotes.as_deref().unwrap_or_default();
    let mut pushes = Vec::new();
    for remote in remotes {
        let url = remote.heroku_url();
        if url.is_some_and(|url| url.way == Way::Https) {
            pushes.push(Push {
                remote: Some(&remote.name),
                url: &remote.url,
            });
        }
    }
    if pushes.is_empty() {
        pushes.push(Push {
            remote: None,
            url: "https://git.heroku.com",
        });
    }
    let mut found: Vec<Finding> = Vec::new();
    for push in &pushes {
        let finding = push.judged(facts);
        if !found.iter().any(|other| other.message == finding.message) {
            found.push(finding);
        }
    }
    found
}

impl Push<'_> {
    fn judged(&self, facts: &Facts<'_>) -> Finding {
        if HerokuUrl::parse(self.url).is_some_and(|url| url.has_password) {
            let what = "git sends the password in the remote URL, and asks no helper";
            let finding = Finding::fail("push.credential", what).with_fix(self.clean_url());
            return self.named(finding);
        }
        let filled = match facts.context.git().fill(self.url, limit(facts)) {
            Ok(filled) => filled,
            Err(why) => return self.unanswered(facts, why.what()),
        };
        let by = filled.by.as_deref().unwrap_or_default();
        let helper = facts.helpers.iter().find(|helper| helper.command() == by);
        match helper {
            Some(helper) if helper.starts_us() => self.judge_ours(facts, &filled),
            Some(helper) => self.named(from_another(facts, &filled, helper)),
            None => self.named(Finding::warn(
                "push.credential",
                "git gets a credential, but does not report from which helper",
            )),
        }
    }

    /// The same finding, with the name of the remote.
    fn named(&self, finding: Finding) -> Finding {
        match self.remote {
            Some(remote) => Finding {
                message: format!("{} (remote {remote})", finding.message),
                ..finding
            },
            None => finding,
        }
    }

    /// The account that the URL selects: a user name that is an email selects exactly that account.
    fn account(&self) -> Option<Account> {
        let name = Request::for_url(self.url).username()?;
        Account::parse(&name).filter(Account::is_email)
    }

    /// The command that leaves user and password out of the URL.
    fn clean_url(&self) -> Command {
        let clean = HerokuUrl::parse(self.url).map(|url| url.clean);
        Command::new("git remote set-url")
            .arg(self.remote.unwrap_or_default())
            .arg(&clean.unwrap_or_default())
    }

    /// git gets no credential: not logged in, or a setting prevents it.
    fn unanswered(&self, facts: &Facts<'_>, why: &str) -> Finding {
        let found = facts.answer.found.as_ref();
        if found.is_some_and(|found| found.source == Source::Netrc) && is_sent_by_git(facts) {
            return Finding::pass(
                "push.credential",
                "git sends the token in netrc, without a helper",
            );
        }
        let finding = if let Some(account) = self.account()
            && facts.item_of(&account).is_none()
        {
            let what =
                format!("git gets no token: the URL names {account}, which is not logged in");
            Finding::fail("push.credential", what)
                .with_fix(Fix::command("log in to that account, or", self.clean_url()))
        } else if found.is_some() {
            Finding::fail(
                "push.credential",
                "git gets no token, although one is stored",
            )
            .with_details(format!("git says: {why}"))
            .with_fix("git credential-heroku-rs setup")
        } else {
            let notice = facts.answer.why_none();
            Finding::fail(
                "push.credential",
                format!("git gets no token: {}", notice.what()),
            )
            .with_fix(notice.fix())
        };
        let finding = self.named(finding);
        match askpass(facts) {
            Some(program) => {
                finding.with_details(format!("a push would ask for a password with {program}"))
            }
            None => finding,
        }
    }

    fn judge_ours(&self, facts: &Facts<'_>, filled: &Filled) -> Finding {
        let Some(token) = &filled.token else {
            return self.named(Finding::fail(
                "push.credential",
                "git gets a password from heroku-rs that is not a token",
            ));
        };
        let got = |account: Option<&Account>, source: &dyn std::fmt::Display| {
            let of = account.map(|account| format!(" of {account}"));
            let of = of.unwrap_or_default();
            let what = format!("git gets the token{of} from {source}, through heroku-rs");
            Finding::pass("push.credential", what)
        };
        let found = facts.answer.found.as_ref();
        if let Some(found) = found.filter(|found| found.token == *token) {
            return got(found.account.as_ref(), &found.source);
        }
        let asked = self.account();
        if let Some(account) = asked.filter(|account| facts.item_of(account) == Some(token)) {
            return self.named(got(Some(&account), &Source::Keyring));
        }
        // `credential.username` and the like may ask for another account than the active one.
        let finding = Finding::warn(
            "push.credential",
            "git gets a token from heroku-rs that is not the active account's",
        );
        self.named(finding)
            .with_details("a user name in git's settings selects another account")
            .with_fix("see: git config --show-origin --get-regexp '^credential.*username$'")
    }
}

/// The program by which a push would ask the user.
fn askpass(facts: &Facts<'_>) -> Option<String> {
    let is_set = |name: &str| facts.context.environment.remarkable.contains(&name);
    if is_set("GIT_ASKPASS") {
        return Some("the program in GIT_ASKPASS".to_owned());
    }
    if let Some(setting) = facts.settings_of("core", "askpass").last() {
        return Some(format!("core.askPass in {}", setting.origin));
    }
    is_set("SSH_ASKPASS").then(|| "the program in SSH_ASKPASS".to_owned())
}

fn from_another(facts: &Facts<'_>, filled: &Filled, helper: &Setting) -> Finding {
    let (helper, origin) = (helper.shown_value(), &helper.origin);
    let advice = "git credential-heroku-rs setup";
    match &facts.answer.found {
        Some(found) if filled.token.as_ref() == Some(&found.token) => Finding::warn(
            "push.credential",
            format!("git gets the active token from {helper} ({origin}), not from heroku-rs"),
        )
        .with_fix(advice),
        Some(_) => Finding::fail(
            "push.credential",
            format!("git gets another password, from {helper} ({origin})"),
        )
        .with_details("the password is not the active account's token")
        .with_fix(advice),
        None => Finding::warn(
            "push.credential",
            format!("git gets a password from {helper} ({origin})"),
        )
        .with_details("heroku-rs has no token"),
    }
}
