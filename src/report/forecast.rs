//! What is coming: which clocks that run fall due on which day, and how many of them will be late on current form.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::calendar::{Calendar, Calendars};
use crate::claim::Totals;
use crate::explain::{By, ClockAccount, account};
use crate::sla::{Rule, business_day_of};
use crate::store::{Snapshot, StoreError};

use super::figures::{Outcome, totals};
use super::{each_claim, known};

/// How far back current form reaches.
const FORM: TimeDelta = TimeDelta::days(365);
/// Fewer clocks than these are no form.
const ENOUGH: u64 = 20;
/// So many of the days on which most falls due are named.
const BUSIEST: usize = 3;

/// What a forecast is about and by what it counts.
#[derive(Clone, Debug)]
pub struct Outlook<'a> {
    /// So many business days of the default calendar, today's included if it is one.
    pub days: u32,
    pub rules: &'a [Rule],
    pub calendars: &'a Calendars,
    pub now: DateTime<Utc>,
}

/// What falls due in the days to come. Its JSON is part of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    pub at: DateTime<Utc>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// What runs and is late already.
    pub overdue: Vec<Due>,
    /// Each day on which anything falls due, and each business day of the default calendar.
    pub days: Vec<DayAhead>,
    /// The days on which most falls due, the fullest first.
    pub busiest: Vec<NaiveDate>,
    /// What falls due later.
    pub later: u64,
    pub form: Vec<Form>,
}

/// What falls due at the end of a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayAhead {
    pub date: NaiveDate,
    pub clocks: u64,
    /// By rule and program.
    pub due: Vec<Due>,
}

/// Clocks of one rule and program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Due {
    pub rule: String,
    /// `None`: the claims name none.
    pub program_id: Option<String>,
    pub clocks: u64,
    /// How many of them will be late on current form, to one decimal; `None`: there is none, or they are late already.
    pub expected_late: Option<Decimal>,
    #[serde(serialize_with = "totals")]
    pub money: Totals,
}

/// On what expectations for a rule rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    pub rule: String,
    /// The clocks that were met or late within the last year.
    pub clocks: u64,
    pub late: u64,
}

/// Looks ahead from all that `snapshot` knows; `alive` is called after every batch.
///
/// # Errors
/// [`StoreError`]
pub async fn forecast(
    snapshot: &mut dyn Snapshot,
    outlook: &Outlook<'_>,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Forecast, StoreError> {
    let by = By { rules: outlook.rules, calendars: outlook.calendars, now: outlook.now };
    let mut seen = Seen { outlook, past: BTreeMap::new(), running: Vec::new() };
    each_claim(snapshot, alive, |dossier| account(&known(dossier), &by).iter().for_each(|clock| seen.add(clock)))
        .await?;
    Ok(seen.into_forecast())
}

/// A clock that runs.
struct Running {
    rule: usize,
    program_id: Option<String>,
    due_on: NaiveDate,
    overdue: bool,
    /// On which business day after its start it stands.
    age: u32,
    money: (Option<Decimal>, Option<crate::claim::Currency>),
}

/// How many clocks stopped, or stand late, on a business day after their start: met, late.
type Stopped = BTreeMap<u32, (u64, u64)>;

struct Seen<'a> {
    outlook: &'a Outlook<'a>,
    /// By rule, of the last year.
    past: BTreeMap<usize, Stopped>,
    running: Vec<Running>,
}

