//! The worst cases so far: as many as the body shows, however many there are.

use crate::escalation::Case;

use super::MAX_IN_BODY;

/// At most [`MAX_IN_BODY`] cases, the worst first.
#[derive(Debug, Default)]
pub(super) struct Worst(Vec<Case>);

impl Worst {
    /// Keeps `case` if it is among the worst so far, and hands back the one that is not, if there is one.
    pub(super) fn keep(&mut self, case: Case) -> Option<Case> {
        let badness = badness(&case);
        let place = self.0.partition_point(|kept| self::badness(kept) < badness);
        if place >= MAX_IN_BODY {
            return Some(case);
        }
        let least = if self.0.len() >= MAX_IN_BODY { self.0.pop() } else { None };
        self.0.insert(place, case);
        least
    }

    pub(super) fn cases(&self) -> &[Case] {
        &self.0
    }

    pub(super) fn cases_mut(&mut self) -> &mut [Case] {
        &mut self.0
    }
}

/// How bad a case is, the worst first: by the highest level that went out, business days late and amount. Amounts are
/// compared within a currency alone; where all else is the same, currencies follow each other by their codes.
fn badness(case: &Case) -> impl Ord + use<> {
    use std::cmp::Reverse;
    let alert = &case.alert;
    (
        Reverse(alert.escalation_level),
        Reverse(case.business_days_late),
        alert.currency.is_none(),
        alert.currency,
        Reverse(alert.amount),
        alert.due_at,
        alert.id,
    )
}
