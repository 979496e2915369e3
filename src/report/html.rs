//! A report as one page that needs nothing else: a picture and a table for each rule.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::claim::{Totals, clean_line};
use crate::wording::{Language, Words};

use super::chart::{Column, stacked};
use super::{Dimension, Figures, Outcome, Report, RuleReport, Worst};

/// Why a page cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the report's page: {0}")]
    Template(#[from] minijinja::Error),
    #[error("the report's picture: {0}")]
    Chart(String),
}

const TEMPLATE: &str = include_str!("report.html.j2");

/// So many groups of a kind are in the page, those with the most late clocks; all of them are in the CSV file.
const GROUPS: usize = 25;
/// The longest name.
const WIDE: usize = 80;

#[derive(Serialize)]
struct Page<'a> {
    from: String,
    to: String,
    at: String,
    claims: u64,
    rules: Vec<RuleView<'a>>,
    worst: Vec<WorstView>,
}

#[derive(Serialize)]
struct RuleView<'a> {
    name: String,
    target: &'a str,
    total: Row,
    chart: Option<String>,
    money: Vec<String>,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    title: &'static str,
    rows: Vec<Row>,
    /// How many more groups there are.
    left_out: usize,
}

#[derive(Serialize)]
struct Row {
    name: String,
    clocks: u64,
    met: u64,
    late: u64,
    overdue: u64,
    open: u64,
    /// Restarted, withdrawn or of unknown end.
    others: u64,
    percent_met: String,
    median: String,
    p90: String,
    p95: String,
    kept: String,
    taken_on: String,
}

#[derive(Serialize)]
struct WorstView {
    rule: String,
    claim: String,
    partner: String,
    due: String,
    done: String,
    late: String,
    amount: String,
}

/// The page, in English.
///
/// # Errors
/// [`ReportError`]
pub fn html(report: &Report) -> Result<String, ReportError> {
    let words = Words::new(Language::En);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("report.html", TEMPLATE)?;
    let page = Page {
        from: report.from.to_string(),
        to: report.to.to_string(),
        at: report.at.format("%Y-%m-%d %H:%M UTC").to_string(),
        claims: report.claims,
        rules: report.rules.iter().map(|rule| rule_view(words, rule)).collect::<Result<_, _>>()?,
        worst: report.worst.iter().map(|worst| worst_view(words, worst)).collect(),
    };
    Ok(environment.get_template("report.html")?.render(Serde(&page))?)
}

fn rule_view(words: Words, rule: &RuleReport) -> Result<RuleView<'_>, ReportError> {
    let sums = |what: &str, totals: &Totals| {
        let sums: Vec<String> = totals.iter().map(|sum| words.money(sum)).collect();
        (!sums.is_empty()).then(|| format!("{what}: {}", sums.join(", ")))
    };
    let money =
        [sums("Late, done since", &rule.total.done_late), sums("Late, still to be done", &rule.total.overdue_money)];
    Ok(RuleView {
        name: words.rule(&rule.rule),
        target: &rule.target,
        total: row(&words.rule(&rule.rule), &rule.total),
        chart: chart(rule)?,
        money: money.into_iter().flatten().collect(),
        tables: Dimension::ALL.into_iter().filter_map(|dimension| table(rule, dimension)).collect(),
    })
}

/// Clocks by month: met, late, open; `None`: one month is no picture.
fn chart(rule: &RuleReport) -> Result<Option<String>, ReportError> {
    let months = rule.by.iter().filter(|group| group.dimension == Dimension::Month);
    let columns: Vec<Column> = months
        .map(|month| {
            let Figures { met, late, open, .. } = month.figures;
            Column { name: month.name.clone().unwrap_or_default(), parts: vec![met, late, open] }
        })
        .collect();
    if columns.len() < 2 {
        return Ok(None);
    }
    stacked(&columns).map(Some).map_err(ReportError::Chart)
}

/// The groups of a kind; `None`: one alone says what the rule's own figures say.
fn table(rule: &RuleReport, dimension: Dimension) -> Option<Table> {
    let (groups, left_out) = rule.groups(dimension, GROUPS)?;
    let title = match dimension {
        Dimension::Month => "Month of the deadline",
        Dimension::Program => "Program",
        Dimension::PayingEntity => "Paying entity",
        Dimension::Partner => "Partner",
    };
    let rows = groups.iter().map(|group| row(group.name.as_deref().unwrap_or("(none)"), &group.figures)).collect();
    Some(Table { title, rows, left_out })
}

fn row(name: &str, figures: &Figures) -> Row {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let days = figures.business_days;
    let promises = figures.promises;
    Row {
        name: clean_line(name, WIDE).into_owned(),
        clocks: figures.clocks,
        met: figures.met,
        late: figures.late,
        overdue: figures.overdue,
        open: figures.open,
        others: figures.restarted + figures.withdrawn + figures.unknown,
        percent_met: or_dash(figures.percent_met.map(|percent| format!("{percent} %"))),
        median: or_dash(days.map(|days| days.median.to_string())),
        p90: or_dash(days.map(|days| days.p90.to_string())),
        p95: or_dash(days.map(|days| days.p95.to_string())),
        kept: match promises.kept + promises.broken {
            0 => "–".to_owned(),
            all => format!("{} of {all}", promises.kept),
        },
        taken_on: or_dash(figures.acknowledgements.map(|taken| minutes(taken.minutes.median))),
    }
}

/// A time that people wait, as long as it is.
#[must_use]
pub fn minutes(minutes: u32) -> String {
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn worst_view(words: Words, worst: &Worst) -> WorstView {
    let clean = |text: &str| clean_line(text, WIDE).into_owned();
    let line = worst.payment_id.as_deref().map(|id| format!(", payment {}", clean(id))).unwrap_or_default();
    WorstView {
        rule: words.rule(&worst.rule),
        claim: format!("{}{line}", clean(&worst.claim_id)),
        partner: worst.partner_name.as_deref().map(clean).unwrap_or_default(),
        due: worst.due_on.to_string(),
        done: match (worst.outcome, worst.stopped_at) {
            (Outcome::Overdue, _) => "still open".to_owned(),
            (_, Some(at)) => at.date_naive().to_string(),
            (_, None) => "not known".to_owned(),
        },
        late: words.business_days(worst.business_days_late),
        amount: worst
            .amount
            .zip(worst.currency)
            .map(|(amount, currency)| words.amount(amount, currency))
            .unwrap_or_default(),
    }
}
