//! Where an answer's body goes: as it came into a pipe, drawn on a terminal, or nowhere.

use std::io::{self, Write};

use super::drawing::{Colours, Drawing, Harmless};
use crate::cli::Api;
use crate::context::Context;
use crate::terminal;

/// Takes a body in pieces. Nothing of it is held but what has no end yet.
pub(super) struct Sink<'a> {
    out: &'a mut dyn Write,
    form: Form,
}

enum Form {
    Nothing,
    AsItCame,
    Json(Drawing),
    Text(Harmless),
}

impl<'a> Sink<'a> {
    /// What the flags and the terminal want of a body that is JSON, or another text.
    pub(super) fn of(
        arguments: &Api,
        is_json: bool,
        context: &Context,
        out: &'a mut dyn Write,
    ) -> Sink<'a> {
        let colours = match context.environment.no_color {
            true => Colours::Off,
            false => Colours::Shown,
        };
        let form = match (arguments.silent, terminal::is_stdout(), is_json) {
            (true, ..) => Form::Nothing,
            (false, false, _) => Form::AsItCame,
            (false, true, true) => Form::Json(Drawing::new(colours)),
            (false, true, false) => Form::Text(Harmless::default()),
        };
        Sink { out, form }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut drawn = String::new();
        match &mut self.form {
            Form::Nothing => return Ok(()),
            Form::AsItCame => return self.out.write_all(bytes),
            Form::Json(drawing) => drawing.draw(bytes, &mut drawn),
            Form::Text(harmless) => harmless.draw(bytes, &mut drawn),
        }
        self.out.write_all(drawn.as_bytes())
    }

    pub(super) fn end(self) -> io::Result<()> {
        let mut drawn = String::new();
        if let Form::Json(drawing) = self.form {
            drawing.end(&mut drawn);
        }
        self.out.write_all(drawn.as_bytes())?;
        self.out.flush()
    }
}
