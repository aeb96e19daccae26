//! Remote URLs of Heroku that contain a password, or do not reach Heroku.

use std::path::Path;

use zeroize::Zeroizing;

use super::{Facts, Findings, Severity};
use crate::git::{HerokuUrl, Setting, Way};
use crate::notice::{Command, Fix};

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    let urls = facts.settings_of("remote", "url");
    for url in urls.chain(facts.settings_of("remote", "pushurl")) {
        check_url(url, facts, found);
    }
    found.otherwise_pass("no remote URL contains a password or points elsewhere");
}

/// Checks a URL as git uses it, after `insteadOf`.
fn check_url(setting: &Setting, facts: &Facts<'_>, found: &mut Findings) {
    let is_pushed_to = is_pushed_to(setting, facts);
    let rule = rule_for(setting, is_pushed_to, facts);
    let used = match rule {
        Some((rule, base)) => [base, &setting.value[rule.value.len()..]].concat(),
        None => setting.value.clone(),
    };
    let used = HerokuUrl::parse(&Zeroizing::new(used));
    let written = HerokuUrl::parse(&setting.value);
    let Some(clean) = written.as_ref().or(used.as_ref()).map(|url| &url.clean) else {
        return;
    };
    let (key, home) = (&setting.key, facts.home());
    let (place, fix) = match rule {
        None => (
            format!("the remote URL {key}"),
            setting.change_command("--replace-all", Some(clean), home),
        ),
        Some((rule, _)) => (
            format!(
                "the remote URL {key}, after {} in {},",
                rule.key, rule.origin
            ),
            rule.change_command("--fixed-value --unset-all", Some(&rule.value), home),
        ),
    };
    let has_secret = |url: &&HerokuUrl| url.has_password || url.token.is_some();
    if let Some(url) = used.as_ref().filter(has_secret) {
        let what = if url.has_password {
            "a password, so git asks no helper"
        } else {
            "a token as user name, which git shows"
        };
        let token = url.token.as_ref();
        let fix = match rule {
            None => fix.clone(),
            // The password is in the key, so a command that removes the key would show it.
            Some((rule, _)) => Fix::command(
                "remove the section",
                Command::new("git config --file")
                    .path(Path::new(&rule.origin), home)
                    .then("--edit"),
            ),
        };
        // Whether Heroku accepts the password is judged with the push.
        found
            .warn(format!("{place} contains {what}"))
            .details(token.map_or_else(String::new, |token| facts.status_text(token)))
            .fix(fix);
    }
    let problem = match used.map(|url| url.way) {
        Some(Way::Https) => return,
        Some(Way::Http) => "uses http, so anyone on the network path can read the token",
        Some(Way::Ssh) => "uses SSH, which Heroku no longer supports",
        None => "leads to another server",
    };
    let severity = Severity::fail_if(is_pushed_to);
    found.add(severity, format!("{place} {problem}")).fix(fix);
}

/// Whether git pushes to this URL: if a remote has a `pushurl`, git only fetches from its `url`.
fn is_pushed_to(setting: &Setting, facts: &Facts<'_>) -> bool {
    let Some(remote) = setting.key.strip_suffix(".url") else {
        return true;
    };
    let mut push_urls = facts.settings_of("remote", "pushurl");
    push_urls.all(|other| other.key.strip_suffix(".pushurl") != Some(remote))
}

/// The rule `url.BASE.insteadOf` that git applies to a remote URL, and its base: of those that match, the first of
/// the longest.
fn rule_for<'f>(
    url: &Setting,
    is_pushed_to: bool,
    facts: &'f Facts<'_>,
) -> Option<(&'f Setting, &'f str)> {
    let longer = |one: &'f Setting, other: &'f Setting| {
        if other.value.len() > one.value.len() {
            other
        } else {
            one
        }
    };
    let matches = |rule: &&Setting| !rule.value.is_empty() && url.value.starts_with(&rule.value);
    let longest = |name| {
        facts
            .settings_of("url", name)
            .filter(matches)
            .reduce(longer)
    };
    let is_for_push = is_pushed_to && url.key.strip_suffix(".url").is_some();
    let for_push = longest("pushinsteadof").filter(|_| is_for_push);
    let rule = for_push.or_else(|| longest("insteadof"))?;
    let (base, _) = rule.key.strip_prefix("url.")?.rsplit_once('.')?;
    Some((rule, base))
}
