//! Random steps of a user, git and the Heroku CLI. A small model predicts the result of each step. After
//! concurrent steps, every file and item is complete.

mod commands;
mod concurrent;
mod machine;
mod real_machine;
mod step;

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use crate::world::{counted, runner};
use concurrent::run_concurrently;
use machine::Machine;
use real_machine::{RealMachine, Sender};
use step::{Step, Token, any_step, removes_no_token, step_of_git};

/// Runs a sequence on a machine without logins, and reports where it differs from the model.
fn matches_the_model(real: &mut RealMachine, steps: &[Step]) -> Result<(), String> {
    real.reset();
    let mut machine = Machine {
        uses_netrc: real.uses_netrc,
        ..Machine::default()
    };
    for step in steps {
        let ends = machine.results(*step);
        let seen = real.runs(*step);
        let mut made = ends[0].after.created.difference(&machine.created);
        real.add_new_tokens(made.next().copied())?;
        let left = real.read()?;
        if !ends.iter().any(|end| seen.is(end) && end.after == left) {
            return Err(format!(
                "after {step:?}\non {machine:#?}\nthe result was {seen:#?}\nwith {left:#?}\nexpected one of {ends:#?}"
            ));
        }
        machine = left;
    }
    counted("random steps in sequence", steps.len());
    Ok(())
}

/// A token that `rotate` creates gets its number after the step, but concurrent steps may use it before that.
fn creates_no_token(step: &Step) -> bool {
    *step != Step::Rotate
}

/// Reports the shortest sequence that breaks a promise.
fn report<T: std::fmt::Debug>(run: Result<(), TestError<T>>) {
    match run {
        Err(TestError::Fail(why, steps)) => panic!("{steps:#?}\n{why}"),
        run => run.map_err(|error| error.to_string()).unwrap(),
    }
}

/// Runs sequences on one machine, and reports the shortest one after which it differs from the model.
fn every_sequence_matches(
    mut runner: TestRunner,
    sequence: &impl Strategy<Value = Vec<Step>>,
    real: RealMachine,
) {
    let real = RefCell::new(real);
    report(runner.run(sequence, |steps| {
        matches_the_model(&mut real.borrow_mut(), &steps).map_err(TestCaseError::fail)
    }));
}

#[test]
fn every_step_matches_the_model() {
    let real = RealMachine::new(Sender::Direct);
    every_sequence_matches(runner(10, 200), &vec(any_step(), 1..=24), real);
}

#[test]
fn every_step_matches_the_model_with_heroku_netrc_write() {
    let mut real = RealMachine::new(Sender::Direct);
    real.uses_netrc();
    every_sequence_matches(runner(5, 100), &vec(any_step(), 1..=24), real);
}

#[test]
fn git_credential_matches_the_model() {
    let real = RealMachine::new(Sender::ThroughGit);
    every_sequence_matches(runner(4, 100), &vec(step_of_git(), 1..=16), real);
}

#[test]
fn concurrent_steps_leave_complete_files_and_items() {
    let real = RefCell::new(RealMachine::new(Sender::Direct));
    let sequences = prop_oneof![
        vec(
            vec(
                any_step().prop_filter("creates no token", creates_no_token),
                1..=8
            ),
            2..=8
        ),
        vec(
            vec(
                any_step().prop_filter("removes nothing", removes_no_token),
                1..=8
            ),
            2..=8
        ),
    ];
    report(runner(4, 100).run(&sequences, |sequences| {
        run_concurrently(&mut real.borrow_mut(), &sequences).map_err(TestCaseError::fail)
    }));
}

#[test]
fn a_difference_from_the_model_is_found() {
    let mut real = RealMachine::new(Sender::Direct);
    let steps = [Step::Store(None, Token(0)), Step::Get(None)];
    // With HEROKU_NETRC_WRITE, `store` uses another place than this model expects.
    real.world.sets("HEROKU_NETRC_WRITE", "true");
    assert!(matches_the_model(&mut real, &steps).is_err());
    real.world.unsets("HEROKU_NETRC_WRITE");
    matches_the_model(&mut real, &steps).unwrap();
    for account in ["heroku other yes", "carol@example.com"] {
        let line = format!("store --label=other service heroku-cli account {account}");
        let stored = real.world.secret_tool_with_input(&line, "a text");
        stored.succeeds().says_nothing();
        assert!(real.read().is_err(), "{account}");
        real.reset();
    }
}
