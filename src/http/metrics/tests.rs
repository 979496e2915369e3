use std::sync::Arc;

use rust_decimal::Decimal;

use super::*;
use crate::calendar::{Calendar, Calendars, Zone};
use crate::claim::{Currency, Totals};
use crate::delivery::{DrainReport, Way, WayReport};
use crate::report::{DayAhead, Due, Forecast, Form};
use crate::sla::Rule;
use crate::store::OutboxGauges;
use crate::vitals::{Noted, Reload, Vitals};

/// Everything that there can be.
fn reading() -> Reading {
    let vitals = Vitals::default();
    vitals.scanned(std::time::Duration::from_secs(1));
    let ways = [(Way::Mail, WayReport { sent: 1, ..WayReport::default() })].into();
    vitals.delivered(&DrainReport { ways, ..DrainReport::default() });
    let noted = Noted { reload: Some(Reload { at: DateTime::UNIX_EPOCH, refused: None }), ..vitals.noted() };
    let paris = Calendar::new("fr", Zone::named("Europe/Paris").expect("Paris")).with_days(crate::calendar::Days {
        coverage: Some(crate::calendar::FIRST_DAY..="2040-12-31".parse().expect("a day")),
        ..crate::calendar::Days::none(crate::calendar::Origin::Country("FR".into()))
    });
    let open = OpenAlerts { at_risk: 1, breached: 2, acknowledged: 1, held: 1 };
    let gauges = Gauges {
        alerts: [(("review".into(), Some("P".into())), open)].into(),
        outbox: OutboxGauges { oldest: Some(DateTime::UNIX_EPOCH), ..OutboxGauges::default() },
        ..Gauges::default()
    };
    Reading {
        now: DateTime::UNIX_EPOCH,
        noted,
        rules: Rule::built_in(),
        calendars: Arc::new(Calendars::new("fr", [paris]).expect("calendars")),
        counted: Some((gauges, Some(DateTime::UNIX_EPOCH))),
        running: Some([(("review".into(), None), 3)].into()),
        overdue: false,
        ahead: Some(Arc::new(forecast())),
    }
}

/// From a Saturday on: a day off, a Monday and a Tuesday.
fn forecast() -> Forecast {
    let due = |clocks, expected: Option<i64>| {
        let mut money = Totals::default();
        money.add(Some(Decimal::new(1050, 2)), Currency::parse("EUR"));
        let expected_late = expected.map(|tenths| Decimal::new(tenths, 1));
        Due { rule: "review".into(), program_id: None, clocks, expected_late, money }
    };
    let day = |date: &str, due: Vec<Due>| {
        let date = date.parse().expect("a day");
        DayAhead { date, clocks: due.iter().map(|due| due.clocks).sum(), due }
    };
    let days = vec![
        day("2026-11-21", vec![due(1, Some(5))]),
        day("2026-11-23", vec![due(2, Some(10)), due(3, None)]),
        day("2026-11-24", vec![due(4, Some(2))]),
    ];
    let (from, to) = (days[0].date, days[2].date);
    let form = vec![Form { rule: "review".into(), clocks: 40, late: 10 }];
    Forecast { at: DateTime::UNIX_EPOCH, from, to, overdue: Vec::new(), days, busiest: Vec::new(), later: 0, form }
}

#[test]
fn what_falls_due_is_counted_by_the_business_day_on_which_it_is_to_be_done() {
    let text = text(&reading()).expect("text");
    for line in [
        "claimwatch_forecast_due{rule=\"review\",business_days=\"0\"} 0",
        "claimwatch_forecast_due{rule=\"review\",business_days=\"1\"} 6",
        "claimwatch_forecast_due{rule=\"review\",business_days=\"2\"} 4",
        "claimwatch_forecast_due{rule=\"payment\",business_days=\"9\"} 0",
        "claimwatch_forecast_expected_late{rule=\"review\"} 1.7",
        "claimwatch_forecast_due_amount{rule=\"review\",currency=\"EUR\"} 42.0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    let unknown = Reading { ahead: None, ..reading() };
    assert!(!super::text(&unknown).expect("text").contains("_forecast_"), "nothing is made up");
}

#[test]
fn every_metric_is_described_with_its_labels_and_every_described_one_is_there() {
    let document = include_str!("../../../docs/monitoring.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `claimwatch_")?.split_once('`'));
    let described: BTreeSet<String> = rows.map(|(name, _)| format!("claimwatch_{name}")).collect();
    let text = text(&reading()).expect("text");
    let found: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (name, rest) = line.split_once(['{', ' ']).expect("a name");
            let labels: Vec<&str> = if line.contains('{') {
                rest.split('}')
                    .next()
                    .expect("labels")
                    .split(',')
                    .filter_map(|label| Some(label.split_once('=')?.0))
                    .collect()
            } else {
                Vec::new()
            };
            if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(", ")) }
        })
        .collect();
    assert_eq!(found, described);
}

#[test]
fn only_so_many_programs_have_series_of_their_own() {
    let mut reading = reading();
    let open = |breached| OpenAlerts { breached, ..OpenAlerts::default() };
    let alerts = (0..200).map(|number| (("review".to_owned(), Some(format!("P-{number:03}"))), open(number + 1)));
    let gauges = Gauges { alerts: alerts.collect(), ..Gauges::default() };
    reading.counted = Some((gauges, None));
    let text = text(&reading).expect("text");
    let series: Vec<&str> =
        text.lines().filter(|line| line.starts_with("claimwatch_alerts_breached{rule=\"review\"")).collect();
    assert_eq!(series.len(), MAX_PROGRAMS + 2, "with `other` and with none");
    assert!(series.iter().any(|line| line.contains("program=\"P-199\"} 200")));
    let others: u64 = (1..=150).sum();
    assert!(series.iter().any(|line| line.ends_with(&format!("program=\"other\"}} {others}"))), "{series:?}");
}
