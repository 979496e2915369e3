//! What a database was found to have, or to lack, of what scans need.

/// One precondition of scans, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `server`, `sources`, `rights`, `indexes`.
    pub check: &'static str,
    /// What was found.
    pub detail: String,
    /// What to do about it, statements included; `None`: it is as it should be.
    pub fix: Option<String>,
}

impl Finding {
    /// It is as it should be.
    #[must_use]
    pub fn met(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, detail: detail.into(), fix: None }
    }

    /// Something is missing, and what to do.
    #[must_use]
    pub fn unmet(check: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, detail: detail.into(), fix: Some(fix.into()) }
    }
}
