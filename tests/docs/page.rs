//! A document as far as the tests read it: headings, links, code, tables.

use std::fs;
use std::path::{Path, PathBuf};

pub struct Page {
    pub path: PathBuf,
    pub text: String,
}

/// A fenced block of code.
#[derive(Debug)]
pub struct Block {
    pub language: String,
    /// The file that it shows, if the line before says so: `` `claims.csv`: ``.
    pub file: Option<String>,
    pub text: String,
}

fn links(prose: &str) -> Vec<String> {
    let ends = prose.match_indices("](").map(|(at, _)| &prose[at + 2..]);
    ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

impl Page {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), text }
    }

    pub fn folder(&self) -> &Path {
        self.path.parent().expect("a folder")
    }

    /// What `[text](target)` leads to, outside code.
    pub fn links(&self) -> Vec<String> {
        links(&self.prose())
    }

    /// The same under the heading `title`, to the next heading.
    pub fn links_under(&self, title: &str) -> Vec<String> {
        links(&self.under(title).join("\n"))
    }

    /// The headings as a browser names them.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        headings
            .map(|line| line.trim_start_matches('#').trim().to_lowercase())
            .map(|line| line.chars().filter(kept).collect::<String>().replace(' ', "-"))
            .collect()
    }

    /// The text without fenced blocks.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect()
    }

    /// What stands in backticks, outside fenced blocks.
    pub fn code_spans(&self) -> Vec<String> {
        self.prose().split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
    }

    /// The words of all code.
    pub fn code_words(&self) -> Vec<String> {
        let blocks: String = self.text.split("```").skip(1).step_by(2).collect::<Vec<_>>().join(" ");
        let words = self.code_spans().join(" ") + " " + &blocks;
        let plain = |word: &str| word.trim_matches(|c: char| "\"'(),:;".contains(c)).to_owned();
        words.split_whitespace().map(plain).filter(|word| !word.contains(['{', '*', '<', '…'])).collect()
    }

    /// Every fenced block, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let pieces: Vec<&str> = self.text.split("\n```").collect();
        let pairs = pieces.chunks_exact(2);
        pairs
            .map(|pair| {
                let last_line = pair[0].trim_end().lines().next_back().unwrap_or_default();
                let file = last_line.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:"));
                let file = file.filter(|name| !name.contains('`'));
                let (language, text) = pair[1].split_once('\n').expect("a block");
                Block { language: language.to_owned(), file: file.map(str::to_owned), text: text.to_owned() + "\n" }
            })
            .collect()
    }

    /// The names in the first column of the tables under the heading `title`, to the next heading. A name stands in
    /// backticks.
    pub fn first_column(&self, title: &str) -> Vec<String> {
        let under = self.under(title);
        let rows = under.iter().filter_map(|line| line.strip_prefix("| `"));
        rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name.to_owned()).collect()
    }

    /// The cells of the table rows under the heading `title`, without header and rule.
    pub fn rows(&self, title: &str) -> Vec<Vec<String>> {
        let under = self.under(title);
        let rows = under.iter().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    fn under(&self, title: &str) -> Vec<&str> {
        let is_title = |line: &&str| line.starts_with('#') && line.trim_start_matches('#').trim() == title;
        let mut lines = self.text.lines().skip_while(|line| !is_title(line));
        assert!(lines.next().is_some(), "{}: no heading {title}", self.path.display());
        lines.take_while(|line| !line.starts_with('#')).collect()
    }
}
