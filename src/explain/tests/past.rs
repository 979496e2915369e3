//! Past clocks: what the history tells of, and that each is told once.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::super::history::{Ended, clocks};
use super::*;
use crate::claim::Status;

fn review() -> Rule {
    Rule::built_in().remove(0)
}

fn dispute() -> Rule {
    Rule::built_in().remove(1)
}

/// The verdicts on the clocks of a rule, the latest start first, each with where it is known from.
fn told(clocks: &[ExplainedClock]) -> Vec<(String, Verdict, &[Source])> {
    let start = |clock: &ExplainedClock| clock.started_at.map(|at| at.to_string()[..10].to_owned()).unwrap_or_default();
    clocks.iter().map(|clock| (start(clock), clock.verdict, clock.known_from.as_slice())).collect()
}

/// Sent back in time, submitted again, and left until it was late.
fn resubmitted() -> Case {
    let mut case = Case::of([subject("under_review", &[(Moment::SubmittedAt, "2026-11-16T09:00:00Z")])]);
    case.history = history(&[
        ("2026-11-02T09:00:00Z", "Submitted"),
        ("2026-11-03T09:00:00Z", "under_review"),
        ("2026-11-04T09:00:00Z", "action_required"),
        ("2026-11-09T09:00:00Z", "submitted"),
        ("2026-11-13T09:00:00Z", "action-required"),
        ("2026-11-16T09:00:00Z", "submitted"),
    ]);
    case
}

#[test]
fn each_earlier_submission_of_the_history_is_a_clock_of_its_own() {
    let case = resubmitted();
    let clocks = case.clocks("review", "2026-11-23T09:00:00Z");
    use Source::{Claim, History};
    assert_eq!(
        told(&clocks),
        [
            ("2026-11-16".into(), Verdict::Breached, &[Claim, History][..]),
            ("2026-11-09".into(), Verdict::Late, &[History]),
            ("2026-11-02".into(), Verdict::Met, &[History]),
        ]
    );
    let ends: Vec<_> = clocks.iter().map(|clock| clock.stopped_at).collect();
    assert_eq!(ends, [None, Some(at("2026-11-13T09:00:00Z")), Some(at("2026-11-04T09:00:00Z"))]);
    assert_eq!(clocks[1].business_days_late, Some(1));
    assert!(clocks[0].present && !clocks[1].present);
}

#[test]
fn an_entry_within_a_minute_of_a_start_is_that_start() {
    let mut case = resubmitted();
    for (entry, clocks) in [("2026-11-16T09:00:59Z", 3), ("2026-11-16T08:59:01Z", 3), ("2026-11-16T09:01:00Z", 4)] {
        case.history[5].at = Some(at(entry));
        assert_eq!(case.clocks("review", "2026-11-23T09:00:00Z").len(), clocks, "{entry}");
    }
    case.history = history(&[("2026-11-16T08:59:30Z", "submitted"), ("2026-11-16T09:00:00Z", "submitted")]);
    let clocks = case.clocks("review", "2026-11-23T09:00:00Z");
    assert_eq!(clocks.len(), 2, "two entries are two submissions, however near: {clocks:#?}");
}

#[test]
fn submitted_again_in_review_is_a_new_submission_and_disputed_again_is_not_a_new_dispute() {
    let mut case = Case::of([subject("under_review", &[(Moment::SubmittedAt, "2026-11-12T09:00:00Z")])]);
    case.history = history(&[
        ("2026-11-02T09:00:00Z", "submitted"),
        ("2026-11-03T09:00:00Z", "under_review"),
        ("2026-11-10T09:00:00Z", "submitted"),
        ("2026-11-12T09:00:00Z", "submitted"),
    ]);
    let clocks = case.clocks("review", "2026-11-12T10:00:00Z");
    let verdicts: Vec<_> = clocks.iter().map(|clock| clock.verdict).collect();
    assert_eq!(verdicts, [Verdict::Running, Verdict::Restarted, Verdict::Restarted]);
    assert_eq!(clocks[2].reason.as_deref(), Some("it started again at 2026-11-10T09:00:00Z"));

    let entries = history(&[("2026-11-02T09:00:00Z", "disputed"), ("2026-11-03T09:00:00Z", "disputed")]);
    let starts: Vec<_> = super::super::history::clocks(&dispute(), &entries).iter().map(|one| one.started_at).collect();
    assert_eq!(starts, [at("2026-11-02T09:00:00Z")]);
}

#[test]
fn an_entry_that_does_not_begin_a_clock_invents_none() {
    let mut case = saturday();
    case.history = history(&[
        ("2026-11-03T09:00:00Z", "under_review"),
        ("2026-11-04T09:00:00Z", "rejected"),
        ("", "submitted"),
        ("2026-11-05T09:00:00Z", ""),
        ("2026-11-06T09:00:00Z", "sent to the bank"),
        ("2026-11-07T09:00:00Z", "approved"),
    ]);
    assert_eq!(case.clocks("review", "2026-11-23T09:00:00Z").len(), 1, "who only looked at it did not submit it");
    assert_eq!(case.clocks("dispute", "2026-11-23T09:00:00Z")[0].verdict, Verdict::NeverStarted);
    let invoice = case.clock("tax_invoice_payment", "2026-11-23T09:00:00Z");
    assert_eq!(invoice.verdict, Verdict::Unwatched, "no history has when a tax invoice was approved");
    assert_eq!(
        case.clocks("payment", "2026-11-23T09:00:00Z").len(),
        2,
        "never by its columns, approved by its history"
    );
    case.rule("payment").enabled = false;
    assert_eq!(case.clocks("payment", "2026-11-23T09:00:00Z").len(), 1);
}

