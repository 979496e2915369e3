use super::*;
use crate::calendar::{Calendar, ChosenBy, Zone};
use crate::claim::{Claim, Moment, Moments, Payment, Program};
use crate::sla::{Span, Unit};

mod past;
mod stored;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn paris() -> Calendar {
    Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone"))
}

fn calendars() -> Calendars {
    let closed = paris().with_holiday("2026-11-24".parse().expect("a day"), "Closure");
    let closed = Calendars::new("fr", [paris(), renamed(&closed)]);
    closed.expect("calendars")
}

/// The same days under the name `works`.
fn renamed(closed: &Calendar) -> Calendar {
    let works = Calendar::new("works", closed.zone().clone());
    closed.holidays().fold(works, |works, (date, off)| works.with_holiday(date, off.name))
}

/// A claim of program P-1, which names no calendar, in `status`, with these instants.
fn subject(status: &str, moments: &[(Moment, &str)]) -> Subject {
    let mut set = Moments::default();
    for (moment, instant) in moments {
        set.set(*moment, Some(at(instant)));
    }
    let claim = Claim {
        claim_id: "C-1".into(),
        program_id: Some("P-1".into()),
        partner_name: None,
        title: None,
        status_text: status.into(),
        moments: set,
        amount: None,
        currency: None,
    };
    let program = Program {
        program_id: "P-1".into(),
        name: None,
        calendar: None,
        requires_tax_invoice: false,
        payment_currency: None,
    };
    Subject { claim, program: Some(program), payment: None, has_payments: false }
}

/// The claim with these payment lines, each with when it was paid.
fn with_lines(claim: Subject, lines: &[(&str, Option<&str>)]) -> Vec<Subject> {
    let claim = Subject { has_payments: true, ..claim };
    let line = |(id, paid_at): &(&str, Option<&str>)| {
        let payment = Payment {
            payment_id: (*id).into(),
            claim_id: "C-1".into(),
            paying_entity: None,
            amount: None,
            currency: None,
            paid_at: paid_at.map(at),
        };
        Subject { payment: Some(payment), ..claim.clone() }
    };
    let lines: Vec<_> = lines.iter().map(line).collect();
    [vec![claim.clone()], lines].concat()
}

fn history(entries: &[(&str, &str)]) -> Vec<HistoryEntry> {
    let entry = |(instant, status): &(&str, &str)| HistoryEntry {
        claim_id: "C-1".into(),
        at: (!instant.is_empty()).then(|| at(instant)),
        status: (!status.is_empty()).then(|| (*status).into()),
        note: None,
    };
    entries.iter().map(entry).collect()
}

/// What is known of a claim, and when it is asked.
struct Case {
    subjects: Vec<Subject>,
    alerts: Vec<Alert>,
    history: Vec<HistoryEntry>,
    rules: Vec<Rule>,
    calendars: Calendars,
}

impl Case {
    fn of(subjects: impl Into<Vec<Subject>>) -> Self {
        let rules = Rule::built_in();
        Self { subjects: subjects.into(), alerts: Vec::new(), history: Vec::new(), rules, calendars: calendars() }
    }

    fn rule(&mut self, name: &str) -> &mut Rule {
        self.rules.iter_mut().find(|rule| rule.name == name).expect("a rule")
    }

    fn explain(&self, now: &str) -> Vec<ExplainedClock> {
        let known = Known { subjects: &self.subjects, alerts: &self.alerts, history: &self.history };
        explain(&known, &By { rules: &self.rules, calendars: &self.calendars, now: at(now) })
    }

    /// The clocks of `rule`.
    fn clocks(&self, rule: &str, now: &str) -> Vec<ExplainedClock> {
        self.explain(now).into_iter().filter(|clock| clock.rule == rule).collect()
    }

    /// The only clock of `rule`.
    #[track_caller]
    fn clock(&self, rule: &str, now: &str) -> ExplainedClock {
        let mut clocks = self.clocks(rule, now);
        assert_eq!(clocks.len(), 1, "{clocks:#?}");
        clocks.remove(0)
    }
}

/// A review submitted on a Saturday: due at the end of Tuesday, 24 November.
fn saturday() -> Case {
    Case::of([subject("submitted", &[(Moment::SubmittedAt, "2026-11-21T09:00:00Z")])])
}

