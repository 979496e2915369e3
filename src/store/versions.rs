//! Which programs work with which schema: a newer schema that only adds is no reason to stop.
//!
//! Table `schema_versions` says of each version the oldest one whose programs work with it, so that an old daemon goes on beside
//! a new one while an upgrade is under way, and may come back if it is undone. Source: docs/operate.md, "Upgrade".

use std::cmp::Ordering;

/// The oldest version whose programs work with the schema as it is. No rows: none but its own.
pub(super) const WORKS_WITH: &str = "SELECT works_with FROM schema_versions WHERE version = \
    (SELECT max(version) FROM _sqlx_migrations WHERE success)";

/// A database's schema beside that of this program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versions {
    /// The newest migration that was applied.
    pub applied: i64,
    /// See [`WORKS_WITH`]; `None`: nobody says, or it is not newer.
    pub works_with: Option<i64>,
    /// The newest migration that this program knows.
    pub ours: i64,
}

impl Versions {
    /// Whether it is newer, and this program works with it all the same.
    pub fn is_expanded(self) -> bool {
        self.applied > self.ours && self.works_with.is_some_and(|oldest| oldest <= self.ours)
    }

    /// Why this program cannot work with it; `None`: it can.
    pub fn refusal(self) -> Option<String> {
        if self.is_expanded() { None } else { self.difference() }
    }

    /// Why it is not the schema that this program knows, to its last column; `None`: it is.
    pub fn difference(self) -> Option<String> {
        let Self { applied, ours, .. } = self;
        match applied.cmp(&ours) {
            Ordering::Equal => None,
            Ordering::Less => Some(format!(
                "the schema is at version {applied}, this claimwatch needs {ours}; run `claimwatch migrate`"
            )),
            Ordering::Greater => Some(format!(
                "the schema is at version {applied}, newer than this claimwatch knows ({ours}); upgrade claimwatch"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_serves_if_it_says_so_and_an_older_one_never_does() {
        let refused = |applied, works_with| Versions { applied, works_with, ours: 3 }.refusal().is_some();
        assert!(!refused(3, Some(3)) && !refused(3, None));
        assert!(!refused(4, Some(3)) && !refused(9, Some(1)));
        assert!(refused(4, Some(4)) && refused(4, None));
        assert!(refused(2, Some(1)) && refused(0, None));
    }
}
