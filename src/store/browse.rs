//! Lists that people leaf through: alerts by what they look for, a page at a time, and what stands beside them.
//!
//! A page begins after a [`Place`], not after a number of rows: what opens or closes meanwhile neither repeats a row nor
//! hides one that was there throughout.

mod statement;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use data_encoding::BASE64URL_NOPAD;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DeliveryState, OutboxItem, StoreError};
use crate::alert::{Alert, State};
pub(super) use statement::{ALIKE, DELIVERY, Dialect, Statement, is_whole, page, paged, total};

/// Which alerts a list has, and in which order; conditions that are `None` admit all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertQuery {
    pub which: Which,
    pub rule: Option<String>,
    pub program: Option<String>,
    /// The highest level that went out.
    pub level: Option<u32>,
    pub answer: Option<Answered>,
    /// A part of the claim's, the program's or the payment line's id, the partner's or the paying entity's name, in
    /// whatever case.
    pub text: Option<String>,
    pub sort: AlertSort,
}

/// In which state alerts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// At risk or breached.
    #[default]
    Open,
    AtRisk,
    Breached,
    /// Open, and held until someone says that they are right.
    Held,
    Resolved,
}

/// What was answered to alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// Someone is on it.
    Acknowledged,
    Snoozed,
    /// Nobody is on it, whether it is snoozed or not.
    Unacknowledged,
    /// Neither.
    Nothing,
}

/// The order of a list; alerts that are alike in it go by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSort {
    /// The highest level first, then the oldest deadline.
    #[default]
    Worst,
    /// The oldest deadline first.
    Due,
    /// The latest deadline first.
    DueLast,
    Claim,
    Program,
    Partner,
    /// By currency, and in each the largest amount first.
    Amount,
    /// What was resolved last first; of open ones, by their deadlines.
    Resolved,
}

/// Where a page ends: at an alert, by what the list is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    keys: Keys,
    id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Keys {
    Worst(u32, DateTime<Utc>),
    Due(DateTime<Utc>),
    DueLast(DateTime<Utc>),
    Claim(String),
    Program(String),
    Partner(String),
    Amount(String, Decimal),
    Resolved(DateTime<Utc>),
}

impl Place {
    /// Where `alert` stands in a list of that order.
    #[must_use]
    pub fn of(alert: &Alert, sort: AlertSort) -> Self {
        let keys = match sort {
            AlertSort::Worst => Keys::Worst(alert.escalation_level, alert.due_at),
            AlertSort::Due => Keys::Due(alert.due_at),
            AlertSort::DueLast => Keys::DueLast(alert.due_at),
            AlertSort::Claim => Keys::Claim(alert.claim_id.clone()),
            AlertSort::Program => Keys::Program(alert.program_id.clone().unwrap_or_default()),
            AlertSort::Partner => Keys::Partner(alert.partner_name.clone().unwrap_or_default()),
            AlertSort::Amount => {
                let currency = alert.currency.map_or_else(|| NO_CURRENCY.to_owned(), |currency| currency.to_string());
                Keys::Amount(currency, alert.amount.unwrap_or_else(no_amount))
            }
            AlertSort::Resolved => Keys::Resolved(alert.resolved_at.unwrap_or(alert.due_at)),
        };
        Self { keys, id: alert.id }
    }

    /// The order of the list that it is a place in.
    #[must_use]
    pub fn sort(&self) -> AlertSort {
        match self.keys {
            Keys::Worst(..) => AlertSort::Worst,
            Keys::Due(_) => AlertSort::Due,
            Keys::DueLast(_) => AlertSort::DueLast,
            Keys::Claim(_) => AlertSort::Claim,
            Keys::Program(_) => AlertSort::Program,
            Keys::Partner(_) => AlertSort::Partner,
            Keys::Amount(..) => AlertSort::Amount,
            Keys::Resolved(_) => AlertSort::Resolved,
        }
    }

