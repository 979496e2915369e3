//! How a clock stands or ended, as far as the columns, its alert and the history tell.

use chrono::{DateTime, Utc};

use crate::alert::{Alert, Context, Resolution, Transition, judge_open};
use crate::claim::Moment;
use crate::sla::{Clock, Explanation, Rule, Watches, at_risk_at, business_days_between};

use super::history::Ended;
use super::{By, Found, Known, Verdict, unwatched};

/// A verdict, and what it rests on.
#[derive(Debug)]
pub(super) struct Judged {
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub stopped_at: Option<DateTime<Utc>>,
}

impl Judged {
    fn because(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: Some(reason.into()), stopped_at: None }
    }
}

/// What is said where a stop is known by nobody.
const STOP_UNKNOWN: &str = "when it stopped is not known";

impl Found<'_> {
    /// The verdict at `by.now` on a clock that is due at `due_at` (`None`: that cannot be said) and started again at
    /// `next_start`.
    pub(super) fn judge(
        &self,
        known: &Known<'_>,
        by: &By<'_>,
        due_at: Option<DateTime<Utc>>,
        next_start: Option<DateTime<Utc>>,
    ) -> Judged {
        let Some(rule) = self.rule else { return self.judge_strange(by, due_at) };
        let column = rule.starts_at.column();
        match (self.clock, self.subject) {
            (Some(Clock::Unwatched(why)), Some(subject)) => {
                Judged::because(Verdict::Unwatched, unwatched(rule, subject, why))
            }
            (Some(Clock::Unwatched(why)), None) => Judged::because(Verdict::Unwatched, why),
            (Some(Clock::NoStart), _) => {
                Judged::because(Verdict::NoStart, format!("{column} is empty or cannot be read"))
            }
            (Some(Clock::NotBegun), _) if self.started_at.is_none() => {
                Judged::because(Verdict::NotBegun, format!("{column} is empty"))
            }
            (Some(Clock::Stopped { started_at: None, .. }), _) => {
                Judged::because(Verdict::NeverStarted, format!("{column} is empty"))
            }
            _ if self.started_at.is_some_and(|start| start > by.now) => {
                Judged::because(Verdict::NotBegun, format!("{column} is still to come"))
            }
            (Some(Clock::Stopped { own_stop, updated_at, .. }), _) => {
                // What stands in for a stop moves on with whatever is changed later: others know better.
                let recorded = self.alert.and_then(|alert| alert.stopped_at);
                let stops = [own_stop, recorded, self.left_at(), updated_at];
                let stop = stops.into_iter().flatten().find(|at| *at <= by.now);
                stopped(stop, due_at, by.now)
            }
            (Some(_), _) => self.running(rule, by, due_at, None),
            (None, _) => self.judge_past(rule, known, by, due_at, next_start),
        }
    }

    /// A past clock: a stop that is known goes before what its alert made of it.
    fn judge_past(
        &self,
        rule: &Rule,
        known: &Known<'_>,
        by: &By<'_>,
        due_at: Option<DateTime<Utc>>,
        next_start: Option<DateTime<Utc>>,
    ) -> Judged {
        let ended = self.passed.and_then(|passed| passed.ended);
        let stop = self.alert.and_then(|alert| alert.stopped_at).or_else(|| self.paid_at(rule, by)).or(self.left_at());
        if stop.is_some() {
            return stopped(stop, due_at, by.now);
        }
        if let Some(Ended::Again(at)) = ended {
            return restarted(at);
        }
        match (self.alert, next_start) {
            (Some(Alert { resolution: Some(Resolution::Restarted), .. }) | None, Some(at)) => restarted(at),
            (Some(alert), _) => self.judge_alert(rule, alert, known, by, due_at),
            (None, None) => self.judge_unfinished(rule, by, due_at),
        }
    }

    /// A clock that the history alone knows, and whose end it does not have.
    fn judge_unfinished(&self, rule: &Rule, by: &By<'_>, due_at: Option<DateTime<Utc>>) -> Judged {
        let Some(claim) = self.subject.map(|subject| &subject.claim) else { return stopped(None, due_at, by.now) };
        if claim.status().is_some_and(|status| rule.runs_while.contains(&status)) {
            let column = rule.starts_at.column();
            return self.running(rule, by, due_at, Some(format!("so its history says, and {column} does not")));
        }
        let updated_at = claim.moments.get(Moment::UpdatedAt);
        stopped(updated_at.filter(|at| Some(*at) >= self.started_at && *at <= by.now), due_at, by.now)
    }

    /// A past clock of which no stop is known: as its alert has it, or as the next scan will.
    fn judge_alert(
        &self,
        rule: &Rule,
        alert: &Alert,
        known: &Known<'_>,
        by: &By<'_>,
        due_at: Option<DateTime<Utc>>,
    ) -> Judged {
        if let Some(resolution) = alert.resolution {
            return resolved(resolution, None);
        }
        let context = Context { rule, calendars: by.calendars, now: by.now };
        let line = |id: &str| known.subjects.iter().find(|s| s.payment.as_ref().is_some_and(|p| p.payment_id == id));
        let subject = alert.payment_id.as_deref().map_or(known.subjects.first(), line);
        match judge_open(&context, alert, subject) {
            Ok(Some(Transition::Resolve { resolution, stopped_at: Some(stop), .. })) => {
                let judged = stopped(Some(stop), due_at, by.now);
                let recorded = format!("the next scan resolves its alert as {}", resolution.as_str());
                Judged { reason: Some(recorded), ..judged }
            }
            Ok(Some(Transition::Resolve { resolution, cause, .. })) => {
                resolved(resolution, Some(format!("{}: the next scan resolves its alert", cause.cause)))
            }
            _ => self.running(rule, by, due_at, Some("its alert stays open until the start can be read again".into())),
        }
    }

    /// An alert whose rule is not there any more.
    fn judge_strange(&self, by: &By<'_>, due_at: Option<DateTime<Utc>>) -> Judged {
        let not_there = "the rule is not configured".to_owned();
        let due_at = due_at.or(self.alert.map(|alert| alert.due_at));
        let stop = self.alert.and_then(|alert| alert.stopped_at);
        match self.alert.and_then(|alert| alert.resolution) {
            Some(_) if stop.is_some() => Judged { reason: Some(not_there), ..stopped(stop, due_at, by.now) },
            Some(resolution) => resolved(resolution, Some(not_there)),
            None => Judged::because(Verdict::Unwatched, not_there),
        }
    }

    pub(super) fn running(
        &self,
        rule: &Rule,
        by: &By<'_>,
        due_at: Option<DateTime<Utc>>,
        reason: Option<String>,
    ) -> Judged {
        let context = Context { rule, calendars: by.calendars, now: by.now };
        let at_risk = || {
            let calendar = context.calendar(self.subject?);
            let at = at_risk_at(&rule.target, rule.warn?, calendar, self.started_at?).ok()?;
            Some(by.now >= at)
        };
        let verdict = match due_at {
            Some(due_at) if by.now >= due_at => Verdict::Breached,
            Some(_) if at_risk().unwrap_or(false) => Verdict::AtRisk,
            _ => Verdict::Running,
        };
        Judged { verdict, reason, stopped_at: None }
    }

    /// When the history says that the claim left the rule's statuses.
    fn left_at(&self) -> Option<DateTime<Utc>> {
        match self.passed?.ended? {
            Ended::Left(at) => Some(at),
            Ended::Again(_) => None,
        }
    }

    /// When the claim was paid, if that was while this clock ran.
    fn paid_at(&self, rule: &Rule, by: &By<'_>) -> Option<DateTime<Utc>> {
        let claim = &self.subject.filter(|_| rule.watches == Watches::Payments && self.payment_id.is_none())?.claim;
        let until = self.left_at().unwrap_or(by.now);
        claim.moments.get(rule.stops_at).filter(|at| Some(*at) >= self.started_at && *at <= until)
    }

    /// Whole business days late, and left.
    pub(super) fn days(
        &self,
        by: &By<'_>,
        explanation: Option<&Explanation>,
        verdict: Verdict,
        stopped_at: Option<DateTime<Utc>>,
    ) -> (Option<u32>, Option<u32>) {
        let Some(Explanation { calendar, due_at, .. }) = explanation else { return (None, None) };
        let calendar = by.calendars.get(calendar).unwrap_or(by.calendars.default());
        match (verdict, stopped_at) {
            (Verdict::Breached, _) => (Some(business_days_between(calendar, *due_at, by.now)), None),
            (Verdict::Late, Some(stop)) => (Some(business_days_between(calendar, *due_at, stop)), None),
            (Verdict::Running | Verdict::AtRisk, _) => (None, Some(business_days_between(calendar, by.now, *due_at))),
            (Verdict::Met, Some(stop)) => (None, Some(business_days_between(calendar, stop, *due_at))),
            _ => (None, None),
        }
    }
}

