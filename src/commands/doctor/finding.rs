//! What a check has found, and how it would be mended.

use std::rc::Rc;

use serde::Serialize;

use crate::context::Context;
use crate::notice::Notice;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// As it should be.
    Pass,
    /// It works, and could be better.
    Warn,
    /// A push will not do what it should.
    Fail,
}

/// What one check says.
pub(super) struct Finding {
    /// Its name, which stays: a group, a dot, and a word.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) what: String,
    pub(super) why: String,
    /// A command that can be pasted, or a place to look.
    pub(super) advice: String,
    pub(super) fix: Option<Fix>,
}

/// A safe change, and the way back.
#[derive(Clone)]
pub(super) struct Fix {
    /// What it does; two that say the same are one.
    pub(super) does: String,
    pub(super) undo: String,
    change: Rc<Change>,
}

type Change = dyn Fn(&Context) -> Result<(), Notice>;

impl Finding {
    pub(super) fn pass(id: &'static str, what: impl Into<String>) -> Finding {
        Finding {
            id,
            severity: Severity::Pass,
            what: what.into(),
            why: String::new(),
            advice: String::new(),
            fix: None,
        }
    }

    pub(super) fn warn(id: &'static str, what: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Warn,
            ..Finding::pass(id, what)
        }
    }

    pub(super) fn fail(id: &'static str, what: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Fail,
            ..Finding::pass(id, what)
        }
    }

    /// A problem that another room has put into words.
    pub(super) fn of_problem(id: &'static str, severity: Severity, notice: &Notice) -> Finding {
        let finding = Finding {
            severity,
            ..Finding::pass(id, notice.what())
        };
        finding.with_advice(notice.fix().to_string())
    }

    pub(super) fn because(self, why: impl Into<String>) -> Finding {
        Finding {
            why: why.into(),
            ..self
        }
    }

    pub(super) fn with_advice(self, advice: impl Into<String>) -> Finding {
        let advice = advice.into();
        // A problem tells to run it; here it stands behind a word of its own.
        let advice = advice.strip_prefix("run: ").unwrap_or(&advice);
        Finding {
            advice: advice.to_owned(),
            ..self
        }
    }

    pub(super) fn fixed_by(self, fix: impl Into<Option<Fix>>) -> Finding {
        Finding {
            fix: fix.into(),
            ..self
        }
    }

    /// The group that it is shown in.
    pub(super) fn group(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(group, _)| group)
    }
}

impl Fix {
    pub(super) fn new(
        does: impl Into<String>,
        undo: impl Into<String>,
        change: impl Fn(&Context) -> Result<(), Notice> + 'static,
    ) -> Fix {
        Fix {
            does: does.into(),
            undo: undo.into(),
            change: Rc::new(change),
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// Why nothing has changed.
    pub(super) fn apply(&self, context: &Context) -> Result<(), Notice> {
        (self.change)(context)
    }
}
