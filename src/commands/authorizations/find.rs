//! Finds the authorization that the user names: by its id, the beginning of its id, or its description.

use super::Entry;
use crate::notice::Notice;
use crate::redact::{Hide, Redactor};

/// The fewest characters of an id that name an authorization: fewer are more likely a typo.
const SHORTEST: usize = 4;

/// The one entry that the name matches. Only an id from Heroku's list is returned, so that no text
/// that the user typed becomes part of a request path.
///
/// # Errors
/// The name matches no entry, or several.
pub(super) fn by_name(mut entries: Vec<Entry>, name: &str) -> Result<Entry, Notice> {
    let by_id = |entry: &Entry| entry.id.eq_ignore_ascii_case(name);
    let by_description = |entry: &Entry| entry.description.as_deref() == Some(name);
    let by_beginning = |entry: &Entry| {
        let beginning = entry.id.get(..name.len());
        name.len() >= SHORTEST && beginning.is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let ways: [&dyn Fn(&Entry) -> bool; 3] = [&by_id, &by_description, &by_beginning];
    for is_match in ways {
        let matching: Vec<Entry> = entries.extract_if(.., |entry| is_match(entry)).collect();
        if matching.len() > 1 {
            return Err(ambiguous(&matching));
        }
        if let Some(only) = matching.into_iter().next() {
            return Ok(only);
        }
    }
    Err(none(name))
}

fn none(name: &str) -> Notice {
    // It may be a token instead of an id.
    let name = Redactor::new(Hide::Secrets).redacted(name);
    Notice::new(
        format!("no authorization \"{name}\" in this account"),
        "list authorizations: git credential-heroku-rs authorizations",
    )
}

fn ambiguous(several: &[Entry]) -> Notice {
    let ids: Vec<&str> = several.iter().map(|entry| entry.id.as_str()).collect();
    Notice::new(
        format!("several authorizations match: {}", ids.join(", ")),
        "use the whole id of one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entries() -> Vec<Entry> {
        [
            ("aaaa1111-0000-4000-8000-000000000000", "laptop"),
            ("aaaa2222-0000-4000-8000-000000000000", "CI"),
            ("bbbb3333-0000-4000-8000-000000000000", "CI"),
            ("cccc4444-0000-4000-8000-000000000000", "aaaa"),
        ]
        .into_iter()
        .map(|(id, description)| {
            let one = json!({"id": id, "description": description});
            Entry::new(serde_json::from_str(&one.to_string()).unwrap())
        })
        .collect()
    }

    fn id_of(name: &str) -> String {
        by_name(entries(), name).unwrap().id
    }

    #[test]
    fn an_authorization_is_found_by_id_beginning_or_description() {
        assert!(id_of("BBBB3333-0000-4000-8000-000000000000").starts_with("bbbb"));
        assert!(id_of("aaaa1").starts_with("aaaa1111"));
        assert!(id_of("laptop").starts_with("aaaa1111"));
        assert!(
            id_of("aaaa").starts_with("cccc"),
            "a whole name takes precedence over a part of one"
        );
    }

    #[test]
    fn several_matches_are_listed_and_none_is_guessed() {
        let error = by_name(entries(), "CI").unwrap_err().to_string();
        assert!(
            error.contains("aaaa2222") && error.contains("bbbb3333"),
            "{error}"
        );
        for name in ["", "bbb", "~", "../account", "é", "laptop2"] {
            let error = by_name(entries(), name).unwrap_err().to_string();
            assert!(error.starts_with("no authorization \""), "{error}");
        }
    }

    #[test]
    fn a_token_instead_of_an_id_is_not_repeated() {
        for token in [
            "HRKU-01234567-89ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdef01abcdef",
        ] {
            let error = by_name(entries(), token).unwrap_err();
            assert_eq!(error.what(), "no authorization \"…\" in this account");
        }
    }
}
