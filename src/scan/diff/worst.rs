//! The few of many that are shown: the worst come first.

use std::cmp::Reverse;

/// Up to so many items with the highest scores; of two with one score the one whose name sorts first.
#[derive(Clone, Debug)]
pub(super) struct Worst<T> {
    most: usize,
    kept: Vec<((Reverse<i64>, String), T)>,
}

impl<T> Worst<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: Vec::new() }
    }

    /// Keeps what `item` makes, if it belongs to the worst so far.
    pub(super) fn add(&mut self, score: i64, name: &str, item: impl FnOnce() -> T) {
        let rank = (Reverse(score), name);
        let place = self.kept.partition_point(|((score, name), _)| (*score, name.as_str()) <= rank);
        if place < self.most {
            self.kept.truncate(self.most - 1);
            self.kept.insert(place, ((rank.0, name.to_owned()), item()));
        }
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.kept.into_iter().map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_worst_are_the_first_of_all_sorted(scores in prop::collection::vec((-3..3_i64, "[ab]{1,2}"), 0..20), most in 0..6_usize) {
            let mut worst = Worst::new(most);
            for (score, name) in &scores {
                worst.add(*score, name, || (*score, name.clone()));
            }
            let mut sorted = scores.clone();
            sorted.sort_by_key(|(score, name)| (Reverse(*score), name.clone()));
            sorted.truncate(most);
            prop_assert_eq!(worst.into_items(), sorted);
        }
    }
}