#[test]
fn every_rule_is_told_of_and_in_its_order() {
    let told: Vec<_> = saturday().explain("2026-11-23T09:00:00Z").into_iter().map(|c| (c.rule, c.verdict)).collect();
    let told: Vec<_> = told.iter().map(|(rule, verdict)| (rule.as_str(), *verdict)).collect();
    let expected = [
        ("review", Verdict::Running),
        ("dispute", Verdict::NeverStarted),
        ("payment", Verdict::NeverStarted),
        ("tax_invoice_payment", Verdict::Unwatched),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_running_clock_is_at_risk_and_then_breached_at_its_instants_and_says_by_how_much() {
    let mut case = saturday();
    case.rule("review").warn = Some(Span { count: 1, unit: Unit::BusinessDays });
    let told = |now| {
        let clock = case.clock("review", now);
        assert_eq!(clock.due_at, Some(at("2026-11-24T23:00:00Z")));
        (clock.verdict, clock.business_days_left, clock.business_days_late)
    };
    assert_eq!(told("2026-11-22T09:00:00Z"), (Verdict::Running, Some(2), None));
    assert_eq!(told("2026-11-23T23:00:00Z"), (Verdict::AtRisk, Some(1), None));
    assert_eq!(told("2026-11-24T22:59:59.999999Z"), (Verdict::AtRisk, Some(0), None));
    assert_eq!(told("2026-11-24T23:00:00Z"), (Verdict::Breached, None, Some(0)));
    assert_eq!(told("2026-11-27T12:00:00Z"), (Verdict::Breached, None, Some(2)));
}

#[test]
fn a_clock_that_stopped_is_met_before_its_deadline_and_late_from_it_on() {
    let told = |stop: &str| {
        let moments = [(Moment::SubmittedAt, "2026-11-21T09:00:00Z"), (Moment::ReviewedAt, stop)];
        let clock = Case::of([subject("rejected", &moments)]).clock("review", "2026-12-24T09:00:00Z");
        assert_eq!(clock.stopped_at, Some(at(stop)));
        (clock.verdict, clock.business_days_left, clock.business_days_late)
    };
    assert_eq!(told("2026-11-23T22:00:00Z"), (Verdict::Met, Some(1), None));
    assert_eq!(told("2026-11-24T22:59:59Z"), (Verdict::Met, Some(0), None));
    assert_eq!(told("2026-11-24T23:00:00Z"), (Verdict::Late, None, Some(0)));
    assert_eq!(told("2026-11-30T23:00:00Z"), (Verdict::Late, None, Some(4)));
}

#[test]
fn a_stop_that_nobody_knows_is_in_time_while_the_deadline_is_to_come_and_else_not_judged() {
    let case = Case::of([subject("rejected", &[(Moment::SubmittedAt, "2026-11-21T09:00:00Z")])]);
    let told = |now| case.clock("review", now);
    assert_eq!(told("2026-11-23T09:00:00Z").verdict, Verdict::Met);
    let late = told("2026-11-25T09:00:00Z");
    assert_eq!((late.verdict, late.reason.as_deref()), (Verdict::Stopped, Some("when it stopped is not known")));
    let moments = [(Moment::SubmittedAt, "2026-11-21T09:00:00Z"), (Moment::UpdatedAt, "2026-11-25T00:00:00Z")];
    let updated = Case::of([subject("rejected", &moments)]).clock("review", "2026-12-25T09:00:00Z");
    assert_eq!((updated.verdict, updated.stopped_at), (Verdict::Late, Some(at("2026-11-25T00:00:00Z"))));
}

#[test]
fn a_clock_without_its_start_one_that_is_to_come_and_one_that_never_was_say_so() {
    let told = |status: &str, moments: &[(Moment, &str)], rule: &str| {
        let clock = Case::of([subject(status, moments)]).clock(rule, "2026-11-23T09:00:00Z");
        (clock.verdict, clock.reason.unwrap_or_default(), clock.due_at)
    };
    assert_eq!(
        told("disputed", &[], "dispute"),
        (Verdict::NoStart, "disputed_at is empty or cannot be read".into(), None)
    );
    assert_eq!(told("editing", &[], "review"), (Verdict::NeverStarted, "submitted_at is empty".into(), None));
    assert_eq!(
        told("submitted", &[(Moment::SubmittedAt, "2026-11-28T09:00:00Z")], "review"),
        (Verdict::NotBegun, "submitted_at is still to come".into(), Some(at("2026-12-01T23:00:00Z")))
    );
    let (verdict, reason, _) = told("waiting for bank", &[], "review");
    assert_eq!((verdict, reason.as_str()), (Verdict::Unwatched, "the claim left the workflow: its status is unknown"));
}

#[test]
fn a_rule_that_does_not_watch_the_claim_says_why() {
    let mut claim = subject("approved", &[(Moment::ApprovedAt, "2026-11-21T09:00:00Z")]);
    let now = "2026-11-23T09:00:00Z";
    let reason = |case: &Case, rule| {
        let clock = case.clock(rule, now);
        assert_eq!(clock.verdict, Verdict::Unwatched);
        clock.reason.expect("a reason")
    };
    assert_eq!(reason(&Case::of([claim.clone()]), "tax_invoice_payment"), "the program needs no tax invoice");
    if let Some(program) = &mut claim.program {
        program.requires_tax_invoice = true;
    }
    let mut case = Case::of([claim]);
    assert_eq!(reason(&case, "payment"), "the program needs a tax invoice");
    let waiting = case.clock("tax_invoice_payment", now);
    assert_eq!(
        (waiting.verdict, waiting.reason.as_deref()),
        (Verdict::NotBegun, Some("tax_invoice_approved_at is empty"))
    );
    case.rule("payment").enabled = false;
    assert_eq!(reason(&case, "payment"), "the rule is switched off");
}

#[test]
fn a_payment_rule_has_a_clock_for_each_line_and_none_for_the_claim() {
    let claim = subject("approved", &[(Moment::ApprovedAt, "2026-09-01T09:00:00Z")]);
    let lines = with_lines(claim, &[("L-1", Some("2026-09-05T09:00:00Z")), ("L-2", None)]);
    let case = Case::of(lines);
    let told: Vec<_> = case.clocks("payment", "2026-11-23T09:00:00Z").into_iter().collect();
    let told: Vec<_> = told.iter().map(|clock| (clock.payment_id.as_deref(), clock.verdict)).collect();
    assert_eq!(told, [(Some("L-1"), Verdict::Met), (Some("L-2"), Verdict::Breached)]);
    let other = case.clock("tax_invoice_payment", "2026-11-23T09:00:00Z");
    assert_eq!((other.payment_id, other.verdict), (None, Verdict::Unwatched), "once, not for each line");
}

#[test]
fn the_calendar_is_the_programs_the_rules_or_the_default_and_it_is_said_which() {
    let told = |program: Option<&str>, rule: Option<&str>| {
        let mut case = saturday();
        case.rule("review").calendar = rule.map(Into::into);
        if let Some(row) = &mut case.subjects[0].program {
            row.calendar = program.map(Into::into);
        }
        let explanation = case.clock("review", "2026-11-23T09:00:00Z").explanation.expect("an explanation");
        (explanation.calendar, explanation.chosen_by, explanation.notes.len())
    };
    assert_eq!(told(Some("works"), None), ("works".into(), Some(ChosenBy::Program), 0));
    assert_eq!(told(Some("fr"), Some("works")), ("fr".into(), Some(ChosenBy::Program), 0));
    assert_eq!(told(None, Some("works")), ("works".into(), Some(ChosenBy::Rule), 0));
    assert_eq!(told(None, None), ("fr".into(), Some(ChosenBy::Default), 0));
    assert_eq!(told(Some("mars"), Some("works")), ("fr".into(), Some(ChosenBy::Default), 1), "and a note");
}

#[test]
fn a_deadline_beyond_all_time_is_an_error_of_that_clock_alone() {
    let moments = [(Moment::SubmittedAt, "9999-12-31T09:00:00Z")];
    let case = Case::of([subject("rejected", &[moments[0], (Moment::DisputedAt, "2026-11-23T09:00:00Z")])]);
    let told = case.explain("9999-12-31T10:00:00Z");
    let review = &told[0];
    assert!(review.error.as_ref().is_some_and(|error| error.contains("9999")), "{review:?}");
    assert_eq!((review.verdict, &review.explanation), (Verdict::Stopped, &None));
    assert!(told[1].explanation.is_some());
}
