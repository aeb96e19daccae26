//! Remote URLs of Heroku that contain a password or an @ that is not encoded, or use a protocol without git's helpers.

use super::{Facts, Findings, Severity};
use crate::git::{HerokuUrl, Remote, Way};
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
        let what = if url.has_password && url.way == Way::Ssh {
            "a password"
        } else if url.has_password {
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

/// Where a URL is set, and how to change it there. If a rule `url.BASE.insteadOf` makes it, or if a remote has several
/// URLs, the fix only shows the settings.
pub(super) fn place_and_fix(remote: &Remote, url: &HerokuUrl, facts: &Facts<'_>) -> (String, Fix) {
    let only_setting = |name: &str| {
        let key = format!("remote.{}.{name}", remote.name);
        let mut of_key = facts.git.settings.iter().filter(|one| one.key == key);
        // git finds one of several URLs by a pattern only.
        of_key.next().filter(|_| of_key.next().is_none())
    };
    let mut settings = ["url", "pushurl"].into_iter().filter_map(only_setting);
    let Some(setting) = settings.find(|one| one.value == *remote.url) else {
        let show = Command::new("git config --show-origin --get-regexp").arg(r"^(remote|url)\.");
        let purpose = if url.has_secret() {
            "show the settings of this URL, with the password"
        } else {
            "show the settings of this URL"
        };
        return (
            format!("the URL of the remote {}", remote.name),
            Fix::command(purpose, show),
        );
    };
    let fix = if url.has_bare_at && !url.has_secret() {
        setting.edit_command("write the first @ as %40", facts.home())
    } else {
        setting.change_command("--replace-all", &[&url.clean], facts.home())
    };
    (format!("the remote URL {}", setting.key), fix)
}
