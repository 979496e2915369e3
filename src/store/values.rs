//! Values that every engine reads from text alike.

use rust_decimal::Decimal;

pub(super) const AMOUNT_EXPECTED: &str = "a plain decimal such as 1234.50";
pub(super) const CURRENCY_EXPECTED: &str = "an ISO 4217 code such as EUR";

/// A plain decimal, exactly; `None` if it has an exponent, grouping, or more digits than can be kept.
pub(super) fn read_amount(text: &str) -> Option<Decimal> {
    let plain = text.bytes().all(|c| c.is_ascii_digit() || c == b'.' || c == b'-');
    plain.then(|| Decimal::from_str_exact(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_plain_decimal_kept_exactly() {
        assert_eq!(read_amount("1234.50").map(|d| d.to_string()), Some("1234.50".into()));
        assert_eq!(read_amount("-0.01").map(|d| d.to_string()), Some("-0.01".into()));
        for wrong in ["1e3", "1,234", "NaN", "", "-", ".", "1.2.3", "99999999999999999999999999999999.9"] {
            assert_eq!(read_amount(wrong), None, "{wrong:?}");
        }
    }
}
