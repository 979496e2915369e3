//! How whole numbers are spread: their quantiles.

use std::collections::BTreeMap;

use serde::Serialize;

/// Whole numbers, and how often each occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    occurrences: BTreeMap<u32, u64>,
    count: u64,
}

/// The median and what is seldom exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    pub median: u32,
    pub p90: u32,
    pub p95: u32,
}

impl Distribution {
    pub fn add(&mut self, value: u32) {
        *self.occurrences.entry(value).or_default() += 1;
        self.count += 1;
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest of the numbers that is not exceeded by `percent` of them (1 to 100); `None`: there are none. This is
    /// the nearest rank: always one of the numbers.
    #[must_use]
    pub fn quantile(&self, percent: u64) -> Option<u32> {
        let rank = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        self.occurrences.iter().find_map(|(value, times)| {
            seen += times;
            (seen >= rank).then_some(*value)
        })
    }

    /// `None`: there are no numbers.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles { median: self.quantile(50)?, p90: self.quantile(90)?, p95: self.quantile(95)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_the_number_at_its_rank_in_order(
            mut numbers in prop::collection::vec(0_u32..50, 1..200),
            percent in 1_u64..=100,
        ) {
            let mut distribution = Distribution::default();
            numbers.iter().for_each(|number| distribution.add(*number));
            numbers.sort_unstable();
            let rank = (1..=numbers.len()).find(|rank| *rank as u64 * 100 >= numbers.len() as u64 * percent);
            prop_assert_eq!(distribution.quantile(percent), rank.map(|rank| numbers[rank - 1]));
        }
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Distribution::default().quantiles(), None);
    }
}
