//! JSON output: valid JSON for every reader, without characters that a terminal would act upon.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::notice::is_unseen;
use crate::secret_buf::SecretBuf;

const KEY: &str = "\u{1b}[1;34m";
const STRING: &str = "\u{1b}[32m";
const LITERAL: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// Writes a value, indented and with a line feed at its end.
pub(super) fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(
        &mut *out,
        TerminalFormatter::new(false),
    ))?;
    out.write_all(b"\n")
}

/// Writes a value that contains a token, in one write: it bypasses the buffer of stdout, which is never wiped.
pub(super) fn write_secret_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut text = SecretBuf::default();
    write_json(value, &mut text)?;
    out.write_all(&text)
}

/// Indents JSON, colours it as `gh` and `jq` do, and escapes the characters that JSON allows but a terminal acts upon.
pub(super) struct TerminalFormatter {
    layout: PrettyFormatter<'static>,
    has_colours: bool,
    in_key: bool,
}

impl TerminalFormatter {
    pub(super) fn new(has_colours: bool) -> TerminalFormatter {
        TerminalFormatter {
            layout: PrettyFormatter::new(),
            has_colours,
            in_key: false,
        }
    }

    /// For an entry of an array, if the caller writes the brackets.
    pub(super) fn in_an_array(has_colours: bool) -> TerminalFormatter {
        let mut formatter = TerminalFormatter::new(has_colours);
        // The layout counts the open brackets.
        let _ = formatter.layout.begin_array(&mut io::sink());
        formatter
    }

    fn colour<W: ?Sized + Write>(&self, colour: &str, out: &mut W) -> io::Result<()> {
        if self.has_colours {
            out.write_all(colour.as_bytes())?;
        }
        Ok(())
    }

    fn literal<W: ?Sized + Write>(&self, text: &str, out: &mut W) -> io::Result<()> {
        self.colour(LITERAL, out)?;
        out.write_all(text.as_bytes())?;
        self.colour(PLAIN, out)
    }
}

impl Formatter for TerminalFormatter {
    fn write_null<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.literal("null", out)
    }

    fn write_bool<W: ?Sized + Write>(&mut self, out: &mut W, value: bool) -> io::Result<()> {
        self.literal(if value { "true" } else { "false" }, out)
    }

    fn write_i64<W: ?Sized + Write>(&mut self, out: &mut W, value: i64) -> io::Result<()> {
        self.literal(&value.to_string(), out)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, out: &mut W, value: u64) -> io::Result<()> {
        self.literal(&value.to_string(), out)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        self.colour(LITERAL, out)?;
        self.layout.write_f64(out, value)?;
        self.colour(PLAIN, out)
    }

    fn begin_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.colour(if self.in_key { KEY } else { STRING }, out)?;
        out.write_all(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\"")?;
        self.colour(PLAIN, out)
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        for part in text.split_inclusive(is_unseen) {
            match part.char_indices().next_back() {
                Some((at, c)) if is_unseen(c) => {
                    out.write_all(part.get(..at).unwrap_or_default().as_bytes())?;
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(out, "\\u{unit:04x}")?;
                    }
                }
                _ => out.write_all(part.as_bytes())?,
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.layout.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.in_key = true;
        self.layout.begin_object_key(out, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_key = false;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_object_value(out)
    }
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
        let mut out = Vec::new();
        let formatter = TerminalFormatter::new(true);
        value
            .serialize(&mut Serializer::with_formatter(&mut out, formatter))
            .unwrap();
        String::from_utf8(out).unwrap()
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
    fn characters_that_a_terminal_acts_upon_are_escaped_and_the_value_stays_the_same() {
        let value = json!({"a\u{9b}31m": "\u{7f}\u{202e}x\u{200b}\u{2066}\u{feff}\n\u{1b}é😀"});
        let text = written(&value);
        assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    proptest! {
        #[test]
        fn every_value_stays_the_same_and_is_harmless(text in any::<String>(), number in any::<i64>(), float in any::<f64>()) {
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
