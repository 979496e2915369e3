//! Every precondition of a start, as a value with its remedy: `claimwatch check` prints them, `claimwatch doctor` keeps what
//! strangers may read of them, the daemon logs those that fail.

mod start;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::calendar::{Calendar, Calendars, FIRST_DAY, Origin, zone_data_version};
use crate::claim::{DataProblem, ProblemKind, Redactable, clean_line};
use crate::config::HttpSettings;
use crate::delivery::transport::{Attempt, Transport};
use crate::delivery::webhook::Webhook;
use crate::escalation::{Policy, Unreachable};
use crate::scan::{HorizonGuard, ScanError};
use crate::sla::{self, Beyond, Rule};
use crate::store::{DeliveryState, DisabledAddress, Finding, SourceRelations, Store};

pub use start::{cannot_be_opened, database, settings};

/// How many data problems are named.
const SHOWN_PROBLEMS: usize = 3;

/// One precondition. Source: docs/contract.md, `check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub check: &'static str,
    pub ok: bool,
    /// What was found.
    pub detail: Redactable,
    /// What to do, if it is not ok; what to look at, if it is and hardly as it is meant.
    pub fix: Option<Redactable>,
}

impl Check {
    /// A precondition that is met.
    #[must_use]
    pub fn ok(check: &'static str, detail: impl Into<Redactable>) -> Self {
        Self { check, ok: true, detail: detail.into(), fix: None }
    }

    /// A precondition that is met, though hardly as it is meant, and what to look at.
    #[must_use]
    pub fn doubtful(check: &'static str, detail: impl Into<Redactable>, fix: impl Into<Redactable>) -> Self {
        Self { check, ok: true, detail: detail.into(), fix: Some(fix.into()) }
    }

    /// A precondition that is not met, and what to do.
    #[must_use]
    pub fn wrong(check: &'static str, detail: impl Into<Redactable>, fix: impl Into<Redactable>) -> Self {
        Self { check, ok: false, detail: detail.into(), fix: Some(fix.into()) }
    }
}

/// The calendars, and the zone data that they count by. A calendar is wrong if a clock that starts `now` runs over days of
/// which it does not know.
#[must_use]
pub fn calendars(calendars: &Calendars, rules: &[Rule], now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = vec![Check::ok("zone data", Redactable::known(zone_data_version()))];
    checks.extend(calendars.iter().map(|calendar| {
        let default = if calendar.name() == calendars.default().name() { ", the default" } else { "" };
        let (name, found) = (Redactable::default().private(calendar.name()).and(": "), describe(calendar, default));
        match beyond(calendar, rules, now) {
            None => Check::ok("calendar", name.then(found)),
            Some((beyond, fix)) => Check::wrong("calendar", name.then(beyond).and("; ").then(found), fix),
        }
    }));
    checks
}

/// Zone, days, version, and what each origin has to say and how far it knows.
fn describe(calendar: &Calendar, default: &'static str) -> Redactable {
    let zone = Redactable::known(calendar.zone().name()).and(", ");
    let mut parts = vec![
        zone.public(days(calendar.holidays().count(), calendar.working_days().count())).and(default),
        Redactable::from("version ").public(calendar.version()),
    ];
    parts.extend(calendar.holiday_data().map(Redactable::from));
    for (origin, known) in calendar.sources() {
        let holidays = calendar.holidays().filter(|(_, day)| day.origin == origin).count();
        let worked = calendar.working_days().filter(|(_, from)| *from == origin).count();
        let name = match origin {
            Origin::Configuration => continue,
            Origin::Country(_) => Redactable::known(origin),
            Origin::File(_) => Redactable::default().private(origin),
        };
        let known = known.map_or_else(String::new, |known| {
            let from = if *known.start() == FIRST_DAY { String::new() } else { format!(" from {}", known.start()) };
            format!("{from} until {}", known.end())
        });
        parts.push(name.public(known).and(": ").public(days(holidays, worked)));
    }
    Redactable::joined(parts, "; ")
}

fn days(holidays: usize, worked: usize) -> String {
    format!("{}, {}", counted(holidays, "holiday"), counted(worked, "extra working day"))
}

/// What the calendar does not know of the clocks that start now, and what to do.
fn beyond(calendar: &Calendar, rules: &[Rule], now: DateTime<Utc>) -> Option<(Redactable, String)> {
    let enabled = rules.iter().filter(|rule| rule.enabled);
    let found: Vec<_> = enabled.filter_map(|rule| Some((rule, sla::beyond(&rule.target, calendar, now)?))).collect();
    let ends_first =
        found.iter().map(|(_, (uncovered, _))| uncovered).min_by_key(|uncovered| *uncovered.coverage.end())?;
    let clocks: Vec<String> = found.iter().map(|(rule, (_, last))| format!("{} until {last}", rule.name)).collect();
    let detail = Redactable::default()
        .private(Beyond::from(ends_first.clone()))
        .and(": a clock that starts today runs over other days (")
        .public(clocks.join(", "))
        .and(")");
    Some((detail, sla::remedy(ends_first.origin)))
}