#[test]
fn a_past_approval_stopped_when_it_was_paid_or_withdrawn_and_is_not_told_of_lines() {
    let approved = |paid_at: &str| {
        let moments = [(Moment::ApprovedAt, "2026-11-02T09:00:00Z"), (Moment::PaidAt, paid_at)];
        let mut case = Case::of([subject("approved", &moments)]);
        case.history = history(&[
            ("2026-06-01T09:00:00Z", "approved"),
            ("2026-10-01T09:00:00Z", "rejected"),
            ("2026-11-02T09:00:00Z", "approved"),
        ]);
        case
    };
    let past = |case: &Case| case.clocks("payment", "2026-11-23T09:00:00Z")[1].clone();
    let paid = past(&approved("2026-06-10T09:00:00Z"));
    assert_eq!((paid.verdict, paid.stopped_at), (Verdict::Met, Some(at("2026-06-10T09:00:00Z"))));
    let unpaid = past(&approved("2026-11-10T09:00:00Z"));
    assert_eq!((unpaid.verdict, unpaid.stopped_at), (Verdict::Late, Some(at("2026-10-01T09:00:00Z"))));

    let mut with_line = approved("2026-06-10T09:00:00Z");
    with_line.subjects = with_lines(with_line.subjects.remove(0), &[("L-1", None)]);
    assert_eq!(with_line.clocks("payment", "2026-11-23T09:00:00Z").len(), 1, "which lines there were is not known");
}

#[test]
fn a_history_that_goes_on_where_the_columns_are_silent_is_followed() {
    let mut case = Case::of([subject("disputed", &[])]);
    case.history = history(&[("2026-11-02T09:00:00Z", "disputed")]);
    let clocks = case.clocks("dispute", "2026-11-23T09:00:00Z");
    assert_eq!(clocks.iter().map(|clock| clock.verdict).collect::<Vec<_>>(), [Verdict::NoStart, Verdict::Breached]);
    let moments = [(Moment::UpdatedAt, "2026-11-03T09:00:00Z")];
    case.subjects = vec![subject("approved", &moments)];
    let clocks = case.clocks("dispute", "2026-11-23T09:00:00Z");
    assert_eq!((clocks[1].verdict, clocks[1].stopped_at), (Verdict::Met, Some(at("2026-11-03T09:00:00Z"))));
}

fn any_entries() -> impl Strategy<Value = Vec<(i64, Status)>> {
    let statuses = [Status::Submitted, Status::UnderReview, Status::Disputed, Status::Rejected, Status::ActionRequired];
    prop::collection::vec((0_i64..40, prop::sample::select(statuses.to_vec())), 0..12)
}

fn entries_of(entries: &[(i64, Status)]) -> Vec<HistoryEntry> {
    let entry = |(hours, status): &(i64, Status)| HistoryEntry {
        claim_id: "C-1".into(),
        at: Some(at("2026-11-02T00:00:00Z") + TimeDelta::hours(*hours)),
        status: Some(status.as_str().into()),
        note: None,
    };
    entries.iter().map(entry).collect()
}

proptest! {
    #[test]
    fn a_submission_runs_until_the_next_one_or_until_review_is_left(mut entries in any_entries()) {
        entries.sort_unstable();
        let in_review = |status| matches!(status, Status::Submitted | Status::UnderReview);
        let hour = |at: DateTime<Utc>| (at - super::at("2026-11-02T00:00:00Z")).num_hours();
        let found: Vec<_> = clocks(&review(), &entries_of(&entries)).iter().map(|one| {
            let ended = one.ended.map(|ended| match ended {
                Ended::Left(at) => (hour(at), false),
                Ended::Again(at) => (hour(at), true),
            });
            (hour(one.started_at), ended)
        }).collect();
        let mut expected: Vec<(i64, Option<(i64, bool)>)> = Vec::new();
        for (n, (start, status)) in entries.iter().enumerate() {
            let repeated = n > 0 && entries[n - 1] == (*start, *status);
            if *status == Status::Submitted && !repeated {
                let ends = |(other, status): &&(i64, Status)| {
                    !in_review(*status) || *status == Status::Submitted && other != start
                };
                let end = entries[n + 1..].iter().find(ends);
                expected.push((*start, end.map(|(at, status)| (*at, in_review(*status)))));
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn every_clock_is_told_once_with_the_deadline_of_its_start(entries in any_entries(), start in 0_i64..40) {
        let start = at("2026-11-02T00:00:00Z") + TimeDelta::hours(start);
        let mut case = Case::of([subject("submitted", &[])]);
        case.subjects[0].claim.moments.set(Moment::SubmittedAt, Some(start));
        case.history = entries_of(&entries);
        let clocks = case.explain("2026-11-23T09:00:00Z");
        let ids: BTreeSet<_> = clocks.iter().map(|clock| (&clock.rule, &clock.payment_id, clock.started_at)).collect();
        prop_assert_eq!(ids.len(), clocks.len());
        for clock in clocks.iter().filter(|clock| clock.started_at.is_some()) {
            let rule = case.rules.iter().find(|rule| rule.name == clock.rule).expect("a rule");
            let due_at = sla::due_at(&rule.target, &paris(), clock.started_at.expect("a start"));
            prop_assert_eq!(clock.due_at, due_at.ok());
        }
    }
}
