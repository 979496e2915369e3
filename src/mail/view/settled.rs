//! What was resolved since the thread's message before.

use serde::Serialize;

use crate::alert::{Alert, Resolution};
use crate::claim::clean_line;
use crate::escalation::Digest;
use crate::escalation::claim_link;
use crate::mail::Zones;
use crate::wording::Words;

use super::MAX_ID;

/// So many are named.
const MAX_NAMED: usize = 20;

#[derive(Debug, Serialize)]
pub(super) struct SettledView {
    named: Vec<SettledAlert>,
    /// What is said of those that are not named; `None`: all are.
    more: Option<String>,
}

#[derive(Debug, Serialize)]
struct SettledAlert {
    /// The claim, with its payment line if one is watched.
    claim: String,
    link: Option<String>,
    /// Its rule, how it ended, and when.
    ended: String,
}

impl SettledView {
    /// `None`: nothing was settled.
    pub(super) fn new(
        words: Words,
        digest: &Digest,
        alerts: &[Alert],
        zones: &mut Zones,
        claim_url: Option<&str>,
    ) -> Option<Self> {
        if digest.settled.count == 0 {
            return None;
        }
        let named: Vec<SettledAlert> =
            alerts.iter().take(MAX_NAMED).map(|alert| SettledAlert::new(words, alert, zones, claim_url)).collect();
        let more = digest.settled.count.saturating_sub(u64::try_from(named.len()).unwrap_or(u64::MAX));
        let more = (more > 0).then(|| {
            let named = if named.is_empty() { "no" } else { "yes" };
            words.say("settled-more", [("count", more.into()), ("named", named.into())])
        });
        Some(Self { named, more })
    }
}

impl SettledAlert {
    fn new(words: Words, alert: &Alert, zones: &mut Zones, claim_url: Option<&str>) -> Self {
        let claim = clean_line(&alert.claim_id, MAX_ID).into_owned();
        let claim = match alert.payment_id.as_deref() {
            Some(line) => format!("{claim} ({})", clean_line(line, MAX_ID)),
            None => claim,
        };
        // One that opened again meanwhile has no resolution.
        let how = alert.resolution.map_or("", Resolution::as_str);
        let at = alert.stopped_at.or(alert.resolved_at);
        let zone = zones.named(&alert.explanation.time_zone);
        let mut ended = vec![words.rule(&alert.rule), words.say("settled-how", [("how", how.into())])];
        ended.extend(at.filter(|_| !how.is_empty()).map(|at| words.short_day_of(at, zone)));
        Self { claim, link: claim_link(claim_url, &alert.claim_id), ended: words.commas(&ended) }
    }
}
