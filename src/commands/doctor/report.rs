//! Prints what `doctor` found: one line for each finding, with details and the fix below it; or as stable JSON.
//! Every text is redacted.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Finding, Repair, Severity, public_fix};
use crate::notice::wrapped;
use crate::redact::Redactor;

/// The results of all checks.
pub(super) struct Report<'a> {
    pub(super) findings: &'a [Finding],
    /// The changes that were made.
    pub(super) changes: &'a [Repair],
    /// Hides what other people must not see, so that the report can be posted in public.
    pub(super) mask: &'a Redactor,
}

impl Report<'_> {
    fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|one| one.severity == severity).count()
    }

    /// Whether no check fails.
    pub(super) fn is_healthy(&self) -> bool {
        self.count(Severity::Fail) == 0
    }

    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let public = |text: &str| self.mask.redacted(text);
        let check = |one: &Finding| {
            let fix = public_fix(&one.fix, self.mask);
            json!({
                "id": one.id,
                "group": one.group(),
                "severity": one.severity,
                "message": public(&one.message),
                "details": public(&one.details),
                "fix": fix.without_run(),
                // For pasting; null if the fix is no single command.
                "command": fix.command_line(),
                "fixable": one.repair.is_some(),
            })
        };
        let change =
            |one: &Repair| json!({ "change": public(&one.change), "undo": public(&one.undo) });
        let json = json!({
            "healthy": self.is_healthy(),
            "checks": self.findings.iter().map(check).collect::<Value>(),
            "changes": self.changes.iter().map(change).collect::<Value>(),
        });
        crate::commands::json::write_json(&json, out)
    }

    /// Lines are wrapped at words if the terminal's width is known. A command is never wrapped.
    pub(super) fn write_text(
        &self,
        out: &mut dyn Write,
        is_coloured: bool,
        columns: Option<usize>,
    ) -> io::Result<()> {
        let paint = |text: &str, code: &str| {
            if is_coloured {
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            } else {
                text.to_owned()
            }
        };
        let mut group = "";
        for finding in self.findings {
            if finding.group() != group {
                group = finding.group();
                writeln!(out, "{}", paint(group, "1"))?;
            }
            let (mark, code) = match finding.severity {
                Severity::Pass => ("ok  ", "32"),
                Severity::Warn => ("warn", "33"),
                Severity::Fail => ("FAIL", "31"),
            };
            let lines = |text: &str| wrapped(&self.mask.redacted(text), 8, columns);
            writeln!(out, "  {}  {}", paint(mark, code), lines(&finding.message))?;
            if !finding.details.is_empty() {
                writeln!(out, "        {}", lines(&finding.details))?;
            }
            let fix = public_fix(&finding.fix, self.mask);
            // The purpose of a command is label enough: `log in: …`.
            let label = if fix.names_its_purpose() { "" } else { "fix: " };
            let line = format!("{label}{}", fix.without_run());
            if fix.command_line().is_some() {
                writeln!(out, "        {line}")?;
            } else if !fix.is_empty() {
                writeln!(out, "        {}", lines(&line))?;
            }
        }
        writeln!(out, "\n{}", self.summary())
    }

    fn summary(&self) -> String {
        let (fails, warnings) = (self.count(Severity::Fail), self.count(Severity::Warn));
        if fails + warnings == 0 {
            return "no problems found".to_owned();
        }
        let counts = format!(
            "{}, {}",
            counted(fails, "problem"),
            counted(warnings, "warning")
        );
        let repairs = self.findings.iter().filter_map(|one| one.repair.as_ref());
        let changes: HashSet<&str> = repairs.map(|repair| repair.change.as_str()).collect();
        match changes.len() {
            0 => counts,
            fixable => format!(
                "{counts}; {fixable} can be fixed automatically:\n  git credential-heroku-rs doctor --fix"
            ),
        }
    }
}

pub(super) fn counted(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
