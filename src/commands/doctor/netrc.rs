//! netrc, which git reads before it asks any helper.

use super::{Facts, Finding, Repair, Severity, TokenStatus, permissions};
use crate::files::NotTrusted;
use crate::logins::lookup::Source;
use crate::netrc::{self, Entry, Netrc, Overview, Unreadable};
use crate::notice::{Command, Fix, Notice};
use crate::token::Token;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let netrc = match &facts.netrc {
        Ok(None) => return encrypted(facts),
        Ok(Some(netrc)) => netrc,
        Err(why) => return vec![unreadable(why, facts)],
    };
    if let Err(why @ Unreadable::Doubt { line, .. }) = netrc.check_syntax() {
        let notice = why.notice(&facts.context.environment);
        return vec![
            Finding::from_notice("netrc.syntax", Severity::Fail, &notice)
                .with_details("git may stop at this line before any request")
                .with_fix(edit("open the file at this line", line)),
        ];
    }
    let overview = match netrc.overview() {
        Ok(overview) => overview,
        Err(why) => return vec![unreadable(&why, facts)],
    };
    let mut found = Vec::new();
    let has_ours = !overview.git.is_empty() || !overview.api.is_empty();
    if has_ours && netrc.is_readable_by_others() {
        found.extend(readable(facts));
    }
    found.extend(stray_default(&overview));
    found.extend(match (has_ours, serves(facts)) {
        (false, _) => Vec::new(),
        (true, true) => as_a_store(&overview),
        (true, false) => vec![beside_the_keyring(&overview, facts)],
    });
    if found.is_empty() {
        let what = if has_ours {
            "netrc contains the token in plain text, and git sends it without a helper"
        } else {
            "netrc has no entry that git would send to Heroku"
        };
        found.push(Finding::pass("netrc.entries", what));
    }
    found
}

/// The entry for git.heroku.com that git itself reads.
pub(super) enum GitEntry {
    Absent,
    Token(Token),
    /// This program does not read the file, or cannot; git may.
    Unreadable,
}

pub(super) fn git_entry(facts: &Facts<'_>) -> GitEntry {
    let Ok(netrc) = &facts.netrc else {
        return GitEntry::Unreadable;
    };
    match netrc.as_ref().map(Netrc::overview) {
        None => GitEntry::Absent,
        Some(Ok(overview)) => match overview.git.into_iter().next() {
            Some(entry) => GitEntry::Token(entry.token),
            None => GitEntry::Absent,
        },
        Some(Err(_)) => GitEntry::Unreadable,
    }
}

/// Whether the active token comes from netrc, and netrc is the right place for it on this machine.
fn serves(facts: &Facts<'_>) -> bool {
    let used = facts.answer.found.as_ref();
    let from_netrc = used.is_some_and(|found| found.source == Source::Netrc);
    from_netrc && (facts.listing.is_err() || facts.context.environment.netrc_before_keyring)
}

fn encrypted(facts: &Facts<'_>) -> Vec<Finding> {
    let what = match Netrc::read(&facts.context.environment) {
        Ok(None) => "no netrc file found",
        Ok(Some(_)) => {
            "netrc is encrypted: the Heroku CLI and heroku-rs read the file, git does not"
        }
        Err(why) => {
            return vec![Finding::from_notice(
                "netrc.encrypted",
                Severity::Warn,
                &why.notice(&facts.context.environment),
            )];
        }
    };
    vec![Finding::pass("netrc.entries", what)]
}

/// If git cannot read netrc, it may stop before it asks a helper.
fn unreadable(why: &Unreadable, facts: &Facts<'_>) -> Finding {
    let notice = why.notice(&facts.context.environment);
    match why {
        Unreadable::NotTrusted(NotTrusted::Writable) => {
            let finding = Finding::from_notice("netrc.permissions", Severity::Warn, &notice);
            finding
                .with_details(
                    "a user who can write netrc can change the account that you push with",
                )
                .with_repair(private(facts))
        }
        Unreadable::Doubt { line, .. } => {
            Finding::from_notice("netrc.unusable", Severity::Warn, &notice)
                .with_details("programs read this line differently")
                .with_fix(edit("open the file at this line", *line))
        }
        Unreadable::NotTrusted(NotTrusted::Foreign)
        | Unreadable::Unfit(_)
        | Unreadable::Mount
        | Unreadable::Encrypted(_)
        | Unreadable::ReadOnly
        | Unreadable::InPlaceOfPlain
        | Unreadable::Failed(_)
        | Unreadable::NotWritten(_) => {
            Finding::from_notice("netrc.unusable", Severity::Warn, &notice)
        }
    }
}