    /// As an address carries it.
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE64URL_NOPAD.encode(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// Reads what [`Place::to_text`] wrote; `None`: it did not write that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
    }

    fn values(&self) -> Vec<String> {
        match &self.keys {
            Keys::Worst(level, due) => vec![level.to_string(), instant(*due)],
            Keys::Due(at) | Keys::DueLast(at) | Keys::Resolved(at) => vec![instant(*at)],
            Keys::Claim(text) | Keys::Program(text) | Keys::Partner(text) => vec![text.clone()],
            Keys::Amount(currency, amount) => vec![currency.clone(), amount.to_string()],
        }
    }
}

/// A page of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertPage {
    pub alerts: Vec<Alert>,
    /// After which the next page begins; `None`: this is the last one.
    pub next: Option<Place>,
    /// How many alerts the whole list has, [`MOST_COUNTED`] at most if they are resolved.
    pub total: u64,
}

/// So many resolved alerts are counted: they may be millions.
pub const MOST_COUNTED: u64 = 10_000;

/// Open alerts that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertCount {
    pub rule: String,
    pub program_id: Option<String>,
    pub calendar: String,
    pub state: State,
    pub level: u32,
    pub count: u64,
    /// How many of them are acknowledged.
    pub acknowledged: u64,
    /// How many of them are held.
    pub held: u64,
    /// The earliest deadline of those that are not held.
    pub oldest: Option<DateTime<Utc>>,
}

/// What became of breaches on a day in UTC, as the view `sla_daily` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyCount {
    pub day: NaiveDate,
    pub opened: u64,
    pub resolved: u64,
}

/// A data problem as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedProblem {
    pub claim_id: String,
    pub kind: String,
    pub detail: String,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// Lets people leaf through what there is. Nothing here changes anything.
#[async_trait]
pub trait Browsing: Send + Sync {
    /// Up to `limit` alerts by `query` after `place`, which is of the same order; [`Answered::Snoozed`] is as of `now`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn browse_alerts(
        &self,
        query: &AlertQuery,
        now: DateTime<Utc>,
        place: Option<&Place>,
        limit: u32,
    ) -> Result<AlertPage, StoreError>;

    /// Open alerts by rule, program, calendar, state and level, in that order.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn count_alerts(&self) -> Result<Vec<AlertCount>, StoreError>;

    /// What opened and was resolved on each day in UTC from the first to the last, days without either left out.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn daily(&self, first: NaiveDate, last: NaiveDate) -> Result<Vec<DailyCount>, StoreError>;

    /// Up to `limit` deliveries in `state` (`None`: in any), the latest first, after the one of that id.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn browse_deliveries(
        &self,
        state: Option<DeliveryState>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<OutboxItem>, StoreError>;

    /// The deliveries of `messages`, the latest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn deliveries_of(&self, messages: &[Uuid]) -> Result<Vec<OutboxItem>, StoreError>;

    /// Up to `limit` open data problems by claim and kind, after that claim and kind.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn browse_problems(
        &self,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<RecordedProblem>, StoreError>;
}

/// Sorts after every currency.
const NO_CURRENCY: &str = "~";

/// Less than any amount that can be read.
fn no_amount() -> Decimal {
    Decimal::from_i128_with_scale(-10_i128.pow(28), 0)
}

/// As SQLite stores instants, and PostgreSQL reads them.
fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_way_through_an_address() {
        let due = "2026-11-24T23:00:00Z".parse().expect("an instant");
        for keys in [
            Keys::Worst(2, due),
            Keys::Partner("Häagen & Co".into()),
            Keys::Amount("EUR".into(), Decimal::new(1_250, 2)),
            Keys::Amount(NO_CURRENCY.into(), no_amount()),
        ] {
            let place = Place { keys, id: Uuid::from_u128(7) };
            assert_eq!(Place::parse(&place.to_text()), Some(place));
        }
        for wrong in ["", "x", "eyJ9", "e30", "%00"] {
            assert_eq!(Place::parse(wrong), None, "{wrong:?}");
        }
    }
}
