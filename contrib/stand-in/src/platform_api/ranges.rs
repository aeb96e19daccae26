//! Paginated lists: `Range` in the request, `Next-Range` in the answer.

use std::cmp::Ordering;

use serde_json::Value;

use super::error;
use crate::message::{Answer, Request};
use crate::state::State;

/// The maximum number of entries in a page.
///
/// Source: the Platform API's reference on ranges.
const MOST: usize = 1000;

#[derive(Debug, PartialEq, Eq)]
struct Range {
    by: String,
    from: String,
    /// The entry `from` itself is excluded.
    is_after: bool,
    to: String,
    max: Option<usize>,
    is_descending: bool,
}

/// An entry of a list: the fields by which the list can be sorted, of which the first is the default, and the entry's
/// JSON. Only the entries on the page are converted to JSON.
pub(super) trait Listed {
    const FIELDS: &'static [&'static str];
    fn key(&self, field: &str) -> &str;
    fn to_json(&self) -> Value;
}

/// The page of a list that a request asks for.
pub(super) fn page<T: Listed>(list: Vec<T>, request: &Request, state: &State) -> Answer {
    let fields = T::FIELDS;
    let asked = request.header("range");
    let range = match asked {
        None => parse(&format!("{} ..", fields.first().unwrap_or(&"id"))),
        Some(asked) => parse(asked),
    };
    let range = range.filter(|range| fields.contains(&range.by.as_str()));
    let Some(range) = range else {
        let message = "That range cannot be satisfied.";
        return error(416, "requested_range_not_satisfiable", message);
    };
    let max = range.max.unwrap_or(state.page_size());
    let (page, end) = select(list, &range, max);
    let page = page.iter().map(Listed::to_json).collect();
    let status = if end.is_some() { 206 } else { 200 };
    let mut answer = Answer::json(status, &Value::Array(page))
        .with("Accept-Ranges", &fields.join(", "))
        .with(
            "Content-Range",
            &format!("{} {}..{}", range.by, range.from, range.to),
        );
    if let Some(end) = end {
        let order = if range.is_descending {
            ", order=desc"
        } else {
            ""
        };
        let next = format!("{} ]{end}..{}; max={max}{order}", range.by, range.to);
        answer = answer.with("Next-Range", &next);
    }
    answer
}

/// `FIELD [START]..[END]; max=N, order=desc`. A `]` before the start excludes the start.
fn parse(text: &str) -> Option<Range> {
    let (front, options) = text.split_once(';').unwrap_or((text, ""));
    let (by, span) = front.trim().split_once(' ')?;
    let (from, to) = span.trim().split_once("..")?;
    let mut range = Range {
        by: by.to_owned(),
        from: from.trim_start_matches(['[', ']']).to_owned(),
        is_after: from.starts_with(']'),
        to: to.trim_end_matches(['[', ']']).to_owned(),
        max: None,
        is_descending: false,
    };
    for option in options.split(',').map(str::trim).filter(|o| !o.is_empty()) {
        match option.split_once('=')? {
            ("max", max) => {
                let max = max.parse().ok()?;
                range.max = (1..=MOST).contains(&max).then_some(max);
                range.max?;
            }
            ("order", "asc") => {}
            ("order", "desc") => range.is_descending = true,
            _ => return None,
        }
    }
    Some(range)
}

/// The entries of one page, and the key of its last entry if more follow.
fn select<T: Listed>(mut list: Vec<T>, range: &Range, max: usize) -> (Vec<T>, Option<String>) {
    let order = |a: &str, b: &str| {
        if range.is_descending {
            b.cmp(a)
        } else {
            a.cmp(b)
        }
    };
    list.retain(|one| {
        let (key, is_open) = (one.key(&range.by), range.from.is_empty());
        let starts = match order(key, &range.from) {
            Ordering::Less => is_open,
            Ordering::Equal => is_open || !range.is_after,
            Ordering::Greater => true,
        };
        starts && (range.to.is_empty() || order(key, &range.to) != Ordering::Greater)
    });
    list.sort_by(|a, b| order(a.key(&range.by), b.key(&range.by)));
    let more = list.len() > max;
    list.truncate(max);
    let end = list.last().map(|one| one.key(&range.by).to_owned());
    (list, end.filter(|_| more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    impl Listed for &str {
        const FIELDS: &'static [&'static str] = &["name"];
        fn key(&self, _: &str) -> &str {
            self
        }
        fn to_json(&self) -> Value {
            json!({"name": self})
        }
    }

    fn names(range: &str, max: usize) -> (String, Option<String>) {
        let (page, end) = select(vec!["c", "a", "d", "b"], &parse(range).unwrap(), max);
        (page.concat(), end)
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        assert_eq!(
            names("name ..", 3),
            ("abc".to_owned(), Some("c".to_owned()))
        );
        assert_eq!(names("name ]c..", 3), ("d".to_owned(), None));
        assert_eq!(names("name c..", 3), ("cd".to_owned(), None));
        assert_eq!(names("name a..b", 3), ("ab".to_owned(), None));
        let descending = names("name ]d..; order=desc", 2);
        assert_eq!(descending, ("cb".to_owned(), Some("b".to_owned())));
    }

    #[test]
    fn an_invalid_range_is_ignored() {
        for range in [
            "",
            "name",
            "name a",
            "name ..; max=0",
            "name ..; max=1001",
            "name ..; x",
        ] {
            assert_eq!(parse(range), None, "{range:?}");
        }
        assert_eq!(parse("id ..; max=10").unwrap().max, Some(10));
    }
}
