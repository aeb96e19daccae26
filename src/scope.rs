//! OAuth scopes: what a token may do at Heroku.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One scope. The command line shows these texts as help.
///
/// Source: Heroku's Dev Center, "OAuth", scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Full access
    Global,
    /// Read the account
    Identity,
    /// Read apps and resources, except config vars
    Read,
    /// Read and change apps and resources, except config vars
    Write,
    /// Read apps and resources
    ReadProtected,
    /// Read and change apps and resources
    WriteProtected,
    /// A scope that Heroku has added since. It cannot be requested.
    #[serde(untagged)]
    #[value(skip)]
    Other(String),
}

impl Scope {
    /// Whether the scope allows no change of anything. Heroku does not document which of the other scopes
    /// allow a push, so only these rule one out.
    fn is_read_only(&self) -> bool {
        matches!(self, Scope::Identity | Scope::Read | Scope::ReadProtected)
    }
}

/// Heroku's name of the scope.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The scopes of a token; none if they are not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Whether no scope is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token with these scopes may be able to push.
    pub fn may_push(&self) -> bool {
        self.is_empty() || !self.0.iter().all(Scope::is_read_only)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Scopes {
        Scopes(scopes.into_iter().collect())
    }
}

/// The names with `, ` between them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(Scope::to_string).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(names: &[&str]) -> Scopes {
        serde_json::from_value(names.into()).unwrap()
    }

    #[test]
    fn a_token_that_can_only_read_cannot_push() {
        for (names, may_push) in [
            (&[][..], true),
            (&["global"], true),
            (&["identity"], false),
            (&["identity", "read", "read-protected"], false),
            (&["read", "write"], true),
            (&["write-protected"], true),
            (&["a-new-one"], true),
        ] {
            assert_eq!(scopes(names).may_push(), may_push, "{names:?}");
        }
    }

    #[test]
    fn every_scope_name_is_kept() {
        let json = r#"["global","identity","read","write","read-protected","write-protected","a-new-one"]"#;
        let scopes: Scopes = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&scopes).unwrap(), json);
        assert!(
            scopes
                .0
                .iter()
                .filter(|scope| matches!(scope, Scope::Other(_)))
                .count()
                == 1
        );
        assert!(scopes.to_string().ends_with("write-protected, a-new-one"));
    }
}
