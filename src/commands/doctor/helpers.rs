//! The credential helpers that git uses for Heroku: which ones, in which order, and whether they start this program.

use std::path::PathBuf;

use super::{Facts, Findings, Repair, Severity};
use crate::commands::our_helper;
use crate::git::{HEROKU_HELPER, HelperKind, Scope, Setting, SettingScope};
use crate::notice::{Fix, Notice};

/// The value that the Heroku CLI writes before every command, if it can.
const CLI: &str = "!heroku git:credentials";

pub(super) fn check(facts: &Facts<'_>, found: &mut Findings) {
    let helpers = facts.git.helpers();
    if facts.git_error.is_some() {
        return;
    }
    if !helpers.iter().any(|helper| helper.means_us()) {
        return not_configured(&helpers, facts, found);
    }
    let first = helpers.iter().position(|helper| helper.starts_us());
    for (at, helper) in helpers.iter().enumerate() {
        let shown = described(helper);
        let (severity, what, why) = match (helper.kind(), first) {
            (HelperKind::ThisProgram, _) | (HelperKind::Other, None) => continue,
            (HelperKind::Misspelled | HelperKind::Missing, _) => (
                facts.severity_without_helper(),
                format!("the helper {shown} does not start heroku-rs"),
                "git finds no such program",
            ),
            (HelperKind::Other, Some(first)) if at < first => (
                Severity::Warn,
                format!("git asks {shown} before heroku-rs"),
                "git uses that helper's answer, and gives it every password that worked",
            ),
            (HelperKind::Other, Some(_)) => (
                Severity::Warn,
                format!("git also gives the token to {shown}"),
                "git gives a password that worked to every helper, and some store it in plain text",
            ),
        };
        let finding = found.add(severity, what).details(why);
        // The reset that disables a helper must come after it: in the same file, or in a later one.
        finding.fix(helper.silencer());
        finding.repair = set_up_after(helper, facts);
    }
    if helpers.iter().all(|helper| helper.starts_us()) && is_overwritten_by_the_cli(facts) {
        found
            .warn("the Heroku CLI will add its own helper at its next command")
            .details("the Heroku CLI only keeps a setting with two values: an empty one and ours")
            .command("git credential-heroku-rs setup")
            .repair = set_up(Scope::Global, facts);
    }
    found.otherwise_pass("git uses only heroku-rs for git.heroku.com");
}

fn not_configured(helpers: &[&Setting], facts: &Facts<'_>, found: &mut Findings) {
    let (what, why) = match helpers {
        [] => (
            "git has no credential helper for git.heroku.com".to_owned(),
            match facts.netrc_token(None) {
                Some(_) => "git only sends the entry in netrc",
                None => "git asks you for a password at every push",
            },
        ),
        [.., last] if last.value == CLI => (
            "git uses the Heroku CLI's helper instead of heroku-rs".to_owned(),
            "`heroku logout` removes every helper for Heroku, and the next `heroku` command adds the CLI's",
        ),
        [first, ..] => (
            format!(
                "git uses {} instead of heroku-rs for git.heroku.com",
                described(first)
            ),
            "",
        ),
    };
    let finding = found.add(facts.severity_without_helper(), what);
    if let Err(why) = facts.config_file(Scope::Global) {
        finding.details(why.what()).fix(why.fix());
        return;
    }
    finding.details(why);
    finding.fix(facts.set_up_fix());
    finding.repair = match facts.git.last_reset() {
        Some(reset) => set_up_after(reset, facts),
        None => set_up(Scope::Global, facts),
    };
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

/// Sets up this program in a file that git reads after this setting; none if we write to no such file.
fn set_up_after(setting: &Setting, facts: &Facts<'_>) -> Option<Repair> {
    match setting.scope {
        SettingScope::System | SettingScope::Global => set_up(Scope::Global, facts),
        SettingScope::Local => set_up(Scope::Local, facts),
        SettingScope::Worktree | SettingScope::Command => None,
    }
}

/// A helper, and where it is set.
fn described(helper: &Setting) -> String {
    let (value, scope) = (helper.shown_value(), helper.scope);
    format!("{value} ({scope} {})", helper.origin)
}

/// The Heroku CLI replaces a single value by its own helper, and adds its helper if there is none.
fn is_overwritten_by_the_cli(facts: &Facts<'_>) -> bool {
    let is_its = |one: &&Setting| one.key == HEROKU_HELPER && one.scope == SettingScope::Global;
    let values = facts.git.settings.iter().filter(is_its).count();
    values < 2 && facts.context.environment.has_program("heroku")
}

fn set_up(scope: Scope, facts: &Facts<'_>) -> Option<Repair> {
    let helper = our_helper(facts.context).ok()?;
    facts.config_file(scope).ok()?;
    let undo = match scope {
        Scope::Global => "git credential-heroku-rs unsetup",
        Scope::Local => "git credential-heroku-rs unsetup --local",
    };
    Some(Repair {
        change: format!("configure git to use only heroku-rs for git.heroku.com, in {scope}"),
        undo: undo.to_owned(),
        apply: Box::new(move |context| {
            let done = context.git().set_up(scope, &helper, &context.environment);
            done.map(drop)
        }),
    })
}
