//! Chance that repeats: the same seed gives the same numbers.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

pub struct Chance(u64);

impl Chance {
    /// By the seed that `CLAIMWATCH_CHAOS_SEED` gives, or any; it is printed.
    pub fn new() -> Self {
        let given = std::env::var("CLAIMWATCH_CHAOS_SEED").ok();
        let seed = given.map_or_else(|| RandomState::new().hash_one(0), |seed| seed.parse().expect("a number"));
        println!("CLAIMWATCH_CHAOS_SEED={seed}");
        Self(seed)
    }

    /// Another one that goes its own way.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    // Source: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `least` to `most`.
    pub fn number(&mut self, least: u32, most: u32) -> u32 {
        let choices = u64::from(most - least) + 1;
        least + u32::try_from(self.next() % choices).expect("less than a u32")
    }

    pub fn milliseconds(&mut self, least: u32, most: u32) -> Duration {
        Duration::from_millis(self.number(least, most).into())
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let last = u32::try_from(choices.len() - 1).expect("a few choices");
        choices[usize::try_from(self.number(0, last)).expect("an index")]
    }

    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.number(0, u32::try_from(last).expect("a few values"));
            values.swap(last, usize::try_from(other).expect("an index"));
        }
    }
}
