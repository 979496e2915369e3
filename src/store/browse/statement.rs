//! The statements that find a page of alerts, the same on every engine but for its dialect.

use chrono::{DateTime, Utc};

use super::{AlertPage, AlertQuery, AlertSort, Answered, MOST_COUNTED, NO_CURRENCY, Place, Which, instant, no_amount};
use crate::alert::Alert;

/// How an engine has it.
pub(in crate::store) struct Dialect {
    /// What a text is cast to to be compared with an instant, an id, a number, an amount.
    pub instant: &'static str,
    pub id: &'static str,
    pub number: &'static str,
    /// An alert's amount as a number.
    pub amount: &'static str,
    /// Makes texts the same that differ in their case, where LIKE does not do that by itself.
    pub folded: &'static str,
    /// What is said of the table of open alerts where the worst of all are looked for, and where others are, so that they
    /// are found in an index that has all that they are found by.
    pub worst: &'static str,
    pub listed: &'static str,
}

/// A statement and the texts for its parameters, `$1` and on.
pub(in crate::store) struct Statement {
    pub sql: String,
    pub values: Vec<String>,
}

impl Statement {
    /// A parameter of that value. No text in a database has a NUL, and PostgreSQL refuses to look for one.
    fn value(&mut self, value: &str) -> String {
        self.values.push(value.replace('\0', "\u{fffd}"));
        format!("${}", self.values.len())
    }
}

/// Finds a page of `columns` of alerts `a`, and one alert more, by which it is known whether another page follows.
pub(in crate::store) fn page(
    dialect: &Dialect,
    columns: &str,
    query: &AlertQuery,
    now: DateTime<Utc>,
    place: Option<&Place>,
    limit: u32,
) -> Statement {
    let mut made = Statement { sql: String::new(), values: Vec::new() };
    let mut conditions = conditions(dialect, &mut made, query, now);
    if let Some(place) = place {
        conditions.push_str(&after(dialect, &mut made, query, place));
    }
    let order: Vec<String> = keys(dialect, query)
        .into_iter()
        .map(|(column, _, descending)| format!("{column}{}", if descending { " DESC" } else { "" }))
        .chain([if is_latest_first(query.sort) { "a.id DESC".to_owned() } else { "a.id".to_owned() }])
        .collect();
    let order = order.join(", ");
    let index = index(dialect, query);
    // What is found is found in an index alone; then its rows are read.
    made.sql = format!(
        "WITH found AS (SELECT a.id FROM sla_alerts a{index} WHERE {conditions} ORDER BY {order} LIMIT {}) \
         SELECT {columns} FROM found CROSS JOIN sla_alerts a WHERE a.id = found.id ORDER BY {order}",
        u64::from(limit) + 1
    );
    made
}

/// Counts the alerts of a list.
pub(in crate::store) fn total(dialect: &Dialect, query: &AlertQuery, now: DateTime<Utc>) -> Statement {
    let mut made = Statement { sql: String::new(), values: Vec::new() };
    let conditions = conditions(dialect, &mut made, query, now);
    made.sql = match query.which {
        Which::Resolved => format!(
            "SELECT count(*) AS total FROM (SELECT a.id FROM sla_alerts a WHERE {conditions} LIMIT {MOST_COUNTED}) listed"
        ),
        _ => format!("SELECT count(*) AS total FROM sla_alerts a{} WHERE {conditions}", index(dialect, query)),
    };
    made
}

/// Whether what was read for a page of `limit` is the whole list, so that nothing is to be counted.
pub(in crate::store) fn is_whole(place: Option<&Place>, alerts: &[Alert], limit: u32) -> bool {
    place.is_none() && alerts.len() <= limit as usize
}

/// What was read, as a page of `limit`.
pub(in crate::store) fn paged(mut alerts: Vec<Alert>, total: u64, sort: AlertSort, limit: u32) -> AlertPage {
    let is_last = alerts.len() <= limit as usize;
    alerts.truncate(limit as usize);
    let next = alerts.last().filter(|_| !is_last).map(|alert| Place::of(alert, sort));
    AlertPage { alerts, next, total }
}

fn index(dialect: &Dialect, query: &AlertQuery) -> &'static str {
    let AlertQuery { which, rule, program, level, answer, text, sort } = query;
    let narrowed = rule.is_some() || program.is_some() || level.is_some() || answer.is_some() || text.is_some();
    match which {
        Which::Resolved => "",
        Which::Open | Which::Breached if *sort == AlertSort::Worst && !narrowed => dialect.worst,
        _ => dialect.listed,
    }
}

