//! What alerts have stored, held against what is derived now.

use super::*;
use crate::sla::Target;

const NOW: &str = "2026-11-30T09:00:00Z";

/// The alert that a scan would have raised on the case's clock of `rule`, under its present calendars and rules.
fn alert(case: &Case, rule: &str, start: &str) -> Alert {
    let rule = case.rules.iter().find(|known| known.name == rule).expect("a rule");
    let context = Context { rule, calendars: &case.calendars, now: at(NOW) };
    let claim = subject("submitted", &[]);
    let explanation = context.explain(case.subjects.first().unwrap_or(&claim), at(start)).expect("a deadline");
    Alert {
        id: Uuid::from_u128(7),
        rule: rule.name.clone(),
        claim_id: "C-1".into(),
        payment_id: None,
        program_id: Some("P-1".into()),
        partner_name: None,
        claim_status: "submitted".into(),
        state: State::Breached,
        resolution: None,
        clock_started_at: at(start),
        due_at: explanation.due_at,
        detected_at: at(NOW),
        stopped_at: None,
        resolved_at: None,
        amount: None,
        currency: None,
        paying_entity: None,
        calendar: explanation.calendar.clone(),
        escalation_level: 0,
        last_escalated_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        acknowledged_until: None,
        note: None,
        snoozed_until: None,
        held_since: None,
        inherited_at: None,
        backfilled_at: None,
        next_escalation_at: None,
        explanation,
    }
}

fn resolved_as(alert: Alert, resolution: Resolution, stopped_at: Option<&str>) -> Alert {
    Alert { state: State::Resolved, resolution: Some(resolution), stopped_at: stopped_at.map(at), ..alert }
}

/// Saturday's review with the alert of its clock.
fn alerted() -> Case {
    let mut case = saturday();
    case.alerts = vec![alert(&case, "review", "2026-11-21T09:00:00Z")];
    case
}

fn found(case: &Case) -> Vec<(Part, String, String)> {
    let stored = case.clocks("review", NOW)[0].alert.clone().expect("an alert");
    assert_eq!(stored.same, Some(stored.differences.is_empty()));
    stored.differences.into_iter().map(|found| (found.what, found.stored, found.derived)).collect()
}

#[test]
fn an_alert_of_the_present_clock_is_the_same_clock_and_its_explanation_the_same() {
    let case = alerted();
    let clock = case.clock("review", NOW);
    assert_eq!(clock.known_from, [Source::Claim, Source::Alert]);
    let stored = clock.alert.expect("an alert");
    assert_eq!((stored.state, stored.same, stored.differences), (State::Breached, Some(true), vec![]));
}

#[test]
fn a_changed_calendar_is_named_with_its_versions_the_deadline_and_each_day() {
    let mut case = alerted();
    let before = paris();
    let now = before.clone().with_holiday("2026-11-23".parse().expect("a day"), "Feast");
    case.calendars = Calendars::new("fr", [now.clone()]).expect("calendars");
    let expected = [
        (Part::DueAt, "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z"),
        (Part::CalendarVersion, before.version(), now.version()),
        (Part::Day, "counted", "skipped (holiday: Feast)"),
        (Part::Day, "", "counted"),
    ];
    assert_eq!(found(&case), expected.map(|(what, stored, derived)| (what, stored.to_owned(), derived.to_owned())));
}

#[test]
fn another_calendar_target_or_zone_data_is_named() {
    let mut case = alerted();
    let names = |case: &Case| found(case).into_iter().map(|(what, ..)| what).collect::<Vec<_>>();
    case.alerts[0].explanation.zone_data = "1999a (system)".into();
    assert_eq!(names(&case), [Part::ZoneData]);
    case.rule("review").calendar = Some("works".into());
    assert_eq!(
        names(&case),
        [Part::DueAt, Part::Calendar, Part::ChosenBy, Part::CalendarVersion, Part::ZoneData, Part::Day, Part::Day]
    );
    case.rule("review").calendar = None;
    case.rule("review").target = "3 business days".parse::<Target>().expect("a target");
    assert_eq!(names(&case), [Part::DueAt, Part::Target, Part::ZoneData, Part::Day]);
}

#[test]
fn what_an_older_version_did_not_store_is_no_difference() {
    let mut case = alerted();
    let explanation = &mut case.alerts[0].explanation;
    (explanation.calendar_version, explanation.chosen_by) = (String::new(), None);
    assert_eq!(found(&case), []);
}

