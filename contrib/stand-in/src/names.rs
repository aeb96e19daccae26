//! Random ids and tokens, in every format that Heroku has issued.

const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// How a token looks.
///
/// Source: Heroku's changelog items on token formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// `HRKU-` and 60 letters, since April 2025.
    #[default]
    Current,
    /// `HRKU-` and a UUID, before that.
    Prefixed,
    /// A UUID: the oldest format that is still valid.
    Bare,
    /// 40 hexadecimal digits, seen only in old examples.
    Hex,
}

pub(crate) fn token(form: Form) -> String {
    match form {
        Form::Current => format!("HRKU-AA{}", letters(58)),
        Form::Prefixed => format!("HRKU-{}", uuid()),
        Form::Bare => uuid(),
        Form::Hex => format!("{:032x}{:08x}", fastrand::u128(..), fastrand::u32(..)),
    }
}

pub(crate) fn letters(count: usize) -> String {
    let letter = |_| char::from(BASE64URL[fastrand::usize(..BASE64URL.len())]);
    (0..count).map(letter).collect()
}

pub(crate) fn uuid() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    let (first, second, rest) = (&hex[..8], &hex[8..12], &hex[20..]);
    format!(
        "{first}-{second}-4{}-a{}-{rest}",
        &hex[13..16],
        &hex[17..20]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_token_has_its_length() {
        let lengths = [Form::Current, Form::Prefixed, Form::Bare, Form::Hex];
        assert_eq!(lengths.map(|form| token(form).len()), [65, 41, 36, 40]);
    }
}
