use super::*;

#[test]
fn text_is_wrapped_at_72_columns_with_a_hanging_indent() {
    let wrapped = wrap(&"seven77 ".repeat(20), Some(2), Some(4));
    let lines: Vec<&str> = wrapped.lines().collect();
    assert!(lines.iter().all(|line| line.len() <= COLUMNS && !line.ends_with(' ')), "{wrapped}");
    assert!(lines[0].starts_with("  seven77") && lines[1].starts_with("    seven77"), "{wrapped}");
    assert_eq!(lines[0].len(), 65, "eight words fit, a ninth does not");
    assert_eq!(wrapped.matches("seven77").count(), 20);
}

#[test]
fn a_word_longer_than_a_line_is_broken_but_an_address_is_not() {
    let wrapped = wrap(&format!("start {} end", "x".repeat(200)), Some(3), None);
    assert!(wrapped.lines().all(|line| line.chars().count() <= COLUMNS), "{wrapped}");
    assert_eq!(wrapped.matches('x').count(), 200);
    let address = format!("https://example.com/{}", "y".repeat(100));
    assert_eq!(wrap(&format!("see {address} now"), None, None), format!("see\n{address}\nnow"));
}

#[test]
fn no_break_spaces_are_not_broken() {
    let wrapped = wrap(&format!("{} 1\u{A0}234,50\u{A0}EUR", "a".repeat(65)), None, None);
    assert_eq!(wrapped.lines().last(), Some("1\u{A0}234,50\u{A0}EUR"));
}

#[test]
fn an_empty_text_is_an_empty_line() {
    assert_eq!(wrap("", None, None), "");
    assert_eq!(wrap(" \n ", Some(2), None), "  ");
}
