//! What git sends at a push to each remote, and whether Heroku accepts it. git itself is asked for the
//! credential, so this check decides whether a push would fail.

use std::time::Duration;

use zeroize::Zeroizing;

use super::remotes::place_and_fix;
use super::{Facts, Findings, Severity, headers};
use crate::git::{Filled, HerokuUrl, Remote, Setting, UrlParts};
use crate::logins::lookup::Source;
use crate::notice::{Command, Fix, Notice};
use crate::token::Token;

/// A push to one URL.
pub(super) struct Push {
    /// The name of the remote; none if no remote leads to Heroku.
    remote: Option<String>,
    pub(super) url: Zeroizing<String>,
    /// How to change the remote's URL.
    url_fix: Fix,
    /// What git sends, or git's message if it gets nothing.
    pub(super) sent: Result<Sent, Notice>,
}

/// What git sends.
pub(super) struct Sent {
    /// None if the password cannot be a Heroku token.
    pub(super) token: Option<Token>,
    /// Where git has it from.
    from: String,
    /// Whether that is this program, or netrc with the active token.
    is_ours: bool,
    /// What to do if it is not, or if Heroku rejects the token.
    fix: Fix,
}

/// A push to each remote at Heroku; without such a remote, one to `https://git.heroku.com`.
pub(super) fn pushes(facts: &Facts<'_>) -> Vec<Push> {
    let push = |url: &str, remote: Option<&Remote>| {
        let parsed = remote.zip(HerokuUrl::parse(url));
        let url_fix = parsed.map_or(Fix::NONE, |(remote, url)| {
            place_and_fix(remote, &url, facts).1
        });
        Push {
            remote: remote.map(|remote| remote.name.clone()),
            url: Zeroizing::new(url.to_owned()),
            sent: Sent::to(url, &url_fix, facts),
            url_fix,
        }
    };
    let urls = facts.git.push_urls().into_iter();
    urls.map(|(url, remote)| push(url, remote)).collect()
}

impl Sent {
    fn to(url: &str, url_fix: &Fix, facts: &Facts<'_>) -> Result<Sent, Notice> {
        // git sends such a header in any case.
        if let Some((setting, token)) = headers::authorization(url, facts) {
            // It matches this header only. git reads it as a regular expression.
            let name = setting.value.split(':').next().unwrap_or_default();
            let pattern = format!("^{name}:");
            return Ok(Sent {
                token,
                from: format!("{} in {}, and uses no helper", setting.key, setting.origin),
                is_ours: false,
                fix: setting.change_command("--unset-all", &[&pattern], facts.home()),
            });
        }
        if let Some(parsed) = HerokuUrl::parse(url).filter(|parsed| parsed.has_password) {
            return Ok(Sent {
                token: parsed.token,
                from: "the remote URL, and asks no helper".to_owned(),
                is_ours: false,
                fix: url_fix.clone(),
            });
        }
        let environment = &facts.context.environment;
        // Only curl 8.16 and later read the file in `NETRC`.
        if environment.netrc.is_none()
            && let Some(sent) = Sent::by_netrc(url, facts)
        {
            return Ok(sent);
        }
        // git itself would wait forever.
        let limit = Duration::from_secs(5).max(5 * environment.keyring_limit);
        match facts.context.git().fill(url, limit) {
            Ok(filled) => Ok(Sent::by_helper(filled, facts)),
            Err(why) => Sent::by_netrc(url, facts).ok_or(why),
        }
    }

    /// git only asks a helper if netrc has no token for it, or one that Heroku rejects.
    fn by_netrc(url: &str, facts: &Facts<'_>) -> Option<Sent> {
        let url = UrlParts::parse(url);
        let token = facts.netrc_token(url.username.as_deref())?;
        if facts.is_rejected(token) {
            return None;
        }
        Some(Sent {
            token: Some(token.clone()),
            from: "netrc, and asks no helper".to_owned(),
            is_ours: facts.active_login_with(Some(token)).is_some(),
            fix: facts.netrc_fix(),
        })
    }

