//! Becoming the only helper for Heroku, and taking it back: what others wrote stays.

use std::path::Path;

use super::whole::{self, Place};
use super::{HEROKU_HELPER, OUR_NAME, Scope, Setting, applies_to_heroku, quoted_for_shell};
use crate::notice::Notice;

/// What `set_up` did.
#[derive(Debug, PartialEq, Eq)]
pub enum SetUp {
    /// Nothing: the two values stood there, and last.
    AsItWas,
    /// The blank reset and our helper were added.
    Added,
    /// They were there or others were, above a helper that would have followed them: the whole
    /// section was moved to the end of the file.
    Moved,
}

/// Writes two values, the blank reset and `helper`, where nothing in the same file follows them.
///
/// Two values, because the Heroku CLI sets its own helper over a single one before every
/// command, and fails in silence where there are several. The file is the old or the new one whole,
/// whatever becomes of this process.
///
/// # Errors
/// A [`Notice`] with git's own words.
pub fn set_up(scope: Scope, helper: &str) -> Result<SetUp, Notice> {
    let here = Place::Scope(scope);
    if stands_last(here, helper)? {
        return Ok(SetUp::AsItWas);
    }
    if whole::file(scope)?.is_none() {
        // git makes the file where it wants it. Our helper alone, without the reset, harms nobody.
        here.change(&["--add", HEROKU_HELPER, helper])?;
    }
    whole::edit(scope, |copy| arrange(copy, helper))
}

fn arrange(copy: Place<'_>, helper: &str) -> Result<SetUp, Notice> {
    if stands_last(copy, helper)? {
        return Ok(SetUp::AsItWas);
    }
    remove_ours(copy)?;
    add_pair(copy, helper)?;
    if stands_last(copy, helper)? {
        return Ok(SetUp::Added);
    }
    remove_ours(copy)?;
    move_section_to_end(copy)?;
    add_pair(copy, helper)?;
    Ok(SetUp::Moved)
}

/// Whether the blank reset and `helper` are the last values that git reads for Heroku in this file.
fn stands_last(place: Place<'_>, helper: &str) -> Result<bool, Notice> {
    let mut values = place.entries(r"^credential\.(.*\.)?helper$")?;
    values.retain(|(key, _)| applies_to_heroku(key));
    let last = match values.as_slice() {
        [.., (reset_key, reset), (key, value)] => {
            reset_key == HEROKU_HELPER
                && reset.is_empty()
                && key == HEROKU_HELPER
                && value == helper
        }
        _ => false,
    };
    Ok(last)
}

fn add_pair(copy: Place<'_>, helper: &str) -> Result<(), Notice> {
    copy.change(&["--add", HEROKU_HELPER, ""])?;
    copy.change(&["--add", HEROKU_HELPER, helper])
}

/// Takes our section out and writes it again, in order, with whatever others keep in it: git adds
/// a section that is not there at the end of the file.
fn move_section_to_end(copy: Place<'_>) -> Result<(), Notice> {
    let section = HEROKU_HELPER.trim_end_matches(".helper");
    let values = copy.entries(r"^credential\.https://git\.heroku\.com\.")?;
    if !values.is_empty() {
        copy.change(&["--remove-section", section])?;
    }
    for (key, value) in &values {
        copy.change(&["--add", key, value])?;
    }
    Ok(())
}

/// Removes our helper and the blank reset right before it, and nothing else; says whether there
/// was anything to remove. The file is the old or the new one whole.
///
/// # Errors
/// A [`Notice`] with git's own words.
pub fn tear_down(scope: Scope) -> Result<bool, Notice> {
    let values = helpers(Place::Scope(scope))?;
    match without_ours(&values).len() == values.len() {
        true => Ok(false),
        false => whole::edit(scope, remove_ours),
    }
}

fn helpers(place: Place<'_>) -> Result<Vec<String>, Notice> {
    let entries = place.entries(r"^credential\.https://git\.heroku\.com\.helper$")?;
    Ok(entries.into_iter().map(|(_, value)| value).collect())
}

fn remove_ours(copy: Place<'_>) -> Result<bool, Notice> {
    let values = helpers(copy)?;
    let kept = without_ours(&values);
    if kept.len() == values.len() {
        return Ok(false);
    }
    if kept.contains(&"") {
        // A blank of somebody else's stands there too, and git cannot take out one of two.
        copy.change(&["--unset-all", HEROKU_HELPER])?;
        for value in &kept {
            copy.change(&["--add", HEROKU_HELPER, value])?;
        }
        return Ok(true);
    }
    for value in values
        .iter()
        .filter(|value| !kept.contains(&value.as_str()))
    {
        if helpers(copy)?.contains(value) {
            copy.change(&["--fixed-value", "--unset-all", HEROKU_HELPER, value])?;
        }
    }
    Ok(true)
}

/// The values that stay once ours are gone, each with the blank reset that stood before it.
fn without_ours(values: &[String]) -> Vec<&str> {
    let mut kept: Vec<&str> = Vec::new();
    for value in values {
        if !means_us(value) {
            kept.push(value);
        } else if kept.last() == Some(&"") {
            kept.pop();
        }
    }
    kept
}

fn means_us(value: &str) -> bool {
    Setting::helper(value).means_us()
}

/// The value that makes git find this program: its name where git looks for it there, else its
/// path, quoted for the shell that git hands it to.
pub fn helper_value(is_on_path: bool, program: &Path) -> String {
    match is_on_path {
        true => OUR_NAME.to_owned(),
        false => quoted(program),
    }
}

fn quoted(program: &Path) -> String {
    let text = program.to_string_lossy().replace('\\', "/");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+".contains(c);
    if text.chars().all(plain) {
        return text;
    }
    // A value that does not open with a slash would be taken for the name of a git command.
    format!("!{}", quoted_for_shell(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_values_go() {
        let values = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let cli = "!heroku git:credentials";
        assert_eq!(without_ours(&values(&["", "heroku-rs"])), [""; 0]);
        assert_eq!(without_ours(&values(&[cli, "", "heroku-rs"])), [cli]);
        assert_eq!(
            without_ours(&values(&["", "x", "", "heroku-rs", cli])),
            ["", "x", cli]
        );
        assert_eq!(without_ours(&values(&["", cli])), ["", cli]);
    }

    #[test]
    fn a_path_with_a_blank_is_quoted_for_the_shell() {
        assert_eq!(quoted(Path::new("/opt/bin/x")), "/opt/bin/x");
        assert_eq!(quoted(Path::new("/a b/it's")), r"!'/a b/it'\''s'");
    }
}
