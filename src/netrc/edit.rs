//! Removes Heroku's entries from a netrc file and adds new ones. Every other byte stays.
//!
//! Other programs depend on this file, and do not all read it in the same way. So a doubtful entry is not
//! touched, and the result is parsed once more before it is used.

use super::machines_in_use;
use super::syntax::{Doubt, RawEntry, Syntax, is_blank, parse};
use crate::account::Account;
use crate::environment::Environment;
use crate::files::byte_order_mark;
use crate::hosts::HerokuHost;
use crate::secret_buf::SecretBuf;
use crate::token::Token;

/// The text of a netrc file without Heroku's entries, including duplicates.
///
/// # Errors
/// A doubt in an entry of ours or about the whole file; then nothing is removed.
pub fn without_logins(text: &[u8], environment: &Environment) -> Result<SecretBuf, Doubt> {
    without(text, is_in_use(environment)).map(|(rest, _)| rest)
}

/// Whether an entry is for the Heroku in use.
fn is_in_use(environment: &Environment) -> impl Fn(&RawEntry) -> bool {
    let machines = machines_in_use(environment);
    move |entry| machines.iter().any(|machine| entry.is_for(machine))
}

/// The text without those of Heroku's entries for which `goes` is true, and what it says.
///
/// # Errors
/// As [`without_logins`], for the entries that go.
pub(super) fn without(
    text: &[u8],
    goes: impl Fn(&RawEntry) -> bool,
) -> Result<(SecretBuf, Syntax), Doubt> {
    let whole = parse(text)?;
    let others = whole.others();
    let (gone, stay): (Vec<RawEntry>, Vec<RawEntry>) = whole.entries.into_iter().partition(goes);
    let mut kept = SecretBuf::with_capacity(text.len());
    let (mut from, mut line) = (0, byte_order_mark(text));
    for entry in &gone {
        if let Some(doubt) = entry.doubt {
            return Err(doubt);
        }
        if entry.has_macro {
            let phrase = "removing this entry would attach the macro after it to another entry";
            return Err(Doubt::new(entry.line, phrase));
        }
        let stays = &text[from..entry.span.start];
        // Only the new part is searched: many entries on one long line would take quadratic time.
        if let Some(newline) = stays.iter().rposition(|&byte| byte == b'\n') {
            line = kept.len() + newline + 1;
        }
        kept.extend_from_slice(stays);
        from = cut(&mut kept, line, text, entry.span.end);
    }
    kept.extend_from_slice(&text[from..]);
    let is_unchanged =
        |rest: &Syntax| rest.others() == others && values(&rest.entries).eq(values(&stay));
    match parse(&kept) {
        Ok(rest) if is_unchanged(&rest) => Ok((kept, rest)),
        _ => Err(Doubt::new(
            gone.first().map_or(1, |entry| entry.line),
            "programs would read the rest of the file differently without this entry",
        )),
    }
}

fn values<'a>(
    entries: impl IntoIterator<Item = &'a RawEntry>,
) -> impl Iterator<Item = [Option<&'a [u8]>; 4]> {
    entries.into_iter().map(RawEntry::values)
}

/// Shortens `kept`, which ends before an entry, and returns the position in `text` after the entry from which to
/// continue. The entry's first line begins at `line` in `kept`.
///
/// If an entry has its lines to itself, they are removed with it. Beside other words only the entry is
/// removed, so that the words stay separate and in their place.
fn cut(kept: &mut SecretBuf, line: usize, text: &[u8], end: usize) -> usize {
    let word_before = kept[line..].iter().rposition(|&byte| !is_blank(byte));
    let is_gap = |byte: &&u8| **byte != b'\n' && is_blank(**byte);
    let next = end + text[end..].iter().take_while(is_gap).count();
    let ends_line = matches!(text.get(next), None | Some(b'\n' | b'#'));
    match word_before {
        None => kept.truncate(line),
        Some(word) if ends_line => kept.truncate(line + word + 1),
        Some(_) => {}
    }
    if !ends_line {
        return next;
    }
    let Some(length) = text[next..].iter().position(|&byte| byte == b'\n') else {
        return text.len();
    };
    let newline = next + length;
    match word_before {
        None => newline + 1,
        Some(_) if text[..newline].ends_with(b"\r") => newline - 1,
        Some(_) => newline,
    }
}

