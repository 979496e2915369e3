//! What was done, said afterwards: in an address that only its session vouches for, so that nobody is shown what never was.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::super::super::Shared;
use super::super::asked::Asked;
use super::super::row::{Row, Rows};
use super::super::sheet::{self, Sheet};
use super::super::wrong::Wrong;
use super::super::{Answer, Desk};
use super::{see_other, told};
use crate::seal::{Purpose, SealKey};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Acknowledged,
    Unacknowledged,
    Snoozed,
    Unsnoozed,
    Silenced,
    Expired,
    Retried,
    Enabled,
    Released,
    Discarded,
}

impl Deed {
    const ALL: [Self; 10] = [
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::Snoozed,
        Self::Unsnoozed,
        Self::Silenced,
        Self::Expired,
        Self::Retried,
        Self::Enabled,
        Self::Released,
        Self::Discarded,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Snoozed => "snoozed",
            Self::Unsnoozed => "unsnoozed",
            Self::Silenced => "silenced",
            Self::Expired => "expired",
            Self::Retried => "retried",
            Self::Enabled => "enabled",
            Self::Released => "released",
            Self::Discarded => "discarded",
        }
    }

    /// Whether it can be taken back as if it had not been.
    pub fn can_be_undone(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Snoozed | Self::Silenced)
    }

    /// Where one goes on.
    fn place(self) -> &'static str {
        match self {
            Self::Silenced | Self::Expired => "/silences",
            Self::Retried | Self::Enabled => "/outbox",
            _ => "/alerts",
        }
    }
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub deed: Deed,
    pub at: DateTime<Utc>,
    /// The alerts, or the silence or the delivery, that it was done to.
    pub ids: Vec<Uuid>,
    /// Alerts that were meant and are as they were.
    pub missed: Vec<Uuid>,
    /// How many it reached.
    pub count: u64,
}

impl Receipt {
    pub fn new(deed: Deed, at: DateTime<Utc>, ids: Vec<Uuid>) -> Self {
        let count = ids.len() as u64;
        Self { deed, at, ids, missed: Vec::new(), count }
    }

    /// As parameters of an address, with what vouches for them.
    pub fn fields(&self, key: &SealKey) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("did", self.deed.name().to_owned()),
            ("at", self.at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            ("count", self.count.to_string()),
        ];
        fields.extend(self.ids.iter().map(|id| ("id", id.to_string())));
        fields.extend(self.missed.iter().map(|id| ("missed", id.to_string())));
        fields.push(("receipt", key.seal(Purpose::Receipt, self.text().as_bytes())));
        fields
    }

    /// The receipt in these parameters; `None`: it is none that `key` vouches for.
    pub fn read<'a>(
        value: impl Fn(&str) -> Option<&'a str>,
        ids: impl Fn(&str) -> Vec<&'a str>,
        key: &SealKey,
    ) -> Option<Self> {
        let name = value("did")?;
        let all = |name: &str| ids(name).into_iter().map(|id| Uuid::parse_str(id).ok()).collect::<Option<Vec<_>>>();
        let receipt = Self {
            deed: Deed::ALL.into_iter().find(|deed| deed.name() == name)?,
            at: value("at")?.parse().ok()?,
            ids: all("id")?,
            missed: all("missed")?,
            count: value("count")?.parse().ok()?,
        };
        key.holds(Purpose::Receipt, receipt.text().as_bytes(), value("receipt")?).then_some(receipt)
    }

    fn text(&self) -> String {
        let Self { deed, at, ids, missed, count } = self;
        format!("{} {} {count} {ids:?} {missed:?}", deed.name(), at.timestamp_micros())
    }
}

/// Sends whoever did something to its receipt.
pub(super) fn given(asked: &Asked, key: &SealKey, receipt: &Receipt) -> Response {
    see_other(at_path(asked, "/done", key, receipt))
}

/// The address under `path` that shows `receipt`.
pub(super) fn at_path(asked: &Asked, path: &str, key: &SealKey, receipt: &Receipt) -> String {
    let fields = receipt.fields(key);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    asked.url(path, &fields)
}

