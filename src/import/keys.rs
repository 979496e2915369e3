//! The keys that a file has had so far, and where: compact enough for ten million of them, and exact.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// Keys with the line of each. About 45 bytes a key of fifteen characters.
#[derive(Debug, Default)]
pub struct Keys {
    /// One entry after the other: the line (8 bytes), the key's length (8 bytes), the key.
    entries: Vec<u8>,
    /// Where each entry starts.
    starts: HashTable<usize>,
    hasher: RandomState,
}

impl Keys {
    /// Adds `key`, found on `line`; if it is there already, answers the line on which it was found first.
    pub fn insert(&mut self, key: &str, line: u64) -> Option<u64> {
        let hash = self.hasher.hash_one(key.as_bytes());
        if let Some(start) = self.starts.find(hash, |start| entry(&self.entries, *start).1 == key.as_bytes()) {
            return Some(entry(&self.entries, *start).0);
        }
        let start = self.entries.len();
        self.entries.extend_from_slice(&line.to_le_bytes());
        self.entries.extend_from_slice(&key.len().to_le_bytes());
        self.entries.extend_from_slice(key.as_bytes());
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.starts.insert_unique(hash, start, |start| hasher.hash_one(entry(entries, *start).1));
        None
    }

    /// Whether `key` was added.
    pub fn contains(&self, key: &str) -> bool {
        let hash = self.hasher.hash_one(key.as_bytes());
        self.starts.find(hash, |start| entry(&self.entries, *start).1 == key.as_bytes()).is_some()
    }
}

/// The line and the key of the entry at `start`.
fn entry(entries: &[u8], start: usize) -> (u64, &[u8]) {
    let number = |at: usize| {
        let bytes = entries.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    };
    let (line, length) = (number(start), usize::try_from(number(start + 8)).unwrap_or(0));
    (line, entries.get(start + 16..start + 16 + length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_again_is_told_with_the_line_of_the_first() {
        let mut keys = Keys::default();
        for line in 0..10_000 {
            assert_eq!(keys.insert(&format!("C-{line}"), line), None);
        }
        assert_eq!(keys.insert("C-4711", 10_001), Some(4711));
        assert_eq!(keys.insert("", 10_002), None);
        assert_eq!(keys.insert("", 10_003), Some(10_002));
        assert!(keys.contains("C-9999"));
        assert!(!keys.contains("C-10000"));
    }
}