fn readable(facts: &Facts<'_>) -> Option<Finding> {
    let finding = Finding::warn(
        "netrc.permissions",
        "other users can read netrc, which contains a token",
    )
    .with_fix(Command::new("chmod 600").then(netrc::argument(&facts.context.environment)));
    Some(finding.with_repair(private(facts)?))
}

fn private(facts: &Facts<'_>) -> Option<Repair> {
    let path = netrc::path(&facts.context.environment)?;
    let mode = permissions::mode_of(&path)?;
    let does = format!("chmod 600 {}", path.display());
    let undo = format!("chmod {mode:o} {}", path.display());
    Some(Repair::new(does, undo, move |_| {
        permissions::set_mode(&path, 0o600).map_err(|why| {
            Notice::new(
                format!("the file permissions could not be changed: {why}"),
                "",
            )
        })
    }))
}

/// git sends a `default` entry's password to every server without an entry of its own.
fn stray_default(overview: &Overview) -> Option<Finding> {
    let line = overview.default.filter(|_| overview.git.is_empty())?;
    let what =
        format!("netrc line {line}: git sends the password of the `default` entry to Heroku");
    let finding = Finding::warn("netrc.default-entry", what)
        .with_details("git sends that password to every server without an entry of its own, before it asks a helper");
    Some(finding.with_fix(edit("name the servers instead of `default`", line)))
}

fn edit(purpose: &'static str, line: usize) -> Fix {
    let editor = Command::new("${EDITOR:-vi}").arg(&format!("+{line}"));
    Fix::command(purpose, editor.then("~/.netrc"))
}

/// The tokens in netrc, each once.
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
        [only] => format!("netrc line {only}"),
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            format!("netrc lines {}", many.join(", "))
        }
    }
}

/// The token belongs in the keyring: a copy in netrc is in plain text, and git sends it first.
fn beside_the_keyring(overview: &Overview, facts: &Facts<'_>) -> Finding {
    let tokens = tokens(overview);
    let is_rejected = tokens
        .iter()
        .all(|token| matches!(facts.status_of(token), TokenStatus::Rejected));
    let place = lines(overview);
    let (id, what) = if overview.git.is_empty() {
        (
            "netrc.api-entry",
            format!("{place}: a token is stored in plain text"),
        )
    } else {
        (
            "netrc.git-entry",
            format!("{place}: git sends this token before it asks any helper"),
        )
    };
    let mut about: Vec<String> = tokens
        .iter()
        .filter_map(|token| facts.describe(token))
        .collect();
    about.dedup();
    let finding = Finding::warn(id, what).with_details(about.join("; "));
    if is_rejected {
        finding.with_command("git credential-heroku-rs netrc clean")
    } else {
        finding.with_fix(Fix::command(
            "move the token to the keyring",
            "git credential-heroku-rs netrc import",
        ))
    }
}

/// netrc is the right place for the token: it should have one entry for each host, with the same token.
fn as_a_store(overview: &Overview) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_one_login = tokens(overview).len() == 1;
    let doubled = overview.git.len() > 1 || overview.api.len() > 1;
    if doubled {
        let finding = Finding::warn(
            "netrc.duplicates",
            format!("{}: several entries for one host", lines(overview)),
        )
        .with_details(
            "curl and git use the first, Python uses the last, and the Heroku CLI deletes one",
        )
        .with_fix(Fix::command(
            "log in again, which leaves one entry",
            "git credential-heroku-rs login --store netrc",
        ));
        found.push(finding);
    } else if !is_one_login {
        let finding = Finding::warn(
            "netrc.different-tokens",
            format!(
                "{}: git and the Heroku CLI use different tokens",
                lines(overview)
            ),
        )
        .with_command("git credential-heroku-rs login --store netrc");
        found.push(finding);
    } else if overview.git.is_empty() || overview.api.is_empty() {
        let what = if overview.api.is_empty() {
            "netrc has no entry for api.heroku.com, so the Heroku CLI sees no login"
        } else {
            "netrc has no entry for git.heroku.com, so git needs a helper to get the token"
        };
        let finding = Finding::warn("netrc.missing-entry", what)
            .with_command("git credential-heroku-rs login --store netrc");
        found.push(finding);
    }
    found
}
