//! Lists that people leaf through: what a page has, where the next one begins, what is counted. 2026-11-23 is a Monday.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use claimwatch::alert::{Alert, State};
use claimwatch::store::DeliveryState;
use claimwatch::store::browse::{AlertCount, AlertQuery, AlertSort, Answered, Place, Which};

use crate::on_every_engine;
use crate::world::{World, at, claim};

const SORTS: [AlertSort; 8] = [
    AlertSort::Worst,
    AlertSort::Due,
    AlertSort::DueLast,
    AlertSort::Claim,
    AlertSort::Program,
    AlertSort::Partner,
    AlertSort::Amount,
    AlertSort::Resolved,
];

/// Alerts of every kind: two rules, three programs, money and none, answered, held, at risk and resolved ones.
async fn with_alerts_of_every_kind(world: &World) {
    world.program("P-1", None, false).await;
    world.program("P-2", None, false).await;
    for number in 0..30 {
        let program = ["P-1", "P-2", ""][number % 3];
        let (status, column) =
            if number % 4 == 0 { ("disputed", "disputed_at") } else { ("submitted", "submitted_at") };
        let mut row = claim(&format!("C-{number:02}"), status)
            .on(column, &format!("2026-11-{:02}T10:00:00Z", 2 + number % 5))
            .with("program_id", program)
            .with("partner_name", ["Ångström", "100 % Büro", "b_c", "zeta"][number % 4]);
        if number % 5 > 0 {
            row = row.with("amount", &format!("{}.5", number * 7 % 11)).with("currency", ["EUR", "USD"][number % 2]);
        }
        world.put(row).await;
    }
    world.scan("2026-11-23T09:00:00Z").await;
    world
        .put(
            claim("C-01", "approved")
                .on("approved_at", "2026-11-23T08:00:00Z")
                .on("submitted_at", "2026-11-03T10:00:00Z"),
        )
        .await;
    world.scan("2026-11-23T10:00:00Z").await;
    for change in [
        "acknowledged_at = detected_at, acknowledged_by = 'Ana' WHERE claim_id IN ('C-02', 'C-03')",
        "snoozed_until = '2026-12-01T00:00:00.000000Z' WHERE claim_id IN ('C-03', 'C-05')",
        "snoozed_until = '2026-11-23T10:00:00.000000Z' WHERE claim_id = 'C-06'",
        "held_since = detected_at WHERE claim_id = 'C-07'",
        "escalation_level = 2 WHERE claim_id IN ('C-08', 'C-09')",
        "state = 'at_risk' WHERE claim_id IN ('C-10', 'C-11')",
    ] {
        world.sql(&format!("UPDATE sla_alerts SET {change}")).await;
    }
}

fn now() -> DateTime<Utc> {
    at("2026-11-23T12:00:00Z")
}

/// Every page of a list, each of `limit`.
async fn pages(world: &World, query: &AlertQuery, limit: u32) -> Vec<Alert> {
    let (mut alerts, mut place) = (Vec::new(), None::<Place>);
    loop {
        let page = world.store.browse_alerts(query, now(), place.as_ref(), limit).await.expect("a page");
        assert!(page.alerts.len() <= limit as usize);
        alerts.extend(page.alerts);
        match page.next {
            // Whoever leafs on gives the place as text.
            Some(next) => place = Place::parse(&next.to_text()),
            None => {
                assert_eq!(page.total, alerts.len() as u64, "{query:?}");
                return alerts;
            }
        }
    }
}

fn claims(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.claim_id.as_str()).collect()
}

