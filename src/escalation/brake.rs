//! The plausibility brake: when new alerts are too many to be believed.

use serde::{Deserialize, Serialize};

/// A scan that would open more alerts than this writes them as held, until someone says that they are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// More new alerts than this are held in any case.
    pub max_new: u64,
    /// More than so many times the usual are held; the usual is the median of the scans that opened any.
    pub times_usual: u64,
    /// So many new alerts are never held, however few are usual.
    pub at_least: u64,
}

/// Scans that opened any alerts are told from a habit when there were so many of them.
const A_HABIT: usize = 5;

impl Default for Brake {
    fn default() -> Self {
        Self { max_new: 1_000, times_usual: 20, at_least: 100 }
    }
}

/// How many new alerts are believed, and what that rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plausible {
    pub limit: u64,
    /// How many are usual; `None`: too few scans opened any.
    pub usual: Option<u64>,
}

impl Brake {
    /// How many new alerts are believed of one scan after scans that opened `opened` each; those that opened none count
    /// for nothing.
    #[must_use]
    pub fn plausible(&self, opened: &[u64]) -> Plausible {
        let mut opened: Vec<u64> = opened.iter().copied().filter(|count| *count > 0).collect();
        opened.sort_unstable();
        let usual = (opened.len() >= A_HABIT).then(|| opened[opened.len() / 2]);
        let by_habit = usual.map_or(self.max_new, |usual| usual.saturating_mul(self.times_usual));
        Plausible { limit: by_habit.min(self.max_new).max(self.at_least), usual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRAKE: Brake = Brake { max_new: 1_000, times_usual: 20, at_least: 100 };

    #[test]
    fn without_a_habit_the_fixed_limit_alone_counts() {
        assert_eq!(BRAKE.plausible(&[1, 0, 2, 0, 900]), Plausible { limit: 1_000, usual: None });
    }

    #[test]
    fn the_usual_is_the_median_of_the_scans_that_opened_any() {
        assert_eq!(BRAKE.plausible(&[9, 0, 8, 0, 10, 500, 7]), Plausible { limit: 180, usual: Some(9) });
    }

    #[test]
    fn few_are_never_held_and_more_than_the_fixed_limit_always() {
        assert_eq!(BRAKE.plausible(&[1, 1, 1, 1, 1]).limit, 100);
        assert_eq!(BRAKE.plausible(&[400, 400, 400, 400, 400]).limit, 1_000);
    }
}
