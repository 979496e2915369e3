//! Small random worlds: what is in the claims' tables, how it changes, what is configured.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc, Weekday};
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::scan::Plan;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::world::{at, paris, plan};

/// The claims' instant columns, in the order in which a [`Claim`] has them.
pub const COLUMNS: [&str; 8] = [
    "submitted_at",
    "reviewed_at",
    "disputed_at",
    "dispute_resolved_at",
    "approved_at",
    "tax_invoice_approved_at",
    "paid_at",
    "updated_at",
];

#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub programs: BTreeMap<&'static str, Program>,
    pub claims: BTreeMap<String, Claim>,
    pub lines: BTreeMap<String, Line>,
    /// What each claim was before its last change.
    before: BTreeMap<String, Claim>,
}

#[derive(Clone, Debug)]
pub struct Program {
    pub calendar: Option<&'static str>,
    pub requires_tax_invoice: bool,
}

#[derive(Clone, Debug)]
pub struct Claim {
    pub program: Option<&'static str>,
    pub status: &'static str,
    pub instants: [Option<String>; 8],
    pub amount: &'static str,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub claim: String,
    pub amount: &'static str,
    pub paid_at: Option<String>,
}

/// One change that someone makes to the claims' tables.
#[derive(Clone, Debug)]
pub enum Edit {
    Status(Index, &'static str),
    Instant(Index, usize, Option<String>),
    /// A step of the workflow: the new status, if it changes, and the columns that get its instant.
    Step(Index, (Option<&'static str>, &'static [usize]), String),
    Delete(Index),
    CorrectBack(Index),
    Assign(Index, Option<&'static str>),
    Line(Index, u8, &'static str, Option<String>),
    RemoveLine(Index),
    Program(&'static str, Option<Program>),
}

/// One rule's configuration.
#[derive(Clone, Debug)]
pub struct RuleSettings {
    pub enabled: bool,
    pub target: &'static str,
    pub warn: Option<&'static str>,
    pub calendar: Option<&'static str>,
}

/// What is configured: the four rules, and how many extra holidays the calendars have.
#[derive(Clone, Debug)]
pub struct Settings {
    pub rules: [RuleSettings; 4],
    pub closures: u32,
}

/// Some edits, perhaps a new configuration, and then perhaps a scan.
#[derive(Clone, Debug)]
pub struct Step {
    pub edits: Vec<Edit>,
    pub settings: Option<Settings>,
    pub days: i64,
    pub time: &'static str,
    pub scan: Option<Scan>,
}

/// How a scan is made.
#[derive(Clone, Debug)]
pub struct Scan {
    /// `--since`, in days before it.
    pub since: Option<i64>,
    /// First a scan that is stopped after so many batches.
    pub stopped: Option<usize>,
    /// Two scans at once.
    pub twice: bool,
    /// Once more at the same instant.
    pub again: bool,
}

/// Daylight saving ends in Paris six days later; the first day is a Monday.
pub fn day(n: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 10, 19).expect("a date") + TimeDelta::days(n)
}

/// Times of day in UTC, many of them the beginning or the end of a local day.
const TIMES: [&str; 9] = [
    "00:00:00",
    "08:00:00",
    "10:00:00.500000",
    "15:30:00",
    "20:59:59.999999",
    "21:00:00",
    "22:00:00",
    "22:59:59.999999",
    "23:00:00",
];

fn instant() -> impl Strategy<Value = String> {
    let fraction = select(vec!["", "", ".000000", ".000000", ".5", ".500000", ".123"]);
    let time =
        select(vec!["00:00:00", "10:00:00", "15:30:00", "20:59:59", "21:00:00", "21:59:59", "22:00:00", "23:00:00"]);
    (-12..20_i64, time, fraction).prop_map(|(n, time, fraction)| format!("{}T{time}{fraction}Z", day(n)))
}

/// What SQLite keeps in an instant column and nobody can read.
pub const UNREADABLE: [&str; 4] =
    ["next Tuesday", "2026-02-30T10:00:00.000000Z", "2026-10-20 10:00:00", "2026-10-20T10:00:00+01:00"];

fn perhaps_instant() -> impl Strategy<Value = Option<String>> {
    let unreadable = select(&UNREADABLE[..]);
    prop_oneof![2 => Just(None), 20 => instant().prop_map(Some), 1 => unreadable.prop_map(|text| Some(text.to_owned()))]
}

fn status() -> impl Strategy<Value = &'static str> {
    select(vec![
        "submitted",
        "Under review",
        "under_review",
        "DISPUTED",
        "disputed",
        "approved",
        "Approved ",
        "approved",
        "rejected",
        "action-required",
        "partner action_required",
        "editing",
        "on hold",
    ])
}

fn program() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![8 => select(vec![Some("P-1"), Some("P-2"), Some("P-3")]), 1 => Just(Some("P-9")), 1 => Just(None)]
}

fn amount() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just("100.00"), 1 => select(vec!["12,50", "1.2.3", "99999999999999999999999999999999"])]
}

