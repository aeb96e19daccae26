//! `man`: the pages of the manual, generated from the definition of the command line.
//!
//! git opens the main page for `git help credential-heroku-rs` and for
//! `git credential-heroku-rs --help`, so git determines its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Command;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use super::Session;
use crate::cli::{self, Man};
use crate::notice::Notice;
use crate::terminal;

/// What the definition of the command line does not contain: variables, files, exit codes, other pages.
const MORE_ON_THE_PROGRAM: &str = include_str!("program.roff");
const SEE_THE_PROGRAM: &str = ".SH SEE ALSO\n.BR git\\-credential\\-heroku\\-rs (1)\n";

/// The command that shows a page from its stdin. macOS's `man` cannot.
const READER: &str = if cfg!(target_os = "macos") {
    "mandoc -a"
} else {
    "man -l -"
};

/// Begins the block of a command's help on its exit codes, if they are not the usual ones.
const EXIT_CODES: &str = "Exit codes: ";
const USUAL_EXIT_CODES: &str =
    "\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 4 not logged in, or no account is active.";

pub(super) fn run(arguments: &Man, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let mut definition = cli::definition();
    definition.build();
    let install_dir = arguments
        .install
        .then(|| where_man_looks(session))
        .transpose()?;
    let Some(dir) = arguments.dir.as_ref().or(install_dir.as_ref()) else {
        session.streams.output.write_all(&page(&definition)?)?;
        if terminal::is_stdout() {
            session.say(&format!(
                "To read it: git credential-heroku-rs man | {READER}"
            ))?;
        }
        return Ok(());
    };
    make_public_dir(dir).with_context(|| dir.display().to_string())?;
    let commands = with_subcommands(&definition);
    for command in &commands {
        let file = file_of(command, dir);
        write(&file, &page(command)?).with_context(|| file.display().to_string())?;
    }
    let (count, dir) = (
        commands.len(),
        session.context.environment.display_path(dir),
    );
    session.say(&format!("Wrote {count} pages to {dir}"))?;
    if cfg!(windows) {
        session.say("Git for Windows opens only HTML help: for help, use -h")?;
    }
    Ok(())
}

/// A command and all commands below it: each has a page of its own.
fn with_subcommands(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(with_subcommands);
    std::iter::once(command).chain(below).collect()
}

fn file_of(command: &Command, dir: &Path) -> PathBuf {
    dir.join(Page::new(command.clone()).get_filename())
}

/// `share/man/man1` next to the directory on PATH that contains the program: for each directory on PATH, man
/// also searches `share/man` next to it.
fn where_man_looks(session: &Session<'_, '_>) -> Result<PathBuf, Notice> {
    let program = env!("CARGO_PKG_NAME");
    let bin = session.context.environment.dir_of_program(program);
    let prefix = bin.as_deref().and_then(Path::parent);
    prefix
        .map(|prefix| prefix.join("share/man/man1"))
        .ok_or_else(|| {
            Notice::new(
                format!("{program} is not on PATH, so man would not find the pages"),
                "choose a directory: git credential-heroku-rs man DIR",
            )
        })
}

/// Removes the pages that `man --install` wrote, and returns whether there were any. Those of a package stay.
pub(super) fn remove_installed(session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let Ok(dir) = where_man_looks(session) else {
        return Ok(false);
    };
    // Packages install below /usr, and root is asked to remove them there.
    if dir.starts_with("/usr") && !dir.starts_with("/usr/local") {
        return Ok(false);
    }
    let mut definition = cli::definition();
    definition.build();
    let files = with_subcommands(&definition);
    let files = files.into_iter().map(|command| file_of(command, &dir));
    // Homebrew makes links.
    let is_file = |file: &PathBuf| file.symlink_metadata().is_ok_and(|found| found.is_file());
    let count = remove(files.filter(is_file))?;
    if count > 0 {
        let dir = session.context.environment.display_path(&dir);
        session.print(&format!("Removed {count} pages of the manual from {dir}"))?;
    }
    Ok(count > 0)
}

