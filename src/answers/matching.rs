//! What a silence reaches.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::claim::clean_line;
use crate::escalation::Matcher;
use crate::store::{Answers, StoreError};

/// Open alerts that are read at a time.
const PAGE: u32 = 1_000;
/// The matching claims that are named.
const NAMED: usize = 5;

/// The open alerts that match, how many by rule, and the first few of their claims.
#[derive(Debug, Default)]
pub struct Matching {
    pub ids: Vec<Uuid>,
    pub by_rule: BTreeMap<String, usize>,
    /// The first of them, and `…` if there are more.
    pub named: Vec<String>,
}

/// The open alerts that `matcher` matches.
///
/// # Errors
/// [`StoreError`]
pub async fn matching<S: Answers + ?Sized>(store: &S, matcher: &Matcher) -> Result<Matching, StoreError> {
    let (mut found, mut after) = (Matching::default(), None);
    loop {
        let page = store.open_alerts_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.alert_id);
        for alert in page.iter().filter(|alert| matcher.matches(alert)) {
            match found.named.len() {
                count if count < NAMED => found.named.push(clean_line(&alert.claim_id, 60).into_owned()),
                NAMED => found.named.push("…".to_owned()),
                _ => {}
            }
            *found.by_rule.entry(alert.rule.clone()).or_default() += 1;
            found.ids.push(alert.alert_id);
        }
    }
    Ok(found)
}
