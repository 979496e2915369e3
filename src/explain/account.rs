//! A claim's clocks as a report counts them: what became of each, without its day-by-day explanation.

use chrono::{DateTime, Utc};

use crate::alert::{Alert, Context};
use crate::calendar::Calendar;
use crate::claim::Subject;
use crate::sla::{Clock, Rule, due_at};

use super::history::Ended;
use super::judge::Judged;
use super::{By, Found, Known, Verdict, clocks};

/// A clock that began and has a deadline.
#[derive(Clone, Debug)]
pub struct ClockAccount<'a> {
    pub rule: &'a Rule,
    /// What it runs or ran on, as it is now; `None`: the claim is gone.
    pub subject: Option<&'a Subject>,
    /// `None`: the claim itself is watched.
    pub payment_id: Option<&'a str>,
    pub verdict: Verdict,
    pub started_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// When it stopped, as far as is known.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When it started again, if it did before it stopped.
    pub restarted_at: Option<DateTime<Utc>>,
    /// By which it is counted.
    pub calendar: &'a Calendar,
    pub alert: Option<&'a Alert>,
}

/// Every clock of the claim that began under one of the rules and of which a deadline can be given, past ones too.
#[must_use]
pub fn account<'a>(known: &Known<'a>, by: &By<'a>) -> Vec<ClockAccount<'a>> {
    let mut accounts = Vec::new();
    for rule in by.rules {
        let found = clocks(rule, known, by.now);
        let starts: Vec<_> = found.iter().map(|clock| (clock.payment_id, clock.started_at)).collect();
        accounts.extend(found.iter().filter_map(|clock| clock.account(rule, known, by, &starts)));
    }
    accounts
}

impl<'a> Found<'a> {
    fn account(
        &self,
        rule: &'a Rule,
        known: &Known<'a>,
        by: &By<'a>,
        starts: &[(Option<&str>, Option<DateTime<Utc>>)],
    ) -> Option<ClockAccount<'a>> {
        let started_at = self.started_at.filter(|start| *start <= by.now)?;
        let calendar = self.calendar(rule, by);
        let due_at = due_at(&rule.target, calendar, started_at).ok()?;
        let next_start = self.next_start(starts).filter(|start| *start <= by.now);
        let Judged { verdict, stopped_at, .. } = if self.ends_later(by.now) {
            self.running(rule, by, Some(due_at), None)
        } else {
            self.judge(known, by, Some(due_at), next_start)
        };
        let again = match self.passed.and_then(|passed| passed.ended) {
            Some(Ended::Again(at)) => Some(at),
            _ => next_start,
        };
        let restarted_at = again.filter(|_| verdict == Verdict::Restarted);
        let began =
            !matches!(verdict, Verdict::Unwatched | Verdict::NeverStarted | Verdict::NoStart | Verdict::NotBegun);
        let Self { subject, payment_id, alert, .. } = *self;
        began.then_some(ClockAccount {
            rule,
            subject,
            payment_id,
            verdict,
            started_at,
            due_at,
            stopped_at,
            restarted_at,
            calendar,
            alert,
        })
    }

    /// Whether it ended, as is known now, but not by `now`, which is past.
    fn ends_later(&self, now: DateTime<Utc>) -> bool {
        let of_columns = match self.clock {
            Some(Clock::Stopped { own_stop, updated_at, .. }) => [own_stop, updated_at],
            _ => [None, None],
        };
        let of_history = self.passed.and_then(|passed| passed.ended).map(|(Ended::Left(at) | Ended::Again(at))| at);
        let of_alert = self.alert.and_then(|alert| alert.stopped_at);
        let mut ends = of_columns.into_iter().chain([of_history, of_alert]).flatten().peekable();
        ends.peek().is_some() && ends.all(|end| end > now)
    }

    /// The one by which it is counted; of a claim that is gone, its alert's.
    pub(super) fn calendar<'c>(&self, rule: &'c Rule, by: &By<'c>) -> &'c Calendar {
        let Some(subject) = self.subject else {
            let named = self.alert.and_then(|alert| by.calendars.get(&alert.explanation.calendar));
            return named.unwrap_or(by.calendars.default());
        };
        Context { rule, calendars: by.calendars, now: by.now }.calendar(subject)
    }
}
