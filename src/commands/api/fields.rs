//! Fields become JSON: `key=value`, `key[part]=value`, `list[]=value`, as with `gh api`.
//!
//! No message about an invalid field contains its value.

use serde_json::{Map, Value, json};

use crate::notice::Notice;

/// A field of the command line: its key and its value; an empty list has no value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    key: String,
    value: Option<Value>,
}

impl Field {
    /// Parses `key=text`.
    pub(super) fn text(given: &str) -> Result<Field, Notice> {
        Field::parse(given, |text| Ok(Value::from(text)))
    }

    /// Parses `key=value` with a type; `contents` reads a file by name.
    pub(super) fn typed(
        given: &str,
        contents: &mut dyn FnMut(&str) -> Result<String, Notice>,
    ) -> Result<Field, Notice> {
        Field::parse(given, |text| match text.strip_prefix('@') {
            Some(name) => Ok(Value::from(contents(name)?)),
            None => Ok(typed(text)),
        })
    }

    fn parse(
        given: &str,
        value: impl FnOnce(&str) -> Result<Value, Notice>,
    ) -> Result<Field, Notice> {
        let field = match given.split_once('=') {
            Some((key, text)) => Field {
                key: key.to_owned(),
                value: Some(value(text)?),
            },
            None if given.ends_with("[]") => Field {
                key: given.to_owned(),
                value: None,
            },
            None => return Err(usage("a field must have the form key=value")),
        };
        match path(&field.key) {
            Some(_) => Ok(field),
            None => Err(usage(format!("invalid key: {}", field.key))),
        }
    }
}

/// An integer, true, false or null; everything else, also `007`, is a string.
fn typed(text: &str) -> Value {
    match (text, text.parse::<i64>()) {
        ("true", _) => Value::Bool(true),
        ("false", _) => Value::Bool(false),
        ("null", _) => Value::Null,
        (_, Ok(number)) if number.to_string() == text => Value::from(number),
        _ => Value::from(text),
    }
}

/// The fields as one JSON object.
pub(super) fn object(fields: &[Field]) -> Result<Value, Notice> {
    let mut object = Value::Object(Map::new());
    for Field { key, value } in fields {
        let path = path(key).unwrap_or_default();
        put(&mut object, &path, value.as_ref()).map_err(|Conflict| {
            usage(format!("the field {key} conflicts with an earlier field"))
        })?;
    }
    Ok(object)
}

/// The fields as a query, with each key as it was given.
pub(super) fn query(fields: &[Field]) -> Vec<(String, String)> {
    let text = |value: &Option<Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    fields
        .iter()
        .map(|field| (field.key.clone(), text(&field.value)))
        .collect()
}

fn usage(what: impl Into<String>) -> Notice {
    Notice::usage(what, "see: git credential-heroku-rs api -h")
}

/// One step of a key's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Member(&'a str),
    /// A new entry at the end of a list.
    Entry,
}

/// The steps of `a[b][]`; none if the brackets are invalid.
fn path(key: &str) -> Option<Vec<Step<'_>>> {
    const DEEPEST: usize = 32;
    let (name, mut rest) = key.split_at(key.find('[').unwrap_or(key.len()));
    let mut steps = vec![Step::Member(name)];
    while !rest.is_empty() {
        let (step, after) = rest.strip_prefix('[')?.split_once(']')?;
        steps.push(match step {
            "" => Step::Entry,
            name if name.contains('[') => return None,
            name => Step::Member(name),
        });
        rest = after;
    }
    let is_plain = !name.is_empty() && !name.contains(']');
    (is_plain && steps.len() <= DEEPEST).then_some(steps)
}

/// The value does not fit to what is already in its place.
struct Conflict;

