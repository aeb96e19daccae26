//! Reading replies in which any member may be missing.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// A member that is not of the expected type counts as missing. For `#[serde(deserialize_with)]`.
///
/// It is read from the bytes of the reply: an untagged enum would keep a copy that is not wiped.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A string that is wiped. It can be deserialized but not serialized: `zeroize` stays without its serde.
pub(super) struct SecretText(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(SecretText(Zeroizing::new(text)))
    }
}