fn conditions(dialect: &Dialect, made: &mut Statement, query: &AlertQuery, now: DateTime<Utc>) -> String {
    let mut conditions = String::from(match query.which {
        Which::Open => "a.state <> 'resolved'",
        Which::AtRisk => "a.state <> 'resolved' AND a.state = 'at_risk'",
        Which::Breached => "a.state <> 'resolved' AND a.state = 'breached'",
        Which::Held => "a.state <> 'resolved' AND a.held_since IS NOT NULL",
        Which::Resolved => "a.state = 'resolved'",
    });
    for (column, value) in [("rule", &query.rule), ("program_id", &query.program)] {
        if let Some(value) = value {
            let value = made.value(value);
            conditions.push_str(&format!(" AND a.{column} = {value}"));
        }
    }
    if let Some(level) = query.level {
        conditions.push_str(&format!(" AND a.escalation_level = {level}"));
    }
    if let Some(answer) = query.answer {
        let snoozed =
            format!("coalesce(a.snoozed_until > CAST({} AS {}), false)", made.value(&instant(now)), dialect.instant);
        conditions.push_str(&match answer {
            Answered::Acknowledged => " AND a.acknowledged_at IS NOT NULL".to_owned(),
            Answered::Unacknowledged => " AND a.acknowledged_at IS NULL".to_owned(),
            Answered::Snoozed => format!(" AND {snoozed}"),
            Answered::Nothing => format!(" AND a.acknowledged_at IS NULL AND NOT {snoozed}"),
        });
    }
    if let Some(text) = query.text.as_deref().filter(|text| !text.is_empty()) {
        let pattern = made.value(&format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
        // As one text with a line each: it is gone through once.
        let lines = ["program_id", "partner_name", "payment_id", "paying_entity"];
        let lines = lines.map(|column| format!(" || '\n' || coalesce(a.{column}, '')")).concat();
        let folded = |text: &str| format!("{}({text})", dialect.folded);
        let (found, sought) = (folded(&format!("a.claim_id{lines}")), folded(&pattern));
        conditions.push_str(&format!(" AND {found} LIKE {sought} ESCAPE '\\'"));
    }
    conditions
}

/// What the list is sorted by: columns, what their values are cast to, and whether they go down.
fn keys(dialect: &Dialect, query: &AlertQuery) -> Vec<(String, &'static str, bool)> {
    let text = |column: &str| (format!("coalesce(a.{column}, '')"), "text", false);
    match query.sort {
        AlertSort::Worst => {
            vec![("a.escalation_level".to_owned(), "integer", true), ("a.due_at".to_owned(), dialect.instant, false)]
        }
        AlertSort::Due => vec![("a.due_at".to_owned(), dialect.instant, false)],
        AlertSort::DueLast => vec![("a.due_at".to_owned(), dialect.instant, true)],
        AlertSort::Claim => vec![("a.claim_id".to_owned(), "text", false)],
        AlertSort::Program => vec![text("program_id")],
        AlertSort::Partner => vec![text("partner_name")],
        AlertSort::Amount => vec![
            (format!("coalesce(a.currency, '{NO_CURRENCY}')"), "text", false),
            (format!("coalesce({}, {})", dialect.amount, no_amount()), dialect.number, true),
        ],
        AlertSort::Resolved => {
            let column = if query.which == Which::Resolved { "resolved_at" } else { "due_at" };
            vec![(format!("a.{column}"), dialect.instant, true)]
        }
    }
}

fn is_latest_first(sort: AlertSort) -> bool {
    matches!(sort, AlertSort::DueLast | AlertSort::Resolved)
}

/// That alert `a` comes after `place`.
fn after(dialect: &Dialect, made: &mut Statement, query: &AlertQuery, place: &Place) -> String {
    let id = format!("CAST({} AS {})", made.value(&place.id.to_string()), dialect.id);
    let mut after = format!("a.id {} {id}", if is_latest_first(query.sort) { "<" } else { ">" });
    for ((column, kind, descending), value) in keys(dialect, query).into_iter().zip(place.values()).rev() {
        let value = format!("CAST({} AS {kind})", made.value(&value));
        let beyond = if descending { "<" } else { ">" };
        after = format!("{column} {beyond} {value} OR {column} = {value} AND ({after})");
    }
    format!(" AND ({after})")
}

/// Open alerts that are alike: `rule`, `program_id`, `calendar`, `state`, `escalation_level`, `alerts`, `acknowledged`, `held`,
/// `oldest`.
pub(in crate::store) const ALIKE: &str = "SELECT rule, program_id, calendar, state, escalation_level, count(*) AS alerts, \
     count(acknowledged_at) AS acknowledged, count(held_since) AS held, \
     min(due_at) FILTER (WHERE held_since IS NULL) AS oldest \
     FROM sla_alerts WHERE state <> 'resolved' GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5";

/// A delivery as [`crate::store::OutboxItem`] has it, of `outbox o` and `outbox_messages m`.
pub(in crate::store) const DELIVERY: &str = "o.id, o.message, o.recipient, o.state, m.level, m.alerts, m.created_at, o.attempts, \
     o.next_attempt_at, o.leased_until, o.last_error, o.sent_at, o.reply, m.message_id, \
     coalesce(o.own_subject, m.subject) AS subject FROM outbox o JOIN outbox_messages m ON m.id = o.message";
