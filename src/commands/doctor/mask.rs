//! What may be shown in public: no token, no email in full, no home path. Every text of `doctor`
//! goes through here on its way out, whatever room it comes from.

use std::fs;

use crate::environment::Environment;
use crate::problem::shown;

/// Takes out what is nobody else's business.
pub(super) struct Mask {
    homes: Vec<String>,
}

impl Mask {
    pub(super) fn new(environment: &Environment) -> Mask {
        let home = environment.home.iter();
        let real = environment
            .home
            .iter()
            .filter_map(|home| fs::canonicalize(home).ok());
        let mut homes: Vec<String> = home
            .cloned()
            .chain(real)
            .map(|home| home.to_string_lossy().trim_end_matches('/').to_owned())
            .filter(|home| home.len() > 1)
            .collect();
        homes.sort_by_key(|home| std::cmp::Reverse(home.len()));
        homes.dedup();
        Mask { homes }
    }

    /// The text as anyone may read it.
    pub(super) fn public(&self, text: &str) -> String {
        let at_home = self
            .homes
            .iter()
            .fold(text.to_owned(), |text, home| text.replace(home, "~"));
        shown(&without_emails(&without_tokens(&at_home)))
    }
}

/// Tokens by their form: the prefix of the new ones, the UUIDs and hex digits of the old ones.
fn without_tokens(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut public = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        public.push_str(before);
        public.push_str(&masked_word(word));
        rest = after;
    }
    public.push_str(rest);
    public
}

fn masked_word(word: &str) -> String {
    if let Some(at) = word.find("HRKU-") {
        return format!("{}HRKU-…", &word[..at]);
    }
    let mut word = word.to_owned();
    while let Some(at) = uuid_in(&word) {
        word.replace_range(at..at + UUID.len(), "…");
    }
    let longest_run = word
        .split(|c: char| !c.is_ascii_hexdigit())
        .map(str::len)
        .max();
    match longest_run {
        Some(32..) => "…".to_owned(),
        _ => word,
    }
}

/// A UUID with every digit a zero.
const UUID: &str = "00000000-0000-0000-0000-000000000000";

fn uuid_in(word: &str) -> Option<usize> {
    let fits = |(form, byte): (u8, &u8)| match form {
        b'-' => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    word.as_bytes()
        .windows(UUID.len())
        .position(|window| UUID.bytes().zip(window).all(fits))
}

/// `ann@example.com` becomes `a…@example.com`; the `@` may be spelled as in a URL.
fn without_emails(text: &str) -> String {
    let text = text.replace("%40", "@");
    let is_local = |c: char| c.is_alphanumeric() || "._+-~%".contains(c);
    let mut public = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let start = before.rfind(|c| !is_local(c)).map_or(0, |end| {
            end + before[end..].chars().next().map_or(1, char::len_utf8)
        });
        public.push_str(&before[..start]);
        match before[start..].chars().next() {
            // The user of Heroku's git server, and nobody's email.
            _ if before.ends_with("git") && after.starts_with("heroku.com") => {
                public.push_str(&before[start..]);
                public.push('@');
            }
            Some(first) => public.extend([first, '…', '@']),
            None => public.push('@'),
        }
        rest = after;
    }
    public.push_str(rest);
    public
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn public(text: &str) -> String {
        let mask = Mask {
            homes: vec!["/home/ann".to_owned()],
        };
        mask.public(text)
    }

    #[test]
    fn a_token_of_any_form_is_masked_wherever_it_stands() {
        for token in [
            "HRKU-AAx_-9x_-9x_-9zz",
            "HRKU-01234567-89ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdef01234567",
        ] {
            for text in [
                format!("https://x:{token}@git.heroku.com/app.git"),
                format!("HEROKU_API_KEY={token} git push"),
                format!("x{token}"),
            ] {
                let shown = public(&text);
                assert!(!shown.contains(&token[5..15]), "{shown}");
            }
        }
    }

    #[test]
    fn an_email_keeps_its_first_letter_and_its_domain() {
        assert_eq!(public("of ann@example.com: x"), "of a…@example.com: x");
        assert_eq!(
            public("zoë@a.example, bob+x@b.example"),
            "z…@a.example, b…@b.example"
        );
        assert_eq!(
            public("bob%40example.com@git.heroku.com"),
            "b…@e…@git.heroku.com"
        );
    }

    #[test]
    fn a_home_is_a_tilde() {
        assert_eq!(public("/home/ann/.netrc"), "~/.netrc");
    }

    #[test]
    fn plain_words_stay() {
        let text =
            "git 2.47.3 asks `!heroku git:credentials` (~/.gitconfig) of git@heroku.com:app-1";
        assert_eq!(public(text), text);
    }

    proptest! {
        #[test]
        fn no_email_comes_through(before in ".{0,8}", user in "[a-z]{2,8}", after in ".{0,8}") {
            let shown = public(&format!("{before} {user}@example.com{after}"));
            let whole = format!("{user}@example.com");
            prop_assert!(!shown.contains(&whole));
        }

        #[test]
        fn no_token_comes_through(
            before in ".{0,8}",
            token in "HRKU-[A-Za-z0-9_-]{20,60}",
            after in ".{0,8}",
        ) {
            let shown = public(&format!("{before}{token}{after}"));
            prop_assert!(!shown.contains(&token[5..]));
        }
    }
}
