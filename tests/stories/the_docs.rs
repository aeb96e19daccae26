//! README.md and the pages below contrib/docs: every command line on them is run, and does what the
//! page promises; every command named in a line of text exists; every link leads somewhere.

mod figures;
mod page;
mod scenes;
mod trust;
mod words;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use git_credential_heroku_rs::cli::{self, Invocation};

use crate::world::World;
use page::{Block, Page, Step};
use scenes::Scene;

/// Blocks that are not checked, because they are not command lines of a Unix shell.
const NOT_COMMANDS: [&str; 7] = ["json", "text", "yaml", "toml", "rust", "ini", "powershell"];

fn documents() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md"), PathBuf::from("CONTRIBUTING.md")];
    for entry in fs::read_dir("contrib/docs").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Page::read(path)).collect()
}

fn runs_page(path: &str) {
    let page = Page::read(Path::new(path));
    let mut scene = None;
    for block in &page.blocks {
        let place = page.place(block.line);
        if NOT_COMMANDS.contains(&block.language.as_str()) {
            continue;
        }
        if let Some(name) = &block.scene {
            let named = Scene::named(name);
            scene = Some(named.unwrap_or_else(|| panic!("{place}: no scene is called {name:?}")));
        }
        let scene = scene
            .as_ref()
            .unwrap_or_else(|| panic!("{place}: say before it <!-- scene: NAME -->"));
        match block.language.as_str() {
            "sh" => runs_script(block, &scene.world, &place),
            "console" => runs_steps(block, scene, &place),
            other => panic!("{place}: a block is `sh`, `console` or no command, not {other:?}"),
        }
    }
}

fn runs_script(block: &Block, world: &World, place: &str) {
    let script = world.has_file("script", &block.text);
    let line = format!("bash -e {}", script.display());
    let outcome = world.shell(&line, b"");
    let said = outcome.stdout() + &outcome.stderr();
    assert!(outcome.is_success(), "{place} fails:\n{said}");
}

fn runs_steps(block: &Block, scene: &Scene, place: &str) {
    for Step { command, output } in block.steps() {
        let said = if block.typed.is_empty() {
            output_of(&command, &output, &scene.world)
        } else {
            terminal_output_of(&command, block, scene)
        };
        let said = words::as_on_anns_machine(&said, &scene.world);
        let output = as_with_this_git(&output, &scene.world);
        assert!(
            words::is_as_promised(&output, &said),
            "{place}: `{command}` does not say what the page promises.\n\
             promised:\n{output}\nprinted:\n{said}"
        );
    }
}

/// The page shows a current git. One before 2.46 announces no capabilities.
fn as_with_this_git(promised: &str, world: &World) -> String {
    if world.git_is_older_than(46) {
        promised.replace(", capability[]", "")
    } else {
        promised.to_owned()
    }
}

/// Both streams, as on a terminal. The output contains a token only if the page says so.
fn output_of(command: &str, promised: &str, world: &World) -> String {
    let script = world.has_file("script", command);
    let mut outcome = world.shell(&format!("bash {} 2>&1", script.display()), b"");
    if promised.contains("HRKU-…") {
        let output = outcome.raw_stdout();
        for secret in world.heroku.secrets() {
            if output.contains(&secret) {
                outcome = outcome.prints_secret(&secret);
            }
        }
    }
    outcome.raw_stdout()
}

fn terminal_output_of(command: &str, block: &Block, scene: &Scene) -> String {
    let mut terminal = scene.world.on_a_terminal(command);
    for (question, answer) in &block.typed {
        terminal = terminal.shows(question).types(scene.answer(answer));
    }
    terminal.exits_with(0)
}

#[test]
fn every_page_is_run() {
    let mut pages: BTreeSet<PathBuf> = documents().into_iter().map(|page| page.path).collect();
    pages.remove(Path::new(figures::PAGE));
    let run: BTreeSet<PathBuf> = PAGES.iter().map(PathBuf::from).collect();
    assert_eq!(pages, run, "add the page to the list below this test");
}

macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        const PAGES: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                runs_page($path);
            }
        )*
    };
}