fn claim() -> impl Strategy<Value = Claim> {
    let instants = proptest::array::uniform8(prop_oneof![3 => perhaps_instant(), 2 => Just(None)]);
    (program(), status(), instants, amount()).prop_map(|(program, status, instants, amount)| Claim {
        program,
        status,
        instants,
        amount,
    })
}

fn program_row() -> impl Strategy<Value = Program> {
    let calendar =
        prop_oneof![3 => Just(None), 4 => select(vec![Some("fr"), Some("sa"), Some("sa")]), 1 => Just(Some("mars"))];
    (calendar, any::<bool>()).prop_map(|(calendar, requires_tax_invoice)| Program { calendar, requires_tax_invoice })
}

fn edit() -> impl Strategy<Value = Edit> {
    const STEPS: &[(Option<&str>, &[usize])] = &[
        (Some("submitted"), &[0, 7]),
        (Some("Under review"), &[7]),
        (Some("approved"), &[1, 4, 7]),
        (Some("rejected"), &[1]),
        (Some("disputed"), &[2]),
        (Some("approved"), &[3, 4]),
        (Some("rejected"), &[3, 7]),
        (Some("partner_action_required"), &[7]),
        (Some("action_required"), &[]),
        (None, &[5]),
        (None, &[6]),
    ];
    let claim = any::<Index>;
    let number = 0..3_u8;
    prop_oneof![
        3 => (claim(), status()).prop_map(|(claim, status)| Edit::Status(claim, status)),
        3 => (claim(), 0..8_usize, perhaps_instant()).prop_map(|(claim, column, at)| Edit::Instant(claim, column, at)),
        12 => (claim(), select(STEPS), instant()).prop_map(|(claim, step, at)| Edit::Step(claim, step, at)),
        1 => claim().prop_map(Edit::Delete),
        3 => claim().prop_map(Edit::CorrectBack),
        1 => (claim(), program()).prop_map(|(claim, program)| Edit::Assign(claim, program)),
        4 => (claim(), number, amount(), perhaps_instant()).prop_map(|(claim, n, amount, paid)| Edit::Line(claim, n, amount, paid)),
        2 => (claim(), 0..3_u8, Just("7.00")).prop_map(|(claim, n, amount)| Edit::Line(claim, n, amount, None)),
        2 => claim().prop_map(Edit::RemoveLine),
        2 => (select(vec!["P-1", "P-2", "P-3"]), prop::option::weighted(0.8, program_row()))
            .prop_map(|(id, program)| Edit::Program(id, program)),
    ]
}

fn rule_settings() -> impl Strategy<Value = RuleSettings> {
    let target = select(vec![
        "2 business days",
        "5 business days",
        "3 days",
        "4 days roll",
        "2 business days elapsed",
        "3 days elapsed",
    ]);
    let warn = select(vec![None, None, Some("1 business day"), Some("2 business days"), Some("1 day")]);
    let calendar = select(vec![None, None, None, Some("sa")]);
    (prop::bool::weighted(0.9), target, warn, calendar).prop_map(|(enabled, target, warn, calendar)| RuleSettings {
        enabled,
        target,
        warn,
        calendar,
    })
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let rules = proptest::array::uniform4(rule_settings());
    (rules, 0..3_u32).prop_map(|(rules, closures)| Settings { rules, closures })
}

fn step() -> impl Strategy<Value = Step> {
    let flag = prop::bool::weighted;
    let since = prop::option::weighted(0.1, 0..15_i64);
    let stopped = prop::option::weighted(0.1, 1..12_usize);
    let scan = (since, stopped, flag(0.1), flag(0.3)).prop_map(|(since, stopped, twice, again)| Scan {
        since,
        stopped,
        twice,
        again,
    });
    let edits = prop::collection::vec(edit(), 0..8);
    (edits, prop::option::weighted(0.15, settings()), 0..5_i64, select(&TIMES[..]), prop::option::weighted(0.8, scan))
        .prop_map(|(edits, settings, days, time, scan)| Step { edits, settings, days, time, scan })
}

