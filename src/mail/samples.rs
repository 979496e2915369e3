//! A sample of every kind of message: what templates are tried on before they are used.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use lettre::Address;
use lettre::message::Mailbox;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::alert::{Alert, NewAlert, Opening, Resolution, State};
use crate::calendar::{Calendar, Zone};
use crate::claim::{Currency, HistoryEntry, Money};
use crate::escalation::{
    Bounced, Case, Coverage, Digest, Kind, MonthFigures, Plausible, Reach, Recipients, RuleOfMonth, Silenced,
    WorstOfMonth,
};
use crate::sla::{self, Target};
use crate::wording::Language;

use super::{Composer, Frame, MAX_IN_BODY, Mail, MailError};

/// A message that might have been.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its kind, and in which respect it is unlike others of that kind.
    pub name: String,
    pub digest: Digest,
    cases: Vec<Case>,
    settled: Vec<Alert>,
}

/// Samples of every kind of message in `language`, with everything that a message may have, and with as little as it can.
#[must_use]
pub fn samples(language: Language) -> Vec<Sample> {
    Kind::ALL.into_iter().flat_map(|kind| of_kind(kind, language)).collect()
}

impl Sample {
    #[cfg(test)]
    pub(super) fn cases(&self) -> &[Case] {
        &self.cases
    }

    #[cfg(test)]
    pub(super) fn settled(&self) -> &[Alert] {
        &self.settled
    }

    /// The message itself, from `frame`.
    ///
    /// # Errors
    /// [`MailError`]
    pub fn mail(&self, frame: &Frame) -> Result<Mail, MailError> {
        let mut composer = Composer::new(frame, Uuid::from_u128(1), &self.digest, now());
        for case in &self.cases {
            composer.add(case.clone())?;
        }
        composer.tell_settled(self.settled.clone());
        composer.finish()?.ok_or_else(|| MailError::Message(format!("the sample {:?} says nothing", self.name)))
    }
}

fn of_kind(kind: Kind, language: Language) -> Vec<Sample> {
    let all: Vec<Case> = everything().into_iter().flatten().collect();
    let sample = |like: &str, cases: &[Case]| Sample {
        name: format!("{}{like}", super::message::kind_name(kind)),
        digest: digest(kind, language),
        cases: cases.to_vec(),
        settled: Vec::new(),
    };
    let ended: Vec<Alert> = all.iter().map(|case| ended(case.alert.clone())).collect();
    let with_ended = |mut sample: Sample| {
        sample.digest.settled.count = 2 * ended.len() as u64;
        sample.settled.clone_from(&ended);
        sample
    };
    match kind {
        Kind::Escalation => {
            let many: Vec<Case> = all.iter().cycle().take(2 * MAX_IN_BODY).cloned().collect();
            let reminders = all.iter().map(|case| Case { reminder: true, ..case.clone() }).collect::<Vec<_>>();
            let mut bare = sample(", as little as can be", &all[..all.len().min(1)]);
            bare.digest.coverage = Coverage::default();
            vec![with_ended(sample("", &all)), sample(", many", &many), sample(", reminders", &reminders), bare]
        }
        Kind::Inherited => vec![sample("", &all)],
        Kind::Resolved => vec![with_ended(sample("", &[]))],
        Kind::Held => {
            let mut held = sample("", &all);
            held.digest.plausible = Some(Plausible { limit: 180, usual: Some(9) });
            vec![held]
        }
        Kind::AllIsWell => {
            let mut well = sample(", nothing late", &[]);
            well.digest.coverage.open.clear();
            well.digest.coverage.data_problems = 0;
            vec![sample("", &[]), well]
        }
        Kind::Undeliverable => {
            let mut refused = sample("", &[]);
            refused.digest.bounced = vec![Bounced {
                address: "gone@example.com".into(),
                since: now() - TimeDelta::hours(2),
                words: "RCPT TO: 550 5.1.1 no such user".into(),
                levels: vec![1, 2],
            }];
            vec![refused]
        }
        Kind::Report => {
            let mut month = sample("", &[]);
            month.digest.coverage = Coverage::default();
            month.digest.month = Some(october());
            let mut empty = sample(", nothing ended", &[]);
            empty.digest.coverage = Coverage::default();
            empty.digest.month = Some(MonthFigures { rules: Vec::new(), worst: Vec::new(), ..october() });
            vec![month, empty]
        }
    }
}

/// A month in which most was met.
fn october() -> MonthFigures {
    let euros = |cents| Currency::parse("EUR").map(|currency| Money { amount: Decimal::new(cents, 2), currency });
    MonthFigures {
        from: NaiveDate::from_ymd_opt(2026, 10, 1).unwrap_or_default(),
        to: NaiveDate::from_ymd_opt(2026, 10, 31).unwrap_or_default(),
        program: Some("SURFACE-*".into()),
        rules: vec![RuleOfMonth {
            rule: "review".into(),
            clocks: 133,
            met: 120,
            late: 13,
            percent_met: Some(Decimal::new(902, 1)),
            late_money: euros(1_840_000).into_iter().collect(),
        }],
        worst: vec![WorstOfMonth {
            rule: "review".into(),
            claim_id: "C-1001".into(),
            partner_name: Some("Contoso".into()),
            business_days_late: 12,
            is_open: true,
            money: euros(1_840_000),
        }],
        page: "<!DOCTYPE html>".into(),
        list: "rule".into(),
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_796_626_800, 0).unwrap_or_default()
}

