use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};

use super::*;
use crate::calendar::Zone;
use crate::claim::Subject;
use crate::sla::{Clock, observe};

fn usual() -> Calendar {
    let date = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    let paris = Calendar::new("fr", Zone::named("Europe/Paris").unwrap()).with_holiday(date(12, 25), "Noël");
    let next_year = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
    paris.with_holiday(next_year, "Jour de l'an").with_holiday(date(11, 11), "Armistice")
}

fn other() -> Calendar {
    Calendar::new("il", Zone::named("Asia/Jerusalem").unwrap()).with_weekend([Weekday::Fri, Weekday::Sat])
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What rules watch: each claim as a whole and each of its lines, under its calendar.
fn subjects(rows: &[ImportRow]) -> Vec<Subject> {
    let program = |id: &str| {
        rows.iter().find_map(|row| match row {
            ImportRow::Program(program) if program.program_id == id => Some(program.clone()),
            _ => None,
        })
    };
    let mut subjects = Vec::new();
    for row in rows {
        let ImportRow::Claim(claim) = row else { continue };
        let lines = rows.iter().filter_map(|row| match row {
            ImportRow::Payment(line) if line.claim_id == claim.claim_id => Some(Some(line.clone())),
            _ => None,
        });
        let lines: Vec<_> = lines.collect();
        let has_payments = !lines.is_empty();
        for payment in [None].into_iter().chain(lines) {
            let program = claim.program_id.as_deref().and_then(program);
            subjects.push(Subject { claim: claim.clone(), program, payment, has_payments });
        }
    }
    subjects
}

/// How many clocks of each rule stand how.
fn stands(now: DateTime<Utc>) -> BTreeMap<(String, &'static str), u32> {
    let (usual, other) = (usual(), other());
    let rows = sample_claims(now, &usual, &other);
    let mut stands = BTreeMap::new();
    for subject in subjects(&rows) {
        let calendar = match subject.program.as_ref().and_then(|program| program.calendar.as_deref()) {
            Some("il") => &other,
            _ => &usual,
        };
        for rule in rules() {
            let payments = rule.watches == crate::sla::Watches::Payments;
            if !payments && subject.payment.is_some() {
                continue;
            }
            let stand = match observe(&rule, &subject, now) {
                Clock::Running { started_at } => match Stand::of(&rule, calendar, started_at, now).unwrap() {
                    Stand::Late(_) => "late",
                    Stand::AtRisk(_) => "at risk",
                    Stand::OnTime(_) => "on time",
                },
                Clock::NoStart => "without start",
                Clock::Stopped { .. } => "stopped",
                Clock::Unwatched(_) | Clock::NotBegun => continue,
            };
            *stands.entry((rule.name, stand)).or_default() += 1;
        }
    }
    stands
}

fn assert_shows_everything(now: DateTime<Utc>) {
    let stands = stands(now);
    for rule in rules() {
        for stand in ["late", "at risk", "on time"] {
            assert!(stands.contains_key(&(rule.name.clone(), stand)), "{} {stand} at {now}: {stands:?}", rule.name);
        }
    }
    assert_eq!(stands.get(&("dispute".to_owned(), "without start")), Some(&1), "{now}");
}

#[test]
fn at_every_hour_of_two_weeks_each_rule_is_late_at_risk_and_on_time() {
    for hour in 0..14 * 24 {
        assert_shows_everything(at("2026-11-16T00:00:00Z") + TimeDelta::hours(hour));
    }
}

#[test]
fn around_the_end_of_the_year_and_where_clocks_change_too() {
    for (from, hours) in [("2026-12-23T00:30:00Z", 13 * 24), ("2026-03-28T12:00:00Z", 48), ("2026-10-24T12:00:00Z", 48)]
    {
        for hour in (0..hours).step_by(3) {
            assert_shows_everything(at(from) + TimeDelta::hours(hour));
        }
    }
    for year in [1999, 2024, 2032, 2099] {
        assert_shows_everything(at("2026-12-31T23:59:59.999999Z").with_year(year).unwrap());
    }
}

#[test]
fn there_is_a_claim_of_every_status_and_money_in_three_currencies_from_several_entities() {
    let rows = sample_claims(at("2026-11-23T09:00:00Z"), &usual(), &other());
    let (mut statuses, mut currencies, mut entities) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut claims = 0;
    for row in &rows {
        match row {
            ImportRow::Claim(claim) => {
                claims += 1;
                statuses.insert(claim.status().unwrap());
                assert!(claim.amount.is_some() && claim.currency.is_some(), "{}", claim.claim_id);
            }
            ImportRow::Payment(line) => {
                currencies.insert(line.currency.unwrap());
                entities.insert(line.paying_entity.clone().unwrap());
                assert!(line.amount.is_some(), "{}", line.payment_id);
            }
            ImportRow::Program(_) | ImportRow::History(_) => {}
        }
    }
    assert_eq!(statuses.len(), Status::ALL.len());
    assert!(currencies.len() >= 3 && entities.len() >= 3 && claims >= 36, "{currencies:?} {entities:?} {claims}");
}

#[test]
fn nothing_lies_in_the_future_and_each_history_is_told_in_order() {
    for now in ["2026-11-23T00:00:01Z", "2026-11-22T13:00:00Z", "2027-01-01T08:15:00.5Z"].map(at) {
        let mut before: Option<HistoryEntry> = None;
        for row in sample_claims(now, &usual(), &other()) {
            match row {
                ImportRow::Claim(claim) => {
                    let moments = Moment::ALL.into_iter().filter_map(|moment| claim.moments.get(moment));
                    assert!(moments.max().unwrap() <= now, "{}", claim.claim_id);
                }
                ImportRow::Payment(line) => assert!(line.paid_at.is_none_or(|at| at <= now), "{}", line.payment_id),
                ImportRow::History(entry) => {
                    assert!(entry.at.unwrap() <= now, "{}", entry.claim_id);
                    if let Some(before) = before.filter(|before| before.claim_id == entry.claim_id) {
                        assert!(before.at <= entry.at, "{}", entry.claim_id);
                    }
                    before = Some(entry);
                }
                ImportRow::Program(_) => {}
            }
        }
    }
}

#[test]
fn the_same_instant_gives_the_same_claims() {
    let now = at("2026-11-23T09:00:00Z");
    assert_eq!(sample_claims(now, &usual(), &other()), sample_claims(now, &usual(), &other()));
}

#[test]
fn a_disputed_claim_tells_why_it_was_rejected_and_a_resubmitted_one_has_columns_left_over() {
    let rows = sample_claims(at("2026-11-23T09:00:00Z"), &usual(), &other());
    let rejected = rows.iter().any(|row| match row {
        ImportRow::History(entry) => {
            entry.claim_id == "C-1014"
                && entry.status.as_deref() == Some("rejected")
                && entry.note.as_deref().is_some_and(|note| note.starts_with("Proof of execution"))
        }
        _ => false,
    });
    assert!(rejected);
    let left_over = rows.iter().find_map(|row| match row {
        ImportRow::Claim(claim) if claim.claim_id == "C-1012" => Some(claim.moments.clone()),
        _ => None,
    });
    let moments = left_over.unwrap();
    assert!(moments.get(Moment::ReviewedAt) < moments.get(Moment::SubmittedAt));
    assert!(moments.get(Moment::ApprovedAt).is_some());
}
