//! Amounts of money: exact decimals, each in its currency, never added across currencies.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code; `None` unless it is three ASCII letters (lower case is taken as upper case).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: [u8; 3] = text.trim().as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_alphabetic).then(|| Self(code.map(|c| c.to_ascii_uppercase())))
    }

    /// The code, such as `EUR`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no ISO 4217 currency code")))
    }
}

/// An exact amount in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub amount: Decimal,
    pub currency: Currency,
}

/// Sums per currency, in the order of their codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    sums: BTreeMap<Currency, Decimal>,
    uncounted: usize,
}

impl Totals {
    /// Adds `amount` to its currency's sum. What has no amount or no currency, or would overflow, is counted instead.
    pub fn add(&mut self, amount: Option<Decimal>, currency: Option<Currency>) {
        let (Some(amount), Some(currency)) = (amount, currency) else {
            self.uncounted += 1;
            return;
        };
        let sum = self.sums.entry(currency).or_default();
        match sum.checked_add(amount) {
            Some(more) => *sum = more,
            None => self.uncounted += 1,
        }
    }

    /// The sums, one a currency.
    pub fn iter(&self) -> impl Iterator<Item = Money> {
        self.sums.iter().map(|(currency, amount)| Money { amount: *amount, currency: *currency })
    }

    /// How many items are in no sum, for want of an amount or a currency.
    #[must_use]
    pub fn uncounted(&self) -> usize {
        self.uncounted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_per_currency_and_never_added_across_currencies() {
        let mut totals = Totals::default();
        let (eur, usd) = (Currency::parse("EUR"), Currency::parse("usd"));
        totals.add(Some(Decimal::new(10, 2)), eur);
        totals.add(Some(Decimal::new(20, 2)), eur);
        totals.add(Some(Decimal::new(500, 2)), usd);
        totals.add(None, eur);
        let sums: Vec<_> = totals.iter().map(|m| format!("{} {}", m.amount, m.currency)).collect();
        assert_eq!(sums, ["0.30 EUR", "5.00 USD"]);
        assert_eq!(totals.uncounted(), 1);
    }

    #[test]
    fn a_currency_is_three_letters() {
        assert_eq!(Currency::parse("eur").map(|c| c.to_string()), Some("EUR".into()));
        for wrong in ["", "EU", "EURO", "E1R", "€"] {
            assert_eq!(Currency::parse(wrong), None, "{wrong:?}");
        }
    }
}
