//! A list of any number of pages as one array. What is held does not grow with their number.

use std::io::Write;

use super::joined::{Joined, NotAList};
use super::sink::Sink;
use super::{Answer, Asking, each_piece};
use crate::heroku_api::{ApiError, Page};
use crate::notice::Notice;
use crate::terminal::{self, Spinner};

/// Tells all pages.
///
/// A list that breaks off leaves its array open: whoever reads it as JSON then knows too.
pub(super) fn tell_all(asking: &mut Asking<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let first = asking.answer()?;
    if first.page.next().is_none() {
        return asking.tell(first, out);
    }
    // Where the list itself is drawn on the terminal, it shows its progress.
    let spinner =
        (!terminal::is_stdout()).then(|| Spinner::start("…", &asking.context.environment));
    let mut telling = Telling {
        list: Joined::default(),
        sink: Sink::of(asking.arguments, true, asking.context, out),
        spinner,
    };
    telling.sink.take(b"[")?;
    let done = each_page(asking, first, &mut telling);
    let Telling {
        list,
        mut sink,
        spinner: _,
    } = telling;
    if done.is_ok() {
        sink.take(b"]\n")?;
    }
    sink.end()?;
    done.map_err(|error| match error.downcast::<Notice>() {
        Ok(notice) => broken_off(list.entries(), &notice).into(),
        Err(other) => other,
    })
}

fn each_page<'a>(
    asking: &mut Asking<'a>,
    first: Answer<'a>,
    telling: &mut Telling<'_>,
) -> anyhow::Result<()> {
    let mut answer = first;
    let mut rounds = Rounds::default();
    loop {
        telling.page(&mut answer.page)?;
        let Some(range) = answer.page.next() else {
            return Ok(());
        };
        if rounds.come_back_to(&range) {
            return Err(garbled().into());
        }
        asking.call.range = Some(range);
        answer = asking.answer()?;
        if !answer.page.is_success() {
            return Err(answer.page.notice(&answer.read, asking.token).into());
        }
    }
}

struct Telling<'a> {
    list: Joined,
    sink: Sink<'a>,
    spinner: Option<Spinner>,
}

impl Telling<'_> {
    fn page(&mut self, page: &mut Page<'_>) -> anyhow::Result<()> {
        let mut told = Vec::new();
        each_piece(page, |piece| {
            let taken = self.list.take(piece, &mut told);
            self.sink.take(&told)?;
            told.clear();
            Ok(taken.map_err(|NotAList| garbled())?)
        })?;
        self.list.end_page().map_err(|NotAList| garbled())?;
        if let Some(spinner) = &self.spinner {
            spinner.says(&format!("{} entries", self.list.entries()));
        }
        Ok(())
    }
}

fn garbled() -> Notice {
    ApiError::Garbled.notice()
}

/// How far the list came, and why it came no further.
fn broken_off(entries: usize, why: &Notice) -> Notice {
    let what = format!("the list broke off after {entries} entries: {}", why.what());
    Notice::new(what, why.fix()).of_kind(why.kind())
}

/// Whether the pages go round in a circle. One of those that were named is kept, a later one each
/// time that the way has doubled: so any circle is found, and nothing grows.
///
/// Source: Brent, "An improved Monte Carlo factorization algorithm", 1980, section 2.
#[derive(Default)]
struct Rounds {
    kept: Option<String>,
    steps: u64,
}

impl Rounds {
    fn come_back_to(&mut self, range: &str) -> bool {
        if self.kept.as_deref() == Some(range) {
            return true;
        }
        self.steps += 1;
        if self.steps.is_power_of_two() {
            self.kept = Some(range.to_owned());
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pages a circle of this length behind so many others is found.
    fn found(before: usize, length: usize) -> Option<usize> {
        let mut rounds = Rounds::default();
        let name = |page: usize| match page < before {
            true => format!("id {page}.."),
            false => format!("id {}..", before + (page - before) % length),
        };
        (0..10_000).position(|page| rounds.come_back_to(&name(page)))
    }

    #[test]
    fn every_circle_is_found_soon_and_no_straight_way_is_one() {
        assert_eq!(found(0, 1), Some(1));
        for (before, length) in [(0, 2), (1, 1), (5, 3), (100, 7), (3, 100)] {
            let pages = found(before, length).unwrap();
            assert!(pages <= 4 * (before + length), "{before} {length}: {pages}");
        }
        assert_eq!(found(10_000, 1), None);
    }
}
