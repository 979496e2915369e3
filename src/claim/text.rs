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

/// `text` as one harmless cell of at most `max` characters. A spreadsheet takes what begins with certain signs for a
/// formula; one that separates cells by semicolons, as they do where the comma is decimal, also what follows such a
/// semicolon. Source: OWASP, "CSV Injection".
#[must_use]
pub fn spreadsheet_cell(text: &str, max: usize) -> String {
    let cleaned = clean_line(text, max);
    let mut safe = String::with_capacity(cleaned.len());
    let mut cell_begins = true;
    for c in cleaned.chars() {
        if cell_begins && is_formula_sign(c) {
            safe.push('\'');
        }
        safe.push(c);
        cell_begins = c == ';' || cell_begins && (c.is_whitespace() || c == '"');
    }
    safe
}

fn is_formula_sign(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
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

    #[test]
    fn a_cell_that_would_be_a_formula_gets_an_apostrophe() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\"=1", "＝1", "＋1", "－1", "＠x"]
        {
            let cell = spreadsheet_cell(formula, 100);
            let sign = cell.find(is_formula_sign).expect("the sign");
            assert!(cell[..sign].ends_with('\''), "{formula:?}: {cell:?}");
        }
        assert_eq!(spreadsheet_cell("a; =1; b", 100), "a; '=1; b");
    }

    #[test]
    fn an_ordinary_cell_is_left_as_it_is_and_a_long_one_is_cut() {
        for text in ["Contoso, Ltd", "a-b", "1 = 1", "x@example.com", "50% + tax", "https://claims.example.com/a=b"] {
            assert_eq!(spreadsheet_cell(text, 100), text);
        }
        assert_eq!(spreadsheet_cell(&"é".repeat(5000), 1_000).chars().count(), 1_000);
    }
}
