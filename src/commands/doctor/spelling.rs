//! How a helper is spelled: what starts this program, and what only means to.

use super::helpers::set_up_over;
use super::{Finding, Look};
use crate::git::Kin;

/// Values that mean this program, and that git does not find it by.
pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for helper in &look.helpers {
        let (id, why) = match helper.kin() {
            Kin::Us | Kin::Stranger => continue,
            Kin::Misspelled => (
                "git.misspelled-helper",
                "git would run a command that does not exist",
            ),
            Kin::Stale => ("git.missing-helper", "there is no such file"),
        };
        let (value, origin) = (helper.shown_value(), &helper.origin);
        let what = format!("the helper {value} in {origin} does not start this program");
        found.push(
            Finding::fail(id, what)
                .because(why)
                .with_advice(helper.silencer())
                .with_repair(set_up_over(helper, look)),
        );
    }
    found
}