/// The rules, and whom they escalate to.
#[must_use]
pub fn rules(rules: &[Rule], policy: &Policy) -> Vec<Check> {
    let on: Vec<String> =
        rules.iter().filter(|rule| rule.enabled).map(|rule| format!("{} {}", rule.name, rule.target)).collect();
    let watched = if on.is_empty() {
        Check::wrong("rules", "every rule is switched off", "set rules.NAME.enabled = true for at least one rule")
    } else {
        Check::ok("rules", Redactable::known(on.join(", ")))
    };
    let levels = (1..).zip(&policy.levels).map(|(number, level)| {
        let level_number = Redactable::from("level ").public(number).and(": ");
        Check::ok("escalation", level_number.private(level.recipients.listed()))
    });
    let routes = (0..policy.routes.len()).filter_map(|number| unreachable(policy, number, rules));
    std::iter::once(watched).chain(levels).chain(routes).collect()
}

/// A route that no alert will ever get.
fn unreachable(policy: &Policy, number: usize, rules: &[Rule]) -> Option<Check> {
    let named = |number: usize| {
        let route = Redactable::from("route ").public(number + 1);
        route.and(" (").private(policy.routes[number].conditions()).and(")")
    };
    let (why, fix) = match policy.unreachable(number, rules)? {
        Unreachable::Behind(earlier) => {
            (named(earlier).and(" comes first and is for all of it"), "move it before that one, or remove it")
        }
        Unreachable::RulesOff => {
            ("every rule that it is for is switched off".into(), "switch one on in [rules], or remove the route")
        }
        Unreachable::NoPaymentLines => (
            "no rule that it is for and that is on watches payment lines, which alone have a paying entity".into(),
            "remove its `paying_entity`, or the route",
        ),
    };
    Some(Check::doubtful("escalation", named(number).and(" never gets an alert: ").then(why), fix))
}

/// Alerts that wait for someone to say that they are right.
async fn held(store: &dyn Store) -> Option<Check> {
    let found = async { store.snapshot().await?.held().await }.await;
    match found {
        Ok((held, _)) if held.is_empty() => None,
        Ok((held, _)) => Some(Check::doubtful(
            "held alerts",
            Redactable::known(counted(held.len(), "alert")).and(": nothing is told of them"),
            "look at them with `claimwatch alerts list --state held`, then `alerts release` or `alerts discard`",
        )),
        Err(error) => Some(Check::wrong("held alerts", error.to_string(), "see the database")),
    }
}

/// What scans need of the database, beside its schema: rights, columns, indexes.
pub async fn preconditions(
    store: &dyn Store,
    sources: &SourceRelations,
    rules: &[Rule],
    now: DateTime<Utc>,
) -> Vec<Check> {
    let findings = store.findings(sources, rules, now).await;
    let check = |Finding { check, detail, fix }: Finding| Check { check, ok: fix.is_none(), detail, fix };
    findings.into_iter().map(check).collect()
}

/// What the database holds: readable claims, scans that finish, messages that leave.
pub async fn store(store: &dyn Store, rules: &[Rule], calendars: &Calendars, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.push(match data_problems(store, HorizonGuard { rules, calendars, now }).await {
        Ok(problems) if problems.is_empty() => Check::ok("claims", "every claim can be watched"),
        Ok(problems) => {
            let mut shown: Vec<Redactable> = problems.iter().take(SHOWN_PROBLEMS).map(problem_text).collect();
            let more = problems.len().saturating_sub(shown.len());
            if more > 0 {
                shown.push(Redactable::from("and ").public(more).and(" more"));
            }
            let count = Redactable::known(counted(problems.len(), "data problem")).and(": ");
            Check::wrong("claims", count.then(Redactable::joined(shown, "; ")), remedy(&problems))
        }
        Err(error) => Check::wrong("claims", error.to_string(), "see [source] and the database"),
    });
    checks.extend(held(store).await);
    checks.push(match store.last_finished_scan().await {
        Ok(Some(scan)) => Check::ok("last scan", Redactable::known(seconds(scan.began_at))),
        Ok(None) => Check::ok("last scan", "none yet"),
        Err(error) => Check::wrong("last scan", error.to_string(), "run `claimwatch migrate`"),
    });
    checks.push(match store.deliveries(Some(DeliveryState::Dead)).await {
        Ok(dead) if dead.is_empty() => Check::ok("outbox", "no message was given up"),
        Ok(dead) => Check::wrong(
            "outbox",
            Redactable::from("given up: ").public(dead.len()),
            "see `claimwatch outbox list`, then `claimwatch outbox retry --all`",
        ),
        Err(error) => Check::wrong("outbox", error.to_string(), "run `claimwatch migrate`"),
    });
    checks.extend(disabled(store).await);
    checks
}

