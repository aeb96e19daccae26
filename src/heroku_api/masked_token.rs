//! The part of a token that Heroku shows, and how well it matches one that we have: enough to
//! identify it, too little, or not at all.

use std::fmt;

use zeroize::Zeroizing;

use crate::token::Token;

/// What Heroku shows of a token: whole, or with stars in it.
#[derive(Clone)]
pub(super) struct MaskedToken(Zeroizing<String>);

impl fmt::Debug for MaskedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskedToken(…)")
    }
}

impl MaskedToken {
    /// The text in Heroku's reply.
    pub(super) fn new(shown: Zeroizing<String>) -> MaskedToken {
        MaskedToken(shown)
    }

    /// How well it matches `token`.
    pub(super) fn matches(&self, token: &Token) -> MaskMatch {
        if self.0.as_str() == token.expose() {
            MaskMatch::Whole
        } else {
            match_part(&self.0, token.expose())
        }
    }
}

/// How well a masked token matches a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskMatch {
    /// It is the token.
    Whole,
    /// The visible part matches, and is more than two tokens share by chance.
    Likely,
    /// It matches, but so little is visible that other tokens may match too.
    Possible,
    /// It does not match.
    No,
}

/// Compares a prefix, stars, and perhaps a suffix. `HRKU-` and a few characters match every token.
fn match_part(shown: &str, token: &str) -> MaskMatch {
    const FEWEST_VISIBLE: usize = 12;
    let Some((prefix, _)) = shown.split_once('*') else {
        return MaskMatch::No;
    };
    let suffix = shown.rsplit('*').next().unwrap_or_default();
    let fits = token.starts_with(prefix) && token.ends_with(suffix);
    let visible = prefix.len() + suffix.len();
    if !fits || visible >= token.len() {
        MaskMatch::No
    } else if visible < FEWEST_VISIBLE {
        MaskMatch::Possible
    } else {
        MaskMatch::Likely
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn a_short_prefix_identifies_no_token() {
        let token = Token::parse(TOKEN).unwrap();
        for (shown, fit) in [
            (TOKEN, MaskMatch::Whole),
            ("HRKU-0123**********abcdef", MaskMatch::Likely),
            ("HRKU-**********", MaskMatch::Possible),
            ("**********", MaskMatch::Possible),
            ("HRKU-9999**********abcdef", MaskMatch::No),
            ("HRKU-0123", MaskMatch::No),
        ] {
            let shown = MaskedToken::new(Zeroizing::new(shown.to_owned()));
            assert_eq!(shown.matches(&token), fit, "{:?}", shown.0);
        }
    }
}
