//! How a helper is spelled: what starts this program, and what only means to.

use super::{Finding, Look, Repair};
use crate::commands::our_helper;
use crate::git::{self, Kin, Setting};

/// A helper as it is told: of a piece of shell only as much as can hold no secret.
pub(super) fn shown(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!/._-:~ ".contains(c);
    match value.find(|c| !plain(c)) {
        None => format!("`{value}`"),
        Some(end) => format!("`{}…`", &value[..end]),
    }
}

/// Values that mean this program, and that git does not find it by.
pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for helper in &look.helpers {
        let (id, why) = match helper.kin() {
            Kin::Us | Kin::Stranger => continue,
            Kin::Misspelled => (
                "git.misspelled",
                "git makes the name of a command of it that there is not",
            ),
            Kin::Stale => ("git.stale-path", "there is no such file"),
        };
        let place = &helper.origin;
        let what = format!(
            "the helper {} in {place} does not start this program",
            shown(&helper.value)
        );
        let fix = rewritten(helper, look);
        let advice = match &fix {
            Some(_) => "git credential-heroku-rs doctor --fix",
            None => "git credential-heroku-rs setup",
        };
        found.push(
            Finding::fail(id, what)
                .because(why)
                .with_advice(advice)
                .with_repair(fix),
        );
    }
    found
}

fn rewritten(helper: &Setting, look: &Look<'_>) -> Option<Repair> {
    let ours = our_helper(look.context).ok()?;
    if !helper.is_changeable() {
        return None;
    }
    let does = format!(
        "write {} in place of {} in {}",
        shown(&ours),
        shown(&helper.value),
        helper.origin
    );
    let undo = git::undone_by_replacing(helper, &ours);
    let helper = helper.clone();
    Some(Repair::new(does, undo, move |_| {
        git::replace(&helper, &ours)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_shell_is_not_told_whole() {
        assert_eq!(
            shown("!heroku git:credentials"),
            "`!heroku git:credentials`"
        );
        assert_eq!(shown("!f() { echo password=x; }; f"), "`!f…`");
    }
}
