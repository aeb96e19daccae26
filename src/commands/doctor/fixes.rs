//! `--fix`: each change is shown first, with the way back, and made where it is agreed to. One that
//! cannot be made stops no other.

use super::{Change, Finding, Fix, Mask, Reach, examine, pointer};
use crate::cli::Doctor;
use crate::commands::Session;
use crate::notice::Notice;
use crate::terminal::{self, Silence, Unless};

/// A mend may bring to light what it stood before: the examination is repeated so many times.
const ROUNDS: usize = 4;

/// What a person says to a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// This one not, and none that would come after it.
    Stop,
}

/// Mends what was found, and what comes to light by that; leaves in `findings` what is there then.
pub(super) fn all(
    findings: &mut Vec<Finding>,
    arguments: &Doctor,
    mask: &mut Mask,
    reach: Reach,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Vec<Change>> {
    let (mut offered, mut changes) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Whom a push is made for is decided by what was found, and not by what a mend has just
        // removed.
        let is_settled = |one: &&Finding| round > 0 && one.id == pointer::DANGLING;
        let fixes = fixes(findings.iter().filter(|one| !is_settled(one)), &offered);
        if fixes.is_empty() {
            break;
        }
        let mut answer = Answer::Yes;
        for fix in &fixes {
            offered.push(fix.does.clone());
            answer = offer(fix, arguments, mask, session)?;
            match answer {
                Answer::Yes => changes.extend(made(fix, mask, session)?),
                Answer::No => {}
                Answer::Stop => break,
            }
        }
        *findings = examine(reach, mask, session);
        if answer == Answer::Stop {
            session.say("stopped: what was mended before stays mended")?;
            break;
        }
    }
    Ok(changes)
}

/// The fixes that have not been offered yet, each once.
fn fixes<'a>(findings: impl Iterator<Item = &'a Finding>, offered: &[String]) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = Vec::new();
    for fix in findings.filter_map(|finding| finding.fix.as_ref()) {
        let is_known = offered.contains(&fix.does) || fixes.iter().any(|one| one.does == fix.does);
        if !is_known {
            fixes.push(fix.clone());
        }
    }
    fixes
}

fn offer(
    fix: &Fix,
    arguments: &Doctor,
    mask: &Mask,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Answer> {
    session.say(&mask.public(&format!("to fix: {}", fix.does)))?;
    session.say(&mask.public(&format!("  undo:  {}", fix.undo)))?;
    if arguments.yes {
        return Ok(Answer::Yes);
    }
    match terminal::agrees("Do it?", Unless::TheySayNo) {
        Ok(true) => Ok(Answer::Yes),
        Ok(false) => Ok(Answer::No),
        Err(why @ Silence::NoTerminal) => Err(no_terminal(why).into()),
        Err(Silence::Unanswered | Silence::Interrupted | Silence::Unreadable) => Ok(Answer::Stop),
    }
}

fn no_terminal(why: Silence) -> Notice {
    why.notice("give --yes to do it without a question")
}

fn made(fix: &Fix, mask: &Mask, session: &mut Session<'_, '_>) -> anyhow::Result<Option<Change>> {
    if let Err(why) = fix.apply(session.context) {
        session.say(&mask.public(&format!("warning: not mended: {why}")))?;
        return Ok(None);
    }
    Ok(Some(Change {
        does: fix.does.clone(),
        undo: fix.undo.clone(),
    }))
}
