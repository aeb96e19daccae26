//! Values that differ from run to run are replaced by a word, on the page and in the real output.

use crate::world::World;

/// The output with the paths of Ann's machine, and without a token.
pub(super) fn as_on_anns_machine(text: &str, world: &World) -> String {
    let paths = [
        (world.bin(), "/home/ann/.cargo/bin"),
        (world.home(), "/home/ann"),
        (world.work(), "/home/ann/blue-sky"),
    ];
    let mut text = text.to_owned();
    for (path, word) in paths {
        text = text.replace(path.to_str().unwrap(), word);
    }
    for secret in world.heroku.secrets() {
        text = text.replace(&secret, "HRKU-…");
    }
    text
}

/// The text with one fixed word in place of each time, hash, ID, size and machine name.
pub(super) fn with_values_masked(text: &str) -> String {
    let text = without_control_characters(text);
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |at: usize| masked(at.checked_sub(1).map(|before| words[before]), words[at]);
        let line: Vec<String> = (0..words.len()).map(word).collect();
        line.join(" ").trim_end().to_owned()
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n").trim_end().to_owned()
}

fn masked(before: Option<&str>, word: &str) -> String {
    if let Some((name, process)) = word.split_once('[')
        && process.strip_suffix(']').is_some_and(is_number)
    {
        return format!("{name}[N]");
    }
    let plain = word.trim_matches(|c: char| "\"',;:.()[]{}".contains(c));
    let known = match before {
        Some("in" | "for") if is_number(plain) => "N",
        Some("from") if !plain.is_empty() && !plain.contains(['.', '/', '<', '`']) => "HERE",
        _ if is_date(plain) => "DATE",
        _ if plain.contains('.') && plain.split('.').all(is_number) => "N",
        _ if is_hash(plain) || plain.split("..").all(is_hash) => "HASH",
        _ if is_id(plain) => "ID",
        _ => return word.to_owned(),
    };
    word.replace(plain, known)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// `2026-11-25`, alone or with a time behind it.
fn is_date(word: &str) -> bool {
    let day = word.split('T').next().unwrap_or_default();
    let parts: Vec<&str> = day.split('-').collect();
    parts.len() == 3 && parts[0].len() == 4 && parts.iter().all(|part| is_number(part))
}

fn is_hash(word: &str) -> bool {
    (7..=40).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_id(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// The text as a terminal shows it at the end: without colours, and each line as it was written last.
fn without_control_characters(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                let _ = rest.by_ref().find(char::is_ascii_alphabetic);
            }
            '\r' => plain.truncate(plain.rfind('\n').map_or(0, |at| at + 1)),
            c => plain.push(c),
        }
    }
    plain
}

/// Whether the output is what the page promises; a line `…` on the page matches any lines.
pub(super) fn is_as_promised(promised: &str, output: &str) -> bool {
    let (promised, output) = (with_values_masked(promised), with_values_masked(output));
    let mut parts = promised.split("…\n");
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    if rest.is_empty() {
        return match promised.strip_suffix('…') {
            Some(first) => output.starts_with(first),
            None => promised == output,
        };
    }
    let Some(mut left) = output.strip_prefix(first) else {
        return false;
    };
    for part in &rest {
        let part = part.trim_end_matches('…');
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.is_empty() || promised.ends_with('…')
}

#[test]
fn only_values_that_vary_are_masked() {
    let text = "The token expires on 2026-12-25, in 29 days\n   1a2b3c4..5d6e7f8  main -> main\n";
    let words = "The token expires on DATE, in N days\n   HASH  main -> main";
    assert_eq!(with_values_masked(text), words);
    assert_eq!(
        with_values_masked("x[12] 0.4 ms: v2.39"),
        "x[N] N ms: v2.39"
    );
    assert_eq!(
        with_values_masked("\u{1b}[32masking\rLogged in\u{1b}[0m"),
        "Logged in"
    );
}

#[test]
fn output_has_to_match_exactly_except_for_an_ellipsis() {
    assert!(is_as_promised("a\nb\n", "a\nb\n"));
    assert!(!is_as_promised("a\nb\n", "a\nb\nc\n"));
    assert!(!is_as_promised("a\n", "b\n"));
    assert!(!is_as_promised("", "a\n"));
    assert!(is_as_promised("a\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(!is_as_promised("a\n…\nd\n", "a\nb\nd\ne\n"));
    assert!(is_as_promised("a\n…\n", "a\nb\n"));
    assert!(!is_as_promised("a\n…\nd\n", "x\nd\n"));
}
