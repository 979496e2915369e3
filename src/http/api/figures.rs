//! What answers in figures look like, and calendars. As in [`super::views`], names change only by adding.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::check::Check;
use crate::report::{Due, Forecast};
use crate::store::browse::{AlertCount, DailyCount};

/// By whose days deadlines are counted.
#[derive(Serialize, ToSchema)]
#[schema(as = Calendar)]
pub(super) struct CalendarView {
    pub name: String,
    /// Whether it serves where no other is named.
    pub default: bool,
    pub time_zone: String,
    /// What its days are made of, as a fingerprint.
    pub version: String,
    /// The last day that all of its sources know; null: they have no end.
    pub known_until: Option<NaiveDate>,
    /// Days off beside weekends, by date.
    pub holidays: BTreeMap<NaiveDate, String>,
    /// Days that are worked whatever else they are.
    pub working_days: Vec<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Calendars {
    pub calendars: Vec<CalendarView>,
}

/// Whether the work is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    pub at: DateTime<Utc>,
    pub ok: bool,
    pub checks: Vec<CheckView>,
    /// When the last scan looked that finished.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// Claims that cannot be watched as they should be, by kind.
    pub data_problems: BTreeMap<String, u64>,
    pub outbox: OutboxView,
}

/// A precondition.
#[derive(Serialize, ToSchema)]
#[schema(as = Check)]
pub(super) struct CheckView {
    check: &'static str,
    ok: bool,
    detail: String,
    /// What to do about it.
    fix: Option<String>,
}

impl From<&Check> for CheckView {
    fn from(check: &Check) -> Self {
        let fix = check.fix.as_ref().map(ToString::to_string);
        Self { check: check.check, ok: check.ok, detail: check.detail.to_string(), fix }
    }
}

/// Deliveries by what became of them.
#[derive(Serialize, ToSchema)]
#[schema(as = Outbox)]
pub(super) struct OutboxView {
    pub waiting: u64,
    pub due: u64,
    pub dead: u64,
    pub disabled_recipients: u64,
}

/// Open alerts that are alike.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertCount)]
pub(super) struct CountView {
    rule: String,
    program_id: Option<String>,
    calendar: String,
    state: &'static str,
    level: u32,
    count: u64,
    /// How many of them are acknowledged.
    acknowledged: u64,
    /// How many of them are held.
    held: u64,
    /// The earliest deadline of those that are not held.
    oldest_due_at: Option<DateTime<Utc>>,
}

impl From<&AlertCount> for CountView {
    fn from(alike: &AlertCount) -> Self {
        Self {
            rule: alike.rule.clone(),
            program_id: alike.program_id.clone(),
            calendar: alike.calendar.clone(),
            state: alike.state.as_str(),
            level: alike.level,
            count: alike.count,
            acknowledged: alike.acknowledged,
            held: alike.held,
            oldest_due_at: alike.oldest,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Counts {
    pub counts: Vec<CountView>,
}

/// What became of breaches on a day in UTC.
#[derive(Serialize, ToSchema)]
#[schema(as = Day)]
pub(super) struct DayView {
    day: NaiveDate,
    opened: u64,
    resolved: u64,
}

impl From<&DailyCount> for DayView {
    fn from(count: &DailyCount) -> Self {
        let DailyCount { day, opened, resolved } = *count;
        Self { day, opened, resolved }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Days {
    pub days: Vec<DayView>,
}

/// What falls due on the coming days.
#[derive(Serialize, ToSchema)]
#[schema(as = Forecast)]
pub(super) struct ForecastView {
    /// As of when it was found: at most some 15 minutes ago.
    at: DateTime<Utc>,
    from: NaiveDate,
    to: NaiveDate,
    /// What runs and is late already.
    overdue: Vec<DueView>,
    days: Vec<AheadView>,
    /// The days on which most falls due, the fullest first.
    busiest: Vec<NaiveDate>,
    /// Clocks that fall due after the last of these days.
    later: u64,
}

/// What falls due at the end of a day.
#[derive(Serialize, ToSchema)]
#[schema(as = DayAhead)]
pub(super) struct AheadView {
    date: NaiveDate,
    clocks: u64,
    due: Vec<DueView>,
}

/// Clocks of one rule and program.
#[derive(Serialize, ToSchema)]
#[schema(as = Due)]
pub(super) struct DueView {
    rule: String,
    program_id: Option<String>,
    clocks: u64,
    /// How many of them will be late on current form, a decimal; null: there is none, or they are late already.
    expected_late: Option<String>,
}

impl From<&Forecast> for ForecastView {
    fn from(forecast: &Forecast) -> Self {
        let all = |due: &[Due]| due.iter().map(DueView::from).collect();
        let day = |day: &crate::report::DayAhead| AheadView { date: day.date, clocks: day.clocks, due: all(&day.due) };
        Self {
            at: forecast.at,
            from: forecast.from,
            to: forecast.to,
            overdue: all(&forecast.overdue),
            days: forecast.days.iter().map(day).collect(),
            busiest: forecast.busiest.clone(),
            later: forecast.later,
        }
    }
}

impl From<&Due> for DueView {
    fn from(due: &Due) -> Self {
        Self {
            rule: due.rule.clone(),
            program_id: due.program_id.clone(),
            clocks: due.clocks,
            expected_late: due.expected_late.map(|late| late.to_string()),
        }
    }
}
