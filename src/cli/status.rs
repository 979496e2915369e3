//! `claimwatch status`: whether the work is done, for a person and for monitoring.

use clap::Args;
use serde::Serialize;

use super::check::describe;
use super::output::{json, say};
use super::{Context, Failure};
use crate::app::{App, Schema};
use crate::check::Check;
use crate::health::{Watched, outbox};
use crate::store::Gauges;

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// The output of `status --json`.
#[derive(Serialize)]
struct Status {
    ok: bool,
    checks: Vec<Check>,
    /// Open alerts; null: the database does not say.
    alerts: Option<Alerts>,
}

#[derive(Serialize)]
struct Alerts {
    at_risk: u64,
    breached: u64,
    acknowledged: u64,
    held: u64,
}

pub async fn run(args: &StatusArgs, context: &Context) -> Result<(), Failure> {
    let (checks, gauges) = look(context).await?;
    let status = Status { ok: checks.iter().all(|check| check.ok), checks, alerts: gauges.as_ref().map(alerts) };
    if args.json {
        json(&status)?;
    } else {
        let mut lines: Vec<String> = status.checks.iter().map(describe).collect();
        lines.extend(status.alerts.as_ref().map(|alerts| {
            let Alerts { at_risk, breached, acknowledged, held } = alerts;
            let found = format!("{breached} breached ({acknowledged} acknowledged, {held} held), {at_risk} at risk");
            describe(&Check::ok("alerts", found))
        }));
        say(&lines.join("\n"))?;
    }
    let wrong = status.checks.iter().filter(|check| !check.ok).count();
    if wrong == 0 { Ok(()) } else { Err(Failure::failed(format!("of {} checks, {wrong} failed", status.checks.len()))) }
}

async fn look(context: &Context) -> Result<(Vec<Check>, Option<Gauges>), Failure> {
    let settings = context.settings()?;
    let (schedule, sources) = (settings.schedule.clone(), settings.source.clone());
    let now = context.time.now();
    let app = match App::open(settings, context.time.clone(), Schema::AsItIs).await {
        Ok(app) => app,
        Err(error) => {
            let fix = "see [database], and whether the server is up";
            return Ok((vec![Check::wrong("database", error.to_string(), fix)], None));
        }
    };
    let watched = Watched { store: &*app.store, sources: &sources, schedule: &schedule, now };
    let mut checks = watched.readiness().await;
    let gauges = app.store.gauges(now).await.ok();
    checks.extend(gauges.as_ref().map(outbox));
    app.store.close().await;
    Ok((checks, gauges))
}

fn alerts(gauges: &Gauges) -> Alerts {
    let sum = |figure: fn(&crate::store::OpenAlerts) -> u64| gauges.alerts.values().map(figure).sum();
    Alerts {
        at_risk: sum(|open| open.at_risk),
        breached: sum(|open| open.breached),
        acknowledged: sum(|open| open.acknowledged),
        held: sum(|open| open.held),
    }
}
