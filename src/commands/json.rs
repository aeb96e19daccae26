//! JSON output: valid JSON for every reader, without characters that a terminal would act upon.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Deserializer, Serializer};

use crate::notice::is_unseen;
use crate::secret_buf::SecretBuf;
use crate::token::Token;

const KEY: &str = "\u{1b}[1;34m";
const STRING: &str = "\u{1b}[32m";
const LITERAL: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// Writes a value, indented and with a line feed at its end.
pub(super) fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut text = SecretBuf::default();
    serde_json::to_writer_pretty(&mut text, value)?;
    write_escaped(&text, out)?;
    out.write_all(b"\n")
}

/// Writes an object, with a token as its last member, in one write: it bypasses the buffer of stdout, which is never
/// wiped.
pub(super) fn write_with_token<T: Serialize>(
    object: &T,
    token: Option<&Token>,
    out: &mut dyn Write,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct WithToken<'a, T> {
        #[serde(flatten)]
        object: &'a T,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
    }
    let mut text = SecretBuf::default();
    let token = token.map(Token::expose);
    write_json(&WithToken { object, token }, &mut text)?;
    out.write_all(&text)
}

/// JSON for a terminal: indented, and coloured as `gh` and `jq` do. None if it is not JSON, or nested deeper than
/// `serde_json` allows.
pub(super) fn formatted(json: &str, has_colours: bool) -> Option<String> {
    let mut from = Deserializer::from_str(json);
    let mut text = Vec::new();
    // A `Value` would take 70 times as much memory as the text.
    serde_transcode::transcode(&mut from, &mut Serializer::pretty(&mut text)).ok()?;
    from.end().ok()?;
    let mut escaped = Vec::with_capacity(text.len());
    write_escaped(&text, &mut escaped).ok()?;
    let text = String::from_utf8(escaped).ok()?;
    Some(if has_colours { coloured(&text) } else { text })
}

/// Writes indented JSON with escapes for the characters that JSON allows in a string, but a terminal acts upon.
fn write_escaped(json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    // JSON has line feeds only between its tokens.
    let is_escaped = |c: char| is_unseen(c) && c != '\n';
    let json = std::str::from_utf8(json).map_err(io::Error::other)?;
    for part in json.split_inclusive(is_escaped) {
        let seen = part.trim_end_matches(is_escaped);
        out.write_all(seen.as_bytes())?;
        for unit in part[seen.len()..].encode_utf16() {
            write!(out, "\\u{unit:04x}")?;
        }
    }
    Ok(())
}

/// Indented JSON with colours around its keys, strings and literals.
fn coloured(json: &str) -> String {
    let is_layout = |c: char| " \n{}[],:".contains(c);
    let mut coloured = String::new();
    let mut rest = json;
    while let Some(start) = rest.find(|c| !is_layout(c)) {
        let (layout, from_token) = rest.split_at(start);
        let mut is_after_backslash = false;
        let end = match from_token.strip_prefix('"') {
            Some(string) => string.find(|c| {
                let is_end = c == '"' && !is_after_backslash;
                is_after_backslash = c == '\\' && !is_after_backslash;
                is_end
            }),
            None => from_token.find(is_layout),
        };
        let quotes = if from_token.starts_with('"') { 2 } else { 0 };
        let length = end.map_or(from_token.len(), |end| end + quotes);
        let (token, after) = from_token.split_at(length);
        let colour = match token.starts_with('"') {
            true if after.starts_with(':') => KEY,
            true => STRING,
            false => LITERAL,
        };
        coloured.extend([layout, colour, token, PLAIN]);
        rest = after;
    }
    coloured + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write_json(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn coloured(value: &Value) -> String {
        formatted(&value.to_string(), true).unwrap()
    }

    #[test]
    fn keys_strings_and_literals_have_different_colours() {
        let value = json!({"k": "t", "w": [true, {}]});
        assert_eq!(
            coloured(&value),
            "{\n  \u{1b}[1;34m\"k\"\u{1b}[0m: \u{1b}[32m\"t\"\u{1b}[0m,\n  \u{1b}[1;34m\"w\"\u{1b}[0m: [\n    \u{1b}[33mtrue\u{1b}[0m,\n    {}\n  ]\n}"
        );
    }

    #[test]
    fn control_characters_are_escaped_and_the_value_stays_the_same() {
        let value = json!({"a\u{9b}31m": "\u{7f}\u{202e}x\u{200b}\u{2066}\u{feff}\n\u{1b}é😀"});
        let text = written(&value);
        assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    proptest! {
        #[test]
        fn every_value_stays_the_same_without_control_characters(text in any::<String>(), number in any::<i64>(), float in any::<f64>()) {
            let value = json!([{(text.clone()): [number, text, null, float]}, [], {}, [[{}]]]);
            let plain = written(&value);
            prop_assert!(plain.chars().all(|c| c == '\n' || !is_unseen(c)), "{:?}", plain);
            prop_assert_eq!(&serde_json::from_str::<Value>(&plain).unwrap(), &value);
            let without_colours = [KEY, STRING, LITERAL, PLAIN]
                .iter()
                .fold(coloured(&value), |text, colour| text.replace(colour, ""));
            prop_assert_eq!(without_colours + "\n", plain);
        }
    }
}
