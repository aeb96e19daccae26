//! netrc, which git reads before it asks any helper.

use super::{Copy, Fate, Finding, Fix, Look, Severity, modes};
use crate::context::Context;
use crate::logins::lookup::Source;
use crate::netrc::{self, Entry, Netrc, Overview, Unreadable};
use crate::notice::Notice;
use crate::token::Token;

pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let netrc = match Netrc::in_plain_text(&look.context.environment) {
        Ok(None) => return encrypted(look),
        Ok(Some(netrc)) => netrc,
        Err(why) => return vec![unreadable(&why, look)],
    };
    let overview = match netrc.overview() {
        Ok(overview) => overview,
        Err(why) => return vec![unreadable(&why, look)],
    };
    let mut found = Vec::new();
    let has_ours = !overview.git.is_empty() || !overview.api.is_empty();
    if has_ours && netrc.is_readable_by_others() {
        found.extend(readable(look));
    }
    found.extend(stray_default(&overview));
    found.extend(match (has_ours, serves(look)) {
        (false, _) => Vec::new(),
        (true, true) => as_a_store(&overview, look),
        (true, false) => vec![beside_the_keyring(&overview, look)],
    });
    if found.is_empty() {
        let what = match has_ours {
            true => "it holds the token, in plain text, and git sends it by itself",
            false => "it has no entry that git would send to Heroku",
        };
        found.push(Finding::pass("netrc.entries", what));
    }
    found
}

/// Whether git sends an entry of it to Heroku by itself.
pub(super) fn is_sent_by_git(look: &Look<'_>) -> bool {
    let netrc = Netrc::in_plain_text(&look.context.environment)
        .ok()
        .flatten();
    let overview = netrc.and_then(|netrc| netrc.overview().ok());
    overview.is_some_and(|overview| !overview.git.is_empty())
}

/// Whether netrc is where the token in use comes from, and where it belongs on this machine.
fn serves(look: &Look<'_>) -> bool {
    let used = look.answer.found.as_ref();
    let from_netrc = used.is_some_and(|found| found.source == Source::Netrc);
    from_netrc && (look.listing.is_err() || look.context.environment.netrc_first)
}

fn encrypted(look: &Look<'_>) -> Vec<Finding> {
    let what = match Netrc::read(&look.context.environment) {
        Ok(None) => "there is none, or none that git reads",
        Ok(Some(_)) => "it is encrypted: git does not read it, the Heroku CLI and this program do",
        Err(why) => {
            return vec![Finding::of_problem(
                "netrc.encrypted",
                Severity::Warn,
                &why.notice(&look.context.environment),
            )];
        }
    };
    vec![Finding::pass("netrc.entries", what)]
}

/// A file that git cannot read stops it before it asks anybody.
fn unreadable(why: &Unreadable, look: &Look<'_>) -> Finding {
    let notice = why.notice(&look.context.environment);
    match why {
        Unreadable::NotOurs("others can write it") => {
            let finding = Finding::of_problem("netrc.rights", Severity::Fail, &notice);
            finding
                .because("whoever can write it decides in whose name you push")
                .fixed_by(private(look))
        }
        Unreadable::Doubt { line, .. } => {
            Finding::of_problem("netrc.doubt", Severity::Fail, &notice)
                .because(
                    "git may stop at it before any request, and other programs read it otherwise",
                )
                .with_advice(format!(
                    "open it at line {line}: ${{EDITOR:-vi}} +{line} ~/.netrc"
                ))
        }
        Unreadable::NotOurs(_)
        | Unreadable::Unfit(_)
        | Unreadable::Encrypted(_)
        | Unreadable::ReadOnly
        | Unreadable::Failed(_) => Finding::of_problem("netrc.unfit", Severity::Warn, &notice),
    }
}

fn readable(look: &Look<'_>) -> Option<Finding> {
    let finding = Finding::warn("netrc.rights", "others can read it, and the token in it")
        .with_advice("chmod 600 ~/.netrc");
    Some(finding.fixed_by(private(look)?))
}

fn private(look: &Look<'_>) -> Option<Fix> {
    let path = netrc::path(&look.context.environment)?;
    let mode = modes::of(&path)?;
    let does = format!("chmod 600 {}", path.display());
    let undo = format!("chmod {mode:o} {}", path.display());
    Some(Fix::new(does, undo, move |_| {
        modes::set(&path, 0o600).map_err(|why| Notice::new(format!("its rights stay: {why}"), ""))
    }))
}

/// git sends a `default` entry's password to every server without an entry of its own.
fn stray_default(overview: &Overview) -> Option<Finding> {
    let line = overview.default.filter(|_| overview.git.is_empty())?;
    let what = format!("line {line}: git sends the password of the `default` entry to Heroku");
    let finding = Finding::warn("netrc.default", what)
        .because("and to every other server without an entry of its own, before it asks a helper");
    Some(finding.with_advice(format!(
        "name its servers in place of `default`: ${{EDITOR:-vi}} +{line} ~/.netrc"
    )))
}

/// All of the tokens in it, each once.
fn tokens(overview: &Overview) -> Vec<&Token> {
    let mut tokens: Vec<&Token> = Vec::new();
    for entry in entries(overview) {
        if !tokens.contains(&&entry.token) {
            tokens.push(&entry.token);
        }
    }
    tokens
}

fn entries(overview: &Overview) -> impl Iterator<Item = &Entry> {
    overview.git.iter().chain(&overview.api)
}

