//! Remote URLs of Heroku that contain a token, or do not reach Heroku.

use std::path::Path;

use super::{Facts, Finding, Severity};
use crate::git::{HerokuUrl, Remote, Setting, Way};
use crate::notice::{Command, Fix};

/// The URLs of remotes.
pub(super) fn remotes(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let urls = facts.settings_of("remote", "url").into_iter();
    for setting in urls.chain(facts.settings_of("remote", "pushurl")) {
        let Some(url) = HerokuUrl::parse(&setting.value) else {
            continue;
        };
        if url.token.is_some() || url.has_password {
            found.push(with_a_password(setting, &url, facts));
        }
        match url.way {
            Way::Https => {}
            // `insteadOf` rewrites the URL to https.
            _ if is_used_over_https(setting, facts) => {}
            Way::Http => found.push(detour(
                setting,
                &url,
                "git.http-url",
                "uses http, so anyone on the network path can read the token",
                facts,
            )),
            Way::Ssh => found.push(detour(
                setting,
                &url,
                "git.ssh-url",
                "uses SSH, which Heroku no longer supports",
                facts,
            )),
        }
    }
    if found.is_empty() {
        found.push(Finding::pass(
            "git.remotes",
            "no remote URL contains a password or points elsewhere",
        ));
    }
    found
}

/// The URLs that git uses for the remote of this setting, after `insteadOf`.
fn used_for<'f>(setting: &Setting, facts: &'f Facts<'_>) -> impl Iterator<Item = &'f Remote> {
    let remotes = facts.remotes.as_deref().unwrap_or_default().iter();
    remotes.filter(move |remote| {
        let key = setting.key.strip_prefix("remote.");
        let key = key.and_then(|rest| rest.strip_prefix(&remote.name));
        matches!(key, Some(".url" | ".pushurl"))
    })
}

/// Whether these URLs, of which there is at least one, all use https.
fn are_https<'f>(mut remotes: impl Iterator<Item = &'f Remote>) -> bool {
    let is_https = |remote: &Remote| remote.heroku_url().map(|url| url.way) == Some(Way::Https);
    remotes.next().is_some_and(is_https) && remotes.all(is_https)
}

fn is_used_over_https(setting: &Setting, facts: &Facts<'_>) -> bool {
    are_https(used_for(setting, facts))
}

fn pushes_over_https(setting: &Setting, facts: &Facts<'_>) -> bool {
    are_https(used_for(setting, facts).filter(|remote| remote.is_push))
}

fn with_a_password(setting: &Setting, url: &HerokuUrl, facts: &Facts<'_>) -> Finding {
    let what = format!(
        "the remote URL {} contains a {}",
        setting.key,
        if url.has_password {
            "password"
        } else {
            "token"
        }
    );
    let about = match &url.token {
        Some(token) => facts.describe(token),
        None => Some("the password is not a Heroku token".to_owned()),
    };
    let reason = if url.has_password {
        "git sends this password and asks no helper"
    } else {
        "git shows this user name, and asks a helper for the password"
    };
    // Whether Heroku accepts the password is judged with the push.
    Finding::warn("git.password-in-url", what)
        .with_details(with(reason, about))
        .with_fix(replacement(setting, url, facts))
}

fn detour(
    setting: &Setting,
    url: &HerokuUrl,
    id: &'static str,
    why: &str,
    facts: &Facts<'_>,
) -> Finding {
    let what = format!("the remote URL {} {why}", setting.key);
    let severity = if pushes_over_https(setting, facts) {
        Severity::Warn
    } else {
        Severity::Fail
    };
    Finding::new(id, severity, what).with_fix(replacement(setting, url, facts))
}

/// The command that writes the URL without a password, over https.
fn replacement(setting: &Setting, url: &HerokuUrl, facts: &Facts<'_>) -> Fix {
    setting.change_command("--replace-all", Some(&url.clean), facts.home())
}

/// The setting that rewrites Heroku's URLs for a push.
pub(super) fn rewritten(facts: &Facts<'_>) -> Vec<Finding> {
    let rule = deciding_rule("pushinsteadof", facts).or_else(|| deciding_rule("insteadof", facts));
    let Some((rule, base)) = rule else {
        return Vec::new();
    };
    let target = format!("{base}{}", &SAMPLE[rule.value.len()..]);
    rewrite(rule, HerokuUrl::parse(&target).as_ref(), facts)
        .into_iter()
        .collect()
}

const SAMPLE: &str = "https://git.heroku.com/app.git";

/// The rule that git applies to Heroku's URLs, and its base: of those that match, the first of the longest.
fn deciding_rule<'f>(name: &str, facts: &'f Facts<'_>) -> Option<(&'f Setting, &'f str)> {
    let mut deciding: Option<(&Setting, &str)> = None;
    for rule in facts.settings_of("url", name) {
        let base = rule.key.strip_prefix("url.");
        let Some((base, _)) = base.and_then(|rest| rest.rsplit_once('.')) else {
            continue;
        };
        let is_longer = deciding.is_none_or(|(one, _)| rule.value.len() > one.value.len());
        if !rule.value.is_empty() && SAMPLE.starts_with(&rule.value) && is_longer {
            deciding = Some((rule, base));
        }
    }
    deciding
}

fn rewrite(rule: &Setting, to: Option<&HerokuUrl>, facts: &Facts<'_>) -> Option<Finding> {
    let place = &rule.origin;
    let why = match to {
        Some(url) if url.has_password || url.token.is_some() => {
            // The token is in the key itself: a command that removes the key would show the token.
            let what =
                format!("a url.*.insteadOf in {place} puts a password into every Heroku URL");
            let severity = match &url.token {
                Some(token) if !facts.is_rejected(token) => Severity::Warn,
                Some(_) | None => Severity::Fail,
            };
            return Some(
                Finding::new("git.password-in-insteadof", severity, what)
                    .with_details("git sends this password and asks no helper")
                    .with_fix(Fix::command(
                        "remove the section",
                        Command::new("git config --file")
                            .path(Path::new(place), facts.home())
                            .then("--edit"),
                    )),
            );
        }
        Some(url) => match url.way {
            Way::Https => return None,
            Way::Http => "to http, so anyone on the network path can read the token",
            Way::Ssh => "to SSH, which Heroku no longer supports",
        },
        None => "to another server",
    };
    let what = format!("{} in {place} rewrites Heroku's URLs {why}", rule.key);
    let unset = rule.change_command("--fixed-value --unset-all", Some(&rule.value), facts.home());
    Some(Finding::fail("git.insteadof", what).with_fix(unset))
}

/// A reason, and what is known about the token.
pub(super) fn with(reason: &str, about: Option<String>) -> String {
    about.map_or_else(|| reason.to_owned(), |about| format!("{reason}; {about}"))
}
