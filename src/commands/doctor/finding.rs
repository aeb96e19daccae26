//! What a check found, and how to fix it.

use std::rc::Rc;

use serde::Serialize;

use crate::context::Context;
use crate::notice::{Command, Fix, Notice};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// No problem.
    Pass,
    /// A push works, but something should be fixed.
    Warn,
    /// A push would fail.
    Fail,
}

/// The result of a check.
pub(super) struct Finding {
    /// Its stable name: a group, a dot, and what is checked.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) details: String,
    /// What the user can do about it.
    pub(super) fix: Fix,
    /// What `--fix` can do: only with files and settings that are ours.
    pub(super) repair: Option<Repair>,
}

/// A change to something of ours, and how to undo it.
#[derive(Clone)]
pub(super) struct Repair {
    /// What it does. Two repairs with the same text are the same repair.
    pub(super) change: String,
    pub(super) undo: String,
    apply: Rc<Apply>,
}

type Apply = dyn Fn(&Context) -> Result<(), Notice>;

impl Finding {
    pub(super) fn new(id: &'static str, severity: Severity, message: impl Into<String>) -> Finding {
        Finding {
            id,
            severity,
            message: message.into(),
            details: String::new(),
            fix: Fix::NONE,
            repair: None,
        }
    }

    pub(super) fn pass(id: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(id, Severity::Pass, message)
    }

    pub(super) fn warn(id: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(id, Severity::Warn, message)
    }

    pub(super) fn fail(id: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(id, Severity::Fail, message)
    }

    /// A finding with the text of a notice.
    pub(super) fn from_notice(id: &'static str, severity: Severity, notice: &Notice) -> Finding {
        Finding::new(id, severity, notice.what()).with_fix(notice.fix())
    }

    pub(super) fn with_details(self, details: impl Into<String>) -> Finding {
        Finding {
            details: details.into(),
            ..self
        }
    }

    pub(super) fn with_fix(self, fix: impl Into<Fix>) -> Finding {
        Finding {
            fix: fix.into(),
            ..self
        }
    }

    pub(super) fn with_command(self, command: &'static str) -> Finding {
        self.with_fix(Command::new(command))
    }

    pub(super) fn with_repair(self, repair: impl Into<Option<Repair>>) -> Finding {
        Finding {
            repair: repair.into(),
            ..self
        }
    }

    /// The group that it is shown in.
    pub(super) fn group(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(group, _)| group)
    }
}

impl Repair {
    pub(super) fn new(
        change: impl Into<String>,
        undo: impl Into<String>,
        apply: impl Fn(&Context) -> Result<(), Notice> + 'static,
    ) -> Repair {
        Repair {
            change: change.into(),
            undo: undo.into(),
            apply: Rc::new(apply),
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// Why nothing has changed.
    pub(super) fn apply(&self, context: &Context) -> Result<(), Notice> {
        (self.apply)(context)
    }
}
