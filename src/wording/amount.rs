//! Numbers and amounts of money as each language writes them: `1,234.50 EUR`, « 1 234,50 EUR ».

use fluent_bundle::FluentValue;
use rust_decimal::Decimal;

use crate::claim::{Currency, Money};

use super::{Language, Words};

const NO_BREAK_SPACE: char = '\u{A0}';

impl Words {
    /// An amount in its currency, grouped, with at least the currency's own decimals and none of its digits lost.
    #[must_use]
    pub fn amount(self, amount: Decimal, currency: Currency) -> String {
        let plain = amount.normalize().to_string();
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut text = grouped(self.language(), whole);
        let width = minor_digits(currency);
        if width > 0 || !decimals.is_empty() {
            text.push(if self.language() == Language::Fr { ',' } else { '.' });
            text.push_str(decimals);
            text.extend(std::iter::repeat_n('0', width.saturating_sub(decimals.len())));
        }
        text.push(if self.language() == Language::Fr { NO_BREAK_SPACE } else { ' ' });
        text.push_str(currency.as_str());
        text
    }

    /// A number with its decimals: `75.1`, « 75,1 ».
    #[must_use]
    pub fn decimal(self, number: Decimal) -> String {
        let plain = number.to_string();
        if self.language() == Language::Fr { plain.replace('.', ",") } else { plain }
    }

    /// As [`Words::amount`].
    #[must_use]
    pub fn money(self, money: Money) -> String {
        self.amount(money.amount, money.currency)
    }
}

/// A number in a message with its thousands grouped; `None` for what is no number.
pub(super) fn grouped_number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(grouped(language, &number.as_string())),
        _ => None,
    }
}

/// Digits, with or without a sign, in groups of three.
fn grouped(language: Language, digits: &str) -> String {
    let separator = if language == Language::Fr { NO_BREAK_SPACE } else { ',' };
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if place > 0 && place % 3 == 0 {
            text.push(separator);
        }
    }
    text
}

/// How many decimals a currency has. Source: ISO 4217, list one (the active currencies that do not have two).
fn minor_digits(currency: Currency) -> usize {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}
