//! Clocks, deadlines and `now` → transitions.

use chrono::{DateTime, Utc};

use crate::calendar::{Calendar, Calendars, Choice};
use crate::claim::{Subject, clean_line};
use crate::sla::{self, Clock, DeadlineError, Explanation, Rule};

use super::{Alert, Cause, NewAlert, Resolution, State, Transition};

/// What every decision of a scan needs besides the clock itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub rule: &'a Rule,
    pub calendars: &'a Calendars,
    pub now: DateTime<Utc>,
}

impl<'a> Context<'a> {
    /// The calendar by which the clock on `subject` is counted: its program's, else the rule's, else the default; also
    /// the default if its program is not there.
    #[must_use]
    pub fn calendar(&self, subject: &Subject) -> &'a Calendar {
        self.choose(subject).calendar
    }

    /// Why the clock on `subject` that started at `started_at` is due when it is, with why its calendar serves.
    ///
    /// # Errors
    /// [`DeadlineError`] if its deadline cannot be given.
    pub fn explain(&self, subject: &Subject, started_at: DateTime<Utc>) -> Result<Explanation, DeadlineError> {
        let Choice { calendar, by, unknown } = self.choose(subject);
        let mut explanation = sla::explain(&self.rule.target, calendar, started_at)?;
        explanation.chosen_by = Some(by);
        if let Some(name) = unknown {
            let name = clean_line(name, MAX_NAME);
            explanation.notes.push(format!("calendar {name:?} is not configured; {:?} serves", calendar.name()));
        }
        Ok(explanation)
    }

    /// An alert for the clock on `subject` that started at `started_at`.
    ///
    /// # Errors
    /// [`DeadlineError`] if its deadline cannot be given.
    pub fn alert(&self, subject: &Subject, started_at: DateTime<Utc>) -> Result<NewAlert, DeadlineError> {
        let explanation = self.explain(subject, started_at)?;
        let claim = &subject.claim;
        let (amount, currency) = subject.money();
        Ok(NewAlert {
            rule: self.rule.name.clone(),
            claim_id: claim.claim_id.clone(),
            payment_id: subject.payment.as_ref().map(|line| line.payment_id.clone()),
            program_id: claim.program_id.clone(),
            partner_name: claim.partner_name.as_deref().map(|name| clean_line(name, MAX_NAME).into_owned()),
            claim_status: status_text(subject),
            clock_started_at: started_at,
            due_at: explanation.due_at,
            amount,
            currency,
            paying_entity: subject.payment.as_ref().and_then(|line| line.paying_entity.clone()),
            calendar: explanation.calendar.clone(),
            explanation,
        })
    }

    fn choose<'s>(&self, subject: &'s Subject) -> Choice<'a, 's>
    where
        'a: 's,
    {
        match &subject.program {
            Some(program) => self.calendars.choose(program.calendar.as_deref(), self.rule.calendar.as_deref()),
            None => self.calendars.choose(None, None),
        }
    }
}

/// What to do about a clock that may be late or at risk and has no alert that says so; `None`: nothing (yet).
///
/// # Errors
/// [`DeadlineError`] if its deadline cannot be given.
pub fn judge_running(context: &Context<'_>, subject: &Subject) -> Result<Option<Transition>, DeadlineError> {
    let Clock::Running { started_at } = sla::observe(context.rule, subject, context.now) else { return Ok(None) };
    let Some(state) = state_of(context, subject, started_at)? else { return Ok(None) };
    Ok(Some(Transition::Raise { alert: context.alert(subject, started_at)?, state }))
}

/// What to do about a clock that stopped by its own stop column after `since` and has no alert: raised, resolved as late,
/// if it was.
///
/// # Errors
/// [`DeadlineError`] if its deadline cannot be given.
pub fn judge_stopped(
    context: &Context<'_>,
    subject: &Subject,
    since: DateTime<Utc>,
) -> Result<Option<Transition>, DeadlineError> {
    let clock = sla::observe(context.rule, subject, context.now);
    let Clock::Stopped { started_at: Some(started_at), own_stop: Some(stopped_at), .. } = clock else {
        return Ok(None);
    };
    let due_at = sla::due_at(&context.rule.target, context.calendar(subject), started_at)?;
    if stopped_at < due_at || stopped_at <= since || stopped_at > context.now {
        return Ok(None);
    }
    Ok(Some(Transition::RaiseResolved { alert: context.alert(subject, started_at)?, stopped_at }))
}

