//! netrc, which git reads before it asks any helper.

use super::{Facts, Findings, Severity};
use crate::account::Account;
use crate::commands::netrc::log_in_instead;
use crate::commands::{cli_cannot_read_keyring, other_heroku};
use crate::files::NotTrusted;
use crate::logins::lookup::Source;
use crate::netrc::{self, Cause, Entry, NOT_A_TOKEN, Overview, Unreadable};
use crate::notice::{Command, Fix};
use crate::token::Token;

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    let overview = match &facts.netrc {
        Ok(overview) => overview,
        // See `permissions`.
        Err(why) if why.cause == Cause::NotTrusted(NotTrusted::Writable) => return,
        Err(why) => return unusable(why, facts, found),
    };
    if !facts.netrc_has_token() {
        found.pass("netrc has no entry for Heroku");
    } else if !is_the_store(facts) {
        beside_the_keyring(overview, facts, found);
    } else if let Some(problem) = problem_of_the_store(overview) {
        let purpose = "log in again, which leaves one entry for each host";
        found
            .warn(format!("{}: {problem}", lines(overview)))
            .fix(Fix::command(
                purpose,
                "git credential-heroku-rs login --store netrc",
            ));
    } else if facts.has_other_netrc_for_git() {
        found.pass("netrc contains the token in plain text");
    } else {
        found.pass("netrc contains the token in plain text, and git sends it without a helper");
    }
}

impl Facts<'_> {
    /// Whether netrc has a token for Heroku.
    pub(super) fn netrc_has_token(&self) -> bool {
        self.netrc.iter().flat_map(entries).next().is_some()
    }

    /// The token that git itself would send from netrc to a URL with this user name.
    ///
    /// curl 7.88 also sends that of another login, and 8.23 does not.
    pub(super) fn netrc_token(&self, user: Option<&str>) -> Option<&Token> {
        // The entries are then those of the other Heroku's hosts.
        if other_heroku(self.context).is_some() {
            return None;
        }
        let user = user.map(Account::parse);
        let is_sent = |entry: &&Entry| match &user {
            None => true,
            Some(user) => entry.account.is_none() || entry.account == *user,
        };
        let entry = self.netrc_of_git()?.git.iter().find(is_sent)?;
        Some(&entry.token)
    }

    /// What makes git ask a helper instead of netrc; nothing if netrc is the right place.
    pub(super) fn netrc_fix(&self) -> Fix {
        let is_in_keyring = |token: &Token| self.keyring_account_of(token).is_some();
        match &self.netrc {
            Err(why) => why.notice().fix(),
            Ok(_) if is_the_store(self) => Fix::NONE,
            // An import would make the account of the copy the active one.
            Ok(overview) if entries(overview).all(|entry| is_in_keyring(&entry.token)) => {
                let what = if cli_cannot_read_keyring(self.context) {
                    "install the package libsecret-tools for the Heroku CLI, then remove the copy"
                } else {
                    "remove the copy"
                };
                Fix::command(what, "git credential-heroku-rs netrc clean")
            }
            Ok(overview) if has_two_of_one_account(overview) => log_in_instead(),
            Ok(_) => Fix::command(
                "move the token to the keyring",
                "git credential-heroku-rs netrc import",
            ),
        }
    }
}

/// Whether netrc is the right place for a token on this machine.
fn is_the_store(facts: &Facts<'_>) -> bool {
    let used = facts.answer.found.as_ref();
    let from_netrc = used.is_some_and(|found| found.source == Source::Netrc);
    match &facts.listing {
        _ if facts.context.environment.netrc_before_keyring => true,
        Err(why) => from_netrc || why.allows_netrc(),
        Ok(_) => false,
    }
}

/// If git cannot read netrc, it may stop before it asks a helper.
fn unusable(why: &Unreadable, facts: &Facts<'_>, found: &mut Findings) {
    let Cause::Doubt(doubt) = &why.cause else {
        found.notice(Severity::Warn, &why.notice());
        return;
    };
    // Else it is in one of Heroku's entries.
    let stops_git = !facts.is_netrc_parsed;
    let edit = Command::edit_at(doubt.line);
    let file = netrc::argument(&facts.context.environment);
    found
        .notice(Severity::fail_if(stops_git), &why.notice())
        .details(if stops_git {
            "git may stop at this line before any request"
        } else if doubt.phrase == NOT_A_TOKEN {
            "git sends the password of an entry for git.heroku.com before it asks any helper"
        } else {
            "programs read this line differently"
        })
        .fix(Fix::command("open the file at this line", edit.then(file)));
}

fn entries(overview: &Overview) -> impl Iterator<Item = &Entry> {
    overview.git.iter().chain(&overview.api)
}

fn lines(overview: &Overview) -> String {
    let mut lines: Vec<usize> = entries(overview).map(|entry| entry.line).collect();
    lines.sort_unstable();
    let noun = if lines.len() == 1 { "line" } else { "lines" };
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    format!("netrc {noun} {}", lines.join(", "))
}

/// The token belongs in the keyring: a copy in netrc is in plain text, and git sends it first.
fn beside_the_keyring(overview: &Overview, facts: &Facts<'_>, found: &mut Findings) {
    let what = if overview.git.is_empty() || facts.has_other_netrc_for_git() {
        "a token is stored in plain text"
    } else {
        "git sends this token before it asks any helper"
    };
    let status = |entry: &Entry| facts.status_text(&entry.token);
    let mut status: Vec<String> = entries(overview).map(status).collect();
    status.dedup();
    let finding = found.warn(format!("{}: {what}", lines(overview)));
    finding.details(status.join("; "));
    if entries(overview).all(|entry| facts.is_rejected(&entry.token)) {
        finding.fix(Command::new("git credential-heroku-rs netrc clean"));
    } else {
        finding.fix(facts.netrc_fix());
    }
}

/// Whether the entries of the two hosts have one account, and different tokens.
fn has_two_of_one_account(overview: &Overview) -> bool {
    let mut pairs = overview.git.first().into_iter().zip(&overview.api);
    pairs.any(|(git, api)| git.account == api.account && git.token != api.token)
}

/// If netrc is the right place for the token, it should have one entry for each host, with the same token.
fn problem_of_the_store(overview: &Overview) -> Option<&'static str> {
    match (overview.git.as_slice(), overview.api.as_slice()) {
        ([git], [api]) if git.token == api.token => None,
        ([_], [_]) => Some("git and the Heroku CLI use different tokens"),
        ([], _) => Some("no entry is for git.heroku.com, so git needs a helper to get the token"),
        (_, []) => Some("no entry is for api.heroku.com, so the Heroku CLI sees no login"),
        _ => Some("several entries are for one host, and programs use different ones"),
    }
}
