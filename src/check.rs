//! Every precondition of a start, as a value with its remedy: `claimwatch check` prints them, the daemon logs those that
//! fail.

use chrono::SecondsFormat;
use serde::Serialize;

use crate::calendar::{Calendars, zone_data_version};
use crate::claim::{DataProblem, clean_line};
use crate::delivery::transport::{Attempt, Transport};
use crate::escalation::Policy;
use crate::sla::Rule;
use crate::store::{DeliveryState, Store};

/// How many data problems are named.
const SHOWN_PROBLEMS: usize = 3;

/// One precondition. Source: docs/contract.md, `check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub check: &'static str,
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do, if it is not ok.
    pub fix: Option<String>,
}

impl Check {
    /// A precondition that is met.
    #[must_use]
    pub fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, ok: true, detail: detail.into(), fix: None }
    }

    /// A precondition that is not met, and what to do.
    #[must_use]
    pub fn wrong(check: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, ok: false, detail: detail.into(), fix: Some(fix.into()) }
    }
}

/// The calendars, and the zone data that they count by.
#[must_use]
pub fn calendars(calendars: &Calendars) -> Vec<Check> {
    let mut checks = vec![Check::ok("zone data", zone_data_version())];
    checks.extend(calendars.iter().map(|calendar| {
        let default = if calendar.name() == calendars.default().name() { ", the default" } else { "" };
        Check::ok(
            "calendar",
            format!(
                "{}: {}, {}, {}{default}",
                calendar.name(),
                calendar.zone().name(),
                counted(calendar.holidays().count(), "holiday"),
                counted(calendar.working_days().count(), "extra working day")
            ),
        )
    }));
    checks
}

/// The rules, and whom they escalate to.
#[must_use]
pub fn rules(rules: &[Rule], policy: &Policy) -> Vec<Check> {
    let on: Vec<String> =
        rules.iter().filter(|rule| rule.enabled).map(|rule| format!("{} {}", rule.name, rule.target)).collect();
    let watched = if on.is_empty() {
        Check::wrong("rules", "every rule is switched off", "set rules.NAME.enabled = true for at least one rule")
    } else {
        Check::ok("rules", on.join(", "))
    };
    let levels = (1..).zip(&policy.levels).map(|(number, level)| {
        let to: Vec<String> = level.to.iter().map(|mailbox| mailbox.email.to_string()).collect();
        Check::ok("escalation", format!("level {number}: {}", to.join(", ")))
    });
    std::iter::once(watched).chain(levels).collect()
}

/// What the database holds: readable claims, scans that finish, messages that leave.
pub async fn store(store: &dyn Store, rules: &[Rule], calendars: &Calendars) -> Vec<Check> {
    let names: Vec<&str> = calendars.names().collect();
    let mut checks = Vec::new();
    checks.push(match store.data_problems(rules, &names).await {
        Ok(problems) if problems.is_empty() => Check::ok("claims", "every claim can be watched"),
        Ok(problems) => {
            let mut shown: Vec<String> = problems.iter().take(SHOWN_PROBLEMS).map(problem_text).collect();
            let more = problems.len().saturating_sub(shown.len());
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            Check::wrong(
                "claims",
                format!("{}: {}", counted(problems.len(), "data problem"), shown.join("; ")),
                "mend these claims in their source; table data_problems lists them all after a scan",
            )
        }
        Err(error) => Check::wrong("claims", error.to_string(), "see [source] and the database"),
    });
    checks.push(match store.last_finished_scan().await {
        Ok(Some(scan)) => Check::ok("last scan", scan.began_at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        Ok(None) => Check::ok("last scan", "none yet"),
        Err(error) => Check::wrong("last scan", error.to_string(), "run `claimwatch migrate`"),
    });
    checks.push(match store.deliveries(Some(DeliveryState::Dead)).await {
        Ok(dead) if dead.is_empty() => Check::ok("outbox", "no message was given up"),
        Ok(dead) => Check::wrong(
            "outbox",
            format!("given up: {}", dead.len()),
            "see `claimwatch outbox list`, then `claimwatch outbox retry --all`",
        ),
        Err(error) => Check::wrong("outbox", error.to_string(), "run `claimwatch migrate`"),
    });
    checks
}

fn problem_text(problem: &DataProblem) -> String {
    format!("claim {:?}: {}", clean_line(&problem.claim_id, 40), clean_line(&problem.detail, 160))
}

/// `1 holiday`, `6 holidays`.
fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// The way out for mail: reached and asked, without sending anything.
pub async fn mail(transport: &dyn Transport) -> Check {
    let place = transport.describe();
    match transport.probe().await {
        Attempt::Accepted { reply } => Check::ok("mail", format!("{place}: {reply}")),
        Attempt::Misconfigured { error } => Check::wrong("mail", format!("{place}: {error}"), "see [mail]"),
        Attempt::Unreachable { error }
        | Attempt::Transient { error }
        | Attempt::Full { error }
        | Attempt::Permanent { error }
        | Attempt::Unknown { error } => {
            Check::wrong("mail", format!("{place}: {error}"), "see [mail], and whether the server is up")
        }
    }
}
