//! Which authorization a person means: by its id, by how that begins, or by its description.

use super::Entry;
use crate::notice::Notice;

/// So much of an id is taken for a name: less is more often a slip.
const SHORTEST: usize = 4;

/// The one that is meant. Only what Heroku has listed can be, so that no text of a person's ever
/// becomes a part of a request.
///
/// # Errors
/// That none is, or several are.
pub(super) fn one(entries: Vec<Entry>, name: &str) -> Result<Entry, Notice> {
    let by_id = |entry: &Entry| entry.id.eq_ignore_ascii_case(name);
    let by_description = |entry: &Entry| entry.description.as_deref() == Some(name);
    let by_beginning = |entry: &Entry| {
        let beginning = entry.id.get(..name.len());
        name.len() >= SHORTEST && beginning.is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let ways: [&dyn Fn(&Entry) -> bool; 3] = [&by_id, &by_description, &by_beginning];
    for meant in ways {
        let fitting: Vec<&Entry> = entries.iter().filter(|entry| meant(entry)).collect();
        match fitting.as_slice() {
            [] => {}
            [only] => {
                let id = only.id.clone();
                let found = entries.into_iter().find(|entry| entry.id == id);
                return found.ok_or_else(|| none(name));
            }
            several => return Err(ambiguous(several)),
        }
    }
    Err(none(name))
}

fn none(name: &str) -> Notice {
    Notice::new(
        format!("there is no authorization {name} in this account"),
        "see which there are: git credential-heroku-rs authorizations",
    )
}

fn ambiguous(several: &[&Entry]) -> Notice {
    let ids: Vec<&str> = several.iter().map(|entry| entry.id.as_str()).collect();
    Notice::new(
        format!("several authorizations are meant: {}", ids.join(", ")),
        "give the whole id of one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        [
            ("aaaa1111-0000-4000-8000-000000000000", "laptop"),
            ("aaaa2222-0000-4000-8000-000000000000", "CI"),
            ("bbbb3333-0000-4000-8000-000000000000", "CI"),
            ("cccc4444-0000-4000-8000-000000000000", "aaaa"),
        ]
        .into_iter()
        .map(|(id, description)| Entry::named_so(id, description))
        .collect()
    }

    fn id_of(name: &str) -> String {
        one(entries(), name).unwrap().id
    }

    #[test]
    fn an_id_its_beginning_and_a_description_name_one() {
        assert!(id_of("BBBB3333-0000-4000-8000-000000000000").starts_with("bbbb"));
        assert!(id_of("aaaa1").starts_with("aaaa1111"));
        assert!(id_of("laptop").starts_with("aaaa1111"));
        assert!(
            id_of("aaaa").starts_with("cccc"),
            "a whole name goes before a part of one"
        );
    }

    #[test]
    fn several_are_told_and_none_is_guessed() {
        let told = one(entries(), "CI").unwrap_err().to_string();
        assert!(
            told.contains("aaaa2222") && told.contains("bbbb3333"),
            "{told}"
        );
        for name in ["", "bbb", "~", "../account", "é", "laptop2"] {
            let told = one(entries(), name).unwrap_err().to_string();
            assert!(told.starts_with("there is no authorization"), "{told}");
        }
    }
}
