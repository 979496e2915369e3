-- Which programs work with the schema as each migration left it: those that know version `works_with` or a later one. A
-- migration first expands: it adds what older programs do not miss. What they need is contracted a release later.
CREATE TABLE schema_versions (
    version INTEGER PRIMARY KEY NOT NULL,
    works_with INTEGER NOT NULL
) STRICT;

INSERT INTO schema_versions (version, works_with) VALUES (1, 1);

-- Input relations: what people and imports fill. Instants are text in UTC, 2018-06-29T12:00:00.000000Z, so that text
-- order is time order; amounts are exact decimals as text. What cannot be read is reported, never refused here.
CREATE TABLE programs (
    program_id TEXT PRIMARY KEY NOT NULL,
    name TEXT,
    calendar TEXT,
    requires_tax_invoice INTEGER NOT NULL DEFAULT 0,
    payment_currency TEXT
) STRICT;

CREATE TABLE claims (
    claim_id TEXT PRIMARY KEY NOT NULL,
    program_id TEXT,
    partner_name TEXT,
    title TEXT,
    status TEXT NOT NULL,
    submitted_at TEXT,
    reviewed_at TEXT,
    disputed_at TEXT,
    dispute_resolved_at TEXT,
    approved_at TEXT,
    tax_invoice_approved_at TEXT,
    paid_at TEXT,
    amount TEXT,
    currency TEXT,
    updated_at TEXT
) STRICT;

CREATE TABLE claim_payments (
    payment_id TEXT PRIMARY KEY NOT NULL,
    claim_id TEXT NOT NULL,
    paying_entity TEXT,
    amount TEXT,
    currency TEXT,
    paid_at TEXT
) STRICT;

CREATE TABLE claim_history (
    claim_id TEXT NOT NULL,
    at TEXT NOT NULL,
    status TEXT,
    note TEXT
) STRICT;

CREATE UNIQUE INDEX claim_history_entry ON claim_history (claim_id, at, coalesce(status, ''), coalesce(note, ''));

