//! Addresses of Heroku's git server that carry a token, or that lead astray.

use super::{Copy, Fate, Finding, Fix, Look, removed};
use crate::git::{self, HerokuUrl, Setting, Way};
use crate::notice::Notice;
use crate::token::Token;

/// What takes back that a copy of a token has gone. A command that wrote it again would show it in
/// the process list.
pub(super) const NO_NEED: &str =
    "not needed: the token is in the keyring, and git asks for it there";

/// The addresses of remotes.
pub(super) fn remotes(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let urls = look.settings_of("remote", "url").into_iter();
    for setting in urls.chain(look.settings_of("remote", "pushurl")) {
        let Some(url) = HerokuUrl::parse(&setting.value) else {
            continue;
        };
        if url.token.is_some() || url.has_password {
            found.push(with_a_password(setting, &url, look));
        }
        match url.way {
            Way::Https => {}
            Way::Http => found.push(detour(
                setting,
                &url,
                "git.clear-text",
                "in clear text: whoever is on the way reads the token",
            )),
            Way::Ssh => found.push(detour(
                setting,
                &url,
                "git.ssh",
                "by SSH, which Heroku no longer answers",
            )),
        }
    }
    if found.is_empty() {
        found.push(Finding::pass(
            "git.remotes",
            "no remote's address holds a password or leads astray",
        ));
    }
    found
}

fn with_a_password(setting: &Setting, url: &HerokuUrl, look: &Look<'_>) -> Finding {
    let key = &setting.key;
    let finding = Finding::fail(
        "git.token-in-url",
        format!("the address {key} carries a password"),
    )
    .with_advice(format!(
        "{} {}",
        git::command(setting, "--replace-all"),
        url.clean
    ));
    let Some(token) = &url.token else {
        return finding.because("git sends it, and asks no helper; it is no token of Heroku's");
    };
    let fate = look.fate_of(token, Copy::Elsewhere);
    let why = format!("git sends it, and asks no helper; {}", fate.words());
    let does = format!("take user and password out of {key}: {}", fate.words());
    let (setting, clean) = (setting.clone(), url.clean.clone());
    let change = move || git::replace_url(&setting, &clean);
    finding
        .because(why)
        .fixed_by(letting_go(&fate, token, does, NO_NEED, change))
}

/// A fix that takes a copy of a token away, once the token itself is safe.
pub(super) fn letting_go(
    fate: &Fate,
    token: &Token,
    does: String,
    undo: &str,
    change: impl Fn() -> Result<(), Notice> + 'static,
) -> Option<Fix> {
    let undo = match fate {
        Fate::Unsure(_) => return None,
        Fate::Dead => "not needed: nobody can use that token",
        Fate::Spare(_) => {
            "not needed: the keyring has another; this one stays valid until you revoke it"
        }
        Fate::Held | Fate::Moved { .. } => undo,
    };
    let (fate, token) = (fate.clone(), token.clone());
    Some(Fix::new(does, undo, move |context| {
        fate.prepare(context, &token)?;
        change()
    }))
}

fn detour(setting: &Setting, url: &HerokuUrl, id: &'static str, why: &str) -> Finding {
    let key = &setting.key;
    let finding = Finding::fail(id, format!("the address {key} leads to Heroku {why}"))
        .with_advice(format!(
            "{} {}",
            git::command(setting, "--replace-all"),
            url.clean
        ));
    if url.has_password || !setting.is_changeable() {
        return finding;
    }
    let does = format!("write https:// into {key}: {}", url.clean);
    let undo = git::undone_by_replacing(setting, &url.clean);
    let (setting, clean) = (setting.clone(), url.clean.clone());
    finding.fixed_by(Fix::new(does, undo, move |_| {
        git::replace(&setting, &clean)
    }))
}

/// Settings that write addresses anew.
pub(super) fn rewritten(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let rules = look.settings_of("url", "insteadof").into_iter();
    for rule in rules.chain(look.settings_of("url", "pushinsteadof")) {
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
        let leads_to = format!("{base}{rest}");
        found.extend(turned_away(rule, HerokuUrl::parse(&leads_to).as_ref()));
    }
    found
}

fn concerns_heroku(prefix: &str) -> bool {
    !prefix.is_empty() && "https://git.heroku.com/app.git".starts_with(prefix)
}

fn turned_away(rule: &Setting, to: Option<&HerokuUrl>) -> Option<Finding> {
    let place = &rule.origin;
    let look_at = "git config --show-origin --get-regexp '^url\\.' shows it";
    let (id, why) = match to {
        Some(url) if url.has_password || url.token.is_some() => {
            // The token stands in the key itself: a command line that removes it would show it.
            let what =
                format!("a setting in {place} puts a password into every address of Heroku's");
            let finding = Finding::fail("git.token-in-rewrite", what);
            return Some(
                finding
                    .because("git sends it, and asks no helper")
                    .with_advice(format!(
                        "take the section out by hand: git config --file {place} --edit"
                    )),
            );
        }
        Some(url) => match url.way {
            Way::Https => return None,
            Way::Http => (
                "git.rewritten",
                "in clear text: whoever is on the way reads the token",
            ),
            Way::Ssh => ("git.rewritten", "by SSH, which Heroku no longer answers"),
        },
        None => ("git.rewritten", "to another server"),
    };
    let finding = Finding::fail(
        id,
        format!("a setting in {place} turns Heroku's addresses away: {why}"),
    )
    .because(format!("it is {}", rule.key))
    .with_advice(look_at);
    Some(finding.fixed_by(removed(rule)))
}
