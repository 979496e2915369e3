//! Which alerts a route could ever get: one that an earlier route is wholly for gets none.

use super::{Glob, Policy, Route};
use crate::sla::Rule;

/// Why a route gets no alert, whatever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The route of this number comes first, and is for all that this one is for.
    Behind(usize),
    /// Every rule that it is for is switched off.
    RulesOff,
}

impl Policy {
    /// Why route `number` gets no alert, if that is certain.
    #[must_use]
    pub fn unreachable(&self, number: usize, rules: &[Rule]) -> Option<Unreachable> {
        let route = self.routes.get(number)?;
        if let Some(glob) = &route.rule
            && !rules.iter().any(|rule| rule.enabled && glob.matches(&rule.name))
        {
            return Some(Unreachable::RulesOff);
        }
        let before = self.routes.iter().take(number).position(|earlier| earlier.is_for_all_of(route));
        before.map(Unreachable::Behind)
    }
}

impl Route {
    /// Whether every alert that `other` is for is one that this route is for. `false` where that is not certain.
    fn is_for_all_of(&self, other: &Self) -> bool {
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
            && all(&self.rule, &other.rule)
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
