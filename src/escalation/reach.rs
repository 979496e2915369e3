//! Which alerts a route could ever get: one that an earlier route is wholly for gets none.

use super::{Glob, Policy, Route};
use crate::sla::{Rule, Watches};

/// Why a route gets no alert, whatever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The route of this number comes first, and is for all that this one is for.
    Behind(usize),
    /// Every rule that it is for is switched off.
    RulesOff,
    /// It is for a paying entity, which payment lines alone have, and no rule that it is for and that is on watches those.
    NoPaymentLines,
}

impl Policy {
    /// Why route `number` gets no alert, if that is certain.
    #[must_use]
    pub fn unreachable(&self, number: usize, rules: &[Rule]) -> Option<Unreachable> {
        let route = self.routes.get(number)?;
        let mut on = rules.iter().filter(|rule| rule.enabled).peekable();
        on.peek()?;
        let named = |route: &Route, rule: &Rule| route.rule.as_ref().is_none_or(|glob| glob.matches(&rule.name));
        let mut watched: Vec<&Rule> = on.filter(|rule| named(route, rule)).collect();
        if watched.is_empty() {
            return Some(Unreachable::RulesOff);
        }
        if route.paying_entity.is_some() {
            watched.retain(|rule| rule.watches == Watches::Payments);
        }
        if watched.is_empty() {
            return Some(Unreachable::NoPaymentLines);
        }
        let covers =
            |earlier: &Route| watched.iter().all(|rule| named(earlier, rule)) && earlier.asks_no_more_than(route);
        self.routes.iter().take(number).position(covers).map(Unreachable::Behind)
    }
}

impl Route {
    /// Whether every alert that `other` is for is one that this route is for too, if its rule is. `false` where that is not
    /// certain.
    fn asks_no_more_than(&self, other: &Self) -> bool {
        let all = |ours: &Option<Glob>, theirs: &Option<Glob>| match (ours, theirs) {
            (None, _) => true,
            (Some(ours), Some(theirs)) => covers(&ours.pattern(), &theirs.pattern()),
            (Some(_), None) => false,
        };
        let amounts = match (self.min_amount, other.min_amount) {
            (None, _) => true,
            (Some(ours), Some(theirs)) => ours <= theirs,
            (Some(_), None) => false,
        };
        (self.level.is_none() || self.level == other.level)
            && all(&self.program, &other.program)
            && all(&self.paying_entity, &other.paying_entity)
            && (self.currency.is_none() || self.currency == other.currency)
            && amounts
    }
}

/// Whether each text that `inner` matches is one that `outer` matches: `outer` is matched against the signs of `inner`, whose
/// `*` only a `*` can stand for, and whose `?` a `?` or a `*`. Some containments are not seen so, but none is invented.
fn covers(outer: &str, inner: &str) -> bool {
    let inner: Vec<char> = inner.chars().collect();
    // Which beginnings of `inner` the signs of `outer` so far can stand for.
    let mut reached = vec![false; inner.len() + 1];
    reached[0] = true;
    for sign in outer.chars() {
        let mut next = vec![false; inner.len() + 1];
        for (place, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            match (sign, inner.get(place)) {
                ('*', _) => next[place..].fill(true),
                ('?', Some('*')) | (_, None) => {}
                ('?', Some(_)) => next[place + 1] = true,
                (sign, Some(other)) => next[place + 1] |= sign == *other && *other != '?' && *other != '*',
            }
        }
        reached = next;
    }
    reached[inner.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::escalation::{Language, Recipients};

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        for (outer, inner) in
            [("*", "a"), ("*", "*"), ("a*", "ab*"), ("a*", "a"), ("*b*", "abc"), ("?", "a"), ("a?c", "a?c")]
        {
            assert!(covers(outer, inner), "{outer} {inner}");
        }
        for (outer, inner) in [("a", "*"), ("?", "*"), ("a*", "*a"), ("?", "ab"), ("a", "?"), ("a*c", "a*")] {
            assert!(!covers(outer, inner), "{outer} {inner}");
        }
    }

    /// A route for these rules and this paying entity.
    fn route(rule: Option<&str>, entity: Option<&str>) -> Route {
        Route {
            rule: rule.map(Glob::new),
            program: None,
            paying_entity: entity.map(Glob::new),
            currency: None,
            min_amount: None,
            level: None,
            calendar: None,
            recipients: Recipients::default(),
        }
    }

    /// What is said of the last of these routes, with the rules of these names switched off.
    fn said_of_last(routes: &[Route], off: &[&str]) -> Option<Unreachable> {
        let mut rules = Rule::built_in();
        rules.iter_mut().for_each(|rule| rule.enabled = !off.contains(&rule.name.as_str()));
        let policy = Policy {
            levels: Vec::new(),
            routes: routes.to_vec(),
            send_hours: None,
            brake: None,
            all_is_well: Recipients::default(),
            monthly_reports: Vec::new(),
            language: Language::En,
            support_url: None,
            claim_url: None,
        };
        policy.unreachable(routes.len() - 1, &rules)
    }

    #[test]
    fn rules_are_compared_by_those_that_there_are_and_are_on() {
        let [payment, both, all] = ["payment", "*payment", "*"].map(|rule| route(Some(rule), None));
        assert_eq!(said_of_last(&[both.clone(), payment.clone()], &[]), Some(Unreachable::Behind(0)));
        assert_eq!(said_of_last(&[payment.clone(), both.clone()], &[]), None);
        let off = ["tax_invoice_payment"];
        assert_eq!(said_of_last(&[payment.clone(), both], &off), Some(Unreachable::Behind(0)));
        assert_eq!(said_of_last(&[all, route(None, None)], &[]), Some(Unreachable::Behind(0)));
        assert_eq!(said_of_last(&[payment], &["payment"]), Some(Unreachable::RulesOff));
    }

    #[test]
    fn a_paying_entity_is_of_payment_lines_alone() {
        let of = |rule| route(rule, Some("*Ireland*"));
        assert_eq!(said_of_last(&[of(Some("review"))], &[]), Some(Unreachable::NoPaymentLines));
        assert_eq!(said_of_last(&[of(None)], &[]), None);
        assert_eq!(said_of_last(&[of(None)], &["payment", "tax_invoice_payment"]), Some(Unreachable::NoPaymentLines));
        let payments = route(Some("*payment"), None);
        assert_eq!(said_of_last(&[payments, of(None)], &[]), Some(Unreachable::Behind(0)));
    }

    #[test]
    fn where_every_rule_is_off_nothing_is_said_of_routes() {
        let off = ["review", "dispute", "payment", "tax_invoice_payment"];
        assert_eq!(said_of_last(&[route(Some("review"), None)], &off), None);
    }

    proptest! {
        #[test]
        fn what_a_covered_pattern_matches_the_covering_one_matches(
            outer in "[ab?*]{0,5}", inner in "[ab?*]{0,5}", text in "[ab]{0,6}"
        ) {
            if covers(&outer, &inner) && Glob::new(&inner).matches(&text) {
                prop_assert!(Glob::new(&outer).matches(&text), "{} {} {}", outer, inner, text);
            }
        }

        #[test]
        fn every_pattern_covers_itself_and_is_covered_by_the_one_that_matches_all(pattern in "[ab?*]{0,6}") {
            prop_assert!(covers(&pattern, &pattern) && covers("*", &pattern));
        }
    }
}