pages! {
    readme_works: "README.md",
    contributing_has_no_block: "CONTRIBUTING.md",
    first_push_works: "contrib/docs/first-push.md",
    codespaces_works: "contrib/docs/codespaces.md",
    accounts_works: "contrib/docs/accounts.md",
    netrc_works: "contrib/docs/netrc.md",
    docker_works: "contrib/docs/docker.md",
    api_works: "contrib/docs/api.md",
    rotating_works: "contrib/docs/rotating.md",
    troubleshooting_works: "contrib/docs/troubleshooting.md",
    doctor_works: "contrib/docs/doctor.md",
    compared_has_no_command: "contrib/docs/compared.md",
    json_works: "contrib/docs/json.md",
    reads_and_writes_has_no_command: "contrib/docs/reads-and-writes.md",
    installing_works: "contrib/docs/installing.md",
    ci_has_no_command_of_its_own: "contrib/docs/ci.md",
    systems_has_no_command: "contrib/docs/systems.md",
    dependencies_has_no_command: "contrib/docs/dependencies.md",
}

/// The description of the picture is its text. The speed of git is not compared.
#[test]
fn the_recorded_terminal_shows_the_real_output() {
    let picture = fs::read_to_string("contrib/docs/cast.svg").unwrap();
    let (_, text) = picture.split_once("<desc id=\"d\">").unwrap();
    let (text, _) = text.split_once("</desc>").unwrap();
    let text = text
        .replace("&quot;", "\"")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let block = Block {
        text,
        typed: vec![
            ("Token: ".to_owned(), "TOKEN".to_owned()),
            ("[Y/n] ".to_owned(), "y".to_owned()),
        ],
        ..Block::default()
    };
    let setup = Block {
        typed: vec![("[Y/n] ".to_owned(), String::new())],
        ..Block::default()
    };
    let nothing_typed = Block::default();
    let scene = Scene::named("a new machine").unwrap();
    let steps = block.steps();
    assert_eq!(steps.len(), 2);
    for Step { command, output } in steps {
        let typed = if command.ends_with(" login") {
            &block
        } else if command.ends_with(" setup") {
            &setup
        } else {
            &nothing_typed
        };
        let said =
            words::as_on_anns_machine(&terminal_output_of(&command, typed, &scene), &scene.world);
        let (said, output) = (without_progress(&said), without_progress(&output));
        assert!(
            words::is_as_promised(&output, &said),
            "run: ./contrib/cast\nrecorded:\n{output}\nprinted:\n{said}"
        );
    }
}

