//! One value of one row in the form that every engine's has here, and the checksum of a table of such.

use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claim::clean_line;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Integer(i64),
    Flag(bool),
    /// Also JSON, character for character.
    Text(String),
    Bytes(Vec<u8>),
    Instant(DateTime<Utc>),
    Id(Uuid),
    Amount(Decimal),
    /// What stands there, for people, and is no value of the column's kind.
    Unreadable(String),
}

impl Cell {
    /// An amount; there is no zero below zero, since not every engine has one.
    pub(in crate::store) fn amount(mut amount: Decimal) -> Self {
        if amount.is_zero() {
            amount.set_sign_positive(true);
        }
        Self::Amount(amount)
    }

    /// For people, where it names a row.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".into(),
            Self::Integer(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) | Self::Unreadable(text) => format!("{:?}", clean_line(text, 60)),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Instant(at) => at.to_rfc3339_opts(SecondsFormat::Micros, true),
            Self::Id(id) => id.to_string(),
            Self::Amount(amount) => amount.to_string(),
        }
    }

    /// The value for a checksum: no two differ and look the same.
    fn digest_into(&self, hash: &mut Sha256) {
        let mut part = |tag: u8, bytes: &[u8]| {
            hash.update([tag]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        match self {
            Self::Null => part(0, &[]),
            Self::Integer(number) => part(1, &number.to_le_bytes()),
            Self::Flag(flag) => part(2, &[u8::from(*flag)]),
            Self::Text(text) => part(3, text.as_bytes()),
            Self::Bytes(bytes) => part(4, bytes),
            Self::Instant(at) => part(5, &at.timestamp_micros().to_le_bytes()),
            Self::Id(id) => part(6, id.as_bytes()),
            Self::Amount(amount) => part(7, amount.to_string().as_bytes()),
            Self::Unreadable(found) => part(8, found.as_bytes()),
        }
    }
}

/// How many rows there were, and a checksum over them, whatever their order: the sum of their SHA-256 digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub rows: u64,
    total: [u8; 32],
}

impl Sum {
    pub fn add(&mut self, row: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in row {
            cell.digest_into(&mut hash);
        }
        self.rows += 1;
        let mut carry = 0;
        for (byte, more) in self.total.iter_mut().zip(hash.finalize()) {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
    }

    /// The checksum as 64 hexadecimal digits.
    #[must_use]
    pub fn checksum(&self) -> String {
        HEXLOWER.encode(&Sha256::digest([&self.rows.to_le_bytes()[..], &self.total].concat()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(rows: &[Vec<Cell>]) -> Sum {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(row));
        sum
    }

    fn a_cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            (0..3_i64).prop_map(Cell::Integer),
            any::<bool>().prop_map(Cell::Flag),
            "[ab]{0,2}".prop_map(Cell::Text),
            prop::collection::vec(97..99_u8, 0..3).prop_map(Cell::Bytes),
            (0..3_i64, 0..3_u32).prop_map(|(number, scale)| Cell::Amount(Decimal::new(number, scale))),
            (0..3_i64).prop_map(|micros| Cell::Instant(DateTime::from_timestamp_micros(micros).expect("an instant"))),
            (0..3_u128).prop_map(|id| Cell::Id(Uuid::from_u128(id))),
        ]
    }

    /// What tells rows apart, slowly and plainly. Amounts differ by their digits, as people see them.
    fn shown(rows: &[Vec<Cell>]) -> Vec<String> {
        let mut shown: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        shown.sort();
        shown
    }

    proptest! {
        #[test]
        fn tables_have_the_same_checksum_just_if_they_have_the_same_rows_in_any_order(
            one in prop::collection::vec(prop::collection::vec(a_cell(), 2), 0..4),
            other in prop::collection::vec(prop::collection::vec(a_cell(), 2), 0..4),
        ) {
            let turned: Vec<_> = one.iter().rev().cloned().collect();
            prop_assert_eq!(sum(&one).checksum(), sum(&turned).checksum());
            prop_assert_eq!(sum(&one).checksum() == sum(&other).checksum(), shown(&one) == shown(&other));
        }
    }

    #[test]
    fn a_row_that_is_there_twice_counts_twice() {
        let row = vec![Cell::Text("C-1".into())];
        let (none, twice) = (sum(&[]), sum(&[row.clone(), row]));
        assert_eq!((none.rows, twice.rows), (0, 2));
        assert_ne!(none.total, twice.total);
    }
}
