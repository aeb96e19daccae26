//! Prints what `doctor` found: one line for each finding, with details and the fix below it; or as stable JSON.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Finding, Repair, Severity};

fn count(findings: &[Finding], severity: Severity) -> usize {
    let findings = findings.iter();
    findings.filter(|one| one.severity == severity).count()
}

/// Whether no check fails.
pub(super) fn is_healthy(findings: &[Finding]) -> bool {
    count(findings, Severity::Fail) == 0
}

/// Prints all findings, and the changes that were made.
pub(super) fn write_json(
    findings: &[Finding],
    changes: &[Repair],
    out: &mut dyn Write,
) -> io::Result<()> {
    let check = |one: &Finding| {
        json!({
            "id": one.id,
            "group": one.group(),
            "severity": one.severity,
            "message": one.message,
            "details": one.details,
            "fix": one.fix.without_run(),
            // For pasting; null if the fix is no single command.
            "command": one.fix.command_line(),
            "fixable": one.repair.is_some(),
        })
    };
    let change = |one: &Repair| json!({ "change": one.change, "undo": one.undo });
    let json = json!({
        "healthy": is_healthy(findings),
        "checks": findings.iter().map(check).collect::<Value>(),
        "changes": changes.iter().map(change).collect::<Value>(),
    });
    crate::commands::json::write_json(&json, out)
}

/// The findings in their groups, each with its fix.
pub(super) fn write_text(
    findings: &[Finding],
    out: &mut dyn Write,
    is_coloured: bool,
) -> io::Result<()> {
    let paint = |text: &str, code: &str| {
        if is_coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let mut group = "";
    for finding in findings {
        if finding.group() != group {
            group = finding.group();
            writeln!(out, "{}", paint(group, "1"))?;
        }
        let (mark, code) = match finding.severity {
            Severity::Pass => ("ok  ", "32"),
            Severity::Warn => ("warn", "33"),
            Severity::Fail => ("FAIL", "31"),
        };
        let fix = &finding.fix;
        writeln!(out, "  {}  {}", paint(mark, code), finding.message)?;
        if !finding.details.is_empty() {
            writeln!(out, "        {}", finding.details)?;
        }
        // The purpose of a command is label enough: `log in: …`.
        let label = if fix.names_its_purpose() { "" } else { "fix: " };
        if !fix.is_empty() {
            writeln!(out, "        {label}{}", fix.without_run())?;
        }
    }
    writeln!(out, "\n{}", summary(findings))
}

fn summary(findings: &[Finding]) -> String {
    let fails = count(findings, Severity::Fail);
    let warnings = count(findings, Severity::Warn);
    if fails + warnings == 0 {
        return "no problems found".to_owned();
    }
    let counts = format!(
        "{}, {}",
        counted(fails, "problem"),
        counted(warnings, "warning")
    );
    let repairs = findings.iter().filter_map(|one| one.repair.as_ref());
    let changes: HashSet<&str> = repairs.map(|repair| repair.change.as_str()).collect();
    match changes.len() {
        0 => counts,
        fixable => format!(
            "{counts}; {fixable} can be fixed automatically:\n  git credential-heroku-rs doctor --fix"
        ),
    }
}

pub(super) fn counted(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
