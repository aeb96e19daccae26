//! One authorization as it is printed: a row, a block of lines or JSON. Never a token.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
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
    /// Null if it never expires, or if Heroku does not show when.
    expires: Option<Timestamp>,
    /// What is shown then: `never` or `unknown`.
    #[serde(skip)]
    without_expiry: &'static str,
    expired: bool,
    /// Whether git gets its token now.
    pub(super) active: bool,
    /// Where its token is stored on this machine: `environment`, `keyring`, `netrc`.
    stored: Vec<&'static str>,
    /// Nothing rules out that its token is stored on this machine: Heroku does not show enough of it, or a source of
    /// tokens cannot be read.
    #[serde(skip)]
    pub(super) may_be_stored: bool,
}

impl Entry {
    pub(super) fn new(one: Authorization) -> Entry {
        let expires = one.expires();
        let without_expiry = if one.has_known_expiry() {
            "never"
        } else {
            "unknown"
        };
        Entry {
            id: one.id,
            description: one.description,
            scope: one.scope,
            created: one.created,
            updated: one.updated,
            expires,
            without_expiry,
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

    /// When it expires: the day, `never` or `unknown`.
    pub(super) fn expiry(&self) -> String {
        let expiry = self.expires.map(report::day_and_span);
        expiry.unwrap_or_else(|| self.without_expiry.to_owned())
    }

    /// Its id, description and scope, without control characters.
    fn texts(&self) -> [String; 3] {
        [
            shown(&self.id),
            shown(self.description.as_deref().unwrap_or_default()),
            shown(&self.scope.to_string()),
        ]
    }

    /// Where its token is stored, and whether git gets it.
    fn places(&self) -> String {
        self.stored.join(", ") + if self.active { " (active)" } else { "" }
    }

    /// The text of `info`.
    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let time = |time: Option<Timestamp>| match time {
            Some(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            None => "unknown".to_owned(),
        };
        let [id, description, scope] = self.texts();
        let stored = if self.is_stored() {
            self.places()
        } else if self.may_be_stored {
            "unknown".to_owned()
        } else {
            "not on this machine".to_owned()
        };
        let (created, updated) = (time(self.created), time(self.updated));
        let expiry = self.expiry();
        writeln!(
            out,
            "{description}\n  id: {id}\n  scope: {scope}\n  created: {created}\n  \
             updated: {updated}\n  expires: {expiry}\n  stored: {stored}"
        )
    }
}

/// Marks the authorizations with a token that is stored on this machine: our metadata names them, or
/// Heroku shows enough of their tokens. `has_hidden` says that there may be more logins than these.
pub(super) fn entries(
    all: Vec<Authorization>,
    logins: &[StoredToken],
    active: Option<&StoredToken>,
    has_hidden: bool,
) -> Vec<Entry> {
    let positions: Vec<Option<usize>> = logins.iter().map(|login| position(login, &all)).collect();
    let mut entries = Vec::with_capacity(all.len());
    for (number, one) in all.into_iter().enumerate() {
        let (mut is_active, mut may_be_stored, mut stored) = (false, has_hidden, Vec::new());
        for (login, at) in logins.iter().zip(&positions) {
            if *at == Some(number) {
                is_active |= active.is_some_and(|active| report::is_served(login, active));
                stored.push(login.source.word());
            } else if at.is_none() {
                may_be_stored |= one.may_be_of(&login.token);
            }
        }
        entries.push(Entry {
            active: is_active,
            may_be_stored: may_be_stored && stored.is_empty(),
            stored,
            ..Entry::new(one)
        });
    }
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

/// Writes a table for a terminal of this width. Its ids are short, and descriptions are cut if they do not fit.
pub(super) fn write_table(
    entries: &[Entry],
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    const SHORT_ID: usize = 8;
    const DESCRIPTION: usize = 1;
    const SHORTEST_DESCRIPTION: u16 = 12;
    /// After each column.
    const SPACE: u16 = 2;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_truncation_indicator("…");
    table.set_header(["ID", "DESCRIPTION", "SCOPE", "EXPIRES", "STORED"]);
    for entry in entries {
        let [id, description, scope] = entry.texts();
        let id = id.chars().take(SHORT_ID).collect();
        let expiry = match entry.expires {
            Some(end) if !entry.expired => end.strftime("%Y-%m-%d").to_string(),
            _ => entry.expiry(),
        };
        let mut row = Row::from([id, description, scope, expiry, entry.places()]);
        row.max_height(1);
        table.add_row(row);
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, SPACE));
        column.set_constraint(if number == DESCRIPTION {
            ColumnConstraint::LowerBoundary(Width::Fixed(SHORTEST_DESCRIPTION + SPACE))
        } else {
            ColumnConstraint::ContentWidth
        });
    }
    if let Some(columns) = columns {
        let width = u16::try_from(columns).unwrap_or(u16::MAX);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        // The space after the last column is not printed.
        table.set_width(width.saturating_add(SPACE));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes columns for a pipe, with tabs and without a header, as gh does. The expiry is a whole time, `never` or
/// `unknown`.
pub(super) fn write_columns(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    for entry in entries {
        let end = entry.expires.map(|end| end.to_string());
        let end = end.unwrap_or_else(|| entry.without_expiry.to_owned());
        let active = if entry.active { "active" } else { "" };
        let [id, description, scope] = entry.texts();
        let stored = entry.stored.join(", ");
        writeln!(
            out,
            "{id}\t{description}\t{scope}\t{end}\t{stored}\t{active}"
        )?;
    }
    Ok(())
}