/// The text of a netrc file with this login in place of every other one of Heroku's: for both hosts, in exactly the
/// form that the Heroku CLI writes.
///
/// The entries are added at the end, as the Heroku CLI does it; but before all others if a reader would not find
/// them at the end, or if the last line has no line break.
///
/// # Errors
/// As [`without_logins`], and if there is no place for the login that every reader finds.
pub fn with_login(
    text: &[u8],
    environment: &Environment,
    account: &Account,
    token: &Token,
) -> Result<SecretBuf, Doubt> {
    let [api, git] = machines_in_use(environment);
    let mut ours = entry(&api, account, token, "\n  ");
    ours.extend_from_slice(&entry(&git, account, token, "\n  "));
    let (rest, said) = without(text, is_in_use(environment))?;
    let ends_whole = rest.is_empty() || rest.ends_with(b"\n");
    let at = if said.is_closed || !ends_whole {
        byte_order_mark(&rest)
    } else {
        rest.len()
    };
    let mut whole = SecretBuf::with_capacity(rest.len() + ours.len());
    for part in [&rest[..at], &ours, &rest[at..]] {
        whole.extend_from_slice(part);
    }
    // The first words of the file may become part of an entry before them: a macro, a stray word.
    let added = parse(&ours)?.entries;
    let new = at..at + ours.len();
    let is_added = |syntax: &Syntax| {
        let (here, elsewhere): (Vec<_>, Vec<_>) = syntax
            .entries
            .iter()
            .partition(|entry| new.contains(&entry.span.start));
        let is_alone = |entry: &&RawEntry| {
            entry.doubt.is_none() && !entry.has_macro && entry.span.end <= new.end
        };
        here.iter().all(is_alone)
            && values(here).eq(values(&added))
            && values(elsewhere).eq(values(&said.entries))
            && syntax.others() == said.others()
    };
    match parse(&whole) {
        Ok(syntax) if is_added(&syntax) => Ok(whole),
        _ => {
            let phrase = "no place for an entry that every program would find";
            Err(Doubt::new(1, phrase))
        }
    }
}

/// An entry on one line that every reader of netrc reads in the same way; none if they would not.
pub fn line(machine: &HerokuHost, account: &Account, token: &Token) -> Option<SecretBuf> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"#\"\\".contains(&byte);
    let mut bytes = account.as_str().bytes().chain(token.expose().bytes());
    bytes
        .all(is_plain)
        .then(|| entry(machine, account, token, " "))
}