/// What to do about an open alert, now that the source shows `subject` (`None`: the claim or the line is gone).
///
/// # Errors
/// [`DeadlineError`] if its deadline cannot be given; the alert stays as it is.
pub fn judge_open(
    context: &Context<'_>,
    alert: &Alert,
    subject: Option<&Subject>,
) -> Result<Option<Transition>, DeadlineError> {
    let resolve = |resolution, stopped_at, cause: &'static str| {
        let claim_status = subject.map(status_text);
        Ok(Some(Transition::Resolve { alert_id: alert.id, resolution, stopped_at, claim_status, cause: cause.into() }))
    };
    let Some(subject) = subject else {
        let gone = if alert.payment_id.is_some() { "the payment line is gone" } else { "the claim is gone" };
        return resolve(Resolution::Withdrawn, None, gone);
    };
    match sla::observe(context.rule, subject, context.now) {
        Clock::Unwatched(why) => resolve(Resolution::Withdrawn, None, why),
        // A start that went missing is a data problem, and no proof that the work is done.
        Clock::NoStart => Ok(None),
        Clock::NotBegun => resolve(Resolution::Withdrawn, None, "the clock has not begun"),
        Clock::Running { started_at } if started_at == alert.clock_started_at => judge_moved(context, alert, subject),
        Clock::Running { .. } => resolve(Resolution::Restarted, None, "the clock started again"),
        Clock::Stopped { started_at: Some(started_at), .. } if started_at != alert.clock_started_at => {
            resolve(Resolution::Restarted, None, "the clock started again, and stopped since")
        }
        Clock::Stopped { own_stop, updated_at, .. } => {
            // A stop that is still to come is no stop yet.
            let usable = |at: &DateTime<Utc>| *at >= alert.clock_started_at && *at <= context.now;
            let stopped_at = own_stop.filter(usable).or(updated_at.filter(usable));
            // The deadline that the alert shows is the one that people were told; a moved one is judged first.
            let in_time = stopped_at.unwrap_or(context.now) < alert.due_at;
            let resolution = if in_time { Resolution::Met } else { Resolution::Late };
            resolve(resolution, stopped_at, "the clock stopped")
        }
    }
}

/// The alert's clock still runs: is its deadline still what the alert says?
fn judge_moved(context: &Context<'_>, alert: &Alert, subject: &Subject) -> Result<Option<Transition>, DeadlineError> {
    let started_at = alert.clock_started_at;
    let due_at = sla::due_at(&context.rule.target, context.calendar(subject), started_at)?;
    let state = state_of(context, subject, started_at)?;
    let moved = alert.due_at != due_at || alert.calendar != context.calendar(subject).name();
    let known = alert.explanation.calendar_version == context.calendar(subject).version();
    if state.is_some() && !moved && known {
        return Ok(None);
    }
    let new = context.alert(subject, started_at)?;
    if state.is_some() && !moved {
        return Ok(Some(Transition::Explain { alert_id: alert.id, explanation: new.explanation }));
    }
    let no_longer_late = state.is_none() || (state == Some(State::AtRisk) && alert.state == State::Breached);
    let cause = Cause {
        cause: match (moved, no_longer_late) {
            (false, _) => "the rule warns later now, or not at all",
            (true, true) => "the deadline moved into the future",
            (true, false) if alert.due_at == due_at => "another calendar counts",
            (true, false) => "the deadline moved",
        },
        previous_due_at: Some(alert.due_at),
        due_at: Some(due_at),
        changed: alert.explanation.inputs_changed(&new.explanation),
    };
    let alert_id = alert.id;
    Ok(Some(match state {
        Some(state) => Transition::Move { alert_id, alert: new, state, cause },
        None => Transition::Resolve {
            alert_id,
            resolution: Resolution::Withdrawn,
            stopped_at: None,
            claim_status: Some(new.claim_status),
            cause,
        },
    }))
}

/// The claim's status as an alert keeps it.
fn status_text(subject: &Subject) -> String {
    clean_line(&subject.claim.status_text, MAX_NAME).into_owned()
}

/// Breached, at risk, or `None`: neither, for a running clock at `now`.
fn state_of(
    context: &Context<'_>,
    subject: &Subject,
    started_at: DateTime<Utc>,
) -> Result<Option<State>, DeadlineError> {
    let Context { rule, now, .. } = context;
    let calendar = context.calendar(subject);
    if *now >= sla::due_at(&rule.target, calendar, started_at)? {
        return Ok(Some(State::Breached));
    }
    match rule.warn {
        Some(warn) if *now >= sla::at_risk_at(&rule.target, warn, calendar, started_at)? => Ok(Some(State::AtRisk)),
        _ => Ok(None),
    }
}

/// The longest partner name or status that an alert keeps.
const MAX_NAME: usize = 200;
