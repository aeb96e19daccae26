//! Remote URLs of Heroku that contain a token, or do not reach Heroku.

use std::path::Path;

use super::{Facts, Finding};
use crate::git::{HerokuUrl, Setting, Way};
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

/// Whether git uses https alone for the remote of this setting.
fn is_used_over_https(setting: &Setting, facts: &Facts<'_>) -> bool {
    let remotes = facts.remotes.as_deref().unwrap_or_default().iter();
    let used = remotes.filter(|remote| {
        let key = setting.key.strip_prefix("remote.");
        let key = key.and_then(|rest| rest.strip_prefix(&remote.name));
        matches!(key, Some(".url" | ".pushurl"))
    });
    let mut ways = used.map(|remote| remote.heroku_url().map(|url| url.way));
    ways.next() == Some(Some(Way::Https)) && ways.all(|way| way == Some(Way::Https))
}

fn with_a_password(setting: &Setting, url: &HerokuUrl, facts: &Facts<'_>) -> Finding {
    let what = format!("the remote URL {} contains a password", setting.key);
    let about = match &url.token {
        Some(token) => facts.describe(token),
        None => Some("the password is not a Heroku token".to_owned()),
    };
    Finding::fail("git.password-in-url", what)
        .with_details(with("git sends this password and asks no helper", about))
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
    Finding::fail(id, what).with_fix(replacement(setting, url, facts))
}

/// The command that writes the URL without a password, over https.
fn replacement(setting: &Setting, url: &HerokuUrl, facts: &Facts<'_>) -> Fix {
    setting.change_command("--replace-all", Some(&url.clean), facts.home())
}

/// Settings that rewrite URLs.
pub(super) fn rewritten(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let rules = facts.settings_of("url", "insteadof").into_iter();
    for rule in rules.chain(facts.settings_of("url", "pushinsteadof")) {
        let base = rule
            .key
            .strip_prefix("url.")
            .and_then(|rest| rest.rsplit_once('.'));
        let (Some((base, _)), true) = (base, concerns_heroku(&rule.value)) else {
            continue;
        };
        // What comes after the part that is replaced is an app's path, or the host and a path.
        let lead = "https://git.heroku.com/app.git";
        let Some(rest) = lead.strip_prefix(rule.value.as_str()) else {
            continue;
        };
        let target = format!("{base}{rest}");
        found.extend(rewrite(rule, HerokuUrl::parse(&target).as_ref(), facts));
    }
    found
}

fn concerns_heroku(prefix: &str) -> bool {
    !prefix.is_empty() && "https://git.heroku.com/app.git".starts_with(prefix)
}

fn rewrite(rule: &Setting, to: Option<&HerokuUrl>, facts: &Facts<'_>) -> Option<Finding> {
    let place = &rule.origin;
    let why = match to {
        Some(url) if url.has_password || url.token.is_some() => {
            // The token is in the key itself: a command that removes the key would show the token.
            let what =
                format!("a url.*.insteadOf in {place} puts a password into every Heroku URL");
            return Some(
                Finding::fail("git.password-in-insteadof", what)
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