fn entry(machine: &HerokuHost, account: &Account, token: &Token, gap: &str) -> SecretBuf {
    let login = [gap, "login ", account.as_str()];
    let password = [gap, "password ", token.expose()];
    // `concat` allocates once, so it leaves no copy of the token.
    let entry = [
        ["machine ", machine.name(), ""],
        login,
        password,
        ["\n", "", ""],
    ];
    SecretBuf::from(entry.as_flattened().concat().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn without(text: &[u8]) -> Result<SecretBuf, Doubt> {
        without_logins(text, &Environment::default())
    }

    fn with(text: &[u8]) -> Result<SecretBuf, Doubt> {
        let (account, token) = (Account::parse("a").unwrap(), Token::parse(TOKEN).unwrap());
        with_login(text, &Environment::default(), &account, &token)
    }

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    fn cleaned(text: &str) -> Result<String, Doubt> {
        Ok(String::from_utf8(without(text.as_bytes())?.to_vec()).unwrap())
    }

    #[test]
    fn only_our_own_lines_are_removed() {
        let git = "machine git.heroku.com login a password G";
        for (before, after) in [
            (format!("{git}\n"), ""),
            (git.to_owned(), ""),
            (format!("# mine\n\n  {git}  # theirs\n# more\n"), "# mine\n\n# more\n"),
            (format!("machine x login y password z\n{git}\n"), "machine x login y password z\n"),
            (format!("machine x login y password z {git}\n"), "machine x login y password z\n"),
            (format!("machine x login y password z {git}\r\n"), "machine x login y password z\r\n"),
            (format!("{git} machine x login y password z\n"), "machine x login y password z\n"),
            (format!("machine w {git} machine x\n"), "machine w machine x\n"),
            (format!("{git} {git}\nmachine x\n"), "machine x\n"),
            ("machine api.heroku.com\n  login a\n# note\n  password G\nmachine git.heroku.com\n  password G\nmachine x\n".to_owned(), "machine x\n"),
            (format!("\u{feff}{git}\nmachine x\n"), "\u{feff}machine x\n"),
            (format!("machine x password ü\t\r\n{git}\r\n\r\n# end"), "machine x password ü\t\r\n\r\n# end"),
        ] {
            assert_eq!(cleaned(&before).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn an_ambiguous_file_is_not_changed() {
        for text in [
            "machine git.heroku.com login a password G\n\nmacdef init\nput x\n\n",
            "machine git.heroku.com login a password G extra\n",
            "machine git.heroku.com login a password \"G\nmachine x\n",
        ] {
            cleaned(text).unwrap_err();
        }
    }

    #[test]
    fn new_entries_are_added_where_every_reader_finds_them() {
        let with = |text: &str| {
            with(text.as_bytes()).map(|text| String::from_utf8(text.to_vec()).unwrap())
        };
        let ours = format!(
            "machine api.heroku.com\n  login a\n  password {TOKEN}\nmachine git.heroku.com\n  login a\n  password {TOKEN}\n"
        );
        assert_eq!(with("").unwrap(), ours);
        assert_eq!(with("machine x\n").unwrap(), format!("machine x\n{ours}"));
        assert_eq!(with("machine x").unwrap(), format!("{ours}machine x"));
        assert_eq!(
            with("default login a\n").unwrap(),
            format!("{ours}default login a\n")
        );
        assert_eq!(
            with("machine x\nmacdef m\ny\n").unwrap(),
            format!("{ours}machine x\nmacdef m\ny\n")
        );
        with("macdef m\ny\n").unwrap_err();
        assert_eq!(
            with("machine git.heroku.com password OLD\nmachine x\n").unwrap(),
            format!("machine x\n{ours}")
        );
    }

    fn file() -> impl Strategy<Value = String> {
        let words = proptest::sample::select(vec![
            "machine",
            "git.heroku.com",
            "api.heroku.com",
            "x.example",
            "login",
            "password",
            "a",
            "macdef",
            "default",
            "# note",
            "\"q\"",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "G",
            "port",
            "443",
        ]);
        proptest::collection::vec(words, 0..40).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn a_removal_only_removes_bytes(text in file()) {
            if let Ok(rest) = without(text.as_bytes()) {
                let mut all = text.bytes();
                prop_assert!(rest.iter().all(|byte| all.any(|other| other == *byte)));
                prop_assert_eq!(without(&rest).unwrap(), rest);
            }
        }

        #[test]
        fn removing_an_added_entry_restores_the_file(text in file()) {
            let ours = |text: &[u8]| {
                let entries = parse(text).map(|syntax| {
                    syntax.entries_for(&machines_in_use(&Environment::default())).count()
                });
                entries.ok()
            };
            if ours(text.as_bytes()) == Some(0) && let Ok(whole) = with(text.as_bytes()) {
                prop_assert_eq!(ours(&whole), Some(2));
                prop_assert_eq!(without(&whole).unwrap().to_vec(), text.into_bytes());
            }
        }
    }
}
