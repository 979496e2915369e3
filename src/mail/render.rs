//! A message's texts, and what templates may call to write them: text is wrapped at 72 columns.

use crate::wording::Words;

/// A message's three texts.
#[derive(Debug)]
pub(super) struct Bodies {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// Plain text is read in narrow windows, and quoted.
const COLUMNS: usize = 72;

/// `label: value`, as the language writes it.
pub(super) fn labelled(words: Words, label: &str, value: &str) -> String {
    words.say("labelled", [("label", label.into()), ("value", value.into())])
}

/// `text` in lines of at most 72 columns: the first after `first` spaces, the others after `next`. Addresses of pages stay
/// whole; any other word too long for a line is broken.
pub(super) fn wrap(text: &str, first: Option<usize>, next: Option<usize>) -> String {
    let first = first.unwrap_or(0);
    let next = next.unwrap_or(first);
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut used = first;
    let mut begins = true;
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        let mut word = word;
        loop {
            let length = word.chars().count();
            let gap = usize::from(!begins);
            if used + gap + length <= COLUMNS || begins && is_address(word) {
                line.extend(std::iter::repeat_n(' ', gap));
                line.push_str(word);
                (used, begins) = (used + gap + length, false);
                break;
            }
            if begins {
                let cut = word.char_indices().nth(COLUMNS - used).map_or(word.len(), |(at, _)| at);
                let (head, rest) = word.split_at(cut);
                line.push_str(head);
                word = rest;
            }
            lines.push(std::mem::replace(&mut line, " ".repeat(next)));
            (used, begins) = (next, true);
        }
    }
    lines.push(line);
    lines.join("\n")
}

fn is_address(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

#[cfg(test)]
mod tests;