fn without_progress(text: &str) -> String {
    let lines = text.lines().filter(|line| {
        let line = line.trim_end();
        !line.ends_with("done.") && !line.starts_with("Total ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// zsh, the shell of macOS, takes a comment at its prompt for arguments.
#[test]
fn no_command_on_a_page_has_a_comment() {
    for page in documents() {
        for block in &page.blocks {
            if NOT_COMMANDS.contains(&block.language.as_str()) {
                continue;
            }
            for line in block.text.lines() {
                let is_comment = line.starts_with('#') || line.contains(" #");
                assert!(!is_comment, "{}: {line}", page.place(block.line));
            }
        }
    }
}

#[test]
fn every_command_in_a_line_of_text_exists() {
    let mut seen = 0;
    for page in documents() {
        for (line, span) in page.spans() {
            let Some((_, words)) = span.split_once("git credential-heroku-rs ") else {
                continue;
            };
            let words = words.split(['|', '>', ';', '#']).next().unwrap_or_default();
            let words = words.split("&&").next().unwrap_or_default();
            let words = words.trim_end_matches(['…', ' ']);
            // A placeholder, or a key that is pressed in the middle of a word.
            if ["", "COMMAND"].contains(&words) || words.contains("<Tab") {
                continue;
            }
            let words = as_the_shell_splits(words);
            let is_known = match cli::read(&words) {
                Invocation::Command(_) | Invocation::Git(_) => true,
                Invocation::Answered(help) => help.exit_code() == 0,
                Invocation::Unknown(_) => false,
            };
            assert!(is_known, "{}: there is no `{span}`", page.place(line));
            seen += 1;
        }
    }
    assert!(seen > 3, "the search sees {seen} commands");
}

#[test]
fn a_page_names_the_rust_version_of_cargo_toml() {
    let mut seen = 0;
    for page in documents() {
        for (line, text) in &page.prose {
            for rest in text.split("Rust ").skip(1) {
                if rest.starts_with(|c: char| c.is_ascii_digit()) {
                    let is_ours = rest.starts_with(env!("CARGO_PKG_RUST_VERSION"));
                    assert!(is_ours, "{}: {text}", page.place(*line));
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 1, "the search sees {seen} versions");
}

/// `git config credential.helper X` removes the helper that was set before.
#[test]
fn no_page_replaces_the_users_helper() {
    let mut seen = 0;
    for page in documents() {
        let text = fs::read_to_string(&page.path).unwrap();
        for line in text
            .lines()
            .filter(|line| line.contains(" credential.helper "))
        {
            assert!(
                line.contains(" --add credential.helper "),
                "{}: {line}",
                page.path.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 0, "the search sees nothing");
}

/// Words between blanks; a text in single quotes is one word.
fn as_the_shell_splits(line: &str) -> Vec<OsString> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(OsString::from)),
            _ => words.push(part.into()),
        }
    }
    words
}

/// A page names a script as it is started from the top directory: `./contrib/demo`.
#[test]
fn every_script_on_a_page_exists() {
    let mut seen = 0;
    for page in documents() {
        let spans = page.spans().into_iter();
        let blocks = page.blocks.iter().flat_map(|block| {
            let lines = block.text.lines().map(str::to_owned);
            lines.map(|line| (block.line, line))
        });
        for (line, code) in spans.chain(blocks) {
            for word in code
                .split([' ', '`', '='])
                .filter(|word| word.starts_with("./"))
            {
                let is_scripts = word.starts_with("./contrib") || word.starts_with("./.ci");
                assert!(
                    !is_scripts || Path::new(word).exists(),
                    "{}: there is no {word}",
                    page.place(line)
                );
                seen += usize::from(is_scripts);
            }
        }
    }
    assert!(seen > 4, "the search sees {seen} scripts");
}

#[test]
fn every_link_has_a_target() {
    let mut paths = vec![
        PathBuf::from("ARCHITECTURE.md"),
        PathBuf::from("CHANGELOG.md"),
        PathBuf::from("RELEASING.md"),
        PathBuf::from("SECURITY.md"),
        PathBuf::from("contrib/fuzz/README.md"),
        PathBuf::from("contrib/gitsuite/README.md"),
    ];
    paths.extend(documents().into_iter().map(|page| page.path));
    let mut seen = 0;
    for page in paths.iter().map(|path| Page::read(path)) {
        for (line, link) in page.links() {
            let place = page.place(line);
            seen += 1;
            if link.starts_with("https://") {
                continue;
            }
            assert!(!link.contains("://"), "{place}: {link} is not https");
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.path.clone(),
                file => page.path.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{place}: there is no {link}");
            if !anchor.is_empty() {
                let anchors = Page::read(&target).anchors();
                assert!(
                    anchors.iter().any(|a| a == anchor),
                    "{place}: no heading for {link}"
                );
            }
        }
    }
    assert!(seen > 3, "the search sees {seen} links");
}

#[test]
fn every_page_can_be_found_from_the_readme() {
    let mut found = BTreeSet::new();
    let mut to_read = vec![fs::canonicalize("README.md").unwrap()];
    while let Some(path) = to_read.pop() {
        if !found.insert(path.clone()) || path.extension().is_none_or(|ext| ext != "md") {
            continue;
        }
        let page = Page::read(&path);
        let targets = page.links().into_iter().filter_map(|(_, link)| {
            let file = link.split('#').next()?;
            fs::canonicalize(path.parent()?.join(file)).ok()
        });
        to_read.extend(targets);
    }
    for page in documents() {
        let path = fs::canonicalize(&page.path).unwrap();
        assert!(found.contains(&path), "no link leads to {}", path.display());
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let world = World::new();
    let help = world.helper("-h").succeeds().stdout();
    let (groups, _) = help.split_once("\nOptions:\n").unwrap();
    let entries = groups.lines().filter_map(|line| line.strip_prefix("  "));
    let names = entries.filter_map(|entry| entry.split_whitespace().next());
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 8, "{names:?}");
    let readme = fs::read_to_string("README.md").unwrap();
    let cells = readme.lines().filter_map(|line| line.strip_prefix("| "));
    let cells: Vec<&str> = cells.filter_map(|line| line.split(" | ").next()).collect();
    for name in names {
        let is_word = |code: &str| code.split_whitespace().next() == Some(name);
        let has = |cell: &&str| cell.split('`').skip(1).step_by(2).any(is_word);
        assert!(
            cells.iter().any(has),
            "README's table of commands lacks `{name}`"
        );
    }
}

#[test]
fn the_first_screen_of_the_readme_fits_a_screen() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (first, _) = readme.split_once("\n---\n").unwrap();
    let shown = first.lines().filter(|line| !line.starts_with("<!--"));
    assert!(shown.count() <= 40, "README's first screen has 40 lines");
}
