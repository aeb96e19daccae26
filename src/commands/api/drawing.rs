//! JSON for a person's eyes, drawn while it comes: a line for each member, in colours, and nothing
//! in it that a terminal would act upon.
//!
//! The crates that colour JSON want it whole, and leave in it what turns the direction of writing.

use std::fmt::Write as _;

use crate::notice::is_unseen;

const KEY: &str = "\u{1b}[1;34m";
const TEXT: &str = "\u{1b}[32m";
const WORD: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// Deeper members are drawn no further to the right: a server may nest as it likes.
const DEEPEST: usize = 40;

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    /// As `gh` and `jq` have them.
    Shown,
    /// `NO_COLOR`, or a terminal without.
    Off,
}

/// A drawing in progress. It takes whatever comes; what is JSON stays the same JSON.
#[derive(Debug)]
pub(super) struct Drawing {
    colours: Colours,
    /// The brackets that are open, and for each whether it is an object's.
    open: Vec<bool>,
    place: Place,
    awaits_key: bool,
    unread: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind an opening bracket, which has nothing in it yet.
    Opened,
    /// Between two things.
    Between,
    /// In a text; whether the next character is escaped.
    Text(bool),
    /// In a number, true, false or null.
    Word,
}

impl Drawing {
    pub(super) fn new(colours: Colours) -> Drawing {
        Drawing {
            colours,
            open: Vec::new(),
            place: Place::Between,
            awaits_key: false,
            unread: Vec::new(),
        }
    }

    /// Draws some more.
    pub(super) fn draw(&mut self, bytes: &[u8], into: &mut String) {
        let mut unread = std::mem::take(&mut self.unread);
        unread.extend_from_slice(bytes);
        self.unread = each_character(&unread, |c| self.draw_one(c, into));
    }

    /// Ends the drawing with the colours and the line as they were.
    pub(super) fn end(mut self, into: &mut String) {
        if !self.unread.is_empty() {
            self.draw_one(char::REPLACEMENT_CHARACTER, into);
        }
        let is_within = matches!(self.place, Place::Word | Place::Text(_));
        if is_within {
            self.colour(PLAIN, into);
        }
        if is_within || !self.open.is_empty() {
            into.push('\n');
        }
    }

    fn draw_one(&mut self, c: char, into: &mut String) {
        if let Place::Text(is_escaped) = self.place {
            return self.draw_in_text(c, is_escaped, into);
        }
        let is_mark = matches!(c, '{' | '[' | '}' | ']' | ',' | ':' | '"');
        if self.place == Place::Word && (is_mark || c.is_whitespace()) {
            self.colour(PLAIN, into);
            self.end_value(into);
        }
        match c {
            '{' | '[' => self.opens(c, into),
            '}' | ']' => self.closes(c, into),
            ',' => {
                into.push(',');
                self.awaits_key = self.open.last() == Some(&true);
                self.place = Place::Between;
                self.line(into);
            }
            ':' => {
                into.push_str(": ");
                self.awaits_key = false;
            }
            '"' => {
                self.begin(into);
                self.colour(if self.awaits_key { KEY } else { TEXT }, into);
                into.push('"');
                self.place = Place::Text(false);
            }
            c if c.is_whitespace() || is_unseen(c) => {}
            c => {
                if self.place != Place::Word {
                    self.begin(into);
                    self.colour(WORD, into);
                    self.place = Place::Word;
                }
                into.push(c);
            }
        }
    }

    fn draw_in_text(&mut self, c: char, is_escaped: bool, into: &mut String) {
        // The same text to every reader of JSON, and harmless to a terminal.
        match is_unseen(c) {
            true => escape(c, into),
            false => into.push(c),
        }
        if c == '"' && !is_escaped {
            self.colour(PLAIN, into);
            match self.awaits_key {
                true => self.place = Place::Between,
                false => self.end_value(into),
            }
            return;
        }
        self.place = Place::Text(c == '\\' && !is_escaped);
    }

    fn opens(&mut self, c: char, into: &mut String) {
        self.begin(into);
        into.push(c);
        self.open.push(c == '{');
        self.awaits_key = c == '{';
        self.place = Place::Opened;
    }

    fn closes(&mut self, c: char, into: &mut String) {
        self.open.pop();
        if self.place != Place::Opened {
            self.line(into);
        }
        into.push(c);
        self.awaits_key = false;
        self.end_value(into);
    }

    /// The first thing behind an opening bracket stands on a line of its own.
    fn begin(&self, into: &mut String) {
        if self.place == Place::Opened {
            self.line(into);
        }
    }

    /// A value that stands in no other ends its line.
    fn end_value(&mut self, into: &mut String) {
        self.place = Place::Between;
        if self.open.is_empty() {
            into.push('\n');
        }
    }

    fn line(&self, into: &mut String) {
        into.push('\n');
        for _ in 0..self.open.len().min(DEEPEST) {
            into.push_str("  ");
        }
    }

    fn colour(&self, colour: &str, into: &mut String) {
        if self.colours == Colours::Shown {
            into.push_str(colour);
        }
    }
}

