//! Silences: for a while, nothing is told of the alerts that match.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Glob, Pending};
use crate::alert::Alert;

/// Nothing is told of the alerts that `matcher` matches from `created_at` until before its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Silence {
    pub id: Uuid,
    #[serde(flatten)]
    pub matcher: Matcher,
    pub author: String,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// When someone ended it early.
    pub expired_at: Option<DateTime<Utc>>,
    pub expired_by: Option<String>,
}

/// Which alerts a silence is about: those that fit every pattern that it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matcher {
    pub rule: Option<Glob>,
    pub program: Option<Glob>,
    pub partner: Option<Glob>,
    pub entity: Option<Glob>,
    pub claim: Option<Glob>,
}

/// What a message says of an alert that was silenced when it would have been told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silenced {
    pub by: String,
    pub reason: String,
    pub until: DateTime<Utc>,
}

impl Matcher {
    /// Whether it has no pattern: it would match every alert.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `alert` fits every pattern; one without a partner, say, fits no pattern for partners.
    #[must_use]
    pub fn matches(&self, alert: &Pending) -> bool {
        let Pending { rule, program_id, partner_name, paying_entity, claim_id, .. } = alert;
        self.fits(rule, program_id.as_deref(), partner_name.as_deref(), paying_entity.as_deref(), claim_id)
    }

    /// As [`Matcher::matches`], of an alert as it is stored.
    #[must_use]
    pub fn matches_alert(&self, alert: &Alert) -> bool {
        let Alert { rule, program_id, partner_name, paying_entity, claim_id, .. } = alert;
        self.fits(rule, program_id.as_deref(), partner_name.as_deref(), paying_entity.as_deref(), claim_id)
    }

    fn fits(
        &self,
        rule: &str,
        program: Option<&str>,
        partner: Option<&str>,
        entity: Option<&str>,
        claim: &str,
    ) -> bool {
        let fits = |glob: &Option<Glob>, text| Glob::admits(glob.as_ref(), text);
        fits(&self.rule, Some(rule))
            && fits(&self.program, program)
            && fits(&self.partner, partner)
            && fits(&self.entity, entity)
            && fits(&self.claim, Some(claim))
    }
}

impl Silence {
    /// When it ends, or ended.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.expired_at.map_or(self.ends_at, |expired| expired.min(self.ends_at))
    }

    /// Whether it silences at `at`.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.created_at <= at && at < self.end()
    }

    /// What a message says of it afterwards.
    #[must_use]
    pub fn silenced(&self) -> Silenced {
        Silenced { by: self.author.clone(), reason: self.reason.clone(), until: self.end() }
    }
}