/// What is said of a receipt.
#[derive(Serialize)]
pub(super) struct Said {
    what: String,
    when: String,
    rows: Vec<Row>,
    missed: Vec<Row>,
    /// The form that takes it back; `None`: it cannot be.
    undo: Option<Vec<(&'static str, String)>>,
    /// What is to be known of taking it back.
    undo_note: String,
    back: String,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    told(&asked, answer(&shared, &asked).await)
}

async fn answer(shared: &Shared, asked: &Asked) -> Answer {
    let desk = Desk { facts: &shared.facts, asked };
    let visitor = asked.visitor.as_ref().ok_or(Wrong::SignedOut)?;
    let receipt = of_address(asked, visitor.key()).ok_or(Wrong::NotThere)?;
    let view = said(&desk, visitor.key(), &receipt).await?;
    Ok(sheet::respond(
        asked,
        StatusCode::OK,
        &Sheet { template: "done.html.j2", here: receipt.deed.place(), view: &view },
    ))
}

/// The receipt in the address of this request.
pub(super) fn of_address(asked: &Asked, key: &SealKey) -> Option<Receipt> {
    let all = |name: &str| {
        asked.query().iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    Receipt::read(|name| asked.value(name), all, key)
}

/// What `receipt` comes to in words, with how the alerts stand now.
pub(super) async fn said(desk: &Desk<'_>, key: &SealKey, receipt: &Receipt) -> Result<Said, Wrong> {
    let (asked, facts, words) = (desk.asked, desk.facts, desk.asked.words());
    let of_alerts = !matches!(receipt.deed, Deed::Silenced | Deed::Expired | Deed::Retried | Deed::Enabled);
    let calendars = facts.calendars.borrow().clone();
    let silences = facts.store.all_silences().await?;
    let rows = Rows::new(desk, &calendars, &silences, facts.time.now());
    let (mut shown, mut missed) = (Vec::new(), Vec::new());
    if of_alerts {
        let alerts = facts.store.alerts_by_id(&[receipt.ids.as_slice(), &receipt.missed].concat()).await?;
        let of = |ids: &[Uuid]| {
            let found = ids.iter().filter_map(|id| alerts.iter().find(|alert| alert.id == *id));
            found.map(|alert| rows.of(alert)).collect::<Vec<_>>()
        };
        (shown, missed) = (of(&receipt.ids), of(&receipt.missed));
    }
    let deed = receipt.deed.name();
    let undoable = receipt.deed.can_be_undone() && receipt.count > 0;
    Ok(Said {
        what: words.say("page-done", [("deed", deed.into()), ("count", receipt.count.into())]),
        when: words.instant(receipt.at, calendars.default().zone()),
        rows: shown,
        missed,
        undo: undoable.then(|| receipt.fields(key)),
        undo_note: words.say("page-undo-note", [("deed", deed.into())]),
        back: asked.url(receipt.deed.place(), &[]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&'static str, String)], key: &SealKey) -> Option<Receipt> {
        let all = |name: &str| {
            fields.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        Receipt::read(|name| all(name).first().copied(), all, key)
    }

    #[test]
    fn a_receipt_is_shown_as_it_was_given_and_to_nobody_else() {
        let (mine, others) = (SealKey::new([1; 32]), SealKey::new([2; 32]));
        let at = "2026-11-23T09:00:00.000001Z".parse().expect("an instant");
        let mut receipt = Receipt::new(Deed::Acknowledged, at, vec![Uuid::from_u128(1), Uuid::from_u128(2)]);
        receipt.missed = vec![Uuid::from_u128(3)];
        let fields = receipt.fields(&mine);
        assert_eq!(read(&fields, &mine), Some(receipt));
        assert_eq!(read(&fields, &others), None);
        for place in 0..fields.len() - 1 {
            let mut changed = fields.clone();
            changed[place].1 = match changed[place].0 {
                "did" => "discarded".to_owned(),
                "at" => "2026-11-23T09:00:00.000002Z".to_owned(),
                "count" => "7".to_owned(),
                _ => Uuid::from_u128(9).to_string(),
            };
            assert_eq!(read(&changed, &mine), None, "{:?}", changed[place]);
        }
    }
}
