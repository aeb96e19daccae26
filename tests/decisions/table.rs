//! Tables in text files: a header, then a row for each case, with cells between `|`. A blank line and a line that
//! starts with `#` are for the reader.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

pub(crate) struct Table {
    path: PathBuf,
    text: String,
    inputs: Vec<&'static str>,
    outputs: Vec<&'static str>,
}

/// The inputs of one row.
pub(crate) struct Row<'t> {
    columns: &'t [&'static str],
    cells: Vec<&'t str>,
}

impl Row<'_> {
    /// The cell of this column.
    pub(crate) fn cell(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|one| *one == column);
        self.cells[at.expect("a column of the table")]
    }
}

fn cells(line: &str) -> Vec<&str> {
    line.trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect()
}

impl Table {
    /// The table in a file beside this one, with these columns.
    pub(crate) fn read(name: &str, inputs: &[&'static str], outputs: &[&'static str]) -> Table {
        let path = PathBuf::from("tests/decisions").join(name);
        let text = fs::read_to_string(&path).expect("the table's file");
        let table = Table {
            path,
            text,
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
        };
        let header = table.rows().next().expect("a header");
        assert_eq!(
            cells(header),
            [inputs, outputs].concat(),
            "the header of {name}"
        );
        table
    }

    /// The lines that are rows; the first is the header.
    fn rows(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| line.starts_with('|'))
    }

    /// Compares what follows from the inputs of each row with its outputs.
    pub(crate) fn check(&self, follows: impl Fn(&Row<'_>) -> Vec<String>) {
        let mut lines = Vec::new();
        let mut wrong = String::new();
        let mut is_header = true;
        for line in self.text.lines() {
            if !line.starts_with('|') || std::mem::take(&mut is_header) {
                lines.push(line.to_owned());
                continue;
            }
            let all = cells(line);
            let (inputs, expected) = all.split_at(self.inputs.len().min(all.len()));
            let row = Row {
                columns: &self.inputs,
                cells: inputs.to_vec(),
            };
            let found = follows(&row);
            assert_eq!(found.len(), self.outputs.len());
            if found != expected {
                writeln!(wrong, "{line}").unwrap();
                let outputs = self.outputs.iter().zip(&found);
                for (name, value) in outputs {
                    writeln!(wrong, "    {name}: {value}").unwrap();
                }
            }
            let values = inputs.iter().map(|cell| (*cell).to_owned()).chain(found);
            lines.push(format!("| {} |", values.collect::<Vec<_>>().join(" | ")));
        }
        if is_asked_to_update() {
            #[expect(clippy::disallowed_methods, reason = "a file of the tests' own")]
            fs::write(&self.path, aligned(&lines)).expect("the table's file");
        } else {
            let name = self.path.display();
            assert!(
                wrong.is_empty(),
                "{name} says otherwise than the program:\n{wrong}"
            );
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a switch for the developer")]
fn is_asked_to_update() -> bool {
    std::env::var_os("UPDATE_TABLES").is_some()
}

/// The same lines, with columns of one width.
fn aligned(lines: &[String]) -> String {
    let rows = lines.iter().filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows.map(|line| cells(line)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        if line.starts_with('|') {
            let cells = cells(line);
            let padded = cells
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| format!("{cell:width$}"));
            let row = padded.collect::<Vec<_>>().join(" | ");
            writeln!(text, "| {row} |").unwrap();
        } else {
            writeln!(text, "{line}").unwrap();
        }
    }
    text
}
