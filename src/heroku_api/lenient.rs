//! Reading answers that may be missing anything.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A member that is not of the expected type counts as missing. For `#[serde(deserialize_with)]`.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient<T> {
        Value(T),
        Other(IgnoredAny),
    }

    Ok(match Lenient::deserialize(deserializer)? {
        Lenient::Value(value) => Some(value),
        Lenient::Other(IgnoredAny) => None,
    })
}

/// A string that is wiped. It can be read and not written: `zeroize` stays without its serde.
pub(super) struct SecretText(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(SecretText(Zeroizing::new(text)))
    }
}
