//! Options as `getopt` reads them: `-a x`, `-ax`, flags joined in one word.

use std::collections::BTreeMap;

/// The options of a command.
pub(crate) struct Options {
    /// The values of each option; empty for a flag.
    given: BTreeMap<char, Vec<String>>,
    /// Options at the end of the line that lack their argument.
    pub(crate) without_argument: Vec<char>,
}

impl Options {
    /// Reads the options, up to the first other argument. `allowed` is a specification for `getopt`. None for an
    /// unknown option.
    pub(crate) fn read(allowed: &str, arguments: &[String]) -> Option<Options> {
        let mut options = Options {
            given: BTreeMap::new(),
            without_argument: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(letters) = argument.strip_prefix('-').filter(|text| !text.is_empty()) else {
                break;
            };
            let mut letters = letters.chars();
            while let Some(letter) = letters.next() {
                let at = allowed.find(letter).filter(|_| letter != ':')?;
                if !allowed[at + 1..].starts_with(':') {
                    options.given.entry(letter).or_default();
                    continue;
                }
                let joined = letters.as_str();
                let value = if joined.is_empty() {
                    arguments.next().cloned()
                } else {
                    Some(joined.to_owned())
                };
                match value {
                    Some(value) => options.given.entry(letter).or_default().push(value),
                    None => options.without_argument.push(letter),
                }
                break;
            }
        }
        Some(options)
    }

    pub(crate) fn has(&self, letter: char) -> bool {
        self.given.contains_key(&letter)
    }

    /// The last value of an option.
    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        Some(self.given.get(&letter)?.last()?.as_str())
    }
}
