//! The credential helpers that git uses for Heroku: which ones, in which order, and whether they start this program.

use std::path::PathBuf;

use super::finding::Finding;
use super::{Facts, Findings, Repair, Severity};
use crate::commands::our_helper;
use crate::git::{HEROKU_HELPER, Scope, Setting, SettingScope};
use crate::notice::{Command, Fix, Notice};

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    if facts.git_error.is_some() {
        return;
    }
    let severity = if facts.git.asks_us() {
        Severity::Warn
    } else {
        facts.severity_without_helper()
    };
    let problems = facts.git.helper_problems(&facts.context.environment);
    for problem in &problems {
        let finding = found.notice(severity, &problem.notice);
        finding.details(problem.why);
        if let Some(scope) = problem.scope {
            add_set_up(scope, finding, facts);
        }
    }
    if problems.is_empty() && is_overwritten_by_the_cli(facts) {
        let finding = found.warn("the Heroku CLI will add its own helper at its next command");
        finding
            .details("the Heroku CLI only keeps a setting with two values: an empty one and ours")
            .fix(Command::new(Scope::Global.setup()));
        add_set_up(Scope::Global, finding, facts);
    }
    found.otherwise_pass("git uses only heroku-rs for git.heroku.com");
}

impl Facts<'_> {
    /// What makes git ask this program.
    pub(super) fn set_up_fix(&self) -> Fix {
        // `setup` needs git's configuration, too.
        if self.git_error.is_some() {
            return Fix::NONE;
        }
        match self.config_file(Scope::Global) {
            Ok(_) => self.git.set_up_fix(),
            Err(why) => why.fix(),
        }
    }

    /// The file that `setup` changes; an error if there is none.
    fn config_file(&self, scope: Scope) -> Result<PathBuf, Notice> {
        let git = self.context.git();
        git.config_file(scope, &self.context.environment)
    }
}

/// The Heroku CLI replaces a single value by its own helper, and adds its helper if there is none.
fn is_overwritten_by_the_cli(facts: &Facts<'_>) -> bool {
    let is_its = |one: &&Setting| one.key == HEROKU_HELPER && one.scope == SettingScope::Global;
    let values = facts.git.settings.iter().filter(is_its).count();
    values < 2 && facts.context.environment.has_program("heroku")
}

/// Adds the repair for `--fix`. If git's configuration cannot be changed, adds the reason and its fix instead.
fn add_set_up(scope: Scope, finding: &mut Finding, facts: &Facts<'_>) {
    match set_up(scope, facts) {
        Ok(repair) => finding.repair(repair),
        Err(why) => {
            finding.details(why.what()).fix(why.fix());
        }
    }
}

fn set_up(scope: Scope, facts: &Facts<'_>) -> Result<Repair, Notice> {
    let helper = our_helper(facts.context)?;
    facts.config_file(scope)?;
    Ok(Repair {
        change: format!("configure git to use only heroku-rs for git.heroku.com, in {scope}"),
        undo: scope.unsetup().to_owned(),
        apply: Box::new(move |context| {
            let done = context.git().set_up(scope, &helper, &context.environment);
            done.map(drop)
        }),
    })
}
