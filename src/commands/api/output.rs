//! How a reply is printed: unchanged to a pipe, formatted on a terminal.

use std::io::{self, Write};

use crate::commands::json::formatted;
use crate::context::Context;
use crate::notice::is_unseen;
use crate::terminal;

/// How to print, from the kind of stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// The bytes of the reply.
    AsReceived,
    /// For a terminal.
    Formatted { has_colours: bool },
}

impl Output {
    pub(super) fn new(context: &Context) -> Output {
        if terminal::is_stdout() {
            let has_colours = !context.environment.no_color;
            Output::Formatted { has_colours }
        } else {
            Output::AsReceived
        }
    }

    /// Writes a whole body.
    pub(super) fn write_body(
        self,
        body: &[u8],
        is_json: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Output::AsReceived => out.write_all(body)?,
            Output::Formatted { has_colours } => {
                let json = std::str::from_utf8(body).ok().filter(|_| is_json);
                match json.and_then(|json| formatted(json, has_colours)) {
                    Some(text) => writeln!(out, "{text}")?,
                    None => out.write_all(harmless(body).as_bytes())?,
                }
            }
        }
        out.flush()
    }
}

/// A text without control characters.
fn harmless(text: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(text).into_owned();
    text.retain(|c| matches!(c, '\n' | '\t') || !is_unseen(c));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const FORMATTED: Output = Output::Formatted { has_colours: false };

    fn printed(output: Output, body: &[u8], is_json: bool) -> String {
        let mut out = Vec::new();
        output.write_body(body, is_json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_is_formatted_and_other_text_loses_its_control_characters() {
        let body = br#"{"a":[1,{"b":null}],"c":{},"d":[ ],"e":"x:,{\"y"}"#;
        let text = "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": \"x:,{\\\"y\"\n}\n";
        assert_eq!(printed(FORMATTED, body, true), text);
        assert_eq!(printed(Output::AsReceived, body, true).as_bytes(), body);
        let page = "a\u{1b}[2J\u{9b}b\té\n\r\u{202e}".as_bytes();
        for is_json in [true, false] {
            assert_eq!(printed(FORMATTED, page, is_json), "a[2Jb\té\n");
        }
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        assert_eq!(printed(FORMATTED, deep.as_bytes(), true), deep);
    }

    proptest! {
        #[test]
        fn a_formatted_value_is_the_same_value(text in any::<String>(), number in any::<i64>()) {
            let value = json!([{(text.clone()): [number, text, null]}, [], {}, [[{}]]]);
            let formatted = printed(FORMATTED, value.to_string().as_bytes(), true);
            prop_assert_eq!(serde_json::from_str::<Value>(&formatted).unwrap(), value);
        }

        #[test]
        fn no_control_character_reaches_the_terminal(bytes in proptest::collection::vec(any::<u8>(), 0..60), is_json in any::<bool>()) {
            let printed = printed(FORMATTED, &bytes, is_json);
            prop_assert!(printed.chars().all(|c| matches!(c, '\n' | '\t') || !is_unseen(c)), "{:?}", printed);
        }
    }
}
