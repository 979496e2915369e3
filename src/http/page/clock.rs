//! A clock of a claim: how it stands, and day by day why.

use serde::Serialize;

use super::picture::{self, Month};
use super::row::{WIDE, machine};
use crate::calendar::Calendars;
use crate::claim::clean_line;
use crate::explain::{ExplainedClock, Verdict};
use crate::wording::Words;

#[derive(Debug, Serialize)]
pub(super) struct ClockView {
    pub rule: String,
    /// The payment lines that it stands for; none: the claim itself.
    pub lines: Vec<String>,
    pub present: bool,
    /// `late`, `risk`, `good` or `quiet`.
    pub tone: &'static str,
    pub verdict: String,
    /// Why, where the verdict alone does not say it.
    pub reason: Option<String>,
    pub start: Option<String>,
    pub counted: Option<String>,
    pub skipped: Option<String>,
    pub due: Option<String>,
    pub due_at: Option<String>,
    pub stopped: Option<String>,
    pub calendar: Option<String>,
    pub versions: Option<String>,
    pub notes: Vec<String>,
    pub months: Vec<Month>,
    /// Its alert's id, to point at.
    pub alert: Option<String>,
    /// Whether that alert was counted in another way.
    pub differs: bool,
}

pub(super) fn view(words: Words, calendars: &Calendars, clock: &ExplainedClock) -> ClockView {
    let explanation = clock.explanation.as_ref();
    let zone = explanation.and_then(|one| calendars.get(&one.calendar)).map(|calendar| calendar.zone());
    let explained = explanation.map(|one| words.explanation(&clock.rule, one, zone));
    let part = |part: fn(&crate::wording::Explained) -> &String| explained.as_ref().map(part).cloned();
    let full = |text: Option<String>| text.filter(|text| !text.is_empty());
    let start = explained.as_ref().map(|one| words.clauses(&[one.start.clone(), one.convention.clone()]));
    let (tone, verdict) = verdict(words, clock);
    ClockView {
        rule: words.rule(&clock.rule),
        lines: clock.payment_id.iter().map(|id| clean_line(id, WIDE).into_owned()).collect(),
        present: clock.present,
        tone,
        verdict,
        reason: clock.reason.as_deref().or(clock.error.as_deref()).map(|text| clean_line(text, 300).into_owned()),
        start: start.or_else(|| clock.started_at.map(|at| words.instant(at, None))),
        counted: part(|one| &one.counted),
        skipped: full(part(|one| &one.skipped)),
        due: part(|one| &one.due),
        due_at: clock.due_at.map(machine),
        stopped: clock.stopped_at.map(|at| words.instant(at, zone)),
        calendar: part(|one| &one.calendar),
        versions: part(|one| &one.versions),
        notes: explained.map(|one| one.notes).unwrap_or_default(),
        months: explanation.map(|one| picture::counted(words, one)).unwrap_or_default(),
        alert: clock.alert.as_ref().map(|alert| alert.id.to_string()),
        differs: clock.alert.as_ref().is_some_and(|alert| alert.same == Some(false)),
    }
}

/// One in place of those that differ in nothing but their payment line; in the order of the first of each.
pub(super) fn merged(clocks: Vec<ClockView>) -> Vec<ClockView> {
    let mut merged: Vec<ClockView> = Vec::new();
    for clock in clocks {
        match merged.iter_mut().find(|one| !one.lines.is_empty() && !clock.lines.is_empty() && one.is_like(&clock)) {
            Some(one) => one.lines.extend(clock.lines),
            None => merged.push(clock),
        }
    }
    merged
}

impl ClockView {
    /// Whether all that is said of both is the same. Months follow from the rest.
    fn is_like(&self, other: &Self) -> bool {
        fn said(one: &ClockView) -> [&Option<String>; 8] {
            [&one.reason, &one.start, &one.counted, &one.skipped, &one.due, &one.stopped, &one.calendar, &one.versions]
        }
        self.rule == other.rule
            && self.verdict == other.verdict
            && (self.present, self.differs) == (other.present, other.differs)
            && self.notes == other.notes
            && said(self) == said(other)
    }
}

fn verdict(words: Words, clock: &ExplainedClock) -> (&'static str, String) {
    let (tone, name) = match clock.verdict {
        Verdict::Unwatched => ("quiet", "unwatched"),
        Verdict::NeverStarted => ("quiet", "never-started"),
        Verdict::NoStart => ("risk", "no-start"),
        Verdict::NotBegun => ("quiet", "not-begun"),
        Verdict::Running => ("good", "running"),
        Verdict::AtRisk => ("risk", "at-risk"),
        Verdict::Breached => ("late", "breached"),
        Verdict::Met => ("good", "met"),
        Verdict::Late => ("late", "late"),
        Verdict::Stopped => ("quiet", "stopped"),
        Verdict::Restarted => ("quiet", "restarted"),
        Verdict::Withdrawn => ("quiet", "withdrawn"),
    };
    let said = words.say("page-verdict", [("verdict", name.into())]);
    let days = match (clock.business_days_late, clock.business_days_left) {
        (Some(late), _) => Some(words.business_days_late(late)),
        (None, Some(left)) if matches!(clock.verdict, Verdict::Running | Verdict::AtRisk) => {
            Some(words.say("page-left", [("count", left.into())]))
        }
        _ => None,
    };
    (tone, days.map_or_else(|| said.clone(), |days| words.commas(&[said.clone(), days])))
}
