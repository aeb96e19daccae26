//! What may be shown in public. Every text of `doctor` goes through here on its way out, whatever
//! room it comes from.

use super::Look;
use crate::context::Context;
use crate::notice::Fix;
use crate::redact::{Hide, Known, redacted};

/// Takes out what is nobody else's business.
pub(super) struct Mask(Known);

impl Mask {
    pub(super) fn new(context: &Context) -> Mask {
        let secrets = context.environment.secrets();
        let mut known = Known::of(secrets.iter().map(|secret| secret.as_str()));
        if let Some(home) = &context.environment.home {
            known.add_home(home);
        }
        Mask(known)
    }

    /// Knows the tokens that were come upon, also those of no form that Heroku has issued.
    pub(super) fn learns(&mut self, look: &Look<'_>) {
        for token in look.tokens() {
            self.0.add_secret(token.expose());
        }
    }

    /// The text as anyone may read it.
    pub(super) fn public(&self, text: &str) -> String {
        redacted(text, Hide::FormsAndPerson, &self.0)
    }

    /// A fix as anyone may read it: without its command if a part of that is hidden.
    pub(super) fn fix(&self, fix: &Fix) -> Fix {
        fix.redacted(|text| self.public(text))
    }
}