/// Removes pages, and returns how many there were. Another process may remove them at the same time.
fn remove(pages: impl Iterator<Item = PathBuf>) -> anyhow::Result<usize> {
    let mut count = 0;
    for page in pages {
        match fs::remove_file(&page) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            removed => {
                removed.with_context(|| page.display().to_string())?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// Creates a directory, with those above it. Every user may read what is in them.
fn make_public_dir(dir: &Path) -> io::Result<()> {
    let is_missing = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
    let missing: Vec<&Path> = dir.ancestors().take_while(is_missing).collect();
    fs::create_dir_all(dir)?;
    for dir in missing {
        make_public(dir, 0o755);
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "every user may read a page, and it can be written again at any time"
)]
fn write(file: &Path, page: &[u8]) -> io::Result<()> {
    fs::write(file, page)?;
    make_public(file, 0o644);
    Ok(())
}

/// Sets a mode, whatever the umask is: with 077 root would write pages for itself alone. It fails only for a file that
/// belonged to another user before.
#[cfg(unix)]
fn make_public(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn make_public(_: &Path, _: u32) {}

fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    // An empty date would be left out, and the other fields of the title would move to its place.
    const NO_DATE: &str = "\"\"";
    let name = command.get_display_name().unwrap_or(command.get_name());
    let page = Page::new(command.clone().subcommand_help_heading("COMMANDS"))
        .title(name.to_uppercase())
        .date(NO_DATE)
        .source(PROGRAM)
        .manual("Git Manual");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    synopsis(command).to_writer(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let help = command.get_after_help().map(ToString::to_string);
    let mut help = help.unwrap_or_default();
    let is_program = command.get_name() == env!("CARGO_PKG_NAME");
    if !is_program && !help.contains(EXIT_CODES) {
        help += USUAL_EXIT_CODES;
    }
    examples(&help).to_writer(&mut text)?;
    let more = if is_program {
        MORE_ON_THE_PROGRAM
    } else {
        SEE_THE_PROGRAM
    };
    text.extend_from_slice(more.as_bytes());
    Ok(text)
}

/// The usage line of the help: it shows which flags need a value and which can be repeated.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut page = Roff::new();
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold(name), roman(usage.trim_start_matches(name))]);
    page
}

/// The text at the end of a command's help. A block with a heading is shown as typed, one on exit codes is a section,
/// and the rest is prose.
fn examples(help: &str) -> Roff {
    let mut page = Roff::new();
    for block in help.split("\n\n").filter(|block| !block.is_empty()) {
        if let Some(codes) = block.strip_prefix(EXIT_CODES) {
            page.control("SH", ["EXIT STATUS"]);
            page.text([roman(codes)]);
        } else if let Some((heading, typed)) = block.split_once(":\n") {
            page.control("SH", [heading.to_uppercase().as_str()]);
            page.control("EX", []);
            for line in typed.lines() {
                page.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
            }
            page.control("EE", []);
        } else {
            page.control("PP", []);
            page.text([roman(block)]);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_of_heroku_has_its_line() {
        let names: Vec<&str> = include_str!("../../environment.rs")
            .split('"')
            .filter(|word| word.starts_with("HEROKU_"))
            .collect();
        assert!(names.contains(&"HEROKU_API_KEY"));
        for name in names {
            assert!(
                MORE_ON_THE_PROGRAM.contains(name),
                "program.roff has no {name}"
            );
        }
    }

    #[test]
    fn each_page_has_one_section_on_exit_codes() {
        let mut definition = cli::definition();
        definition.build();
        for command in with_subcommands(&definition) {
            let page = String::from_utf8(page(command).unwrap()).unwrap();
            assert_eq!(page.matches("EXIT STATUS").count(), 1, "{page}");
            assert!(!page.contains("Exit codes"), "{page}");
        }
    }

    #[test]
    fn a_page_that_another_process_removes_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let pages = ["a.1", "b.1"].map(|name| dir.path().join(name));
        write(&pages[1], b"page").unwrap();
        assert_eq!(remove(pages.into_iter()).unwrap(), 1);
    }

    #[test]
    fn a_block_with_a_heading_is_printed_unchanged() {
        let page = examples("Examples:\n  git a \\\n    -b\n\nIt ends.").to_roff();
        let expected = ".SH EXAMPLES\n.EX\ngit a \\\\\n  \\-b\n.EE\n.PP\nIt ends.\n";
        assert_eq!(page, expected);
    }
}