impl Seen<'_> {
    fn add(&mut self, clock: &ClockAccount<'_>) {
        let now = self.outlook.now;
        let Some(rule) = self.outlook.rules.iter().position(|rule| rule.name == clock.rule.name) else { return };
        let Some(outcome) = Outcome::of(clock.verdict) else { return };
        let stood = |until| business_day_of(clock.calendar, clock.started_at, until);
        let counts = clock.due_at > now - FORM && (outcome == Outcome::Met || outcome.is_late());
        let until = if outcome == Outcome::Overdue { Some(now) } else { clock.stopped_at };
        if let Some(until) = until.filter(|_| counts) {
            let (met, late) = self.past.entry(rule).or_default().entry(stood(until)).or_default();
            *if outcome.is_late() { late } else { met } += 1;
        }
        if let (Outcome::Open | Outcome::Overdue, Some(subject)) = (outcome, clock.subject) {
            self.running.push(Running {
                rule,
                program_id: subject.claim.program_id.clone(),
                due_on: super::last_day(clock.calendar, clock.due_at),
                overdue: outcome == Outcome::Overdue,
                age: stood(now),
                money: subject.money(),
            });
        }
    }

    fn into_forecast(self) -> Forecast {
        let Outlook { days, calendars, now, .. } = *self.outlook;
        let ahead = days_ahead(calendars.default(), now, days);
        let (from, to) = (*ahead.start(), *ahead.end());
        let mut by_day: BTreeMap<NaiveDate, Vec<&Running>> = BTreeMap::new();
        for day in from.iter_days().take_while(|day| *day <= to).filter(|day| calendars.default().is_business_day(*day))
        {
            by_day.insert(day, Vec::new());
        }
        let (overdue, coming): (Vec<&Running>, Vec<&Running>) = self.running.iter().partition(|clock| clock.overdue);
        let (soon, later): (Vec<&Running>, Vec<&Running>) = coming.into_iter().partition(|clock| clock.due_on <= to);
        for clock in soon {
            by_day.entry(clock.due_on).or_default().push(clock);
        }
        let days: Vec<DayAhead> = by_day
            .into_iter()
            .map(|(date, clocks)| DayAhead { date, clocks: clocks.len() as u64, due: self.due(&clocks) })
            .collect();
        Forecast {
            at: now,
            from,
            to,
            overdue: self.due(&overdue),
            busiest: busiest(&days),
            days,
            later: later.len() as u64,
            form: self.form(),
        }
    }

    /// By rule and program, in their order.
    fn due(&self, clocks: &[&Running]) -> Vec<Due> {
        let mut groups: BTreeMap<(usize, Option<&str>), Vec<&Running>> = BTreeMap::new();
        for clock in clocks {
            groups.entry((clock.rule, clock.program_id.as_deref())).or_default().push(clock);
        }
        let due = |((rule, program), clocks): ((usize, Option<&str>), Vec<&Running>)| {
            let mut money = Totals::default();
            clocks.iter().for_each(|clock| money.add(clock.money.0, clock.money.1));
            let shares: Option<Vec<Decimal>> =
                clocks.iter().map(|clock| self.share(clock).filter(|_| !clock.overdue)).collect();
            Due {
                rule: self.outlook.rules[rule].name.clone(),
                program_id: program.map(str::to_owned),
                clocks: clocks.len() as u64,
                expected_late: shares.map(|shares| shares.into_iter().sum::<Decimal>().round_dp(1)),
                money,
            }
        };
        groups.into_iter().map(due).collect()
    }

    /// Of the past clocks of its rule that came to its age, how many were late; `None`: they are too few.
    fn share(&self, clock: &Running) -> Option<Decimal> {
        let as_old = self.past.get(&clock.rule)?.range(clock.age..);
        let (met, late) = as_old.fold((0, 0), |(met, late), (_, one)| (met + one.0, late + one.1));
        (met + late >= ENOUGH).then(|| Decimal::from(late) / Decimal::from(met + late))
    }

    fn form(&self) -> Vec<Form> {
        let form = |(rule, stopped): (&usize, &Stopped)| {
            let (met, late) = stopped.values().fold((0, 0), |(met, late), one| (met + one.0, late + one.1));
            Form { rule: self.outlook.rules[*rule].name.clone(), clocks: met + late, late }
        };
        self.past.iter().map(form).collect()
    }
}

/// The local days from now on that hold so many business days, at least today.
fn days_ahead(calendar: &Calendar, now: DateTime<Utc>, days: u32) -> RangeInclusive<NaiveDate> {
    let today = calendar.zone().local_date(now);
    let more = if calendar.is_business_day(today) { days.saturating_sub(1) } else { days };
    let last = if more == 0 { Some(today) } else { calendar.nth_business_day_after(today, more) };
    today..=last.unwrap_or(today)
}

fn busiest(days: &[DayAhead]) -> Vec<NaiveDate> {
    let mut full: Vec<&DayAhead> = days.iter().filter(|day| day.clocks > 0).collect();
    full.sort_by_key(|day| (std::cmp::Reverse(day.clocks), day.date));
    full.into_iter().take(BUSIEST).map(|day| day.date).collect()
}
