//! One authorization as it is told: a row, a page or JSON, from one set of facts. Never a token.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde::Serialize;

use crate::commands::report;
use crate::heroku_api::{Authorization, position_of};
use crate::logins::Login;
use crate::logins::lookup::{Found, Source};
use crate::notice::shown;
use crate::scope::Scopes;

/// What is told of an authorization.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) description: Option<String>,
    scope: Scopes,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    /// Null where it never ends.
    expires: Option<Timestamp>,
    expired: bool,
    /// Whether git gets its token now.
    pub(super) in_use: bool,
    /// Where its token lies on this machine: `environment`, `keyring`, `netrc`.
    here: Vec<&'static str>,
    #[serde(skip)]
    places: Vec<Source>,
    /// Heroku shows too little of its token to say that it does not lie here.
    #[serde(skip)]
    pub(super) may_be_here: bool,
}

impl Entry {
    pub(super) fn new(one: Authorization) -> Entry {
        Entry {
            id: one.id,
            description: one.description,
            scope: one.scope,
            created: one.created,
            updated: one.updated,
            expires: one.expires,
            expired: one.expires.is_some_and(|end| end <= Timestamp::now()),
            in_use: false,
            here: Vec::new(),
            places: Vec::new(),
            may_be_here: false,
        }
    }

    /// Whether its token lies on this machine.
    pub(super) fn is_here(&self) -> bool {
        !self.places.is_empty()
    }

    /// What to call it where one line is to say which one is meant.
    pub(super) fn name(&self) -> String {
        match &self.description {
            Some(description) => format!("\"{}\" ({})", shown(description), self.id),
            None => self.id.clone(),
        }
    }

    pub(super) fn ends(&self) -> String {
        match self.expires {
            None => "never ends".to_owned(),
            Some(end) if self.expired => format!("ended on {}", end.strftime("%Y-%m-%d")),
            Some(end) => format!("ends on {}", report::day_and_span(end)),
        }
    }

    fn used(&self) -> String {
        let places: Vec<String> = self.places.iter().map(ToString::to_string).collect();
        match (self.in_use, places.is_empty()) {
            (_, true) => String::new(),
            (true, false) => format!("in use, from {}", places.join(" and ")),
            (false, false) => format!("kept in {}", places.join(" and ")),
        }
    }

    fn row(&self) -> [String; 5] {
        let description = self.description.as_deref().unwrap_or_default();
        [
            shown(&self.id),
            shown(description),
            shown(&self.scope.to_string()),
            self.ends(),
            self.used(),
        ]
    }

    fn short_row(&self) -> [String; 5] {
        const AS_MUCH_AS_NAMES_ONE: usize = 8;
        let [id, description, scope, ..] = self.row();
        let ends = match self.expires {
            None => "never ends".to_owned(),
            Some(end) if self.expired => format!("ended {}", end.strftime("%Y-%m-%d")),
            Some(end) => format!("ends {}", end.strftime("%Y-%m-%d")),
        };
        let used = if self.in_use {
            "in use".to_owned()
        } else {
            self.here.join(",")
        };
        let id = id.chars().take(AS_MUCH_AS_NAMES_ONE).collect();
        [id, description, scope, ends, used]
    }

    /// One to a page, for people.
    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let time = |time: Option<Timestamp>| match time {
            Some(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            None => "not known".to_owned(),
        };
        let [id, description, scope, ends, used] = self.row();
        writeln!(out, "{description}")?;
        writeln!(out, "  id       {id}")?;
        writeln!(out, "  scope    {scope}")?;
        writeln!(out, "  made     {}", time(self.created))?;
        writeln!(out, "  changed  {}", time(self.updated))?;
        writeln!(out, "  token    {ends}")?;
        if used.is_empty() {
            writeln!(out, "  here     not on this machine")
        } else {
            writeln!(out, "  here     {used}")
        }
    }
}

/// Marks those whose tokens lie on this machine: our notes name them, or Heroku shows enough of
/// their tokens to tell.
pub(super) fn entries(
    all: Vec<Authorization>,
    logins: &[Login],
    used: Option<&Found>,
) -> Vec<Entry> {
    let positions: Vec<Option<usize>> = logins.iter().map(|login| position(login, &all)).collect();
    let unplaced = || {
        let pairs = logins.iter().zip(&positions);
        pairs.filter(|(_, at)| at.is_none()).map(|(login, _)| login)
    };
    let marked = all.into_iter().enumerate().map(|(number, one)| {
        let may_be_here = unplaced().any(|login| one.may_be_of(&login.token));
        let mut entry = Entry::new(one);
        let pairs = logins.iter().zip(&positions);
        for (login, _) in pairs.filter(|(_, at)| **at == Some(number)) {
            entry.in_use |=
                used.is_some_and(|used| used.token == login.token && used.source == login.source);
            entry.here.push(login.source.word());
            entry.places.push(login.source);
        }
        entry.may_be_here = may_be_here && !entry.is_here();
        entry
    });
    let mut entries: Vec<Entry> = marked.collect();
    entries.sort_by(|a, b| (!a.in_use, a.created, &a.id).cmp(&(!b.in_use, b.created, &b.id)));
    entries
}

fn position(login: &Login, all: &[Authorization]) -> Option<usize> {
    let noted = login
        .known
        .as_ref()
        .and_then(|known| known.authorization.as_ref());
    let noted = noted.and_then(|id| all.iter().position(|one| one.id == *id));
    noted.or_else(|| position_of(&login.token, all))
}

/// A table for a terminal of this width: where it is too narrow for all of it, ids are told by as
/// many letters as name one, times by their day, and descriptions by what there is room for.
pub(super) fn write_table(
    entries: &[Entry],
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    const SHORTEST: usize = 12;
    let mut lines = lines(entries.iter().map(Entry::row), LONGEST);
    let width = |lines: &[String]| lines.iter().map(|line| line.chars().count()).max();
    if let Some(columns) = columns.filter(|columns| width(&lines) > Some(*columns)) {
        let short = |longest| self::lines(entries.iter().map(Entry::short_row), longest);
        let excess = width(&short(LONGEST)).unwrap_or_default();
        let excess = excess.saturating_sub(columns);
        let longest = entries.iter().map(|entry| entry.row()[1].chars().count());
        let longest = longest.max().unwrap_or_default().min(LONGEST);
        lines = short(longest.saturating_sub(excess + 1).max(SHORTEST));
    }
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// How much of a cell is shown, in characters, so that it leaves room for the others.
const LONGEST: usize = 60;

fn lines(rows: impl Iterator<Item = [String; 5]>, longest_description: usize) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ID", "DESCRIPTION", "SCOPE", "TOKEN", "HERE"]);
    table.add_rows(rows.map(|[id, description, rest @ ..]| {
        let [scope, ends, used] = rest.map(|cell| cut(&cell, LONGEST));
        let description = cut(&description, longest_description);
        [cut(&id, LONGEST), description, scope, ends, used]
    }));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn cut(cell: &str, longest: usize) -> String {
    match cell.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &cell[..at]),
        None => cell.to_owned(),
    }
}

/// Columns for a pipe: a tab between them and no header, as gh has it. Times are whole, and an end
/// is `never` or a time.
pub(super) fn write_columns(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    for entry in entries {
        let end = entry
            .expires
            .map_or("never".to_owned(), |end| end.to_string());
        let used = if entry.in_use { "in use" } else { "" };
        let [id, description, scope, ..] = entry.row();
        let here = entry.here.join(",");
        writeln!(out, "{id}\t{description}\t{scope}\t{end}\t{here}\t{used}")?;
    }
    Ok(())
}
