//! Remote URLs of Heroku that contain a password or an @ that is not encoded, or use a protocol without git's helpers.

use super::{Facts, Findings, Severity};
use crate::git::{HerokuUrl, Remote, Setting, Way};
use crate::notice::{Command, Fix};

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    for remote in &facts.git.remotes {
        if let Some(url) = HerokuUrl::parse(&remote.url) {
            check_url(remote, &url, facts, found);
        }
    }
    found.otherwise_pass("no remote URL contains a password or uses http or SSH");
}

fn check_url(remote: &Remote, url: &HerokuUrl, facts: &Facts<'_>, found: &mut Findings) {
    let (place, fix) = place_and_fix(remote, url, facts);
    let unusable = Severity::fail_if(remote.is_push);
    if url.has_secret() {
        let what = if url.has_password {
            "a password, so git asks no helper"
        } else {
            "a token as user name, which git shows"
        };
        let status = url.token.as_ref().map(|token| facts.status_text(token));
        // Whether Heroku accepts the password is judged with the push.
        let severity = if url.has_bare_at {
            unusable
        } else {
            Severity::Warn
        };
        found
            .add(severity, format!("{place} contains {what}"))
            .details(status.unwrap_or_default())
            .fix(fix.clone());
    } else if url.has_bare_at {
        let what = format!("the user name in {place} contains an @");
        found
            .add(unusable, what)
            .details(
                "git reads what follows the first @ as the host, so it asks no helper for Heroku",
            )
            .fix(fix);
        return;
    }
    let problem = match url.way {
        Way::Https => return,
        Way::Http => "uses http, so anyone on the network path can read the token",
        Way::Ssh => "uses SSH, which Heroku no longer supports",
    };
    found.add(unusable, format!("{place} {problem}")).fix(fix);
}

/// Where a URL comes from: a setting of the remote, or a rule `url.BASE.insteadOf` that git applies to one; and how
/// to change that.
pub(super) fn place_and_fix(remote: &Remote, url: &HerokuUrl, facts: &Facts<'_>) -> (String, Fix) {
    let home = facts.home();
    let keys = ["url", "pushurl"].map(|name| format!("remote.{}.{name}", remote.name));
    let settings = facts.git.settings.iter();
    let written: Vec<&Setting> = settings.filter(|one| keys.contains(&one.key)).collect();
    let cleaned = |setting: &Setting| {
        // git finds one of several URLs by a pattern only.
        let is_alone = written.iter().filter(|one| one.key == setting.key).count() == 1;
        if is_alone {
            setting.change_command("--replace-all", &[&url.clean], home)
        } else {
            let (origin, clean) = (&setting.origin, &url.clean);
            Fix::advice(format!("in {origin}, change this URL to {clean}"))
        }
    };
    let has_bare_at = url.has_bare_at && !url.has_secret();
    let encode = "write the first @ as %40";
    if let Some(setting) = written.iter().find(|one| one.value == *remote.url) {
        let place = format!("the remote URL {}", setting.key);
        let fix = if has_bare_at {
            setting.edit_command(encode, home)
        } else {
            cleaned(setting)
        };
        return (place, fix);
    }
    let is_result = |rule: &Setting, url: &Setting| {
        let base = rule.key["url.".len()..].rsplit_once('.');
        let parts = base.zip(url.value.strip_prefix(&rule.value));
        parts.is_some_and(|((base, _), rest)| remote.url.strip_prefix(base) == Some(rest))
    };
    let rules = ["insteadof", "pushinsteadof"].map(|name| facts.settings_of("url", name));
    let mut rules = rules.into_iter().flatten();
    let of_rule = |rule| Some((rule, *written.iter().find(|url| is_result(rule, url))?));
    let Some((rule, written)) = rules.find_map(of_rule) else {
        return (format!("the URL of the remote {}", remote.name), Fix::NONE);
    };
    let (key, origin) = (&rule.key, &rule.origin);
    let place = format!(
        "the URL of the remote {}, after {key} in {origin},",
        remote.name
    );
    let is_herokus = |url: &str| HerokuUrl::parse(url).is_some_and(|url| url.is_valid());
    let fix = if url.has_secret() {
        // The password is in the key, so a command that names the key would show it.
        let purpose = "remove the user name and the password from the section's name";
        rule.edit_command(purpose, home)
    } else if has_bare_at {
        rule.edit_command(encode, home)
    } else if is_herokus(&rule.value) {
        rule.change_command("--fixed-value --unset-all", &[&rule.value], home)
    } else if is_herokus(&written.value) {
        // The rule is for other servers too. git prefers a longer one.
        let name = key.rsplit('.').next().unwrap_or_default();
        let own = format!("url.https://git.heroku.com/.{name}");
        let add = Command::new("git config --global").arg(&own);
        add.arg("https://git.heroku.com/").into()
    } else {
        // Without the rule, this is no URL of Heroku's.
        cleaned(written)
    };
    (place, fix)
}
