//! The figures on the pages, compared with those of `./contrib/bench --write`. If it has not been run,
//! its page does not exist, and no link to it may exist.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::page::Page;

/// The page that the benchmark writes. It contains no command.
pub(super) const PAGE: &str = "contrib/docs/benchmark.md";
const FIGURES: &str = "contrib/docs/benchmark.json";

/// The names of programs on the pages and in the figures.
const NAMES: [(&str, &str); 8] = [
    ("this helper, a foreign host", "ours: foreign host"),
    (
        "this helper, `get` from the keyring",
        "ours: `get`, keyring",
    ),
    ("the release, a foreign host", "ours, static: foreign host"),
    (
        "the release, `get` from the keyring",
        "ours, static: `get`, keyring",
    ),
    (
        "git's own libsecret helper (C)",
        "git's libsecret helper (C)",
    ),
    (
        "the Heroku CLI's `git:credentials get`",
        "Heroku CLI: `git:credentials get`",
    ),
    ("`secret-tool lookup`", "`secret-tool lookup`"),
    ("an empty Rust program", "an empty Rust program"),
];

/// The helpers that are compared with this program's `get`, by the beginning of the row.
const COMPARED: [(&str, &str); 5] = [
    ("the Heroku CLI", "Heroku CLI: `git:credentials get`"),
    ("`git-credential-libsecret`", "git's libsecret helper (C)"),
    (
        "`git-credential-cache`",
        "git's `cache` helper (a daemon's memory)",
    ),
    (
        "`git-credential-store`",
        "git's `store` helper (a plain file)",
    ),
    (
        "`docker-credential-secretservice`",
        "`docker-credential-secretservice get`",
    ),
];

struct Figures(Value);

impl Figures {
    fn measured(&self, name: &str, member: &str) -> Option<f64> {
        let answers = self.0["answers"].as_array()?;
        answers.iter().find(|answer| answer["name"] == name)?[member].as_f64()
    }

    /// The rows of the README's table that differ from the figures, with the right ones: program, milliseconds, ratio to
    /// `true`, MiB, system calls.
    fn wrong_in_readme(&self, text: &str) -> Vec<String> {
        let table = text
            .lines()
            .skip_while(|line| !line.starts_with("| program | ms "));
        let rows = table.skip(2).take_while(|line| line.starts_with('|'));
        rows.filter_map(|row| {
            let cells = cells(row);
            let name = match NAMES.iter().find(|(shown, _)| *shown == cells[0]) {
                Some((_, name)) => name,
                None => cells[0].as_str(),
            };
            let measured = [
                self.measured(name, "ms"),
                self.measured(name, "ms")
                    .zip(self.measured("`true`", "ms"))
                    .map(|(ms, base)| ms / base),
                self.measured(name, "peak_mib"),
                self.measured(name, "system_calls"),
            ];
            let agrees = cells[1..].iter().zip(measured).all(|(shown, measured)| {
                measured.is_some_and(|measured| rounds_to(measured, shown))
            });
            let as_it_is = measured.into_iter().zip([2, 1, 1, 0]);
            let as_it_is = as_it_is.map(|(value, places)| match value {
                Some(value) => format!("{value:.places$}"),
                None => "?".to_owned(),
            });
            let as_it_is: Vec<String> = as_it_is.collect();
            (!agrees).then(|| format!("| {} | {} |", cells[0], as_it_is.join(" | ")))
        })
        .collect()
    }

    /// The wrong rows of the comparison. The last column is how many times as long a helper takes as this one; it is
    /// wrong if it is more than a third off.
    fn wrong_in_comparison(&self, text: &str) -> Vec<String> {
        let ours = self.measured("ours: `get`, keyring", "ms");
        let rows = text.lines().filter(|line| line.starts_with("| "));
        rows.filter_map(|row| {
            let cells = cells(row);
            let (_, name) = COMPARED
                .iter()
                .find(|(begins, _)| cells[0].starts_with(begins))?;
            let measured = self
                .measured(name, "ms")
                .zip(ours)
                .map(|(theirs, ours)| theirs / ours);
            let shown: Option<f64> = cells.last()?.parse().ok();
            let agrees = measured
                .zip(shown)
                .is_some_and(|(measured, shown)| (0.75..=4.0 / 3.0).contains(&(shown / measured)));
            (!agrees).then(|| format!("{}: {measured:?}", cells[0]))
        })
        .collect()
    }
}

fn cells(row: &str) -> Vec<String> {
    let cells = row.trim_matches('|').split('|');
    cells
        .map(|cell| cell.trim().trim_matches('*').to_owned())
        .collect()
}

/// Whether a measured value, rounded to the number of decimals that is shown, is the figure shown.
fn rounds_to(measured: f64, shown: &str) -> bool {
    let places = shown.split_once('.').map_or(0, |(_, places)| places.len());
    format!("{measured:.places$}") == shown
}

#[test]
fn the_figures_are_the_measured_ones() {
    let Ok(text) = fs::read_to_string(FIGURES) else {
        for path in ["README.md", "contrib/docs/compared.md"] {
            let links = Page::read(Path::new(path)).links();
            let early = links.iter().find(|(_, link)| link.contains("benchmark"));
            assert!(early.is_none(), "{path}: run ./contrib/bench --write first");
        }
        return;
    };
    let figures = Figures(serde_json::from_str(&text).unwrap());
    let readme = fs::read_to_string("README.md").unwrap();
    let compared = fs::read_to_string("contrib/docs/compared.md").unwrap();
    let wrong = figures.wrong_in_readme(&readme);
    assert!(
        wrong.is_empty(),
        "README.md, measured:\n{}",
        wrong.join("\n")
    );
    let wrong = figures.wrong_in_comparison(&compared);
    assert!(
        wrong.is_empty(),
        "compared.md, measured:\n{}",
        wrong.join("\n")
    );
    let page = Page::read(Path::new(PAGE));
    assert!(
        page.blocks.is_empty(),
        "{PAGE} has something to run: list it"
    );
}

#[test]
fn a_figure_that_was_not_measured_is_found() {
    let figures = Figures(serde_json::json!({"answers": [
        {"name": "`true`", "ms": 0.8, "peak_mib": 1.2, "system_calls": 30},
        {"name": "ours: `get`, keyring", "ms": 2.0, "peak_mib": 3.3, "system_calls": 88},
        {"name": "git's libsecret helper (C)", "ms": 9.0, "peak_mib": 7.0, "system_calls": 823},
    ]}));
    let readme = |row: &str| {
        figures.wrong_in_readme(&format!(
            "| program | ms | × `true` |\n|---|---|---|\n{row}\n\n| no | 1 |"
        ))
    };
    let ours =
        "| **this helper, `get` from the keyring** | **2.00** | **2.5** | **3.3** | **88** |";
    assert_eq!(readme(ours), [""; 0]);
    assert_eq!(
        readme(&ours.replace("2.5", "2.4")),
        ["| this helper, `get` from the keyring | 2.00 | 2.5 | 3.3 | 88 |"]
    );
    assert_eq!(readme("| another program | 1 | 1 | 1 | 1 |").len(), 1);
    let compared = |figure: &str| {
        figures.wrong_in_comparison(&format!(
            "| `git-credential-libsecret` [1] | a keyring | {figure} |"
        ))
    };
    assert_eq!(compared("4.5"), [""; 0]);
    assert_eq!(compared("5"), [""; 0]);
    assert_eq!(compared("6.5").len() + compared("not measured").len(), 2);
}
