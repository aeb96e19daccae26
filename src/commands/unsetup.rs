//! `unsetup`: takes back what `setup` wrote, and nothing else.

use std::io::Write;

use super::Session;
use crate::arguments::Setup;
use crate::git_config;

pub(super) fn run(arguments: &Setup, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let scope = arguments.scope();
    let removed = git_config::tear_down(scope)?;
    let out = &mut session.streams.output;
    if removed {
        writeln!(out, "removed from {scope}: git no longer asks heroku-rs")?;
    } else {
        writeln!(out, "nothing to remove: heroku-rs is not in {scope}")?;
    }
    Ok(())
}
