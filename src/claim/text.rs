//! Text from claims, made harmless before it is shown: in a header, a page, a spreadsheet, a terminal or a log.

use std::borrow::Cow;

/// `text` as one line of at most `max` characters: control characters, line breaks and escape sequences become
/// spaces, characters that are invisible or reorder what is read are removed, and a cut is marked with `…`.
#[must_use]
pub fn clean_line(text: &str, max: usize) -> Cow<'_, str> {
    clean(text, max, |_| false)
}

/// As [`clean_line`], but line breaks stay: for text that is shown as a block.
#[must_use]
pub fn clean_text(text: &str, max: usize) -> Cow<'_, str> {
    clean(text, max, |c| c == '\n')
}

fn clean(text: &str, max: usize, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let short = text.len() <= max || text.chars().nth(max).is_none();
    if short && text.chars().all(|c| keeps(c) || is_harmless(c)) {
        return Cow::Borrowed(text);
    }
    let mut cleaned: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() && !keeps(c) { ' ' } else { c })
        .take(max.saturating_add(1))
        .collect();
    if cleaned.chars().nth(max).is_some() {
        cleaned = cleaned.chars().take(max.saturating_sub(1)).chain(['…']).collect();
    }
    Cow::Owned(cleaned)
}

/// Whether a character may be shown as it is: neither a control character nor one that is invisible or reorders what is
/// read.
#[must_use]
pub fn is_harmless(c: char) -> bool {
    !(c.is_control() || is_invisible(c))
}

/// Bidirectional controls (they reorder what is read), zero-width characters, byte-order marks and line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{061C}' | '\u{FEFF}' | '\u{00AD}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_escape_sequences_and_nul_become_spaces() {
        assert_eq!(clean_line("a\r\nBcc: x\u{1b}[31m\0b\u{9b}c", 100), "a  Bcc: x [31m b c");
    }

    #[test]
    fn bidirectional_controls_are_removed() {
        assert_eq!(clean_line("invoice\u{202E}fdp.exe\u{2066}", 100), "invoicefdp.exe");
    }

    #[test]
    fn a_megabyte_is_cut_with_a_mark() {
        let cut = clean_line(&"x".repeat(1 << 20), 10).into_owned();
        assert_eq!(cut, "xxxxxxxxx…");
    }

    #[test]
    fn harmless_text_is_left_as_it_is() {
        assert!(matches!(clean_line("Zażółć gęślą jaźń, 東京", 30), Cow::Borrowed(_)));
        assert_eq!(clean_text("one\ntwo\u{7}", 30), "one\ntwo ");
    }
}