fn digest(kind: Kind, language: Language) -> Digest {
    let mailbox = |name: &str, user: &str| Mailbox::new(Some(name.into()), Address::new_dangerous(user, "example.com"));
    let coverage = Coverage {
        running: [("review".into(), 133), ("payment".into(), 270)].into(),
        open: [("review".into(), (3, 6)), ("payment".into(), (2, 6))].into(),
        data_problems: 2,
        newest_start: Some(now() - TimeDelta::hours(1)),
        calendars: vec![Reach {
            calendar: "fr".into(),
            time_zone: "Europe/Paris".into(),
            until: NaiveDate::from_ymd_opt(2040, 12, 31),
        }],
    };
    Digest {
        level: if matches!(kind, Kind::AllIsWell | Kind::Undeliverable | Kind::Report) { 0 } else { 1 },
        recipients: Recipients {
            to: vec![mailbox("Support", "support")],
            cc: vec![mailbox("Head of incentives", "lead")],
            webhooks: Vec::new(),
        },
        coverage,
        ..Digest::empty(kind, "sample".into(), now(), language)
    }
}

/// Cases that between them have everything that a case may have; `None`: one whose deadline cannot be given, which none is.
fn everything() -> [Option<Case>; 4] {
    let review = case("C-1001", "review", "2 business days", 12, ("18400.00", "EUR"));
    let disputed = case("C-1014", "dispute", "5 business days", 20, ("27600.00", "EUR")).map(|mut case| {
        case.alert.claim_status = "disputed".into();
        case.history = vec![HistoryEntry {
            claim_id: case.alert.claim_id.clone(),
            at: Some(now() - TimeDelta::days(30)),
            status: Some("Rejected".into()),
            note: Some("The invoice lacks the partner's tax number.".into()),
        }];
        case.silenced = Some(Silenced { by: "Ada".into(), reason: "the bank is closed".into(), until: now() });
        case
    });
    let paid_by_line = case("C-1030", "payment", "45 business days", 90, ("2900000", "JPY")).map(|mut case| {
        case.alert.payment_id = Some("P-1030-1".into());
        case.alert.paying_entity = Some("Incentives Ireland Ltd".into());
        case.alert.acknowledged_at = Some(now() - TimeDelta::days(1));
        case.alert.acknowledged_by = Some("Grace".into());
        case.alert.acknowledged_until = Some(now() + TimeDelta::days(2));
        case.alert.note = Some("waits for the partner's bank".into());
        case.alert.inherited_at = Some(now() - TimeDelta::days(7));
        case.promise_broken = true;
        case
    });
    let without_amount = case("C-1039", "tax_invoice_payment", "30 days", 40, ("", "")).map(|mut case| {
        (case.title, case.alert.partner_name, case.alert.program_id) = (None, None, None);
        case
    });
    [review, disputed, paid_by_line, without_amount]
}

/// A case whose clock started so many days ago.
fn case(claim_id: &str, rule: &str, target: &str, days_ago: i64, money: (&str, &str)) -> Option<Case> {
    let target: Target = target.parse().ok()?;
    let started = now() - TimeDelta::days(days_ago);
    let armistice = NaiveDate::from_ymd_opt(2026, 11, 11)?;
    let calendar = Calendar::new("fr", Zone::named("Europe/Paris").or_else(|_| Zone::named("UTC")).ok()?)
        .with_holiday(armistice, "Armistice");
    let explanation = sla::explain(&target, &calendar, started).ok()?;
    let alert = NewAlert {
        rule: rule.into(),
        claim_id: claim_id.into(),
        payment_id: None,
        program_id: Some("DEVICE-RETAIL".into()),
        partner_name: Some("Contoso SARL".into()),
        claim_status: "under_review".into(),
        clock_started_at: started,
        due_at: explanation.due_at,
        amount: money.0.parse::<Decimal>().ok(),
        currency: Currency::parse(money.1),
        paying_entity: None,
        calendar: "fr".into(),
        explanation,
    };
    let business_days_late = sla::business_days_between(&calendar, alert.due_at, now());
    let id = Uuid::from_u128(claim_id.bytes().fold(7, |number, byte| number * 31 + u128::from(byte)));
    Some(Case {
        alert: alert.raised(id, State::Breached, now(), Opening::Usual),
        reminder: false,
        business_days_late,
        title: Some("Back to school <campaign> & more".into()),
        history: Vec::new(),
        silenced: None,
        promise_broken: false,
    })
}

fn ended(mut alert: Alert) -> Alert {
    (alert.state, alert.resolution) = (State::Resolved, Some(Resolution::Late));
    (alert.stopped_at, alert.resolved_at) = (Some(now() - TimeDelta::hours(3)), Some(now()));
    alert
}
