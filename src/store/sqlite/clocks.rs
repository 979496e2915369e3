//! A rule as SQL: which rows its clocks run on. The texts are made from the rule's statuses and columns alone, all of
//! them names of ours; every value is bound.
//!
//! A payment rule's clocks are in three places, each with its own index: claims without payment lines, lines that were
//! never paid, and lines whose `paid_at` is left over from an earlier round.

use crate::claim::Status;
use crate::sla::{Rule, TaxInvoice, Watches};

/// Instants that sort as text; what does not fit is not read as one. The same pattern stands in the indexes.
const INSTANT: &str = "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z'";

/// Columns of a subject, as [`super::rows::subject`] reads them; long texts are cut before they leave the database.
pub(super) const COLUMNS: &str = "c.claim_id, c.program_id, substr(c.partner_name, 1, 1000) AS partner_name, \
    substr(c.status, 1, 1000) AS status, c.submitted_at, c.reviewed_at, c.disputed_at, c.dispute_resolved_at, \
    c.approved_at, c.tax_invoice_approved_at, c.paid_at, c.updated_at, c.amount, c.currency, \
    p.program_id AS p_program_id, p.calendar AS p_calendar, p.requires_tax_invoice AS p_requires_tax_invoice, \
    p.payment_currency AS p_payment_currency";

/// The status as it is compared. It stands here and in the indexes, and in no view: what a view computes, an index over
/// its table does not serve.
const STATUS_KEY: &str = "lower(replace(replace(replace(c.status, ' ', ''), '-', ''), '_', ''))";

/// Where clocks of a rule are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Claims, watched themselves.
    Claims,
    /// Payment lines that were never paid.
    OpenLines,
    /// Payment lines paid before the clock's start, or at an instant that cannot be read.
    LeftOverLines,
}

impl Part {
    /// The parts of `rule`, in the order in which they are read.
    pub fn of(rule: &Rule) -> &'static [Self] {
        match rule.watches {
            Watches::Claim => &[Self::Claims],
            Watches::Payments => &[Self::Claims, Self::OpenLines, Self::LeftOverLines],
        }
    }

    /// The columns that the part's rows are ordered by; the last two are the claim and the line.
    pub fn key(self, rule: &Rule) -> [String; 3] {
        match self {
            Self::Claims => [format!("c.{}", rule.starts_at.column()), "c.claim_id".into(), "''".into()],
            Self::OpenLines | Self::LeftOverLines => ["''".into(), "l.claim_id".into(), "l.payment_id".into()],
        }
    }

    /// What a subject's payment line is.
    pub fn line_columns(self) -> &'static str {
        match self {
            Self::Claims => NO_LINE,
            Self::OpenLines | Self::LeftOverLines => LINE,
        }
    }
}

const LINE: &str = "l.payment_id AS l_payment_id, l.paying_entity AS l_paying_entity, l.amount AS l_amount, \
    l.currency AS l_currency, l.paid_at AS l_paid_at, 1 AS has_payments";
const NO_LINE: &str = "NULL AS l_payment_id, NULL AS l_paying_entity, NULL AS l_amount, NULL AS l_currency, \
    NULL AS l_paid_at, 0 AS has_payments";

/// `FROM … WHERE …`: the rows of `part` on which a clock of `rule` runs, but for what is asked of its start.
pub(super) fn running(rule: &Rule, part: Part) -> String {
    let from = match part {
        Part::Claims => "FROM source_claims c LEFT JOIN source_programs p ON p.program_id = c.program_id",
        // CROSS keeps the unpaid lines, which are few, in front.
        Part::OpenLines | Part::LeftOverLines => {
            "FROM source_payments l CROSS JOIN source_claims c ON c.claim_id = l.claim_id \
             LEFT JOIN source_programs p ON p.program_id = c.program_id"
        }
    };
    let start = rule.starts_at.column();
    let unpaid = match (rule.watches, part) {
        (Watches::Claim, _) => String::new(),
        (Watches::Payments, Part::Claims) => format!(" AND {} AND {WITHOUT_LINES}", claim_unpaid(rule)),
        (Watches::Payments, Part::OpenLines) => " AND l.paid_at IS NULL".into(),
        (Watches::Payments, Part::LeftOverLines) => {
            format!(" AND l.paid_at IS NOT NULL AND ({})", left_over("l.paid_at", &format!("c.{start}")))
        }
    };
    format!("{from} WHERE {}{unpaid}{}", in_status(rule), tax_invoice(rule))
}

