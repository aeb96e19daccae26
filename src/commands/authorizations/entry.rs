//! One authorization as it is printed: a row, a block of lines or JSON. Never a token.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde::Serialize;

use crate::commands::report;
use crate::heroku_api::{Authorization, position_of};
use crate::logins::lookup::StoredToken;
use crate::notice::shown;
use crate::scope::Scopes;

/// What is printed about an authorization. JSON has these members.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) description: Option<String>,
    scope: Scopes,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    /// Null if it never expires.
    expires: Option<Timestamp>,
    expired: bool,
    /// Whether git gets its token now.
    pub(super) active: bool,
    /// Where its token is stored on this machine: `environment`, `keyring`, `netrc`.
    stored: Vec<&'static str>,
    /// Heroku does not show enough of its token to rule out that it is stored on this machine.
    #[serde(skip)]
    pub(super) may_be_stored: bool,
}

impl Entry {
    pub(super) fn new(one: Authorization) -> Entry {
        let expires = one.expires();
        Entry {
            id: one.id,
            description: one.description,
            scope: one.scope,
            created: one.created,
            updated: one.updated,
            expires,
            expired: expires.is_some_and(|end| end <= Timestamp::now()),
            active: false,
            stored: Vec::new(),
            may_be_stored: false,
        }
    }

    /// Whether its token is stored on this machine.
    pub(super) fn is_stored(&self) -> bool {
        !self.stored.is_empty()
    }

    /// Description and id, for a message.
    pub(super) fn name(&self) -> String {
        match &self.description {
            Some(description) => format!("\"{}\" ({})", shown(description), self.id),
            None => self.id.clone(),
        }
    }

    /// When it expires: `never`, or the day.
    pub(super) fn expiry(&self) -> String {
        match self.expires {
            None => "never".to_owned(),
            Some(end) if self.expired => format!("{} (expired)", end.strftime("%Y-%m-%d")),
            Some(end) => report::day_and_span(end),
        }
    }

    fn places(&self) -> String {
        let places = self.stored.join(", ");
        if self.active {
            format!("{places} (active)")
        } else {
            places
        }
    }

    fn row(&self) -> [String; 5] {
        let description = self.description.as_deref().unwrap_or_default();
        [
            shown(&self.id),
            shown(description),
            shown(&self.scope.to_string()),
            self.expiry(),
            self.places(),
        ]
    }

    fn short_row(&self) -> [String; 5] {
        const ID_LENGTH: usize = 8;
        let [id, description, scope, expiry, _] = self.row();
        let places = if self.active {
            "(active)".to_owned()
        } else {
            self.stored.join(", ")
        };
        let expiry = match self.expires {
            Some(end) if !self.expired => end.strftime("%Y-%m-%d").to_string(),
            Some(_) | None => expiry,
        };
        let id = id.chars().take(ID_LENGTH).collect();
        [id, description, scope, expiry, places]
    }

    /// The text of `info`.
    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let time = |time: Option<Timestamp>| match time {
            Some(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            None => "unknown".to_owned(),
        };
        let [id, description, scope, expiry, places] = self.row();
        writeln!(out, "{description}")?;
        writeln!(out, "  id: {id}")?;
        writeln!(out, "  scope: {scope}")?;
        writeln!(out, "  created: {}", time(self.created))?;
        writeln!(out, "  updated: {}", time(self.updated))?;
        writeln!(out, "  expires: {expiry}")?;
        if self.is_stored() {
            writeln!(out, "  stored: {places}")
        } else {
            writeln!(out, "  stored: not on this machine")
        }
    }
}

/// Marks the authorizations with a token that is stored on this machine: our metadata names them, or
/// Heroku shows enough of their tokens.
pub(super) fn entries(
    all: Vec<Authorization>,
    logins: &[StoredToken],
    active: Option<&StoredToken>,
) -> Vec<Entry> {
    let positions: Vec<Option<usize>> = logins.iter().map(|login| position(login, &all)).collect();
    let unmatched = || {
        let pairs = logins.iter().zip(&positions);
        pairs.filter(|(_, at)| at.is_none()).map(|(login, _)| login)
    };
    let marked = all.into_iter().enumerate().map(|(number, one)| {
        let may_be_stored = unmatched().any(|login| one.may_be_of(&login.token));
        let mut entry = Entry::new(one);
        let pairs = logins.iter().zip(&positions);
        for (login, _) in pairs.filter(|(_, at)| **at == Some(number)) {
            entry.active |= active
                .is_some_and(|active| active.token == login.token && active.source == login.source);
            entry.stored.push(login.source.word());
        }
        entry.may_be_stored = may_be_stored && !entry.is_stored();
        entry
    });
    let mut entries: Vec<Entry> = marked.collect();
    entries.sort_by(|a, b| (!a.active, a.created, &a.id).cmp(&(!b.active, b.created, &b.id)));
    entries
}

fn position(login: &StoredToken, all: &[Authorization]) -> Option<usize> {
    let noted = login
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.authorization.as_ref());
    let noted = noted.and_then(|id| all.iter().position(|one| one.id == *id));
    noted.or_else(|| position_of(&login.token, all))
}

/// Writes a table for a terminal of this width. If it is too narrow for the whole table, ids have 8
/// characters, times are days, and descriptions are cut.
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

/// The longest cell, in characters.
const LONGEST: usize = 60;

fn lines(rows: impl Iterator<Item = [String; 5]>, longest_description: usize) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ID", "DESCRIPTION", "SCOPE", "EXPIRES", "STORED"]);
    table.add_rows(rows.map(|[id, description, rest @ ..]| {
        let [scope, expiry, places] = rest.map(|cell| cut(&cell, LONGEST));
        let description = cut(&description, longest_description);
        [cut(&id, LONGEST), description, scope, expiry, places]
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

/// Writes columns for a pipe, with tabs and without a header, as gh does. The expiry is `never` or a
/// whole time.
pub(super) fn write_columns(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    for entry in entries {
        let end = entry
            .expires
            .map_or("never".to_owned(), |end| end.to_string());
        let active = if entry.active { "active" } else { "" };
        let [id, description, scope, ..] = entry.row();
        let stored = entry.stored.join(", ");
        writeln!(
            out,
            "{id}\t{description}\t{scope}\t{end}\t{stored}\t{active}"
        )?;
    }
    Ok(())
}