/// Whether anyone is let in, where others can reach what is served.
pub async fn served(store: &dyn Store, http: Option<&HttpSettings>, now: DateTime<Utc>) -> Option<Check> {
    let http = http.filter(|http| !http.listen.ip().is_loopback())?;
    let place = || Redactable::default().private(http.listen).and(", which others can reach: ");
    Some(match store.tokens().await {
        Ok(tokens) => match tokens.iter().filter(|token| token.is_valid(now)).count() {
            0 if http.token.is_none() => Check::wrong(
                "http",
                place().and("there is no token, so nobody is let in"),
                "add one with `claimwatch token add`, or set http.token_file",
            ),
            valid => {
                let read = if http.token.is_some() { "http.token_file, and " } else { "" };
                Check::ok("http", place().and(read).public(counted(valid, "valid token")))
            }
        },
        Err(error) => Check::wrong("http", error.to_string(), "run `claimwatch migrate`"),
    })
}

/// The addresses to which nothing is sent any more.
async fn disabled(store: &dyn Store) -> Vec<Check> {
    let disabled = match store.disabled_addresses().await {
        Ok(disabled) => disabled,
        Err(error) => return vec![Check::wrong("recipients", error.to_string(), "run `claimwatch migrate`")],
    };
    let wrong = disabled.into_iter().map(|DisabledAddress { address, disabled_at, words, .. }| {
        let found = Redactable::default().private(&address).and(" is disabled since ").public(seconds(disabled_at));
        let fix = Redactable::from("change it in [escalation]; or if it takes mail again: claimwatch outbox enable ");
        Check::wrong("recipients", found.and(": ").private(words), fix.private(address))
    });
    wrong.collect()
}

/// What to do about problems, of which there is at least one.
fn remedy(problems: &[DataProblem]) -> Redactable {
    let beyond = problems.iter().filter(|problem| problem.kind == ProblemKind::BeyondCalendar).count();
    let what = match beyond {
        0 => "mend these claims in their source",
        all if all == problems.len() => "see to a calendar that reaches further",
        _ => "mend these claims in their source, and see to a calendar that reaches further",
    };
    Redactable::from(what).and("; table data_problems lists them all after a scan")
}

/// Those that a scan would find in the source.
async fn data_problems(store: &dyn Store, guard: HorizonGuard<'_>) -> Result<Vec<DataProblem>, ScanError> {
    let mut snapshot = store.snapshot().await?;
    let names: Vec<&str> = guard.calendars.names().collect();
    let mut problems = snapshot.data_problems(guard.rules, &names).await?;
    let running = guard.running(&mut *snapshot).await?;
    problems.extend(guard.problems(&mut *snapshot, &running, &|| Ok(())).await?);
    Ok(problems)
}

fn problem_text(problem: &DataProblem) -> Redactable {
    let claim = Redactable::from("claim ").private(format!("{:?}", clean_line(&problem.claim_id, 40)));
    claim.and(": ").private(clean_line(&problem.detail, 160))
}

fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `1 holiday`, `6 holidays`.
fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// The way out for mail: reached and asked, without sending anything.
pub async fn mail(transport: &dyn Transport) -> Check {
    reached("mail", &transport.describe(), transport.probe().await, &"[mail]".into())
}

/// A webhook: reached, without handing anything over.
pub async fn webhook(webhook: &Webhook) -> Check {
    let settings = Redactable::from("[webhooks.").private(webhook.name()).and("]");
    reached("webhook", &webhook.describe(), webhook.probe().await, &settings)
}

/// What came of a way out to `place`, which is configured in `settings`.
fn reached(check: &'static str, place: &str, attempt: Attempt, settings: &Redactable) -> Check {
    let found = |words: String| Redactable::default().private(place).and(": ").private(words);
    let see = Redactable::from("see ").then(settings.clone());
    match attempt {
        Attempt::Accepted { reply } => Check::ok(check, found(reply)),
        Attempt::Misconfigured { error } => Check::wrong(check, found(error), see),
        Attempt::Unreachable { error }
        | Attempt::Transient { error }
        | Attempt::Full { error }
        | Attempt::Permanent { error }
        | Attempt::Refused { error }
        | Attempt::Unknown { error } => Check::wrong(check, found(error), see.and(", and whether the server is up")),
    }
}