#[test]
fn an_alert_of_an_earlier_clock_is_a_past_one_with_the_verdict_of_its_stop() {
    let mut case = Case::of([subject("submitted", &[(Moment::SubmittedAt, "2026-11-28T09:00:00Z")])]);
    let open = alert(&case, "review", "2026-11-16T09:00:00Z");
    let mut told = |alert: Alert, history: Vec<HistoryEntry>| {
        (case.alerts, case.history) = (vec![alert], history);
        let clocks = case.clocks("review", NOW);
        assert_eq!((clocks.len(), clocks[1].known_from.contains(&Source::Alert)), (2, true));
        assert_eq!(clocks[1].alert.as_ref().map(|stored| stored.same), Some(Some(true)));
        (clocks[1].verdict, clocks[1].stopped_at.map(|at| at.to_string()), clocks[1].reason.clone().unwrap_or_default())
    };
    let stop = "2026-11-19 10:00:00 UTC".to_owned();
    let late = resolved_as(open.clone(), Resolution::Late, Some("2026-11-19T10:00:00Z"));
    assert_eq!(told(late, vec![]), (Verdict::Late, Some(stop.clone()), String::new()));
    let unseen = resolved_as(open.clone(), Resolution::Late, None);
    assert_eq!(told(unseen, vec![]).0, Verdict::Late);
    let restarted = resolved_as(open.clone(), Resolution::Restarted, None);
    let (verdict, _, reason) = told(restarted.clone(), vec![]);
    assert_eq!((verdict, reason.as_str()), (Verdict::Restarted, "it started again at 2026-11-28T09:00:00Z"));
    let left = history(&[("2026-11-16T09:00:00Z", "submitted"), ("2026-11-19T10:00:00Z", "action_required")]);
    assert_eq!(told(restarted, left).1, Some(stop), "the history knows when it stopped before it started again");
    let withdrawn = resolved_as(open.clone(), Resolution::Withdrawn, None);
    assert_eq!(told(withdrawn, vec![]).0, Verdict::Withdrawn);
    let (verdict, _, reason) = told(open, vec![]);
    assert_eq!(
        (verdict, reason.as_str()),
        (Verdict::Restarted, "the clock started again: the next scan resolves its alert")
    );
}

#[test]
fn a_recorded_stop_goes_before_an_update_that_came_later() {
    let moments = [(Moment::SubmittedAt, "2026-11-21T09:00:00Z"), (Moment::UpdatedAt, "2026-11-29T09:00:00Z")];
    let mut case = Case::of([subject("rejected", &moments)]);
    assert_eq!(case.clock("review", NOW).verdict, Verdict::Late);
    let alert = alert(&case, "review", "2026-11-21T09:00:00Z");
    case.alerts = vec![resolved_as(alert, Resolution::Met, Some("2026-11-24T09:00:00Z"))];
    assert_eq!(case.clock("review", NOW).verdict, Verdict::Met);
}

#[test]
fn an_alert_whose_claim_lost_its_start_stays_as_late_as_it_is() {
    let mut case = Case::of([subject("submitted", &[])]);
    case.alerts = vec![alert(&case, "review", "2026-11-16T09:00:00Z")];
    let clocks = case.clocks("review", NOW);
    assert_eq!(clocks.iter().map(|clock| clock.verdict).collect::<Vec<_>>(), [Verdict::NoStart, Verdict::Breached]);
}

#[test]
fn a_claim_that_is_gone_is_explained_from_its_alerts_by_the_calendar_that_they_name() {
    let mut case = alerted();
    case.rule("review").calendar = Some("works".into());
    case.alerts = vec![alert(&case, "review", "2026-11-21T09:00:00Z")];
    case.subjects.clear();
    case.rule("review").calendar = None;
    let clock = case.clock("review", NOW);
    assert_eq!(case.explain(NOW).len(), 1);
    assert_eq!((clock.verdict, clock.present), (Verdict::Withdrawn, false));
    assert_eq!(clock.reason.as_deref(), Some("the claim is gone: the next scan resolves its alert"));
    assert_eq!(clock.explanation.as_ref().map(|derived| derived.calendar.as_str()), Some("works"));
    assert_eq!(clock.alert.and_then(|stored| stored.same), Some(true));
    case.calendars = Calendars::new("fr", [paris()]).expect("calendars");
    let derived = case.clock("review", NOW).explanation.expect("an explanation");
    assert_eq!(derived.notes, ["calendar \"works\" is not configured; \"fr\" serves"]);
    assert_eq!(found(&case)[0].0, Part::DueAt);
}

#[test]
fn an_alert_of_a_rule_that_is_not_configured_is_told_of_without_an_explanation() {
    let mut case = alerted();
    case.alerts[0].rule = "export_check".into();
    let clock = case.clock("export_check", NOW);
    assert_eq!((clock.verdict, clock.reason.as_deref()), (Verdict::Unwatched, Some("the rule is not configured")));
    assert_eq!((&clock.explanation, clock.alert.map(|stored| stored.same)), (&None, Some(None)));
    case.alerts[0] = resolved_as(case.alerts[0].clone(), Resolution::Late, Some("2026-11-29T09:00:00Z"));
    assert_eq!(case.clock("export_check", NOW).verdict, Verdict::Late);
}