fn lines(overview: &Overview) -> String {
    let mut lines: Vec<usize> = entries(overview).map(|entry| entry.line).collect();
    lines.sort_unstable();
    match lines.as_slice() {
        [only] => format!("line {only}"),
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            format!("lines {}", many.join(", "))
        }
    }
}

/// The token belongs into the keyring: what lies in netrc is a copy, a leftover, or in the way.
fn beside_the_keyring(overview: &Overview, look: &Look<'_>) -> Finding {
    let fates: Vec<(Token, Fate)> = tokens(overview)
        .into_iter()
        .map(|token| (token.clone(), look.fate_of(token, Copy::InNetrc)))
        .collect();
    let words: Vec<String> = fates.iter().map(|(_, fate)| fate.words()).collect();
    let place = lines(overview);
    let (id, what) = match overview.git.is_empty() {
        true => (
            "netrc.leftover",
            format!("{place}: a token lies there in plain text"),
        ),
        false => (
            "netrc.first",
            format!("{place}: git sends this token before it asks any helper"),
        ),
    };
    let is_dead = fates.iter().all(|(_, fate)| matches!(fate, Fate::Dead));
    let finding = match (is_dead, overview.git.is_empty()) {
        (true, false) => {
            Finding::warn(id, what).because("Heroku refuses it, which costs each push a round trip")
        }
        (true, true) => Finding::warn(id, what).because("Heroku refuses it"),
        (false, _) => Finding::warn(id, what).because(words.join("; ")),
    };
    let finding = finding.with_advice("git credential-heroku-rs netrc import, or: netrc clean");
    match fates.iter().all(|(_, fate)| fate.is_safe()) {
        true => finding.fixed_by(taken_out(fates, &place, &words)),
        false => finding,
    }
}

fn taken_out(fates: Vec<(Token, Fate)>, place: &str, words: &[String]) -> Fix {
    let does = format!(
        "take Heroku's entries out of netrc, {place}: {}",
        words.join("; ")
    );
    let is_dead = fates.iter().all(|(_, fate)| matches!(fate, Fate::Dead));
    let undo = match is_dead {
        true => "not needed: nobody can use that token",
        false => "git credential-heroku-rs netrc print >>~/.netrc",
    };
    let tokens: Vec<Token> = fates.iter().map(|(token, _)| token.clone()).collect();
    Fix::new(does, undo, move |context| {
        for (token, fate) in &fates {
            fate.prepare(context, token)?;
        }
        let is_as_it_was = held_by_netrc(context)? == tokens;
        match is_as_it_was
            && netrc::forget(&context.environment, None)
                .map_err(|why| why.notice(&context.environment))?
        {
            true => Ok(()),
            false => Err(Notice::new(
                "netrc has changed meanwhile",
                "look again: git credential-heroku-rs doctor",
            )),
        }
    })
}

/// The tokens that netrc has now.
fn held_by_netrc(context: &Context) -> Result<Vec<Token>, Notice> {
    let netrc = Netrc::in_plain_text(&context.environment)
        .map_err(|why| why.notice(&context.environment))?;
    let overview = netrc.map_or(Ok(Overview::default()), |netrc| netrc.overview());
    let overview = overview.map_err(|why| why.notice(&context.environment))?;
    Ok(tokens(&overview).into_iter().cloned().collect())
}

/// The token lives here: for both hosts, once each, and every program finds the same.
fn as_a_store(overview: &Overview, look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_one_login = tokens(overview).len() == 1;
    let doubled = overview.git.len() > 1 || overview.api.len() > 1;
    if doubled {
        let finding = Finding::warn(
            "netrc.duplicates",
            format!(
                "{}: there are several entries for one host",
                lines(overview)
            ),
        )
        .because("curl and git take the first, Python the last, the Heroku CLI deletes one")
        .with_advice(
            "log in again, which leaves one: git credential-heroku-rs login --store netrc",
        );
        found.push(finding.fixed_by(rewritten(overview, look).filter(|_| is_one_login)));
    } else if !is_one_login {
        let finding = Finding::warn(
            "netrc.two-tokens",
            format!(
                "{}: git and the Heroku CLI take different tokens",
                lines(overview)
            ),
        )
        .with_advice("git credential-heroku-rs login --store netrc");
        found.push(finding);
    } else if overview.git.is_empty() || overview.api.is_empty() {
        let who = match overview.api.is_empty() {
            true => "the Heroku CLI sees no login: there is no entry for api.heroku.com",
            false => {
                "git finds the token only through a helper: there is no entry for git.heroku.com"
            }
        };
        let finding = Finding::warn("netrc.half", who)
            .with_advice("git credential-heroku-rs login --store netrc");
        found.push(finding.fixed_by(rewritten(overview, look)));
    }
    found
}

/// Writes the one login in the form of the Heroku CLI, for both hosts.
fn rewritten(overview: &Overview, look: &Look<'_>) -> Option<Fix> {
    let entry = entries(overview).find(|entry| entry.account.is_some())?;
    let (account, token) = (entry.account.clone()?, entry.token.clone());
    look.answer
        .found
        .as_ref()
        .filter(|found| found.token == token)?;
    let does = format!(
        "write one entry of {account} for git and one for the API into netrc, in place of {}",
        lines(overview)
    );
    let undo = "not needed: it is the same token, once for each host";
    Some(Fix::new(does, undo, move |context| {
        netrc::keep(&context.environment, &account, &token)
            .map_err(|why| why.notice(&context.environment))
    }))
}
