//! Whether claimwatch does its work: what `/readyz` and `claimwatch status` say.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::time::timeout;

use crate::check::Check;
use crate::claim::Redactable;
use crate::schedule::Schedule;
use crate::store::{Gauges, SourceRelations, Store, StoreError};

/// The longest that the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is to be known of a database to say whether it is watched.
pub struct Watched<'a> {
    pub store: &'a dyn Store,
    pub sources: &'a SourceRelations,
    pub schedule: &'a Schedule,
    pub now: DateTime<Utc>,
}

impl Watched<'_> {
    /// The database answers, its schema is ours, and scans go on.
    pub async fn readiness(&self) -> Vec<Check> {
        const WHAT: &str = "see [database], and whether the server is up";
        let checks = async {
            let schema = match self.store.verify(self.sources).await {
                Ok(()) => Check::ok("schema", "it is up to date"),
                Err(StoreError::Schema(why)) => Check::wrong("schema", why, "run `claimwatch migrate`"),
                Err(error) => return vec![Check::wrong("database", error.to_string(), WHAT)],
            };
            let last = match self.store.last_finished_scan().await {
                Ok(last) => last_scan(last.map(|scan| scan.began_at), self.schedule, self.now),
                Err(error) if schema.ok => return vec![Check::wrong("database", error.to_string(), WHAT)],
                Err(_) => Check::wrong("last scan", "not known without the schema", "run `claimwatch migrate`"),
            };
            vec![Check::ok("database", "it answers"), schema, last]
        };
        timeout(PATIENCE, checks).await.unwrap_or_else(|_| {
            let silence = Redactable::from("no answer in ").public(PATIENCE.as_secs()).and(" seconds");
            vec![Check::wrong("database", silence, WHAT)]
        })
    }
}

/// Whether scans go on: the last one is not older than two periods of the schedule.
#[must_use]
pub fn last_scan(last: Option<DateTime<Utc>>, schedule: &Schedule, now: DateTime<Utc>) -> Check {
    const FIX: &str = "see whether `claimwatch run` runs, and its log";
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let Some(last) = last else {
        return Check::wrong("last scan", "none yet", FIX);
    };
    if is_overdue(last, schedule, now) {
        let last = Redactable::known(text(last));
        return Check::wrong("last scan", last.and(": older than two periods of the schedule"), FIX);
    }
    Check::ok("last scan", Redactable::known(text(last)))
}

/// Whether two instants of the schedule came after the scan at `last`, the earlier of them not just now.
#[must_use]
pub fn is_overdue(last: DateTime<Utc>, schedule: &Schedule, now: DateTime<Utc>) -> bool {
    let Some(latest) = schedule.latest_due(now) else { return false };
    let Some(earlier) = schedule.latest_due(latest - TimeDelta::seconds(1)) else { return false };
    last < earlier
}

/// Whether messages get out: nothing was given up, nobody is disabled.
#[must_use]
pub fn outbox(gauges: &Gauges) -> Check {
    let outbox = gauges.outbox;
    let found = format!("{} waiting, of them {} due; {} given up", outbox.waiting, outbox.due, outbox.dead);
    match (outbox.dead, gauges.disabled) {
        (0, 0) => Check::ok("outbox", found),
        (_, 0) => Check::wrong("outbox", found, "see `claimwatch outbox list --state dead`, then `outbox retry`"),
        (_, disabled) => Check::wrong(
            "outbox",
            format!("{found}; disabled recipients: {disabled}"),
            "see `claimwatch check`, then `claimwatch outbox enable`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn schedule(cron: &str) -> Schedule {
        let parser = croner::parser::CronParser::builder().seconds(croner::parser::Seconds::Required).build();
        let pattern = parser.parse(cron).expect("a pattern");
        Schedule { cron: cron.to_owned(), pattern, time_zone: Zone::named("Europe/Paris").expect("Paris") }
    }

    #[test]
    fn scans_go_on_while_the_last_one_is_not_older_than_two_periods() {
        let every_five = schedule("0 */5 * * * *");
        let now = at("2026-11-23T09:07:00Z");
        for (last, ok) in [("09:05:00", true), ("09:00:00", true), ("08:59:59", false), ("08:55:00", false)] {
            let check = last_scan(Some(at(&format!("2026-11-23T{last}Z"))), &every_five, now);
            assert_eq!(check.ok, ok, "{last}");
        }
        assert!(!last_scan(None, &every_five, now).ok);
    }

    #[test]
    fn a_schedule_that_rests_at_weekends_is_not_late_on_a_monday_morning() {
        let weekdays = schedule("0 0 8-18 * * Mon-Fri");
        let friday = at("2026-11-20T17:00:00Z");
        assert!(last_scan(Some(friday), &weekdays, at("2026-11-23T06:59:00Z")).ok);
        assert!(last_scan(Some(friday), &weekdays, at("2026-11-23T07:30:00Z")).ok, "one period");
        assert!(!last_scan(Some(friday), &weekdays, at("2026-11-23T08:00:00Z")).ok, "two");
    }
}