/// `FROM … WHERE …`: the rows of `part` whose own stop column says that a clock of `rule` stopped, not before its start.
pub(super) fn stopped(rule: &Rule, part: Part) -> String {
    let (start, stop) = (rule.starts_at.column(), stop_column(rule, part));
    let (from, lines) = match (part, rule.watches) {
        (Part::Claims, Watches::Claim) => ("source_claims c", String::new()),
        (Part::Claims, Watches::Payments) => ("source_claims c", format!(" AND {WITHOUT_LINES}")),
        _ => ("source_payments l CROSS JOIN source_claims c ON c.claim_id = l.claim_id", String::new()),
    };
    format!(
        "FROM {from} LEFT JOIN source_programs p ON p.program_id = c.program_id \
         WHERE {stop} GLOB {INSTANT} AND c.{start} GLOB {INSTANT} AND c.{start} <= {stop}{lines}{}",
        tax_invoice(rule)
    )
}

/// The parts in which stopped clocks are looked for: a paid line is in one place.
pub(super) fn stopped_parts(rule: &Rule) -> &'static [Part] {
    match rule.watches {
        Watches::Claim => &[Part::Claims],
        Watches::Payments => &[Part::Claims, Part::OpenLines],
    }
}

/// The column that says when a clock stopped.
pub(super) fn stop_column(rule: &Rule, part: Part) -> String {
    match part {
        Part::Claims => format!("c.{}", rule.stops_at.column()),
        Part::OpenLines | Part::LeftOverLines => "l.paid_at".into(),
    }
}

/// `FROM … WHERE …`: which of the clocks `asked` (`?1`: a list of id, claim, line and start) stand in the source and may come
/// up again: they run, whatever the program says, or their own stop is not before `?2`.
pub(super) fn may_come_up(rule: &Rule, part: Part) -> String {
    let stop = stop_column(rule, part);
    let (line, unpaid) = match (part, rule.watches) {
        (Part::Claims, Watches::Claim) => ("", String::new()),
        (Part::Claims, Watches::Payments) => ("", format!(" AND {} AND {WITHOUT_LINES}", claim_unpaid(rule))),
        _ => (
            "CROSS JOIN source_payments l ON l.payment_id = asked.value ->> 2 AND l.claim_id = asked.value ->> 1 ",
            format!(
                " AND (l.paid_at IS NULL OR {})",
                left_over("l.paid_at", &format!("c.{}", rule.starts_at.column()))
            ),
        ),
    };
    format!(
        "FROM json_each(?1) asked CROSS JOIN source_claims c ON c.claim_id = asked.value ->> 1 {line}\
         WHERE {} = asked.value ->> 3 AND ({}{unpaid} OR {} >= {})",
        as_recorded(rule),
        in_status(rule),
        in_order(&stop),
        in_order("?2")
    )
}

/// Whether the clock of alert `a` plainly runs on as recorded: nothing about it needs a second look. Never null; `?1` is
/// the calendar of programs that name none, `?6` that of programs that are not there.
pub(super) fn runs_on(rule: &Rule) -> String {
    let start = rule.starts_at.column();
    let unpaid = match rule.watches {
        Watches::Claim => String::new(),
        Watches::Payments => format!(
            " AND CASE WHEN a.payment_id IS NULL THEN {} AND {WITHOUT_LINES} \
             ELSE l.payment_id IS NOT NULL AND (l.paid_at IS NULL OR {}) END",
            claim_unpaid(rule),
            left_over("l.paid_at", &format!("c.{start}"))
        ),
    };
    format!(
        "coalesce({} AND a.clock_started_at = {} AND a.calendar = CASE WHEN p.program_id IS NULL THEN ?6 \
         ELSE coalesce(nullif(p.calendar, ''), ?1) END{unpaid}{}, 0)",
        in_status(rule),
        as_recorded(rule),
        tax_invoice(rule)
    )
}