on_every_engine! {
    async fn however_large_pages_are_each_alert_is_on_one_of_them_in_the_same_order(world in World) {
        with_alerts_of_every_kind(&world).await;
        for sort in SORTS {
            for which in [Which::Open, Which::Resolved] {
                let query = AlertQuery { sort, which, ..AlertQuery::default() };
                let whole = pages(&world, &query, 1000).await;
                assert_eq!(whole.len(), if which == Which::Open { 29 } else { 1 }, "{sort:?}");
                for limit in [1, 4, 28, 29] {
                    assert_eq!(claims(&pages(&world, &query, limit).await), claims(&whole), "{sort:?}, {limit} a page");
                }
            }
        }
    }

    async fn lists_are_in_the_order_that_their_names_promise(world in World) {
        with_alerts_of_every_kind(&world).await;
        let of = async |sort| pages(&world, &AlertQuery { sort, ..AlertQuery::default() }, 7).await;
        let worst = of(AlertSort::Worst).await;
        assert_eq!(worst[0].escalation_level, 2);
        assert!(worst.is_sorted_by_key(|alert| (std::cmp::Reverse(alert.escalation_level), alert.due_at, alert.id)));
        assert!(of(AlertSort::Due).await.is_sorted_by_key(|alert| (alert.due_at, alert.id)));
        assert!(of(AlertSort::DueLast).await.is_sorted_by_key(|alert| std::cmp::Reverse((alert.due_at, alert.id))));
        assert!(of(AlertSort::Claim).await.is_sorted_by_key(|alert| alert.claim_id.clone()));
        let money = of(AlertSort::Amount).await;
        assert!(money.is_sorted_by_key(|alert| {
            (alert.currency.map_or("~".to_owned(), |currency| currency.to_string()), std::cmp::Reverse(alert.amount))
        }), "{money:#?}");
    }

    async fn conditions_admit_what_they_say_and_nothing_else(world in World) {
        with_alerts_of_every_kind(&world).await;
        let all: Vec<Alert> = world.alerts().await;
        let open = |alert: &&Alert| alert.state != State::Resolved;
        let found = |admits: &dyn Fn(&Alert) -> bool| -> HashSet<String> {
            all.iter().filter(open).filter(|alert| admits(alert)).map(|alert| alert.claim_id.clone()).collect()
        };
        let snoozed = |alert: &Alert| alert.snoozed_until.is_some_and(|until| until > now());
        let query = AlertQuery::default();
        let of = |which| AlertQuery { which, ..AlertQuery::default() };
        let answered = |answer| AlertQuery { answer: Some(answer), ..AlertQuery::default() };
        let text = |text: &str| AlertQuery { text: Some(text.into()), ..AlertQuery::default() };
        for (query, expected) in [
            (query.clone(), found(&|_| true)),
            (of(Which::AtRisk), found(&|alert| alert.state == State::AtRisk)),
            (of(Which::Breached), found(&|alert| alert.state == State::Breached)),
            (of(Which::Held), found(&|alert| alert.held_since.is_some())),
            (of(Which::Resolved), HashSet::from(["C-01".to_owned()])),
            (AlertQuery { rule: Some("dispute".into()), ..query.clone() }, found(&|alert| alert.rule == "dispute")),
            (AlertQuery { program: Some("P-2".into()), ..query.clone() }, found(&|alert| alert.program_id.as_deref() == Some("P-2"))),
            (AlertQuery { level: Some(2), ..query.clone() }, found(&|alert| alert.escalation_level == 2)),
            (answered(Answered::Acknowledged), found(&|alert| alert.acknowledged_at.is_some())),
            (answered(Answered::Unacknowledged), found(&|alert| alert.acknowledged_at.is_none())),
            (answered(Answered::Snoozed), found(&snoozed)),
            (answered(Answered::Nothing), found(&|alert| alert.acknowledged_at.is_none() && !snoozed(alert))),
            (text("c-1"), found(&|alert| alert.claim_id.starts_with("C-1"))),
            (text("100 %"), found(&|alert| alert.partner_name.as_deref() == Some("100 % Büro"))),
            (text("B_C"), found(&|alert| alert.partner_name.as_deref() == Some("b_c"))),
            (text("a_"), HashSet::new()),
            (text("\\"), HashSet::new()),
            (text("C-1\0"), HashSet::new()),
            (text("p-1"), found(&|alert| alert.program_id.as_deref() == Some("P-1"))),
            (text(""), found(&|_| true)),
        ] {
            let listed = pages(&world, &query, 5).await;
            assert_eq!(listed.len(), expected.len(), "{query:?}");
            let listed: HashSet<String> = listed.into_iter().map(|alert| alert.claim_id).collect();
            assert_eq!(listed, expected, "{query:?}");
        }
    }

    async fn open_alerts_are_counted_by_what_they_have_in_common(world in World) {
        with_alerts_of_every_kind(&world).await;
        let counts = world.store.count_alerts().await.expect("counts");
        assert_eq!(counts.iter().map(|alike| alike.count).sum::<u64>(), 29);
        let sum = |admits: &dyn Fn(&AlertCount) -> bool| {
            counts.iter().filter(|alike| admits(alike)).map(|alike| alike.count).sum::<u64>()
        };
        assert_eq!(sum(&|alike| alike.state == State::AtRisk), 2);
        assert_eq!(counts.iter().map(|alike| alike.acknowledged).sum::<u64>(), 2);
        assert_eq!(counts.iter().map(|alike| alike.held).sum::<u64>(), 1);
        let oldest = world.alerts().await.into_iter().filter(|alert| alert.state != State::Resolved && alert.held_since.is_none());
        assert_eq!(counts.iter().filter_map(|alike| alike.oldest).min(), oldest.map(|alert| alert.due_at).min());
        assert_eq!(sum(&|alike| alike.level == 2), 2);
        assert_eq!(sum(&|alike| alike.rule == "dispute"), 8);
    }

    async fn days_count_what_opened_and_was_resolved_as_the_view_does(world in World) {
        with_alerts_of_every_kind(&world).await;
        world.put(claim("C-30", "submitted").on("submitted_at", "2026-11-17T10:00:00Z")).await;
        world.scan("2026-11-24T00:30:00Z").await;
        let days = |first: &str, last: &str| {
            let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
            let (store, first, last) = (&world.store, day(first), day(last));
            async move { store.daily(first, last).await.expect("days") }
        };
        let counted: Vec<Vec<String>> = days("2026-11-01", "2026-11-30").await.iter()
            .map(|day| vec![day.day.to_string(), day.opened.to_string(), day.resolved.to_string()]).collect();
        let view = world.sql("SELECT day, sum(opened), sum(resolved) FROM sla_daily GROUP BY day ORDER BY day").await;
        assert_eq!(counted, view);
        assert_eq!(counted, [vec!["2026-11-23", "30", "1"], vec!["2026-11-24", "3", "0"]]);
        assert_eq!(days("2026-11-24", "2026-11-24").await.len(), 1);
        assert_eq!(days("2026-11-01", "2026-11-23").await.len(), 1);
        assert!(days("2026-11-25", "2026-11-30").await.is_empty());
    }

    async fn deliveries_are_listed_the_latest_first_and_found_by_their_messages(mut world in World) {
        world.plan.policy.levels[0].recipients.to.push("lead@example.com".parse().expect("an address"));
        world.program("P-1", None, false).await;
        for (number, scan) in ["2026-11-23T09:00:00Z", "2026-11-23T09:05:00Z", "2026-11-23T09:10:00Z"].into_iter().enumerate() {
            world.put(claim(&format!("C-{number}"), "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
            assert_eq!(world.scan(scan).await.messages, 1);
        }
        let all = world.store.browse_deliveries(None, None, 10).await.expect("deliveries");
        assert_eq!(all.len(), 6);
        assert!(all.is_sorted_by_key(|item| std::cmp::Reverse(item.id)));
        assert_eq!(all[0].created_at, at("2026-11-23T09:10:00Z"));
        let second = world.store.browse_deliveries(Some(DeliveryState::Pending), Some(all[3].id), 10).await.expect("deliveries");
        assert_eq!(second, all[4..]);
        assert!(world.store.browse_deliveries(Some(DeliveryState::Sent), None, 10).await.expect("none").is_empty());
        let of_one = world.store.deliveries_of(&[all[0].message]).await.expect("deliveries");
        assert_eq!(of_one, all[..2]);
        assert!(world.store.deliveries_of(&[]).await.expect("none").is_empty());
    }

    async fn open_data_problems_come_by_claim_a_page_at_a_time(world in World) {
        for number in 0..5 {
            world.put(claim(&format!("C-{number}"), "mislaid")).await;
        }
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(claim("C-3", "editing")).await;
        world.scan("2026-11-23T09:05:00Z").await;
        let first = world.store.browse_problems(None, 3).await.expect("problems");
        let last = first.last().expect("problems");
        let second = world.store.browse_problems(Some((&last.claim_id, &last.kind)), 100).await.expect("problems");
        let all: Vec<_> = first.iter().chain(&second).map(|problem| (problem.claim_id.as_str(), problem.kind.as_str())).collect();
        assert!(all.is_sorted(), "{all:?}");
        let claims: Vec<_> = all.iter().filter(|(_, kind)| *kind == "unknown_status").map(|(claim, _)| *claim).collect();
        assert_eq!(claims, ["C-0", "C-1", "C-2", "C-4"]);
        assert!(first[0].detail.contains("mislaid"), "{first:?}");
    }
}
