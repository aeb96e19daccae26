//! Prints what `doctor` found: one line for each check, with details and the fix below it; or as stable JSON.
//! Every text passes through the mask.

use std::io::{self, Write};

use serde::Serialize;

use super::{Facts, Finding, Severity, fix};
use crate::context::Context;
use crate::notice::{Fix, wrapped};
use crate::redact::{Hide, Redactor};

/// The columns before a message: two blanks, the mark, two blanks.
const INDENT: usize = 8;

/// The results of all checks.
pub(super) struct Report<'a> {
    pub(super) findings: &'a [Finding],
    pub(super) changes: &'a [Change],
    pub(super) mask: &'a Mask,
}

/// A change that was made.
pub(super) struct Change {
    pub(super) change: String,
    pub(super) undo: String,
}

/// Whether the report is coloured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Plain,
    Coloured,
}

#[derive(Serialize)]
struct Json {
    healthy: bool,
    checks: Vec<JsonCheck>,
    changes: Vec<JsonChange>,
}

#[derive(Serialize)]
struct JsonCheck {
    id: &'static str,
    group: &'static str,
    severity: Severity,
    message: String,
    details: String,
    fix: String,
    /// The command of the fix alone, for pasting; null if the fix is no single command.
    command: Option<String>,
    fixable: bool,
}

#[derive(Serialize)]
struct JsonChange {
    change: String,
    undo: String,
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
        let public = |text: &str| self.mask.public(text);
        let json = Json {
            healthy: self.is_healthy(),
            checks: self
                .findings
                .iter()
                .map(|one| JsonCheck {
                    id: one.id,
                    group: one.group(),
                    severity: one.severity,
                    message: public(&one.message),
                    details: public(&one.details),
                    fix: self.fix(&one.fix),
                    command: self.mask.fix(&one.fix).command_line().map(str::to_owned),
                    fixable: one.repair.is_some(),
                })
                .collect(),
            changes: self
                .changes
                .iter()
                .map(|change| JsonChange {
                    change: public(&change.change),
                    undo: public(&change.undo),
                })
                .collect(),
        };
        crate::commands::json::write_json(&json, out)
    }

    /// A fix has the label `fix`, or the purpose of its command: `log in: …`. Lines are wrapped at words if the terminal's width is known. A command is never wrapped.
    pub(super) fn write_text(
        &self,
        out: &mut dyn Write,
        colour: Colour,
        columns: Option<usize>,
    ) -> io::Result<()> {
        let mut group = "";
        for finding in self.findings {
            if finding.group() != group {
                group = finding.group();
                writeln!(out, "{}", in_bold(group, colour))?;
            }
            self.write_finding(finding, out, colour, columns)?;
        }
        writeln!(out, "\n{}", self.summary())
    }

    fn write_finding(
        &self,
        finding: &Finding,
        out: &mut dyn Write,
        colour: Colour,
        columns: Option<usize>,
    ) -> io::Result<()> {
        let lines = |text: &str| wrapped(text, INDENT, columns);
        let mark = mark(finding.severity, colour);
        writeln!(
            out,
            "  {mark}  {}",
            lines(&self.mask.public(&finding.message))
        )?;
        if !finding.details.is_empty() {
            writeln!(
                out,
                "        {}",
                lines(&self.mask.public(&finding.details))
            )?;
        }
        let fix = self.fix(&finding.fix);
        if finding.fix.names_its_purpose() {
            writeln!(out, "        {fix}")?;
        } else if finding.fix.command_line().is_some() {
            writeln!(out, "        fix: {fix}")?;
        } else if !fix.is_empty() {
            writeln!(out, "        {}", lines(&format!("fix: {fix}")))?;
        }
        Ok(())
    }

    /// A fix as a line, without `run:`, since the label before it says the same.
    fn fix(&self, fix: &Fix) -> String {
        self.mask.fix(fix).without_run()
    }

    fn summary(&self) -> String {
        let (fails, warnings) = (self.count(Severity::Fail), self.count(Severity::Warn));
        let counts = match (fails, warnings) {
            (0, 0) => return "no problems found".to_owned(),
            (0, _) => format!("no problems, {}", counted(warnings, "warning")),
            (_, 0) => counted(fails, "problem"),
            (_, _) => format!(
                "{}, {}",
                counted(fails, "problem"),
                counted(warnings, "warning")
            ),
        };
        match fix::repairs(self.findings).len() {
            0 => counts,
            fixable => format!(
                "{counts}; {fixable} can be fixed automatically:\n  git credential-heroku-rs doctor --fix"
            ),
        }
    }
}

fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

fn mark(severity: Severity, colour: Colour) -> String {
    let (word, code) = match severity {
        Severity::Pass => ("ok  ", 32),
        Severity::Warn => ("warn", 33),
        Severity::Fail => ("FAIL", 31),
    };
    match colour {
        Colour::Plain => word.to_owned(),
        Colour::Coloured => format!("\u{1b}[{code}m{word}\u{1b}[0m"),
    }
}

fn in_bold(text: &str, colour: Colour) -> String {
    match colour {
        Colour::Plain => text.to_owned(),
        Colour::Coloured => format!("\u{1b}[1m{text}\u{1b}[0m"),
    }
}

/// Removes what other people must not see, so that the report can be posted in public.
pub(super) struct Mask(Redactor);

impl Mask {
    pub(super) fn new(context: &Context) -> Mask {
        let mut redactor = Redactor::new(Hide::FormsAndPerson);
        for secret in context.environment.secrets() {
            redactor.add_secret(&secret);
        }
        if let Some(home) = &context.environment.home {
            redactor.add_home(home);
        }
        Mask(redactor)
    }

    /// Adds the tokens that were found, including those that do not look like a Heroku token.
    pub(super) fn learns(&mut self, facts: &Facts<'_>) {
        for token in facts.tokens() {
            self.0.add_secret(token.expose());
        }
    }

    /// The text without secrets, emails and the home directory.
    pub(super) fn public(&self, text: &str) -> String {
        self.0.redacted(text)
    }

    /// The same for a fix. Its command is left out if a part of it is hidden.
    pub(super) fn fix(&self, fix: &Fix) -> Fix {
        fix.redacted(|text| self.public(text))
    }
}