    fn by_helper(Filled { token, by }: Filled, facts: &Facts<'_>) -> Sent {
        let mut helpers = facts.git.helpers().into_iter();
        let helper = helpers.find(|helper| Some(helper.command()) == by);
        let is_ours = helper.is_some_and(Setting::starts_us);
        let (from, fix) = match helper {
            Some(_) if is_ours => {
                let active = facts.active_login_with(token.as_ref());
                let source = active.map_or(Source::Keyring, |active| active.source);
                let from = format!("{source}, through heroku-rs");
                (from, Command::new("git credential-heroku-rs login").into())
            }
            Some(helper) => {
                let (value, origin) = (helper.shown_value(), &helper.origin);
                let from = format!("{value} ({origin}), not from heroku-rs");
                (from, helper.silencer())
            }
            None => (
                "a helper that git does not name".to_owned(),
                facts.set_up_fix(),
            ),
        };
        Sent {
            token,
            from,
            is_ours,
            fix,
        }
    }
}

impl Facts<'_> {
    /// Whether a push sends this token.
    pub(super) fn is_sent(&self, token: &Token) -> bool {
        let mut sent = self.pushes().iter().flat_map(|push| &push.sent);
        sent.any(|sent| sent.token.as_ref() == Some(token))
    }

    /// The severity of what keeps a helper from answering: a push only fails if git gets no credential
    /// from any other place.
    pub(super) fn severity_without_helper(&self) -> Severity {
        let gets_none = self.pushes().iter().any(|push| push.sent.is_err());
        // git may send an entry in a netrc that this program does not read.
        Severity::fail_if(gets_none && self.netrc_of_git().is_some())
    }
}

/// What git sends at each push.
pub(super) fn credential(facts: &Facts<'_>, found: &mut Findings) {
    for push in facts.pushes() {
        match &push.sent {
            Ok(sent) => push.gets_credential(sent, facts, found),
            Err(why) => push.gets_none(why, facts, found),
        }
    }
}

impl Push {
    /// A problem, with the name of the remote.
    pub(super) fn named(&self, problem: &str) -> String {
        match &self.remote {
            Some(remote) => format!("remote {remote}: {problem}"),
            None => problem.to_owned(),
        }
    }

    fn gets_credential(&self, sent: &Sent, facts: &Facts<'_>, found: &mut Findings) {
        let token = sent.token.as_ref();
        let is_active = facts.active_login_with(token).is_some();
        let what = match token {
            None => "a password instead of a token".to_owned(),
            Some(token) => facts.described(token),
        };
        let mut what = format!("git gets {what} from {}", sent.from);
        let is_rejected = token.is_some_and(|token| facts.is_rejected(token));
        // A rejected active token is reported as such.
        if sent.is_ours && token.is_some() && (is_active || !is_rejected) {
            found.pass(what);
            return;
        }
        if is_rejected {
            what += ", and Heroku rejects it";
        }
        let severity = Severity::fail_if(is_rejected || token.is_none());
        found.add(severity, self.named(&what)).fix(sent.fix.clone());
    }

    /// git gets no credential: not logged in, or a setting prevents it.
    fn gets_none(&self, why: &Notice, facts: &Facts<'_>, found: &mut Findings) {
        let (what, fix) = if !why.fix().is_empty() {
            (why.what().to_owned(), why.fix())
        } else if let Some(problem) = self.unknown_account(facts) {
            problem
        } else if let Some(active) = &facts.answer.found {
            let source = active.source;
            let what = format!(
                "one is in {source}, but no helper gives it to git ({})",
                why.what()
            );
            (what, facts.set_up_fix())
        } else {
            let notice = facts.answer.explain();
            let fix = if facts.answer.is_ambiguous() {
                // The fix of the notice names an account, which is hidden in the report.
                "git credential-heroku-rs switch EMAIL".into()
            } else {
                notice.fix()
            };
            (notice.what().to_owned(), fix)
        };
        let what = self.named(&format!("git gets no token: {what}"));
        if facts.netrc_of_git().is_some() {
            found.add(Severity::Fail, what).fix(fix);
        } else {
            let details = "git may send the entry in netrc, which heroku-rs does not read";
            found.warn(what).details(details).fix(fix);
        }
    }

    /// If this push asks for an account that is not logged in: the problem and its fix.
    fn unknown_account(&self, facts: &Facts<'_>) -> Option<(String, Fix)> {
        let (account, setting) = facts.git.chosen_account(&self.url)?;
        if !facts.is_not_in_keyring(&account) {
            return None;
        }
        let (place, fix) = match setting {
            Some(setting) => (
                format!("{} in {}", setting.key, setting.origin),
                setting.change_command("--unset-all", &[], facts.home()),
            ),
            None => (
                "the URL".to_owned(),
                self.url_fix.clone().or("log in to that account"),
            ),
        };
        let what = format!("{place} names {account}, which is not logged in");
        Some((what, fix))
    }
}
