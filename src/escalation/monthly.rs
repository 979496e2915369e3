//! The report of a month by mail: who gets it and when, and its figures as a message keeps them.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::claim::Money;

use super::{Glob, Policy, Recipients};

/// Who gets the report of each month, and of which programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonthlyReport {
    /// `None`: of all.
    pub program: Option<Glob>,
    pub recipients: Recipients,
}

impl MonthlyReport {
    /// The thread of its messages, by which is known when the last one was sent.
    #[must_use]
    pub fn thread(&self) -> String {
        self.program.as_ref().map_or_else(|| "report".to_owned(), |program| format!("report {}", program.pattern()))
    }
}

/// What a message about a month says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthFigures {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The pattern of the programs that it is about; `None`: all.
    pub program: Option<String>,
    pub rules: Vec<RuleOfMonth>,
    /// The worst first.
    pub worst: Vec<WorstOfMonth>,
    /// The whole report, as a page.
    pub page: String,
    /// The same, as CSV.
    pub list: String,
}

/// The clocks of one rule whose deadline was in the month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleOfMonth {
    pub rule: String,
    pub clocks: u64,
    pub met: u64,
    pub late: u64,
    /// Of those met or late, to one decimal; `None`: there are none.
    pub percent_met: Option<Decimal>,
    /// What was done late, or is late and still to be done, per currency.
    pub late_money: Vec<Money>,
}

/// A clock that was late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstOfMonth {
    pub rule: String,
    pub claim_id: String,
    pub partner_name: Option<String>,
    pub business_days_late: u32,
    /// Whether it is still to be done.
    pub is_open: bool,
    pub money: Option<Money>,
}

impl Policy {
    /// The days of the month before, if its report is to be sent at `now`: on a business day of `calendar`, within the sending
    /// hours, once a month; the last one was sent at `told_at`. So it goes out when the first business day's hours open, and as
    /// soon as it can if nobody was at work then.
    #[must_use]
    pub fn month_to_report(
        &self,
        calendar: &Calendar,
        told_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<RangeInclusive<NaiveDate>> {
        let day = |at| calendar.zone().local_date(at);
        let today: NaiveDate = day(now);
        let first = today.with_day(1)?;
        let is_told = told_at.is_some_and(|told| day(told) >= first);
        let may_state = calendar.is_business_day(today) && self.may_send(calendar, now);
        let before = first.checked_sub_months(Months::new(1))?..=first.pred_opt()?;
        (may_state && !is_told).then_some(before)
    }
}

impl MonthFigures {
    /// `2026-10`, as files are named.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{:02}", self.from.year(), self.from.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;
    use crate::escalation::{Language, SendHours};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    /// The month that is reported at an instant, by its first day.
    fn month(policy: &Policy, told_at: Option<&str>, now: &str) -> Option<String> {
        let paris = Calendar::new("fr", Zone::named("Europe/Paris").expect("Paris"));
        policy.month_to_report(&paris, told_at.map(at), at(now)).map(|days| format!("{}..{}", days.start(), days.end()))
    }

    #[test]
    fn a_month_is_reported_once_when_the_next_one_opens_its_first_business_day() {
        let hours =
            SendHours { opens: "08:00:00".parse().expect("a time"), closes: "19:00:00".parse().expect("a time") };
        let policy = Policy {
            levels: Vec::new(),
            routes: Vec::new(),
            send_hours: Some(hours),
            brake: None,
            all_is_well: Recipients::default(),
            monthly_reports: Vec::new(),
            language: Language::En,
            support_url: None,
            claim_url: None,
        };
        // 2026-11-01 is a Sunday.
        let october = Some("2026-10-01..2026-10-31".to_owned());
        assert_eq!(month(&policy, None, "2026-11-01T10:00:00Z"), None, "a Sunday");
        assert_eq!(month(&policy, None, "2026-11-02T06:59:59Z"), None, "before the hours");
        assert_eq!(month(&policy, None, "2026-11-02T07:00:00Z"), october);
        assert_eq!(month(&policy, Some("2026-10-01T08:00:00Z"), "2026-11-02T07:00:00Z"), october);
        assert_eq!(month(&policy, Some("2026-11-02T07:00:00Z"), "2026-11-03T07:00:00Z"), None, "once");
        assert_eq!(month(&policy, Some("2026-08-03T07:00:00Z"), "2026-11-19T09:00:00Z"), october, "only the last one");
        // Told in the last hour of October in UTC, which is November in Paris.
        assert_eq!(month(&policy, Some("2026-10-31T23:30:00Z"), "2026-11-02T07:00:00Z"), None);
    }
}