/// A world, what is configured in it, and what becomes of it.
pub fn story() -> impl Strategy<Value = (Facts, Settings, Vec<Step>)> {
    let programs = proptest::array::uniform3(program_row());
    let claims = prop::collection::vec(claim(), 5..=15);
    let lines = prop::collection::vec((any::<Index>(), 0..3_u8, amount(), perhaps_instant()), 0..6);
    let facts = (programs, claims, lines).prop_map(|(programs, claims, lines)| {
        let programs = ["P-1", "P-2", "P-3"].into_iter().zip(programs).collect();
        let claims = (1..).zip(claims).map(|(n, claim)| (format!("C-{n}"), claim)).collect();
        let mut facts = Facts { programs, claims, ..Facts::default() };
        for (claim, n, amount, paid) in lines {
            facts.apply(&Edit::Line(claim, n, amount, paid));
        }
        facts
    });
    (facts, settings(), prop::collection::vec(step(), 3..=6))
}

impl Facts {
    pub fn apply(&mut self, edit: &Edit) {
        let id = |claims: &BTreeMap<String, Claim>, n: &Index| claims.keys().nth(n.index(claims.len().max(1))).cloned();
        match edit {
            Edit::Program(id, Some(program)) => drop(self.programs.insert(id, program.clone())),
            Edit::Program(id, None) => drop(self.programs.remove(id)),
            Edit::RemoveLine(n) if !self.lines.is_empty() => {
                let id = self.lines.keys().nth(n.index(self.lines.len())).cloned().expect("a line");
                self.lines.remove(&id);
            }
            Edit::RemoveLine(_) => {}
            Edit::CorrectBack(n) => {
                if let Some(id) = id(&self.before, n) {
                    let before = self.before.remove(&id).expect("the claim before");
                    self.keep(&id);
                    self.claims.insert(id, before);
                }
            }
            Edit::Status(n, _)
            | Edit::Instant(n, ..)
            | Edit::Step(n, ..)
            | Edit::Delete(n)
            | Edit::Assign(n, _)
            | Edit::Line(n, ..) => {
                let Some(id) = id(&self.claims, n) else { return };
                self.apply_to(id, edit);
            }
        }
    }

    fn apply_to(&mut self, id: String, edit: &Edit) {
        if let Edit::Line(_, n, amount, paid_at) = edit {
            let number = id.strip_prefix("C-").expect("a claim's number");
            self.lines.insert(format!("L-{number}-{n}"), Line { claim: id, amount, paid_at: paid_at.clone() });
            return;
        }
        self.keep(&id);
        if matches!(edit, Edit::Delete(_)) {
            self.claims.remove(&id);
            return;
        }
        let claim = self.claims.get_mut(&id).expect("the claim");
        match edit {
            Edit::Status(_, status) => claim.status = status,
            Edit::Instant(_, column, at) => claim.instants[*column].clone_from(at),
            Edit::Assign(_, program) => claim.program = *program,
            Edit::Step(_, (status, columns), at) => {
                claim.status = status.unwrap_or(claim.status);
                for column in *columns {
                    claim.instants[*column] = Some(at.clone());
                }
            }
            _ => unreachable!("not an edit of a claim: {edit:?}"),
        }
    }

    fn keep(&mut self, id: &str) {
        if let Some(claim) = self.claims.get(id) {
            self.before.insert(id.to_owned(), claim.clone());
        }
    }
}

impl Settings {
    pub fn plan(&self) -> Plan {
        let mut plan = plan();
        for (rule, settings) in plan.rules.iter_mut().zip(&self.rules) {
            rule.enabled = settings.enabled;
            rule.target = settings.target.parse().expect("a target");
            rule.warn = settings.warn.map(|warn| warn.parse().expect("a span"));
            rule.calendar = settings.calendar.map(str::to_owned);
        }
        let riyadh = Zone::named("Asia/Riyadh").expect("a zone");
        let mut calendars = [
            paris(),
            Calendar::new("sa", riyadh).with_weekend([Weekday::Fri, Weekday::Sat]).with_holiday(day(8), "a holiday"),
        ];
        for n in 0..self.closures {
            calendars = calendars.map(|calendar| calendar.with_holiday(day(i64::from(3 * n) + 2), "closed"));
        }
        plan.calendars = Calendars::new("fr", calendars).expect("calendars");
        plan.fingerprint = format!("{self:?}");
        plan
    }
}

impl Step {
    /// The instant of the step that follows one at `before`.
    pub fn instant(&self, before: DateTime<Utc>) -> DateTime<Utc> {
        let date = before.date_naive() + TimeDelta::days(self.days);
        let then = at(&format!("{date}T{}Z", self.time));
        if then > before { then } else { then + TimeDelta::days(1) }
    }
}
