//! Concurrent sequences of steps: each process sees complete data and leaves complete data.

use std::collections::BTreeSet;
use std::thread;

use super::machine::{Machine, is_email};
use super::real_machine::{RealMachine, Seen};
use super::step::{Name, PASTED, Step, Token, removes_no_token};
use crate::world::{ANN, BOB, counted};

/// Runs all sequences concurrently, checks what they left, and returns what is wrong.
pub(super) fn run_concurrently(
    real: &mut RealMachine,
    sequences: &[Vec<Step>],
) -> Result<(), String> {
    real.reset();
    let shared = &*real;
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
    let stored = stored_tokens(sequences);
    for (step, seen) in &seen {
        if !seen.is_complete(*step, &stored) {
            return Err(format!("{step:?} gave {seen:#?}"));
        }
    }
    let left = real.read()?;
    let left_over = real.world.drafts();
    if !left_over.is_empty() {
        return Err(format!("temporary files are left: {left_over:?}"));
    }
    for (name, token) in &left.items {
        if !stored.contains(&(*name, *token)) {
            return Err(format!("{name} has {token:?}, which no step stored"));
        }
    }
    nothing_is_lost(sequences, &left)?;
    git_gets_what_is_stored(real, &left)?;
    counted("random concurrent steps", seen.len());
    Ok(())
}

/// Every token that a step may have stored, with each name for which it may be stored.
fn stored_tokens(sequences: &[Vec<Step>]) -> BTreeSet<(Name, Token)> {
    let mut stored = BTreeSet::new();
    for step in sequences.iter().flatten() {
        match step {
            Step::Store(user, token) | Step::StoreTyped(user, token) => {
                let email = user.filter(|name| is_email(name));
                stored.insert((email.unwrap_or(PASTED), *token));
                // `status` finds the owner's name.
                stored.extend(token.owner().map(|owner| (owner, *token)));
            }
            Step::Login(token) | Step::LoginToNetrc(token) | Step::HerokuLogin(token) => {
                stored.extend(token.owner().map(|owner| (owner, *token)));
            }
            _ => {}
        }
    }
    stored
}

/// If nothing is removed, a login of either program is stored at the end.
fn nothing_is_lost(sequences: &[Vec<Step>], left: &Machine) -> Result<(), String> {
    let steps = || sequences.iter().flatten();
    if !steps().all(removes_no_token) {
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
fn git_gets_what_is_stored(real: &RealMachine, left: &Machine) -> Result<(), String> {
    for user in [None, Some(ANN), Some(BOB)] {
        let step = Step::Get(user);
        let seen = real.runs(step);
        if !left.results(step).iter().any(|end| seen.is(end)) {
            return Err(format!("on {left:#?}\n{step:?} gave {seen:#?}"));
        }
    }
    Ok(())
}
