//! `--fix`: shows each change and how to undo it, and makes the change if the user agrees. If a change
//! fails, the others are still offered.

use super::{Change, Finding, Mask, Reach, Repair, examine};
use crate::cli::Doctor;
use crate::commands::Session;
use crate::notice::Notice;
use crate::terminal::{self, DefaultAnswer, PromptError};

/// The user's answer to a proposed change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// Neither this change nor any of the following ones.
    Stop,
}

/// Offers every repair once and applies those that the user agrees to. Then examines again and
/// replaces `findings`.
pub(super) fn all(
    findings: &mut Vec<Finding>,
    arguments: &Doctor,
    mask: &mut Mask,
    reach: Reach,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Vec<Change>> {
    let mut changes = Vec::new();
    for repair in repairs(findings) {
        match offer(&repair, arguments, mask, session)? {
            Answer::Yes => changes.extend(apply(&repair, mask, session)?),
            Answer::No => {}
            Answer::Stop => {
                session.say("stopped: the changes made so far are kept")?;
                break;
            }
        }
    }
    *findings = examine(reach, mask, session);
    Ok(changes)
}

/// The repairs of all findings, each once.
pub(super) fn repairs(findings: &[Finding]) -> Vec<Repair> {
    let mut repairs: Vec<Repair> = Vec::new();
    for repair in findings
        .iter()
        .filter_map(|finding| finding.repair.as_ref())
    {
        if !repairs.iter().any(|one| one.change == repair.change) {
            repairs.push(repair.clone());
        }
    }
    repairs
}

fn offer(
    repair: &Repair,
    arguments: &Doctor,
    mask: &Mask,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Answer> {
    session.say(&mask.public(&format!("proposed fix: {}", repair.change)))?;
    session.say(&mask.public(&format!("  undo: {}", repair.undo)))?;
    if arguments.yes {
        return Ok(Answer::Yes);
    }
    match terminal::confirm("Apply?", DefaultAnswer::Yes) {
        Ok(true) => Ok(Answer::Yes),
        Ok(false) => Ok(Answer::No),
        Err(why @ PromptError::NoTerminal) => Err(no_terminal(why).into()),
        Err(PromptError::NoAnswer | PromptError::Interrupted | PromptError::Invalid) => {
            Ok(Answer::Stop)
        }
    }
}

fn no_terminal(why: PromptError) -> Notice {
    why.notice("give --yes to apply fixes without asking")
}

/// Applies a repair. One that fails is reported and yields no change.
fn apply(
    repair: &Repair,
    mask: &Mask,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Option<Change>> {
    if let Err(why) = repair.apply(session.context) {
        session.say(&mask.public(&format!("warning: not fixed: {why}")))?;
        return Ok(None);
    }
    Ok(Some(Change {
        change: repair.change.clone(),
        undo: repair.undo.clone(),
    }))
}