/// A clock that stopped, at an instant that may not be known.
fn stopped(stop: Option<DateTime<Utc>>, due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Judged {
    let verdict = match (stop, due_at) {
        (_, Some(due_at)) if stop.unwrap_or(now) < due_at => Verdict::Met,
        (Some(_), Some(_)) => Verdict::Late,
        _ => Verdict::Stopped,
    };
    let reason = stop.is_none().then(|| STOP_UNKNOWN.to_owned());
    Judged { verdict, reason, stopped_at: stop }
}

fn restarted(at: DateTime<Utc>) -> Judged {
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    Judged::because(Verdict::Restarted, format!("it started again at {at}"))
}

/// As an alert was, or will be, resolved without an instant at which the clock stopped.
fn resolved(resolution: Resolution, reason: Option<String>) -> Judged {
    let verdict = match resolution {
        Resolution::Met => Verdict::Met,
        Resolution::Late => Verdict::Late,
        Resolution::Restarted => Verdict::Restarted,
        Resolution::Withdrawn => Verdict::Withdrawn,
    };
    let by_alert = || format!("so its alert says; {STOP_UNKNOWN}");
    let reason = reason.or_else(|| matches!(verdict, Verdict::Met | Verdict::Late).then(by_alert));
    Judged { verdict, reason, stopped_at: None }
}
