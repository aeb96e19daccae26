//! What the checks find, and how to fix it.

use serde::Serialize;

use crate::context::Context;
use crate::notice::{Fix, Notice};
use crate::redact::Redactor;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// No problem.
    Pass,
    /// A push works, but something should be fixed.
    Warn,
    /// A push would fail.
    Fail,
}

impl Severity {
    /// The severity of a problem.
    pub(super) fn fail_if(a_push_would_fail: bool) -> Severity {
        if a_push_would_fail {
            Severity::Fail
        } else {
            Severity::Warn
        }
    }
}

/// A result of a check.
pub(super) struct Finding {
    /// The name of the check: a group, a dot, and what is checked.
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
pub(super) struct Repair {
    /// What it does. Two repairs with the same text are the same repair.
    pub(super) change: String,
    pub(super) undo: String,
    /// Makes the change, or returns why nothing has changed.
    pub(super) apply: Box<Apply>,
}

type Apply = dyn Fn(&Context) -> Result<(), Notice>;

/// What has been found so far, in the order in which it is shown.
#[derive(Default)]
pub(super) struct Findings {
    /// The name of the check that adds findings.
    pub(super) id: &'static str,
    pub(super) list: Vec<Finding>,
}

impl Findings {
    pub(super) fn add(&mut self, severity: Severity, message: impl Into<String>) -> &mut Finding {
        let at = self.list.len();
        self.list.push(Finding {
            id: self.id,
            severity,
            message: message.into(),
            details: String::new(),
            fix: Fix::NONE,
            repair: None,
        });
        &mut self.list[at]
    }

    pub(super) fn warn(&mut self, message: impl Into<String>) -> &mut Finding {
        self.add(Severity::Warn, message)
    }

    /// A finding with the text and the fix of a notice.
    pub(super) fn notice(&mut self, severity: Severity, notice: &Notice) -> &mut Finding {
        self.add(severity, notice.what()).fix(notice.fix())
    }

    pub(super) fn pass(&mut self, message: impl Into<String>) {
        self.add(Severity::Pass, message);
    }

    /// What passes if this check has found nothing.
    pub(super) fn otherwise_pass(&mut self, message: &str) {
        if self.list.last().is_none_or(|last| last.id != self.id) {
            self.pass(message);
        }
    }
}

impl Finding {
    pub(super) fn details(&mut self, details: impl Into<String>) -> &mut Finding {
        self.details = details.into();
        self
    }

    pub(super) fn fix(&mut self, fix: impl Into<Fix>) -> &mut Finding {
        self.fix = fix.into();
        self
    }

    pub(super) fn repair(&mut self, repair: Repair) {
        self.repair = Some(repair);
    }

    /// Hides what other people must not see. A command that would change is left out. The repair stays as it is:
    /// redacted, those of two accounts could have the same text.
    pub(super) fn redact(&mut self, mask: &Redactor) {
        let hide = |text: &mut String| *text = mask.redacted(text);
        hide(&mut self.message);
        hide(&mut self.details);
        self.fix = self.fix.redacted(|text| mask.redacted(text));
    }

    /// The group that it is shown in.
    pub(super) fn group(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(group, _)| group)
    }
}