-- One index per rule over running clocks only: a scan's cost follows what runs, not the size of the table. Their
-- conditions stand word for word in src/store/sqlite/clocks.rs; a test looks at the query plans.
CREATE INDEX claims_review_clock ON claims (submitted_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('submitted', 'underreview');
CREATE INDEX claims_dispute_clock ON claims (disputed_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('disputed');
CREATE INDEX claims_payment_clock ON claims (approved_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('approved')
    AND (paid_at IS NULL OR rtrim(paid_at, 'Z.0') < rtrim(approved_at, 'Z.0')
        OR paid_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(paid_at) IS NOT substr(paid_at, 1, 10) OR paid_at GLOB '* *');
CREATE INDEX claims_tax_invoice_payment_clock ON claims (tax_invoice_approved_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('approved')
    AND (paid_at IS NULL OR rtrim(paid_at, 'Z.0') < rtrim(tax_invoice_approved_at, 'Z.0')
        OR paid_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(paid_at) IS NOT substr(paid_at, 1, 10) OR paid_at GLOB '* *');
CREATE INDEX claim_payments_claim ON claim_payments (claim_id, payment_id, paid_at);
CREATE INDEX claim_payments_unpaid ON claim_payments (claim_id, payment_id) WHERE paid_at IS NULL;

-- For the look-back: clocks that stopped since the last scan.
CREATE INDEX claims_reviewed ON claims (reviewed_at, claim_id) WHERE reviewed_at IS NOT NULL;
CREATE INDEX claims_dispute_resolved ON claims (dispute_resolved_at, claim_id) WHERE dispute_resolved_at IS NOT NULL;
CREATE INDEX claims_paid ON claims (paid_at, claim_id) WHERE paid_at IS NOT NULL;
CREATE INDEX claim_payments_paid ON claim_payments (paid_at, claim_id, payment_id) WHERE paid_at IS NOT NULL;

-- What is wrong with claims, found without reading those that are right.
CREATE INDEX claims_unknown_status ON claims (claim_id)
    WHERE coalesce(lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) NOT IN ('editing', 'submitted',
        'underreview', 'approved', 'rejected', 'actionrequired', 'disputed', 'partneractionrequired'), 1);
-- An instant must have the contract's form and be a day that exists; an amount must be a plain decimal, and a currency
-- three letters. What is in these indexes may be in order, but nothing that cannot be read is missing.
CREATE INDEX claims_unreadable ON claims (claim_id)
    WHERE submitted_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(submitted_at) IS NOT substr(submitted_at, 1, 10) OR submitted_at GLOB '* *'
    OR reviewed_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(reviewed_at) IS NOT substr(reviewed_at, 1, 10) OR reviewed_at GLOB '* *'
    OR disputed_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(disputed_at) IS NOT substr(disputed_at, 1, 10) OR disputed_at GLOB '* *'
    OR dispute_resolved_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(dispute_resolved_at) IS NOT substr(dispute_resolved_at, 1, 10) OR dispute_resolved_at GLOB '* *'
    OR approved_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(approved_at) IS NOT substr(approved_at, 1, 10) OR approved_at GLOB '* *'
    OR tax_invoice_approved_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(tax_invoice_approved_at) IS NOT substr(tax_invoice_approved_at, 1, 10) OR tax_invoice_approved_at GLOB '* *'
    OR paid_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(paid_at) IS NOT substr(paid_at, 1, 10) OR paid_at GLOB '* *'
    OR updated_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(updated_at) IS NOT substr(updated_at, 1, 10) OR updated_at GLOB '* *'
    OR amount GLOB '*[^0-9.-]*' OR amount NOT GLOB '*[0-9]*' OR amount GLOB '*.*.*' OR amount GLOB '?*-*' OR length(amount) > 28
    OR currency NOT GLOB '[A-Za-z][A-Za-z][A-Za-z]';
CREATE INDEX claim_payments_unreadable ON claim_payments (claim_id)
    WHERE paid_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' OR date(paid_at) IS NOT substr(paid_at, 1, 10) OR paid_at GLOB '* *'
    OR amount GLOB '*[^0-9.-]*' OR amount NOT GLOB '*[0-9]*' OR amount GLOB '*.*.*' OR amount GLOB '?*-*' OR length(amount) > 28
    OR currency NOT GLOB '[A-Za-z][A-Za-z][A-Za-z]';

-- Output relations: one alert per clock, and every change of one.
CREATE TABLE sla_alerts (
    id TEXT PRIMARY KEY NOT NULL,
    rule TEXT NOT NULL,
    claim_id TEXT NOT NULL,
    payment_id TEXT,
    program_id TEXT,
    partner_name TEXT,
    claim_status TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('at_risk', 'breached', 'resolved')),
    resolution TEXT CHECK (resolution IN ('met', 'late', 'restarted', 'withdrawn')),
    clock_started_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    detected_at TEXT NOT NULL,
    stopped_at TEXT,
    resolved_at TEXT,
    amount TEXT,
    currency TEXT,
    paying_entity TEXT,
    calendar TEXT NOT NULL,
    escalation_level INTEGER NOT NULL DEFAULT 0,
    last_escalated_at TEXT,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    acknowledged_until TEXT,
    note TEXT,
    snoozed_until TEXT,
    held_since TEXT,
    inherited_at TEXT,
    backfilled_at TEXT,
    next_escalation_at TEXT,
    explanation TEXT NOT NULL,
    CHECK ((state = 'resolved') = (resolution IS NOT NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX sla_alerts_claim_clock ON sla_alerts (claim_id, rule, clock_started_at) WHERE payment_id IS NULL;
CREATE UNIQUE INDEX sla_alerts_payment_clock ON sla_alerts (claim_id, rule, payment_id, clock_started_at)
    WHERE payment_id IS NOT NULL;
CREATE INDEX sla_alerts_open ON sla_alerts (rule, id) WHERE state <> 'resolved';
CREATE INDEX sla_alerts_open_due ON sla_alerts (due_at, id) WHERE state <> 'resolved';
CREATE INDEX sla_alerts_escalation ON sla_alerts (next_escalation_at) WHERE state = 'breached';
CREATE INDEX sla_alerts_held ON sla_alerts (held_since) WHERE held_since IS NOT NULL;
-- For `alerts prune`: what is over, the oldest first.
CREATE INDEX sla_alerts_resolved ON sla_alerts (resolved_at, id) WHERE state = 'resolved';
-- For lists and counts of open alerts: all that they are grouped, filtered and sorted by, so that rows are read of one page
-- alone.
CREATE INDEX sla_alerts_listed ON sla_alerts (rule, program_id, calendar, state, escalation_level, due_at, id, claim_id,
    partner_name, payment_id, paying_entity, currency, amount, acknowledged_at, snoozed_until, held_since)
    WHERE state <> 'resolved';
-- For the list that is asked for most: the worst first.
CREATE INDEX sla_alerts_worst ON sla_alerts (escalation_level DESC, due_at, id, state, held_since) WHERE state <> 'resolved';

CREATE TABLE sla_alert_events (
    alert_id TEXT NOT NULL REFERENCES sla_alerts (id),
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (alert_id, seq)
) STRICT, WITHOUT ROWID;

-- For what opened and was resolved each day.
CREATE INDEX sla_alert_events_changes ON sla_alert_events (at)
    WHERE kind IN ('opened', 'breached', 'reopened', 'resolved');

-- No event is deleted but with its alert, by `alerts prune`: it names in its transaction, by a setting that is gone at its
-- end, the instant before which alerts were resolved, and events of such alone may go. That keeps mistakes away; whoever may
-- write to the file could do the same.
CREATE TRIGGER sla_alert_events_are_kept BEFORE DELETE ON sla_alert_events
WHEN NOT EXISTS (
    SELECT 1 FROM settings s JOIN sla_alerts a ON a.id = OLD.alert_id
    WHERE s.name = 'pruning_before' AND a.state = 'resolved' AND a.resolved_at < s.value
)
BEGIN
    SELECT raise(ABORT, 'sla_alert_events is append-only');
END;

CREATE TRIGGER sla_alert_events_do_not_change BEFORE UPDATE ON sla_alert_events
BEGIN
    SELECT raise(ABORT, 'sla_alert_events is append-only');
END;

CREATE TABLE data_problems (
    claim_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    resolved_at TEXT,
    PRIMARY KEY (claim_id, kind)
) STRICT;

CREATE INDEX data_problems_open ON data_problems (claim_id, kind) WHERE resolved_at IS NULL;

CREATE VIEW sla_open_alerts AS
SELECT id, rule, claim_id, payment_id, program_id, partner_name, claim_status, state, clock_started_at, due_at,
    detected_at, amount, currency, paying_entity, calendar, escalation_level, last_escalated_at, acknowledged_at,
    acknowledged_by, acknowledged_until, note, snoozed_until, held_since, inherited_at,
    CASE state WHEN 'breached' THEN CAST(julianday('now') - julianday(due_at) AS INTEGER) ELSE 0 END AS days_overdue
FROM sla_alerts
WHERE state <> 'resolved';

-- Breaches per UTC day, rule and program: opened, resolved, and open at the day's end.
CREATE VIEW sla_daily AS
WITH changes AS (
    SELECT substr(e.at, 1, 10) AS day, a.rule, a.program_id,
        e.kind <> 'resolved' AS opened, e.kind = 'resolved' AS resolved
    FROM sla_alert_events e JOIN sla_alerts a ON a.id = e.alert_id
    WHERE (e.kind IN ('opened', 'breached', 'reopened') AND e.detail ->> 'state' = 'breached')
        OR (e.kind = 'resolved' AND e.detail ->> 'from' = 'breached')
)
SELECT day, rule, program_id, sum(opened) AS opened, sum(resolved) AS resolved,
    sum(sum(opened) - sum(resolved)) OVER (PARTITION BY rule, program_id ORDER BY day) AS open_at_end_of_day
FROM changes
GROUP BY day, rule, program_id;

-- Work relations.
CREATE TABLE alert_escalations (
    alert_id TEXT NOT NULL REFERENCES sla_alerts (id),
    level INTEGER NOT NULL,
    first_sent_at TEXT NOT NULL,
    last_sent_at TEXT NOT NULL,
    PRIMARY KEY (alert_id, level)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox_messages (
    id TEXT PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    level INTEGER NOT NULL,
    alerts INTEGER NOT NULL,
    facts TEXT NOT NULL,
    thread TEXT NOT NULL,
    first_message TEXT NOT NULL,
    rendered_at TEXT,
    message_id TEXT,
    subject TEXT,
    bytes BLOB,
    about TEXT
) STRICT;

CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    message TEXT NOT NULL REFERENCES outbox_messages (id),
    recipient TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead', 'settled', 'folded')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT,
    lease_holder TEXT,
    leased_until TEXT,
    last_error TEXT,
    perhaps_delivered INTEGER NOT NULL DEFAULT 0,
    own_subject TEXT,
    own_bytes BLOB,
    own_about TEXT,
    sent_at TEXT,
    reply TEXT,
    folded_into TEXT,
    UNIQUE (message, recipient)
) STRICT;

CREATE INDEX outbox_pending ON outbox (next_attempt_at, id) WHERE state = 'pending';
-- How many messages an address got within the hour, and what goes along with a later one.
CREATE INDEX outbox_sent ON outbox (recipient, sent_at) WHERE state = 'sent';
CREATE INDEX outbox_folded ON outbox (folded_into) WHERE folded_into IS NOT NULL;

-- One a route and level: its messages answer the first. `told_at` is when its last message was decided on; what was resolved
-- until then has been said.
CREATE TABLE threads (
    name TEXT PRIMARY KEY NOT NULL,
    first_message TEXT NOT NULL,
    told_at TEXT NOT NULL
) STRICT;

-- Addresses that their mail server refused: how often in a row, and since when nothing is sent to them any more.
CREATE TABLE recipients (
    address TEXT PRIMARY KEY NOT NULL,
    refusals INTEGER NOT NULL,
    refused_at TEXT NOT NULL,
    words TEXT NOT NULL,
    disabled_at TEXT,
    told_at TEXT
) STRICT;

-- For a while, nothing is told of the alerts that fit every pattern: * stands for any text, ? for one character.
CREATE TABLE silences (
    id TEXT PRIMARY KEY NOT NULL,
    rule TEXT,
    program TEXT,
    partner TEXT,
    entity TEXT,
    claim TEXT,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    expired_at TEXT,
    expired_by TEXT
) STRICT;

CREATE INDEX silences_end ON silences (coalesce(expired_at, ends_at));

CREATE TABLE tokens (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    ends_at TEXT,
    revoked_at TEXT
) STRICT;

-- Who is signed in on the page: digests of their secrets, each with its token, until an end.
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY NOT NULL,
    token TEXT NOT NULL REFERENCES tokens (id),
    began_at TEXT NOT NULL,
    ends_at TEXT NOT NULL
) STRICT;

CREATE TABLE scans (
    id INTEGER PRIMARY KEY,
    began_at TEXT NOT NULL,
    scheduled_for TEXT UNIQUE,
    finished_at TEXT,
    settings TEXT NOT NULL,
    deadlines TEXT NOT NULL,
    opened INTEGER,
    warned INTEGER,
    met INTEGER,
    late INTEGER,
    restarted INTEGER,
    withdrawn INTEGER,
    messages INTEGER,
    data_problems INTEGER,
    opening TEXT,
    error TEXT
) STRICT;

CREATE INDEX scans_finished ON scans (began_at) WHERE finished_at IS NOT NULL;
-- How many alerts scans usually open.
CREATE INDEX scans_opened ON scans (began_at, opened) WHERE opened > 0 AND opening = 'usual' AND finished_at IS NOT NULL;

-- What `migrate` made of the configuration, so that a daemon whose [source] differs refuses to start.
CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

-- What the links of mails are sealed with: this database's own, and a secret.
INSERT INTO settings (name, value) VALUES ('link_key', lower(hex(randomblob(32))));
