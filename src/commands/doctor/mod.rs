//! `doctor`: checks everything between `git push` and Heroku, reports problems and their fixes, and fixes
//! with `--fix` what it safely can.
//!
//! A check never changes anything. `--fix` changes only what is ours: our lines in git's configuration,
//! `login.json`, duplicate items in the keyring, the mode of our files and of netrc. For a secret in another
//! program's file it offers a command and changes nothing.

mod cli;
mod connection;
mod copies;
mod facts;
mod finding;
mod fix;
mod headers;
mod helpers;
mod heroku;
mod keyring;
mod login;
mod netrc;
mod permissions;
mod program;
mod push;
mod remotes;
mod report;

use super::Session;
use super::report::span;
use crate::cli::Doctor;
use crate::context::Context;
use crate::notice::{AlreadyReported, Kind, Notice};
use crate::terminal::{self, Spinner};

use facts::{Facts, Reach, TokenStatus};
use finding::{Finding, Repair, Severity};
use program::found_by_git;
use report::{Change, Colour, Mask, Report};

/// A check: a pure function of the facts.
type Check = fn(&Facts<'_>) -> Vec<Finding>;

/// Every check, in the order in which a push depends on them.
const CHECKS: &[Check] = &[
    program::on_path,
    program::copies,
    program::git,
    helpers::spelling,
    helpers::order,
    helpers::user_names,
    remotes::remotes,
    remotes::rewritten,
    headers::check,
    connection::certificates,
    connection::proxies,
    netrc::check,
    keyring::reachable,
    keyring::duplicates,
    keyring::unusable,
    keyring::names,
    login::login_json,
    login::variables,
    login::source,
    permissions::check,
    heroku::reachable,
    heroku::active_token,
    heroku::other_tokens,
    cli::version,
    cli::secret_tool,
    cli::aliases,
    copies::check,
    push::credential,
];

pub(super) fn run(arguments: &Doctor, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let reach = if arguments.offline {
        Reach::Offline
    } else {
        Reach::Online
    };
    if arguments.fix && !arguments.yes && !terminal::is_available() {
        let what = "no terminal to ask for confirmation";
        let advice = "fix without asking: git credential-heroku-rs doctor --fix --yes";
        return Err(Notice::new(what, advice).of_kind(Kind::Usage).into());
    }
    let mut mask = Mask::new(session.context);
    let mut findings = examine(reach, &mut mask, session);
    let changes = if arguments.fix {
        fix::all(&mut findings, arguments, &mut mask, reach, session)?
    } else {
        Vec::new()
    };
    let report = Report {
        findings: &findings,
        changes: &changes,
        mask: &mask,
    };
    if arguments.json {
        report.write_json(session.streams.output)?;
    } else {
        report.write_text(
            session.streams.output,
            colour(session.context),
            terminal::columns(),
        )?;
    }
    if !report.is_healthy() {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

fn examine(reach: Reach, mask: &mut Mask, session: &Session<'_, '_>) -> Vec<Finding> {
    let _spinner = Spinner::start("checking", &session.context.environment);
    let facts = Facts::new(session.context, reach);
    let findings = CHECKS.iter().flat_map(|check| check(&facts)).collect();
    mask.learns(&facts);
    findings
}

fn colour(context: &Context) -> Colour {
    if terminal::is_stdout() && !context.environment.no_color {
        Colour::Coloured
    } else {
        Colour::Plain
    }
}
