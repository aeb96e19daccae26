//! A page of Markdown, as far as the tests read it: fenced blocks, code in its lines, links, headings.

use std::fs;
use std::path::{Path, PathBuf};

/// A page and its contents.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) blocks: Vec<Block>,
    /// The lines outside of fenced blocks, with their numbers.
    pub(super) prose: Vec<(usize, String)>,
}

/// A fenced block, with the directions for it in HTML comments, which a reader does not see.
#[derive(Default, Clone)]
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) text: String,
    /// `<!-- scene: NAME -->`: a new world.
    pub(super) scene: Option<String>,
    /// `<!-- types: "QUESTION" ANSWER -->`: what a user answers at a terminal.
    pub(super) typed: Vec<(String, String)>,
}

/// A command line with the output that the page promises.
pub(super) struct Step {
    pub(super) command: String,
    pub(super) output: String,
}

impl Page {
    pub(super) fn read(path: &Path) -> Page {
        let text = fs::read_to_string(path).unwrap();
        let mut page = Page {
            path: path.to_owned(),
            blocks: Vec::new(),
            prose: Vec::new(),
        };
        let mut next = Block::default();
        let mut open: Option<(Block, usize)> = None;
        for (index, line) in text.lines().enumerate() {
            let body = line.trim_start();
            match (&mut open, body.strip_prefix("```")) {
                (Some((block, _)), Some("")) => {
                    page.blocks.push(block.clone());
                    open = None;
                }
                (Some((block, indent)), _) => {
                    block.text += line.get(*indent..).unwrap_or(body);
                    block.text.push('\n');
                }
                (None, Some(language)) => {
                    let mut block = std::mem::take(&mut next);
                    block.line = index + 1;
                    language.clone_into(&mut block.language);
                    open = Some((block, line.len() - body.len()));
                }
                (None, None) => {
                    next.read_directive(body);
                    page.prose.push((index + 1, line.to_owned()));
                }
            }
        }
        assert!(open.is_none(), "{}: a block has no end", path.display());
        page
    }

    /// The file and line, for the message of a failed test.
    pub(super) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The code in the lines of text, between backticks.
    pub(super) fn spans(&self) -> Vec<(usize, String)> {
        let spans = |(number, line): &(usize, String)| {
            let parts: Vec<&str> = line.split('`').collect();
            let code = parts.iter().skip(1).step_by(2);
            let number = *number;
            code.map(|code| (number, (*code).to_owned()))
                .collect::<Vec<_>>()
        };
        self.prose.iter().flat_map(spans).collect()
    }

    /// The targets of links and pictures.
    pub(super) fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (number, line) in &self.prose {
            let markdown = line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            let html = ["src=\"", "srcset=\"", "href=\""]
                .iter()
                .flat_map(|key| line.split(key).skip(1))
                .filter_map(|rest| rest.split('"').next());
            links.extend(markdown.chain(html).map(|link| (*number, link.to_owned())));
        }
        links
    }

    /// The anchors of the headings, as GitHub writes them.
    pub(super) fn anchors(&self) -> Vec<String> {
        let headings = self.prose.iter().filter(|(_, line)| line.starts_with('#'));
        headings
            .map(|(_, line)| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title
                    .chars()
                    .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                kept.map(|c| if c == ' ' { '-' } else { c }).collect()
            })
            .collect()
    }
}

impl Block {
    fn read_directive(&mut self, line: &str) {
        let comment = line
            .strip_prefix("<!-- ")
            .and_then(|line| line.strip_suffix(" -->"));
        let Some(comment) = comment else {
            return;
        };
        if let Some(scene) = comment.strip_prefix("scene: ") {
            self.scene = Some(scene.to_owned());
        } else if let Some(typed) = comment.strip_prefix("types: \"") {
            let (question, answer) = typed.split_once("\" ").unwrap();
            self.typed.push((question.to_owned(), answer.to_owned()));
        }
    }

    /// The command lines after `$ `, with which a console block opens, each with what follows it; a line that ends in a backslash
    /// goes on in the next.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for line in self.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step {
                    command: command.to_owned(),
                    output: String::new(),
                });
                continue;
            }
            let step = steps.last_mut().unwrap();
            if step.output.is_empty() && step.command.ends_with('\\') {
                step.command.extend(["\n", line]);
            } else {
                step.output.extend([line, "\n"]);
            }
        }
        steps
    }
}
