//! What is counted of clocks, whatever they are grouped by.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::claim::{Money, Totals};
use crate::explain::Verdict;

use super::answers::{Acknowledgements, Promises};
use super::distribution::Quantiles;

/// What became of a clock, as reports count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It stopped in time.
    Met,
    /// It stopped late.
    Late,
    /// It runs on, and is late already.
    Overdue,
    /// It runs, and is not late.
    Open,
    /// It started again before it stopped.
    Restarted,
    /// It is not watched any more: the claim is gone or left the workflow.
    Withdrawn,
    /// It stopped, and nobody knows whether in time.
    Unknown,
}

impl Outcome {
    /// `None`: a clock that never ran.
    #[must_use]
    pub fn of(verdict: Verdict) -> Option<Self> {
        Some(match verdict {
            Verdict::Met => Self::Met,
            Verdict::Late => Self::Late,
            Verdict::Breached => Self::Overdue,
            Verdict::Running | Verdict::AtRisk => Self::Open,
            Verdict::Restarted => Self::Restarted,
            Verdict::Withdrawn => Self::Withdrawn,
            Verdict::Stopped => Self::Unknown,
            Verdict::Unwatched | Verdict::NeverStarted | Verdict::NoStart | Verdict::NotBegun => return None,
        })
    }

    /// Whether it was missed: an open clock that is already late counts as late.
    #[must_use]
    pub fn is_late(self) -> bool {
        matches!(self, Self::Late | Self::Overdue)
    }
}

/// The figures of a group of clocks. What each means: docs/report.md.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    pub clocks: u64,
    pub met: u64,
    /// Of them `overdue` still run.
    pub late: u64,
    pub overdue: u64,
    pub open: u64,
    pub restarted: u64,
    pub withdrawn: u64,
    pub unknown: u64,
    /// Of those met or late, the percentage met, to one decimal; `None`: there are none.
    pub percent_met: Option<Decimal>,
    /// On which business day after its start a clock stopped; of those that run on late, on which it stands.
    pub business_days: Option<Quantiles>,
    /// What was done late, or paid late, per currency.
    #[serde(serialize_with = "totals")]
    pub done_late: Totals,
    /// What is late and still to be done, or to be paid, per currency.
    #[serde(serialize_with = "totals")]
    pub overdue_money: Totals,
    pub promises: Promises,
    /// `None`: nobody took any of them on.
    pub acknowledgements: Option<Acknowledgements>,
}

/// Of `met` and `late` together, the percentage met, rounded down to one decimal, so that 100 % means all.
pub(super) fn percent_met(met: u64, late: u64) -> Option<Decimal> {
    let per_mille = (met * 1_000).checked_div(met + late)?;
    Some(Decimal::new(i64::try_from(per_mille).unwrap_or(0), 1))
}

/// Sums as an array of `{"currency", "amount"}`.
pub(super) fn totals<S: Serializer>(totals: &Totals, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Sum {
        currency: crate::claim::Currency,
        amount: Decimal,
    }
    serializer.collect_seq(totals.iter().map(|Money { amount, currency }| Sum { currency, amount }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_percent_means_all() {
        let percent = |met, late| percent_met(met, late).map(|percent| percent.to_string());
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(0, 7).as_deref(), Some("0.0"));
        assert_eq!(percent(2, 1).as_deref(), Some("66.6"));
        assert_eq!(percent(99_999, 1).as_deref(), Some("99.9"));
        assert_eq!(percent(7, 0).as_deref(), Some("100.0"));
    }
}
