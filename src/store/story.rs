//! What the event table says: the kinds of events and their details, the same on every engine.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::alert::{Answer, Cause, NewAlert, Opening, Resolution, State};
use crate::escalation::Silence;

use super::{ClockEnd, Raised, Told};

/// Who changes alerts here.
pub(super) const ACTOR: &str = "claimwatch";

/// Something that happened to an alert: its kind and its detail.
pub(super) type Happening = (&'static str, Value);

/// The events of a new alert, each with its time: opened, each level that goes out, and for a clock that ended unseen
/// resolved.
pub(super) fn of_raised(raised: &Raised) -> impl Iterator<Item = (DateTime<Utc>, Happening)> {
    let told = raised.told.iter().map(|Told { level, message }| told(*level, *message, false));
    let opened = opening("opened", &raised.alert, raised.state, raised.opening);
    let begun = std::iter::once(opened).chain(told).chain(raised.silenced.map(kept_back));
    begun.map(|happening| (raised.detected_at, happening)).chain(raised.ended.map(end))
}

fn end(ended: ClockEnd) -> (DateTime<Utc>, Happening) {
    let ClockEnd { resolution, stopped_at, resolved_at } = ended;
    let cause = if stopped_at.is_some() { "the clock stopped" } else { "the clock started again" };
    (resolved_at, resolved(&Cause::from(cause), State::Breached, resolution, stopped_at))
}

/// An alert opens: `opened`, `breached` or `reopened`.
pub(super) fn opening(kind: &'static str, alert: &NewAlert, state: State, opening: Opening) -> Happening {
    let mut detail = json!({"state": state, "due_at": alert.due_at, "claim_status": alert.claim_status});
    if state == State::Breached && opening != Opening::Usual {
        detail["opening"] = json!(opening);
    }
    (kind, detail)
}

/// Someone answers an alert.
pub(super) fn answered(answer: &Answer) -> Happening {
    match answer {
        Answer::Acknowledge { until, note } => ("acknowledged", json!({"until": until, "note": note})),
        Answer::Unacknowledge => ("unacknowledged", json!({})),
        Answer::Snooze { until } => ("snoozed", json!({"until": until})),
        Answer::Unsnooze => ("unsnoozed", json!({})),
    }
}

/// Nobody is on an alert any more, without anyone having said so.
pub(super) fn unacknowledged(cause: &'static str) -> Happening {
    ("unacknowledged", json!({"cause": cause}))
}

/// The promise that came with an acknowledgement was not kept.
pub(super) fn broken_promise(until: DateTime<Utc>) -> Happening {
    ("unacknowledged", json!({"cause": "the promise was not kept", "until": until}))
}

/// A silence begins over an open alert.
pub(super) fn silenced(silence: &Silence) -> Happening {
    ("silenced", json!({"silence": silence.id, "until": silence.ends_at, "reason": silence.reason}))
}

/// A silence keeps back what was due to be told of an alert.
pub(super) fn kept_back(silence: Uuid) -> Happening {
    ("kept_back", json!({"silence": silence}))
}

/// A silence over an open alert ends early.
pub(super) fn unsilenced(silence: Uuid) -> Happening {
    ("unsilenced", json!({"silence": silence}))
}

/// Someone says that a held alert is right.
pub(super) fn released() -> Happening {
    ("released", json!({}))
}

/// An alert that is open becomes breached.
pub(super) fn breached(due_at: DateTime<Utc>) -> Happening {
    ("breached", json!({"state": State::Breached, "due_at": due_at}))
}

/// A level goes out about an alert, for the first time or as a reminder.
pub(super) fn told(level: u32, message: Uuid, reminder: bool) -> Happening {
    (if reminder { "reminded" } else { "escalated" }, json!({"level": level, "message": message}))
}

/// A deadline moved.
pub(super) fn moved(cause: &Cause, alert: &NewAlert) -> Happening {
    let mut detail = json!(cause);
    detail["due_at"] = json!(alert.due_at);
    detail["calendar"] = json!(alert.calendar);
    ("moved", detail)
}

/// An alert ends.
pub(super) fn resolved(
    cause: &Cause,
    from: State,
    resolution: Resolution,
    stopped_at: Option<DateTime<Utc>>,
) -> Happening {
    let mut detail = json!(cause);
    detail["from"] = json!(from);
    detail["resolution"] = json!(resolution);
    detail["stopped_at"] = json!(stopped_at);
    ("resolved", detail)
}
