//! Files that are larger than those of any user: the time to read and edit them grows in proportion to their size.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::{GOOD, Home};

/// The time that the slowest machine may take with a debug build; a usual one takes a tenth of it.
const GENEROUS: Duration = Duration::from_secs(30);

fn strangers(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(
            text,
            "machine host-{number}.example login someone-{number}@example.com password \"a secret, {number:030}\""
        );
        text
    })
}

fn in_time(what: &str, step: impl FnOnce()) {
    let start = Instant::now();
    step();
    let took = start.elapsed();
    assert!(took < GENEROUS, "{what} took {took:?}");
}

#[test]
fn fifty_thousand_entries_are_read_and_edited() {
    let others = strangers(50_000);
    assert!(others.len() > 5_000_000);
    let home = Home::with(others.as_bytes());
    in_time("reading", || assert_eq!(home.token(), Ok(None)));
    in_time("keeping", || home.keeps(GOOD).unwrap());
    in_time("reading the last of them", || {
        assert_eq!(home.token().unwrap().unwrap().expose(), GOOD);
    });
    in_time("cleaning", || assert_eq!(home.is_cleaned(), Ok(true)));
    assert!(home.bytes() == others.as_bytes(), "every other byte stays");
}

/// Looking back for the beginning of such a line, once for each of them, would take hours.
#[test]
fn ten_thousand_entries_of_ours_on_one_line_are_removed() {
    let others = "machine x login y password z ".repeat(100_000);
    let ours = "machine git.heroku.com login a password b ".repeat(10_000);
    let home = Home::with(format!("{others}{ours}machine end login y\n").as_bytes());
    in_time("cleaning one line", || {
        assert_eq!(home.is_cleaned(), Ok(true));
    });
    assert!(home.bytes() == format!("{others}machine end login y\n").as_bytes());
}