/// A text that is no JSON, with nothing in it that a terminal would act upon.
#[derive(Debug, Default)]
pub(super) struct Harmless(Vec<u8>);

impl Harmless {
    /// Draws some more.
    pub(super) fn draw(&mut self, bytes: &[u8], into: &mut String) {
        let mut unread = std::mem::take(&mut self.0);
        unread.extend_from_slice(bytes);
        self.0 = each_character(&unread, |c| match c {
            '\n' | '\t' => into.push(c),
            c if is_unseen(c) => {}
            c => into.push(c),
        });
    }
}

/// Hands on each character, one that is broken as a mark; gives back the beginning of one that is
/// still to come.
fn each_character(bytes: &[u8], mut take: impl FnMut(char)) -> Vec<u8> {
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        chunk.valid().chars().for_each(&mut take);
        let is_last = chunks.peek().is_none();
        let is_begun =
            std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        match chunk.invalid() {
            [] => {}
            begun if is_last && is_begun => return begun.to_vec(),
            _ => take(char::REPLACEMENT_CHARACTER),
        }
    }
    Vec::new()
}

fn escape(c: char, into: &mut String) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        let _ = write!(into, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn drawn(json: &[u8], colours: Colours, piece: usize) -> String {
        let (mut text, mut drawing) = (String::new(), Drawing::new(colours));
        for bytes in json.chunks(piece) {
            drawing.draw(bytes, &mut text);
        }
        drawing.end(&mut text);
        text
    }

    fn without_colours(text: &str) -> String {
        [KEY, TEXT, WORD, PLAIN]
            .iter()
            .fold(text.to_owned(), |text, colour| text.replace(colour, ""))
    }

    #[test]
    fn a_drawing_has_a_line_for_each_member() {
        let json = br#"{"a":[1,{"b":null}],"c":{},"d":[ ],"e":"x:,{\"y"}"#;
        let text = "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": \"x:,{\\\"y\"\n}\n";
        assert_eq!(drawn(json, Colours::Off, 1), text);
        assert_eq!(drawn(b"7", Colours::Off, 1), "7\n");
        assert_eq!(drawn(b"", Colours::Off, 1), "");
    }

    #[test]
    fn keys_texts_and_words_have_colours_of_their_own() {
        assert_eq!(
            drawn(br#"{"k":"t","w":[true]}"#, Colours::Shown, 3),
            "{\n  \u{1b}[1;34m\"k\"\u{1b}[0m: \u{1b}[32m\"t\"\u{1b}[0m,\n  \u{1b}[1;34m\"w\"\u{1b}[0m: [\n    \u{1b}[33mtrue\u{1b}[0m\n  ]\n}\n"
        );
    }

    #[test]
    fn a_colour_does_not_outlive_a_body_that_breaks_off() {
        for json in [&b"[\"abc"[..], b"[tru", b"{\"k\":", b"\"\xc3"] {
            let text = drawn(json, Colours::Shown, 2);
            let last = text.rfind(['m']).map_or("", |at| &text[..=at]);
            assert!(last.is_empty() || last.ends_with(PLAIN), "{text:?}");
            assert!(text.ends_with('\n'), "{text:?}");
        }
    }

    #[test]
    fn what_a_terminal_would_act_upon_is_escaped_and_still_the_same_text() {
        let value = json!({"a\u{9b}31m": "\u{7f}\u{202e}x\u{200b}\u{2066}\u{feff}é😀"});
        let text = drawn(value.to_string().as_bytes(), Colours::Off, 1);
        assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_page_of_a_proxy_is_shown_without_its_tricks() {
        let mut text = String::new();
        let mut harmless = Harmless::default();
        for piece in "a\u{1b}[2J\u{9b}b\té\n\r\u{202e}".as_bytes().chunks(1) {
            harmless.draw(piece, &mut text);
        }
        assert_eq!(text, "a[2Jb\té\n");
    }

    proptest! {
        #[test]
        fn a_drawing_is_the_same_json(text in "\\PC{0,12}", number in any::<i64>(), piece in 1_usize..9) {
            let value = json!([{(text.clone()): [number, text, null]}, [], {}, [[{}]]]);
            let drawn = drawn(value.to_string().as_bytes(), Colours::Off, piece);
            // A line separator, say, is escaped here and stands as it is there.
            if !text.chars().any(is_unseen) {
                let pretty = serde_json::to_string_pretty(&value).unwrap();
                prop_assert_eq!(&drawn, &format!("{pretty}\n"));
            }
            prop_assert_eq!(serde_json::from_str::<Value>(&drawn).unwrap(), value);
        }

        #[test]
        fn whatever_comes_nothing_but_colours_reaches_the_terminal(bytes in proptest::collection::vec(any::<u8>(), 0..60), piece in 1_usize..9) {
            let plain = drawn(&bytes, Colours::Off, piece);
            prop_assert!(plain.chars().all(|c| c == '\n' || !is_unseen(c)), "{:?}", plain);
            let shown = drawn(&bytes, Colours::Shown, piece);
            prop_assert_eq!(without_colours(&shown), plain);
        }
    }
}
