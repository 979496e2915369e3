//! Data problems: what in the source keeps a claim from being watched as it should be.

use std::fmt;

use serde::Serialize;

/// What is wrong with a claim's data. Source: docs/contract.md, "Data problems".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A clock runs by the claim's status, but the instant at which it started is missing.
    MissingStart,
    /// The status is a text that we do not know.
    UnknownStatus,
    /// The program is not there: watched under the default calendar, as needing no tax invoice.
    UnknownProgram,
    /// The program names a calendar that is not configured: the default serves.
    UnknownCalendar,
    /// An instant or amount cannot be read.
    Unreadable,
    /// A clock runs over days of which its calendar does not know: they are counted without holidays.
    BeyondCalendar,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::MissingStart,
        Self::UnknownStatus,
        Self::UnknownProgram,
        Self::UnknownCalendar,
        Self::Unreadable,
        Self::BeyondCalendar,
    ];

    /// The text that the database stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingStart => "missing_start",
            Self::UnknownStatus => "unknown_status",
            Self::UnknownProgram => "unknown_program",
            Self::UnknownCalendar => "unknown_calendar",
            Self::Unreadable => "unreadable",
            Self::BeyondCalendar => "beyond_calendar",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One claim's problem of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataProblem {
    pub claim_id: String,
    pub kind: ProblemKind,
    /// What was found and what was expected, for a person.
    pub detail: String,
}
