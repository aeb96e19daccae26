//! Concurrent sequences of steps: each process sees complete data and leaves complete data.

use std::collections::BTreeSet;
use std::thread;

use super::machine::{Machine, is_email};
use super::player::{Played, Seen};
use super::step::{Name, PASTED, Step, Token, gives};
use crate::world::{ANN, BOB, counted};

/// Runs all sequences concurrently, checks what they left, and returns what is wrong.
pub(super) fn leave_all_whole(played: &mut Played, sequences: &[Vec<Step>]) -> Result<(), String> {
    played.starts_again();
    let shared = &*played;
    let seen: Vec<(Step, Seen)> = thread::scope(|scope| {
        let run = |steps: &[Step]| -> Vec<(Step, Seen)> {
            let steps = steps.iter();
            steps.map(|step| (*step, shared.runs(*step))).collect()
        };
        let threads = sequences
            .iter()
            .map(|steps| scope.spawn(move || run(steps)));
        let threads: Vec<_> = threads.collect();
        let seen = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        seen.collect()
    });
    let given = given(sequences);
    for (step, seen) in &seen {
        if !seen.is_whole(*step, &given) {
            return Err(format!("{step:?} came out as {seen:#?}"));
        }
    }
    let left = played.machine()?;
    let left_over = played.world.drafts();
    if !left_over.is_empty() {
        return Err(format!("drafts lie about: {left_over:?}"));
    }
    for (name, token) in &left.items {
        if !given.contains(&(*name, *token)) {
            return Err(format!("{name} has {token:?}, which no step gave it"));
        }
    }
    nothing_is_lost(sequences, &left)?;
    follows_from(played, &left)?;
    counted("random concurrent steps", seen.len());
    Ok(())
}

/// Every token that a step may have put somewhere, with the names that it may have got.
fn given(sequences: &[Vec<Step>]) -> BTreeSet<(Name, Token)> {
    let mut given = BTreeSet::new();
    for step in sequences.iter().flatten() {
        match step {
            Step::Store(user, token) | Step::StoreTyped(user, token) => {
                let email = user.filter(|name| is_email(name));
                given.insert((email.unwrap_or(PASTED), *token));
                // `status` finds the owner's name.
                given.extend(token.owner().map(|owner| (owner, *token)));
            }
            Step::Login(token) | Step::LoginToNetrc(token) | Step::HerokuLogin(token) => {
                given.extend(token.owner().map(|owner| (owner, *token)));
            }
            _ => {}
        }
    }
    given
}

/// If nothing is removed, a login of either program is stored at the end.
fn nothing_is_lost(sequences: &[Vec<Step>], left: &Machine) -> Result<(), String> {
    let steps = || sequences.iter().flatten();
    if !steps().all(gives) {
        return Ok(());
    }
    let logins = steps().filter_map(|step| match step {
        Step::Login(token) | Step::HerokuLogin(token) => token.owner(),
        _ => None,
    });
    for owner in logins {
        if !left.items.contains_key(owner) {
            return Err(format!("the login of {owner} is lost: {left:#?}"));
        }
    }
    Ok(())
}

/// At the end, git gets what is stored.
fn follows_from(played: &Played, left: &Machine) -> Result<(), String> {
    for user in [None, Some(ANN), Some(BOB)] {
        let step = Step::Get(user);
        let seen = played.runs(step);
        if !left.ends(step).iter().any(|end| seen.is(end)) {
            return Err(format!("on {left:#?}\n{step:?} came out as {seen:#?}"));
        }
    }
    Ok(())
}
