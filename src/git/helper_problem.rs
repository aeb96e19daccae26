//! What is wrong with git's helpers for Heroku: whether git starts this program, first and alone.

use super::{Configuration, HelperKind, Scope, Setting, SettingScope};
use crate::environment::Environment;
use crate::notice::Notice;

/// The value that the Heroku CLI writes before every command, if it can.
const CLI: &str = "!heroku git:credentials";

/// Why git does not use this program, or also uses another helper.
pub struct HelperProblem {
    /// What is wrong, and how to fix it.
    pub notice: Notice,
    /// Why it matters.
    pub why: &'static str,
    /// The configuration in which `setup` fixes it; none if `setup` writes to no such file.
    pub scope: Option<Scope>,
}

impl HelperProblem {
    /// A problem that our lines fix if they come after this helper: in the same file, or in a later one.
    fn new(what: String, why: &'static str, helper: &Setting) -> HelperProblem {
        HelperProblem {
            notice: Notice::new(what, helper.silencer()),
            why,
            scope: helper.scope.our_scope(),
        }
    }
}

impl Configuration {
    /// What keeps git from using this program, and no other helper, for Heroku; empty if nothing does.
    pub fn helper_problems(&self, environment: &Environment) -> Vec<HelperProblem> {
        let helpers = self.helpers();
        if !helpers.iter().any(|helper| helper.means_us()) {
            return vec![self.not_configured(&helpers, environment)];
        }
        let first = helpers.iter().position(|helper| helper.starts_us());
        let problem = |(at, helper): (usize, &&Setting)| {
            let shown = described(helper, environment);
            let (what, why) = match (helper.kind(), first) {
                (HelperKind::ThisProgram, _) | (HelperKind::Other, None) => return None,
                (HelperKind::Misspelled | HelperKind::Missing, _) => (
                    format!("the helper {shown} does not start heroku-rs"),
                    "git finds no such program",
                ),
                (HelperKind::Other, Some(first)) if at < first => (
                    format!("git asks {shown} before heroku-rs"),
                    "git uses that helper's answer, and gives it every password that worked",
                ),
                (HelperKind::Other, Some(_)) => (
                    format!("git also gives the token to {shown}"),
                    "git gives a password that worked to every helper, and some store it in plain text",
                ),
            };
            Some(HelperProblem::new(what, why, helper))
        };
        helpers.iter().enumerate().filter_map(problem).collect()
    }

    /// No helper is meant to start this program.
    fn not_configured(&self, helpers: &[&Setting], environment: &Environment) -> HelperProblem {
        const NONE: &str = "git has no credential helper for git.heroku.com";
        let reset = self.last_reset();
        let (what, why) = match (helpers, reset) {
            ([first, ..], _) => (
                format!(
                    "git uses {} instead of heroku-rs for git.heroku.com",
                    described(first, environment)
                ),
                if first.value == CLI {
                    "`heroku logout` removes every helper for Heroku, and the next `heroku` command adds the CLI's"
                } else {
                    ""
                },
            ),
            ([], Some(reset)) => {
                let origin = reset.shown_origin(environment);
                let what = format!("{NONE}: a setting in {origin} resets the list");
                (what, "git ignores every helper that is set before it")
            }
            ([], None) => (
                NONE.to_owned(),
                "git only sends an entry in netrc, or asks you for a password at every push",
            ),
        };
        HelperProblem {
            notice: Notice::new(what, self.set_up_fix()),
            why,
            scope: reset.map_or(Some(Scope::Global), |reset| reset.scope.our_scope()),
        }
    }
}

/// A helper, and where it is set.
fn described(helper: &Setting, environment: &Environment) -> String {
    let (value, origin) = (helper.shown_value(), helper.shown_origin(environment));
    match helper.scope {
        SettingScope::Command => format!("{value} ({origin})"),
        scope => format!("{value} ({scope} {origin})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(settings: &[(SettingScope, &str)]) -> Vec<(String, Option<Scope>)> {
        let settings = settings.iter().map(|&(scope, value)| Setting {
            scope,
            origin: "/etc/x".to_owned(),
            ..Setting::helper(value)
        });
        let configuration = Configuration {
            settings: settings.collect(),
            remotes: Vec::new(),
        };
        let problems = configuration.helper_problems(&Environment::default());
        let problems = problems.into_iter();
        problems
            .map(|one| (one.notice.to_string(), one.scope))
            .collect()
    }

    #[test]
    fn there_is_no_problem_if_git_uses_only_this_program() {
        use SettingScope::{Global, Local, System};
        let ours = (Global, "heroku-rs");
        assert_eq!(problems(&[ours]), []);
        assert_eq!(problems(&[(System, "store"), (Global, ""), ours]), []);
        assert_eq!(problems(&[ours, (Local, "heroku-rs")]), []);
    }

    #[test]
    fn each_problem_has_a_fix_that_comes_after_its_setting() {
        use SettingScope::{Command, Global, Local, System};
        let ours = (Global, "heroku-rs");
        let (set_up, set_up_local) = (
            "run: git credential-heroku-rs setup",
            "run: git credential-heroku-rs setup --local",
        );
        let remove = "remove the setting from git's command line and from GIT_CONFIG_COUNT";
        let none = "git has no credential helper for git.heroku.com";
        let none_after = |place| format!("{none}: a setting in {place} resets the list");
        let none_after_reset = none_after("/etc/x");
        let none_after_command = none_after("git's command line");
        for (settings, what, fix, scope) in [
            (&[][..], none, set_up, Some(Scope::Global)),
            (
                &[ours, (Local, "")],
                &none_after_reset,
                set_up_local,
                Some(Scope::Local),
            ),
            (&[ours, (Command, "")], &none_after_command, remove, None),
            (
                &[(System, "store"), (Global, "cache")],
                "git uses `store` (system /etc/x) instead of heroku-rs for git.heroku.com",
                set_up,
                Some(Scope::Global),
            ),
            (
                &[(Global, "heroku_rs"), (Global, "store")],
                "the helper `heroku_rs` (global /etc/x) does not start heroku-rs",
                set_up,
                Some(Scope::Global),
            ),
            (
                &[(System, "store"), ours],
                "git asks `store` (system /etc/x) before heroku-rs",
                set_up,
                Some(Scope::Global),
            ),
            (
                &[ours, (Local, "store")],
                "git also gives the token to `store` (local /etc/x)",
                set_up_local,
                Some(Scope::Local),
            ),
        ] {
            let expected = (format!("{what}\n  {fix}"), scope);
            assert_eq!(problems(settings), [expected], "{settings:?}");
        }
    }
}
