//! How many faults, kills and races the stories have tried, for `contrib/trust`.

use std::fs::File;
use std::io::Write;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Whether a story tests every case, however long it takes: `HEROKU_RS_THOROUGH` is set.
pub(crate) fn is_thorough() -> bool {
    std::env::var_os("HEROKU_RS_THOROUGH").is_some()
}

/// All of these in a thorough run, else so many of them, from the first to the last at equal distances.
pub(crate) fn sample<T>(all: Vec<T>, few: usize) -> Vec<T> {
    if is_thorough() || all.len() <= few {
        return all;
    }
    let last = all.len() - 1;
    let places: Vec<usize> = (0..few).map(|number| number * last / (few - 1)).collect();
    let numbered = all.into_iter().enumerate();
    numbered
        .filter(|(place, _)| places.contains(place))
        .map(|(_, one)| one)
        .collect()
}

/// Generates random cases: the same few each time, and in a thorough run many new ones.
pub(crate) fn runner(few: u32, many: u32) -> TestRunner {
    let config = Config {
        cases: if is_thorough() { many } else { few },
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    if is_thorough() {
        TestRunner::new(config)
    } else {
        let same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config, same)
    }
}

/// Notes that a story has done this to the program so many times, and that all its promises held.
///
/// One line in the file that `HEROKU_RS_COUNTS` names, in one write, so that stories at once do not
/// mix; without the variable nothing is noted.
pub(crate) fn counted(what: &str, times: usize) {
    let Some(path) = std::env::var_os("HEROKU_RS_COUNTS") else {
        return;
    };
    let story = std::thread::current();
    let story = story.name().unwrap_or_default();
    let line = format!("{what}\t{times}\t{story}\n");
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Says on stderr that this story is skipped here, and why.
///
/// Not with `eprintln!`: what that prints in a test that passes is not shown.
pub(crate) fn skipped(why: &str) {
    let story = std::thread::current();
    let line = format!("skipped {}: {why}\n", story.name().unwrap_or_default());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