/// Puts a value at the end of the path, and creates what is missing on the way. On a conflict nothing
/// has changed. No value makes an empty list.
fn put(place: &mut Value, path: &[Step<'_>], value: Option<&Value>) -> Result<(), Conflict> {
    match (place, path) {
        (Value::Object(members), [Step::Member(name), rest @ ..]) => match members.get_mut(*name) {
            Some(member) => put(member, rest, value)?,
            None => {
                members.insert((*name).to_owned(), nested(rest, value));
            }
        },
        (Value::Array(_), [Step::Entry]) if value.is_none() => {}
        (Value::Array(entries), [Step::Entry, rest @ ..]) => {
            // `a[][b]=1 a[][c]=2` make one entry, until a member of it is given again.
            let last = entries.last_mut().filter(|_| !rest.is_empty());
            if last.is_none_or(|last| put(last, rest, value).is_err()) {
                entries.push(nested(rest, value));
            }
        }
        _ => return Err(Conflict),
    }
    Ok(())
}

/// A value below a path, where there is nothing yet.
fn nested(path: &[Step<'_>], value: Option<&Value>) -> Value {
    match path {
        [] => value.cloned().unwrap_or_default(),
        [Step::Member(name), rest @ ..] => json!({ (*name): nested(rest, value) }),
        [Step::Entry] if value.is_none() => json!([]),
        [Step::Entry, rest @ ..] => json!([nested(rest, value)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Kind;
    use proptest::prelude::*;
    use serde_json::json;

    fn parsed(fields: &[&str]) -> Result<Value, Notice> {
        let mut file = |name: &str| Ok(format!("what {name} has\n"));
        let fields: Result<Vec<_>, _> = fields
            .iter()
            .map(|one| Field::typed(one, &mut file))
            .collect();
        object(&fields?)
    }

    #[test]
    fn a_value_has_the_type_that_it_looks_like() {
        let value = parsed(&[
            "a=1", "b=true", "c=null", "d=x", "e=", "f=007", "g=1.5", "h=-3", "i=@me", "j=a=b",
        ]);
        assert_eq!(
            value.unwrap(),
            json!({"a": 1, "b": true, "c": null, "d": "x", "e": "", "f": "007", "g": "1.5", "h": -3, "i": "what me has\n", "j": "a=b"})
        );
    }

    #[test]
    fn a_text_field_is_always_a_string() {
        let texts = ["a=1", "b=true", "c=@file"].map(|one| Field::text(one).unwrap());
        assert_eq!(
            object(&texts).unwrap(),
            json!({"a": "1", "b": "true", "c": "@file"})
        );
    }

    #[test]
    fn brackets_make_objects_and_lists() {
        for (fields, expected) in [
            (
                &["a[b]=x", "a[c][d]=y"][..],
                json!({"a": {"b": "x", "c": {"d": "y"}}}),
            ),
            (&["a[]=x", "a[]=y"], json!({"a": ["x", "y"]})),
            (&["a[]"], json!({"a": []})),
            (&["a[]", "a[]=x"], json!({"a": ["x"]})),
            (
                &["a[][t]=web", "a[][q]=1", "a[][t]=worker", "a[][q]=2"],
                json!({"a": [{"t": "web", "q": 1}, {"t": "worker", "q": 2}]}),
            ),
            (&["a[][b][]=1", "a[][b][]=2"], json!({"a": [{"b": [1, 2]}]})),
            (&[], json!({})),
        ] {
            assert_eq!(parsed(fields).unwrap(), expected, "{fields:?}");
        }
    }

    #[test]
    fn conflicting_fields_are_an_error() {
        for fields in [
            &["a=1", "a=2"][..],
            &["a=1", "a[b]=2"],
            &["a[b]=1", "a[]=2"],
            &["a[]=1", "a=2"],
            &["a=null", "a=1"],
        ] {
            let error = parsed(fields).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage, "{fields:?}");
        }
    }

    #[test]
    fn an_invalid_key_is_reported_without_its_value() {
        for field in [
            "open-sesame",
            "=open-sesame",
            "[a]=open-sesame",
            "a[=open-sesame",
            "a]b[=open-sesame",
            "a[b]c=open-sesame",
            "a[[b]]=open-sesame",
        ] {
            let error = parsed(&[field]).unwrap_err().to_string();
            assert!(!error.contains("sesame"), "{error}");
        }
    }

    #[test]
    fn a_query_has_the_keys_as_they_were_given() {
        let mut file = |_: &str| Ok(String::new());
        let fields = ["a[]=x", "b=null", "c=7"].map(|one| Field::typed(one, &mut file).unwrap());
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            query(&fields),
            [pair("a[]", "x"), pair("b", ""), pair("c", "7")]
        );
    }

    proptest! {
        #[test]
        fn no_field_causes_a_panic_and_each_text_is_kept(keys in proptest::collection::vec("[ab\\[\\]]{0,6}", 0..5), text in ".*") {
            let fields: Result<Vec<_>, _> = keys.iter().map(|key| Field::text(&format!("{key}={text}"))).collect();
            if let Ok(value) = fields.and_then(|fields| object(&fields)) {
                let leaves = value.to_string().matches(&Value::from(text.as_str()).to_string()).count();
                prop_assert!(leaves >= keys.len());
            }
        }
    }
}
