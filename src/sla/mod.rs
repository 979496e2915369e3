//! The deadlines: rules as data, which clocks run on a claim, when each is due and why.
//!
//! Everything here is pure: functions take calendars, claims and `now`. A *clock* is what runs on a claim under a rule;
//! its identity is (rule, claim, payment line or none, start). Source: docs/domain.md, "The deadlines" and "Counting days".

mod clock;
mod cutoff;
mod deadline;
mod difference;
mod explanation;
mod horizon;
mod rule;
mod target;

pub use clock::{Clock, observe};
pub use cutoff::cutoff;
pub use deadline::{DeadlineError, at_risk_at, business_day_of, business_days_between, due_at, later};
pub use explanation::{BEYOND_CALENDAR, Beyond, COUNT_BEGINS, DayCount, DayKind, Explanation, explain};
pub use horizon::{Horizon, beyond, horizon, remedy};
pub use rule::{Rule, TaxInvoice, Watches};
pub use target::{Counting, Roll, Span, Target, TargetError, Unit};
