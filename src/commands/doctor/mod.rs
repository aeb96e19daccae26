//! `doctor`: checks everything between `git push` and Heroku, reports problems and their fixes, and fixes
//! with `--fix` what it safely can.
//!
//! A check never changes anything. `--fix` changes only what is ours: our lines in git's configuration,
//! `login.json`, duplicate items in the keyring, the mode of our files and of netrc. For a secret in another
//! program's file it offers a command and changes nothing.

mod app;
mod cli;
mod connection;
mod copies;
mod facts;
mod finding;
mod headers;
mod helpers;
mod heroku;
mod keyring;
mod login;
mod netrc;
#[cfg(unix)]
mod permissions;
mod program;
mod push;
mod remotes;
mod report;

use std::collections::HashSet;

use super::Session;
use crate::cli::Doctor;
use crate::context::Context;
use crate::notice::{AlreadyReported, Fix, Kind, Notice};
use crate::redact::{Hide, Redactor};
use crate::terminal::{self, DefaultAnswer, Progress};

use facts::Facts;
use finding::{Finding, Findings, Repair, Severity};

/// A pure function of the facts: it adds what it finds, and what is in order.
type Check = fn(&Facts<'_>, &mut Findings);

/// Every check and its stable name, in the order in which a push depends on them.
const CHECKS: &[(&str, Check)] = &[
    ("program.path", program::path),
    ("git.usable", program::git),
    ("git.helpers", helpers::check),
    ("git.remotes", remotes::check),
    ("git.certificates", connection::certificates),
    ("netrc.entries", netrc::check),
    ("keyring.access", keyring::access),
    ("keyring.duplicates", keyring::duplicates),
    ("keyring.names", keyring::names),
    #[cfg(unix)]
    ("login.permissions", permissions::check),
    ("login.json", login::login_json),
    ("login.variables", login::variables),
    ("heroku.connection", heroku::reachable),
    ("heroku.token", heroku::token),
    ("heroku-cli.keyring", cli::check),
    ("copies.plain-text", copies::check),
    ("push.credential", push::credential),
    ("push.app", app::check),
];

pub(super) fn run(arguments: &Doctor, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.fix && !arguments.yes {
        let instead = "fix without asking: git credential-heroku-rs doctor --fix --yes";
        terminal::check().map_err(|why| why.notice(instead))?;
    }
    let mut mask = mask(session.context);
    let mut findings = examine(arguments, &mut mask, session);
    let mut changes = Vec::new();
    if arguments.fix {
        changes = fix(findings, arguments, &mask, session)?;
        findings = examine(arguments, &mut mask, session);
    }
    let out = &mut *session.streams.output;
    if arguments.json {
        report::write_json(&findings, &changes, out)?;
    } else {
        let is_coloured = terminal::is_stdout() && !session.context.environment.no_color;
        report::write_text(&findings, out, is_coloured)?;
    }
    if !report::is_healthy(&findings) {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

/// Hides secrets, emails and the home directory, so that the report can be posted in public.
fn mask(context: &Context) -> Redactor {
    let mut mask = Redactor::new(Hide::FormsAndPerson);
    for secret in context.environment.secrets() {
        mask.add_secret(&secret);
    }
    if let Some(home) = &context.environment.home {
        mask.add_home(home);
    }
    mask
}

/// Runs all checks, and redacts what they found. The mask gets the tokens that were found, since they need not look
/// like tokens.
fn examine(arguments: &Doctor, mask: &mut Redactor, session: &Session<'_, '_>) -> Vec<Finding> {
    let _progress = Progress::start("checking", &session.context.environment);
    let facts = Facts::collect(session.context, arguments);
    let mut found = Findings::default();
    for (id, check) in CHECKS {
        found.id = id;
        check(&facts, &mut found);
    }
    for token in facts.tokens() {
        mask.add_secret(token.expose());
    }
    // Several remotes may have the same problem.
    let mut seen = HashSet::new();
    let is_new = |finding: &Finding| seen.insert(finding.message.clone());
    found.list.retain(is_new);
    for finding in &mut found.list {
        finding.redact(mask);
    }
    found.list
}

/// Shows each repair and how to undo it, and makes it if the user agrees. Returns those that were made.
fn fix(
    findings: Vec<Finding>,
    arguments: &Doctor,
    mask: &Redactor,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Vec<Repair>> {
    let mut made = Vec::new();
    let mut offered = HashSet::new();
    let repairs = findings.into_iter().filter_map(|finding| finding.repair);
    for mut repair in repairs {
        if !offered.insert(repair.change.clone()) {
            continue;
        }
        repair.change = mask.redacted(&repair.change);
        repair.undo = mask.redacted(&repair.undo);
        let undo = Fix::advice(format!("undo: {}", repair.undo));
        let proposal = Notice::new(&*repair.change, undo);
        session.say(&format!("proposed fix: {proposal}"))?;
        if !arguments.yes {
            match terminal::confirm("Apply?", DefaultAnswer::Yes) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => {
                    session.say("stopped: the changes made so far are kept")?;
                    break;
                }
            }
        }
        match (repair.apply)(session.context) {
            Ok(()) => made.push(repair),
            Err(why) => {
                let what = mask.redacted(&format!("not fixed: {}", why.what()));
                let fix = why.fix().redacted(|text| mask.redacted(text));
                session.warn(&Notice::new(what, fix))?;
            }
        }
    }
    Ok(made)
}
