//! The worst first: by level, then business days late, then money within a currency.

use super::*;

fn shown(cases: impl IntoIterator<Item = Case>) -> Vec<String> {
    let (frame, digest) = (frame(), digest(Language::En));
    let mut composer = Composer::new(&frame, ID, &digest, now());
    for case in cases {
        composer.add(case).expect("a case");
    }
    composer.shown_mut().iter().map(|case| case.alert.claim_id.clone()).collect()
}

fn bad(claim: &str, level: u32, days: u32, money: Option<(&str, &str)>) -> Case {
    let mut case = review(claim);
    case.business_days_late = days;
    case.alert.escalation_level = level;
    case.alert.amount = money.and_then(|(amount, _)| amount.parse().ok());
    case.alert.currency = money.and_then(|(_, currency)| Currency::parse(currency));
    case
}

#[test]
fn the_level_counts_before_the_days_and_the_days_before_the_money() {
    let cases = [
        bad("days", 1, 9, None),
        bad("little", 1, 8, Some(("9.99", "EUR"))),
        bad("level", 2, 0, None),
        bad("nothing", 1, 8, None),
        bad("much", 1, 8, Some(("10", "EUR"))),
    ];
    assert_eq!(shown(cases), ["level", "days", "much", "little", "nothing"]);
}

#[test]
fn amounts_of_different_currencies_are_not_compared() {
    let cases = [
        bad("yen", 1, 8, Some(("1000000", "JPY"))),
        bad("euro", 1, 8, Some(("1", "EUR"))),
        bad("euros", 1, 8, Some(("2", "EUR"))),
        bad("none", 1, 8, Some(("9", "no currency"))),
    ];
    assert_eq!(shown(cases), ["euros", "euro", "yen", "none"]);
}

#[test]
fn of_any_number_in_any_order_the_worst_fifty_are_shown() {
    // 7919 is prime, so that each of the days comes once.
    let days = (0..1_000_u32).map(|n| n * 7919 % 1_000);
    let shown = shown(days.map(|days| bad(&format!("C-{days:03}"), 1, days, None)));
    let expected: Vec<String> = (950..1_000).rev().map(|days| format!("C-{days:03}")).collect();
    assert_eq!(shown, expected);
}
