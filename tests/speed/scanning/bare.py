"""The hand-written side: plain SQL over the same tables, by someone who knows that statuses are spelt in one way, that no
claim has payment lines, and that every program has one calendar.
"""

import re

from .calendar import stamp

# Of each rule: where its clock starts, and while what it runs.
CLOCKS = {
    "review": ("submitted_at", "c.status IN ('submitted', 'under_review')"),
    "dispute": ("disputed_at", "c.status = 'disputed'"),
    "payment": ("approved_at", "c.status = 'approved' AND c.paid_at IS NULL"),
}


def indexes():
    """Those that served best, over running clocks alone."""
    for rule, (start, running) in CLOCKS.items():
        yield f"CREATE INDEX bare_{rule} ON claims ({start}, claim_id) WHERE {running.replace('c.', '')}"


def nothing_new(calendar, tight=False):
    """Late clocks without an alert, and open alerts without a running clock. `tight`: in the words with which an index
    of claimwatch's own serves best.
    """
    alerts_open = " AND a.state <> 'resolved'" if tight else ""
    on_claims = " AND a.payment_id IS NULL" if tight else ""
    for rule, (start, running) in CLOCKS.items():
        yield (
            f"SELECT c.claim_id, c.{start} FROM claims c WHERE {running} AND c.{start} < '{stamp(calendar.cutoffs[rule])}' "
            f"AND NOT EXISTS (SELECT 1 FROM sla_alerts a WHERE a.rule = '{rule}' AND a.claim_id = c.claim_id "
            f"AND a.payment_id IS NULL{alerts_open} AND a.clock_started_at = c.{start})"
        )
        yield (
            f"SELECT a.id FROM sla_alerts a WHERE a.rule = '{rule}' AND a.state <> 'resolved'{on_claims} AND NOT EXISTS "
            f"(SELECT 1 FROM claims c WHERE {running} AND a.claim_id = c.claim_id AND a.clock_started_at = c.{start})"
        )


def late(calendar, table, day):
    """All late clocks with what the calendar `table` has of the day on which they started; `day` finds it from the start."""
    parts = []
    for rule, (start, running) in CLOCKS.items():
        parts.append(
            f"SELECT '{rule}' AS rule, c.claim_id, c.program_id, c.partner_name, c.status, c.{start} AS started_at, "
            f"k.due_{rule} AS due_at, c.amount, c.currency, k.why_{rule} AS why FROM claims c JOIN {table} k "
            f"ON {day(f'c.{start}')} WHERE {running} AND c.{start} < '{stamp(calendar.cutoffs[rule])}'"
        )
    return " UNION ALL ".join(parts)


def without_start(explanation):
    """An explanation of claimwatch's, to be put behind `{"start":"…",`."""
    return re.sub(r'"start":"[^"]*",', "", explanation, count=1)[1:]


ALERT = """(id, rule, claim_id, program_id, partner_name, claim_status, state, clock_started_at, due_at, detected_at, amount,
    currency, calendar, escalation_level, last_escalated_at, next_escalation_at, explanation)"""
MESSAGE = "0190f5a0-0000-7000-8000-000000000001"


def raise_on_postgres(calendar):
    """One statement: the alerts of all late clocks, and two events of each."""
    now = f"timestamptz '{stamp(calendar.now)}'"
    clocks = late(calendar, "bare.calendar", lambda start: f"k.day = ({start} AT TIME ZONE 'Europe/Paris')::date")
    return f"""
WITH late AS ({clocks}), raised AS (
    INSERT INTO bare.sla_alerts {ALERT}
    SELECT gen_random_uuid(), rule, claim_id, program_id, partner_name, status, 'breached', started_at, due_at, {now},
        amount, currency, 'fr', 1, {now}, {now} + interval '1 day', ('{{"start":"' || started_at || '",' || why)::json
    FROM late ON CONFLICT DO NOTHING RETURNING id, claim_id, due_at, claim_status)
INSERT INTO bare.sla_alert_events (alert_id, claim_id, seq, at, kind, actor, detail)
SELECT id, claim_id, seq, {now}, kind, 'claimwatch', CASE seq
    WHEN 1 THEN json_build_object('state', 'breached', 'due_at', due_at, 'claim_status', claim_status)
    ELSE json_build_object('level', 1, 'message', '{MESSAGE}') END
FROM raised CROSS JOIN (VALUES (1, 'opened'), (2, 'escalated')) e (seq, kind)"""


def raise_on_sqlite(calendar):
    """The same in two statements: on SQLite nothing can be inserted within a query."""
    now = stamp(calendar.now)
    day = "k.starts_at = (SELECT max(d.starts_at) FROM bare_calendar d WHERE d.starts_at <= {})"
    yield f"""
INSERT INTO bare_sla_alerts {ALERT}
SELECT lower(hex(randomblob(16))), rule, claim_id, program_id, partner_name, status, 'breached', started_at, due_at,
    '{now}', amount, currency, 'fr', 1, '{now}', '{now}', '{{"start":"' || started_at || '",' || why
FROM ({late(calendar, "bare_calendar", day.format)}) WHERE true ON CONFLICT DO NOTHING"""
    yield f"""
INSERT INTO bare_sla_alert_events (alert_id, seq, at, kind, actor, detail)
SELECT id, seq, '{now}', kind, 'claimwatch', CASE seq
    WHEN 1 THEN '{{"state":"breached","due_at":"' || due_at || '","claim_status":"' || claim_status || '"}}'
    ELSE '{{"level":1,"message":"{MESSAGE}"}}' END
FROM bare_sla_alerts CROSS JOIN (SELECT 1 AS seq, 'opened' AS kind UNION ALL SELECT 2, 'escalated') e
WHERE detected_at = '{now}' ORDER BY id"""
