//! Names of days off: one harmless line, and what they say of their date.

/// The longest name that is kept, in characters.
const LONGEST: usize = 200;
/// How a name says that its date may still move.
const MARKERS: [&str; 4] = ["estimated", "tentative", "estimated date", "tentative date"];

/// `text` as one line of at most [`LONGEST`] characters: runs of blanks and control characters are one space, characters
/// that are invisible or reorder what is read are removed.
pub(super) fn clean(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).take(LONGEST * 16).collect();
    let words = visible.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = name.char_indices().nth(LONGEST) {
        let cut = name[..end].char_indices().next_back().map_or(0, |(last, _)| last);
        name.truncate(cut);
        name.truncate(name.trim_end().len());
        name.push('…');
    }
    name
}

/// `text` in quotation marks, as messages show it: cleaned, and short.
pub(super) fn shown(text: &str) -> String {
    let text = clean(text);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// As in `claim::clean_line`: bidirectional controls, zero-width characters, line separators and tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{061C}' | '\u{FEFF}'
        | '\u{00AD}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// A clean name without the words that say that the date may still move, and whether there were any: `Eid al-Fitr
/// (tentative)`, `Easter (observed, estimated)`, `Tentative: Eid al-Fitr`.
pub(super) fn without_marker(name: &str) -> (String, bool) {
    let mut name = name.to_owned();
    let mut estimated = false;
    while let Some(shorter) = without_group(&name).or_else(|| without_word(&name)) {
        estimated = true;
        name = clean(&shorter);
    }
    let is_only_marker = is_marker(&name);
    (name, estimated || is_only_marker)
}

fn is_marker(words: &str) -> bool {
    MARKERS.iter().any(|marker| marker.eq_ignore_ascii_case(words.trim()))
}

/// Without the first marker among the parts of a group in brackets.
fn without_group(name: &str) -> Option<String> {
    for (open, close) in [('(', ')'), ('[', ']')] {
        for (start, _) in name.match_indices(open) {
            let inside = &name[start + 1..];
            let Some(length) = inside.find([open, close]).filter(|end| inside[*end..].starts_with(close)) else {
                continue;
            };
            let (parts, after) = (&inside[..length], &inside[length + 1..]);
            if !parts.split(',').any(is_marker) {
                continue;
            }
            let kept: Vec<&str> = parts.split(',').map(str::trim).filter(|part| !is_marker(part)).collect();
            let group = if kept.is_empty() { String::new() } else { format!("{open}{}{close}", kept.join(", ")) };
            return Some(format!("{}{group}{after}", &name[..start]));
        }
    }
    None
}

/// Without a marker as its last word, or before its first colon or dash, if there is another word.
fn without_word(name: &str) -> Option<String> {
    let separators = [':', ',', '-', '–', '—', ' '];
    if let Some((before, last)) = name.rsplit_once([' ', '-', ':', ',']) {
        let before = before.trim_end_matches(separators);
        if is_marker(last) && !before.is_empty() {
            return Some(before.to_owned());
        }
    }
    let (first, after) = name.split_once([':', '-', '–', '—'])?;
    let after = after.trim_start_matches(separators);
    (is_marker(first) && !after.is_empty()).then(|| after.to_owned())
}

/// Whether a description marks an event as an observance, on which people work: Google's holiday feeds say so in their
/// first line, in English or else with a second line of how to hide them in Google's settings.
pub(super) fn is_observance(description: &str, uid: Option<&str>) -> bool {
    let description = description.trim_start();
    let english = description.get(.."Observance".len()).is_some_and(|word| word.eq_ignore_ascii_case("observance"));
    if english && !description["Observance".len()..].starts_with(char::is_alphanumeric) {
        return true;
    }
    let of_google_feed = uid.is_some_and(|uid| {
        uid.ends_with("@google.com")
            && uid.split_once('_').is_some_and(|(date, _)| date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()))
    });
    of_google_feed && description.split_once('\n').is_some_and(|(_, hint)| hint.contains("Google"))
}