/// The start as an alert records it: a source may spell the fraction of a second otherwise, or leave it out.
pub(super) fn as_recorded(rule: &Rule) -> String {
    let start = format!("c.{}", rule.starts_at.column());
    format!("(substr({start}, 1, 19) || '.' || substr(rtrim(substr({start}, 21), 'Z') || '000000', 1, 6) || 'Z')")
}

/// Whether the rule's clock started at `?1` or before, at an instant that can be read. `?2` sorts behind every spelling of
/// `?1`'s second: within that second alone the spelling matters, and elsewhere it costs nothing.
pub(super) fn started(rule: &Rule) -> String {
    let start = rule.starts_at.column();
    format!(
        "c.{start} < ?2 AND (c.{start} <= ?1 OR {} <= {}) AND coalesce(c.claim_id NOT IN \
         (SELECT claim_id FROM source_claims WHERE {} AND ({})), 1)",
        in_order(&format!("c.{start}")),
        in_order("?1"),
        unreadable_claim(),
        unreadable_instant(start)
    )
}

/// An instant as text whose order is that of time, however the fraction of a second is spelt.
fn in_order(instant: &str) -> String {
    format!("rtrim({instant}, 'Z.0')")
}

/// Whether a stop, not null, belongs to an earlier round, or is no instant.
fn left_over(stop: &str, start: &str) -> String {
    format!("{} < {} OR {}", in_order(stop), in_order(start), unreadable_instant(stop))
}

fn in_status(rule: &Rule) -> String {
    format!("{STATUS_KEY} IN ({})", status_keys(&rule.runs_while))
}

fn status_keys(statuses: &[Status]) -> String {
    let keys: Vec<String> = statuses.iter().map(|status| format!("'{}'", status.key())).collect();
    keys.join(", ")
}

/// Whether claim `c` has a status that we do not know; the same list as in the index.
pub(super) fn unknown_status() -> String {
    format!("coalesce({STATUS_KEY} NOT IN ({}), 1)", status_keys(&Status::ALL))
}

fn claim_unpaid(rule: &Rule) -> String {
    let (start, stop) = (format!("c.{}", rule.starts_at.column()), format!("c.{}", rule.stops_at.column()));
    format!("({stop} IS NULL OR {})", left_over(&stop, &start))
}

const WITHOUT_LINES: &str = "NOT EXISTS (SELECT 1 FROM source_payments other WHERE other.claim_id = c.claim_id)";

fn tax_invoice(rule: &Rule) -> &'static str {
    match rule.tax_invoice {
        TaxInvoice::Any => "",
        TaxInvoice::NotRequired => " AND coalesce(p.requires_tax_invoice, 0) = 0",
        TaxInvoice::Required => " AND coalesce(p.requires_tax_invoice, 0) <> 0",
    }
}

/// Claims that may have an instant or amount that cannot be read; the same conditions as in the index.
pub(super) fn unreadable_claim() -> String {
    let instants = crate::claim::Moment::ALL.map(|moment| unreadable_instant(moment.column()));
    format!("({} OR {UNREADABLE_MONEY})", instants.join(" OR "))
}

/// Payment lines that may have an instant or amount that cannot be read.
pub(super) fn unreadable_payment() -> String {
    format!("({} OR {UNREADABLE_MONEY})", unreadable_instant("paid_at"))
}

/// SQLite's `date` moves February 30 to March 2: a day that exists stays where it is. It admits spaces, we do not.
fn unreadable_instant(column: &str) -> String {
    format!("{column} NOT GLOB {INSTANT} OR date({column}) IS NOT substr({column}, 1, 10) OR {column} GLOB '* *'")
}

const UNREADABLE_MONEY: &str = "amount GLOB '*[^0-9.-]*' OR amount NOT GLOB '*[0-9]*' OR amount GLOB '*.*.*' \
    OR amount GLOB '?*-*' OR length(amount) > 28 OR currency NOT GLOB '[A-Za-z][A-Za-z][A-Za-z]'";
