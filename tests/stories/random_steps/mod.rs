//! Random steps of a user, git and the Heroku CLI. A small model predicts the result of each step. After
//! concurrent steps, every file and item is complete.

mod commands;
mod concurrent;
mod machine;
mod player;
mod step;

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError};

use crate::world::{counted, runner};
use concurrent::leave_all_whole;
use machine::Machine;
use player::{Played, Way};
use step::{Step, Token, any_step, gives, step_of_git};

/// Runs a sequence on a machine without logins, and reports where it differs from the model.
fn follows_the_model(played: &mut Played, steps: &[Step]) -> Result<(), String> {
    played.starts_again();
    let mut machine = Machine {
        lives_on_netrc: played.lives_on_netrc,
        ..Machine::default()
    };
    for step in steps {
        let ends = machine.ends(*step);
        let seen = played.runs(*step);
        let mut made = ends[0].after.made.difference(&machine.made);
        played.learns(made.next().copied())?;
        let left = played.machine()?;
        if !ends.iter().any(|end| seen.is(end) && end.after == left) {
            return Err(format!(
                "after {step:?}\non {machine:#?}\nit said {seen:#?}\nand left {left:#?}\nwhere it may end {ends:#?}"
            ));
        }
        machine = left;
    }
    counted("random steps in sequence", steps.len());
    Ok(())
}

/// What `rotate` makes has a number only once it is known, and here others act on it before.
fn makes_none(step: &Step) -> bool {
    *step != Step::Rotate
}

/// Reports the shortest sequence that breaks a promise.
fn report<T: std::fmt::Debug>(run: Result<(), TestError<T>>) {
    match run {
        Err(TestError::Fail(why, steps)) => panic!("{steps:#?}\n{why}"),
        run => run.map_err(|error| error.to_string()).unwrap(),
    }
}

#[test]
fn every_step_matches_the_model() {
    let played = RefCell::new(Played::new(Way::Direct));
    let sequence = vec(any_step(), 1..=24);
    report(runner(10, 200).run(&sequence, |steps| {
        follows_the_model(&mut played.borrow_mut(), &steps).map_err(TestCaseError::fail)
    }));
}

#[test]
fn every_step_matches_the_model_with_heroku_netrc_write() {
    let played = RefCell::new(Played::new(Way::Direct));
    played.borrow_mut().lives_on_netrc();
    let sequence = vec(any_step(), 1..=24);
    report(runner(5, 100).run(&sequence, |steps| {
        follows_the_model(&mut played.borrow_mut(), &steps).map_err(TestCaseError::fail)
    }));
}

#[test]
fn git_credential_matches_the_model() {
    let played = RefCell::new(Played::new(Way::ThroughGit));
    let sequence = vec(step_of_git(), 1..=16);
    report(runner(4, 100).run(&sequence, |steps| {
        follows_the_model(&mut played.borrow_mut(), &steps).map_err(TestCaseError::fail)
    }));
}

#[test]
fn concurrent_steps_leave_complete_files_and_items() {
    let played = RefCell::new(Played::new(Way::Direct));
    let sequences = prop_oneof![
        vec(
            vec(any_step().prop_filter("it makes none", makes_none), 1..=8),
            2..=8
        ),
        vec(
            vec(any_step().prop_filter("removes nothing", gives), 1..=8),
            2..=8
        ),
    ];
    report(runner(4, 100).run(&sequences, |sequences| {
        leave_all_whole(&mut played.borrow_mut(), &sequences).map_err(TestCaseError::fail)
    }));
}

#[test]
fn a_difference_from_the_model_is_found() {
    let mut played = Played::new(Way::Direct);
    let steps = [Step::Store(None, Token(0)), Step::Get(None)];
    // With HEROKU_NETRC_WRITE, `store` uses another place than this model expects.
    played.world.sets("HEROKU_NETRC_WRITE", "true");
    assert!(follows_the_model(&mut played, &steps).is_err());
    played.world.unsets("HEROKU_NETRC_WRITE");
    follows_the_model(&mut played, &steps).unwrap();
    for account in ["heroku other yes", "carol@example.com"] {
        let line = format!("store --label=other service heroku-cli account {account}");
        let stored = played.world.secret_tool_with_input(&line, "a text");
        stored.succeeds().says_nothing();
        assert!(played.machine().is_err(), "{account}");
        played.starts_again();
    }
}
