use super::*;

#[test]
fn a_cell_that_would_be_a_formula_gets_an_apostrophe() {
    for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\"=1", "＝1", "＋1", "－1", "＠x"] {
        let cell = cell(formula);
        let sign = cell.find(is_formula_sign).expect("the sign");
        assert!(cell[..sign].ends_with('\''), "{formula:?}: {cell:?}");
    }
    assert_eq!(cell("a; =1; b"), "a; '=1; b");
}

#[test]
fn an_ordinary_cell_is_left_as_it_is() {
    for text in ["Contoso, Ltd", "a-b", "1 = 1", "x@example.com", "50% + tax", "https://claims.example.com/a=b"] {
        assert_eq!(cell(text), text);
    }
}

#[test]
fn a_long_cell_is_cut() {
    assert_eq!(cell(&"é".repeat(5000)).chars().count(), MAX_CELL);
}
