//! What the event table says: the kinds of events and their details, the same on every engine.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::alert::{Cause, NewAlert, Resolution, State};

use super::{Raised, Told};

/// Who changes alerts here.
pub(super) const ACTOR: &str = "claimwatch";

/// Something that happened to an alert: its kind and its detail.
pub(super) type Happening = (&'static str, Value);

/// The events of a new alert: opened, each level that goes out, and for a clock that stopped unseen resolved.
pub(super) fn of_raised(raised: &Raised) -> impl Iterator<Item = Happening> {
    let told = raised.told.iter().map(|Told { level, message }| told(*level, *message, false));
    let end =
        |stopped_at| resolved(&Cause::from("the clock stopped"), State::Breached, Resolution::Late, Some(stopped_at));
    let opened = opening("opened", &raised.alert, raised.state);
    std::iter::once(opened).chain(told).chain(raised.stopped_at.map(end))
}

/// An alert opens: `opened`, `breached` or `reopened`.
pub(super) fn opening(kind: &'static str, alert: &NewAlert, state: State) -> Happening {
    (kind, json!({"state": state, "due_at": alert.due_at, "claim_status": alert.claim_status}))
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
