//! Every precondition of a start, as a value with its remedy: `claimwatch check` prints them, the daemon logs those that
//! fail.

use serde::Serialize;

use crate::calendar::{Calendars, zone_data_version};
use crate::delivery::transport::{Attempt, Transport};
use crate::escalation::Policy;
use crate::sla::Rule;
use crate::store::{DeliveryState, Store};

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
                "{}: {}, {} holidays, {} extra working days{default}",
                calendar.name(),
                calendar.zone().name(),
                calendar.holidays().count(),
                calendar.working_days().count()
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
            let first: Vec<String> =
                problems.iter().take(3).map(|problem| format!("{}: {}", problem.claim_id, problem.detail)).collect();
            Check::wrong(
                "claims",
                format!("{} data problems: {}", problems.len(), first.join("; ")),
                "mend these claims in their source; table data_problems lists them all after a scan",
            )
        }
        Err(error) => Check::wrong("claims", error.to_string(), "see [source] and the database"),
    });
    checks.push(match store.last_finished_scan().await {
        Ok(Some(scan)) => Check::ok("last scan", scan.began_at.to_rfc3339()),
        Ok(None) => Check::ok("last scan", "none yet"),
        Err(error) => Check::wrong("last scan", error.to_string(), "run `claimwatch migrate`"),
    });
    checks.push(match store.deliveries(Some(DeliveryState::Dead)).await {
        Ok(dead) if dead.is_empty() => Check::ok("outbox", "no message was given up"),
        Ok(dead) => Check::wrong(
            "outbox",
            format!("{} deliveries were given up", dead.len()),
            "see `claimwatch outbox list`, then `claimwatch outbox retry`",
        ),
        Err(error) => Check::wrong("outbox", error.to_string(), "run `claimwatch migrate`"),
    });
    checks
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
