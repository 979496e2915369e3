use std::sync::Arc;

use super::*;
use crate::calendar::{Calendar, Calendars, Zone};
use crate::delivery::{DrainReport, Way, WayReport};
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
    }
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
