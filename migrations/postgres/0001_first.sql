-- Which programs work with the schema as each migration left it: those that know version `works_with` or a later one. A
-- migration first expands: it adds what older programs do not miss. What they need is contracted a release later.
CREATE TABLE schema_versions (
    version bigint PRIMARY KEY,
    works_with bigint NOT NULL
);

INSERT INTO schema_versions (version, works_with) VALUES (1, 1);

-- Input relations: what people and imports fill, where the company has no tables of its own. What cannot be read, an
-- amount NaN or an instant infinity, is reported, never refused here.
CREATE TABLE programs (
    program_id text PRIMARY KEY,
    name text,
    calendar text,
    requires_tax_invoice boolean NOT NULL DEFAULT false,
    payment_currency text
);

-- Vacuumed early: what keeps the index reads of a scan out of the table is its visibility map.
CREATE TABLE claims (
    claim_id text PRIMARY KEY,
    program_id text,
    partner_name text,
    title text,
    status text NOT NULL,
    submitted_at timestamptz,
    reviewed_at timestamptz,
    disputed_at timestamptz,
    dispute_resolved_at timestamptz,
    approved_at timestamptz,
    tax_invoice_approved_at timestamptz,
    paid_at timestamptz,
    amount numeric,
    currency text,
    updated_at timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

CREATE TABLE claim_payments (
    payment_id text PRIMARY KEY,
    claim_id text NOT NULL,
    paying_entity text,
    amount numeric,
    currency text,
    paid_at timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

CREATE TABLE claim_history (
    claim_id text NOT NULL,
    at timestamptz NOT NULL,
    status text,
    note text
);

-- Nulls are different from one another in a unique index.
CREATE UNIQUE INDEX claim_history_entry ON claim_history (claim_id, at, coalesce(status, ''), coalesce(note, ''));

-- One index per rule over running clocks only: a scan's cost follows what runs, not the size of the table. Their
-- conditions stand word for word in src/store/postgres/clocks.rs; a test looks at the query plans. An instant outside
-- the years 1 to 9999, infinity among them, is none.
CREATE INDEX claims_review_clock ON claims (submitted_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('submitted', 'underreview');
CREATE INDEX claims_dispute_clock ON claims (disputed_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('disputed');
CREATE INDEX claims_payment_clock ON claims (approved_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('approved')
    AND (paid_at IS NULL OR paid_at < approved_at OR paid_at < '0001-01-01 00:00:00+00' OR paid_at >= '10000-01-01 00:00:00+00');
CREATE INDEX claims_tax_invoice_payment_clock ON claims (tax_invoice_approved_at, claim_id, program_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) IN ('approved')
    AND (paid_at IS NULL OR paid_at < tax_invoice_approved_at OR paid_at < '0001-01-01 00:00:00+00' OR paid_at >= '10000-01-01 00:00:00+00');
-- How common each status is: no index has it as a column, and a wrong guess would read whole tables for payment lines.
CREATE STATISTICS claims_status ON (lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', ''))) FROM claims;
CREATE INDEX claim_payments_claim ON claim_payments (claim_id, payment_id, paid_at);
CREATE INDEX claim_payments_unpaid ON claim_payments (claim_id, payment_id) WHERE paid_at IS NULL;

-- For the look-back: clocks that stopped since the last scan.
CREATE INDEX claims_reviewed ON claims (reviewed_at, claim_id) WHERE reviewed_at IS NOT NULL;
CREATE INDEX claims_dispute_resolved ON claims (dispute_resolved_at, claim_id) WHERE dispute_resolved_at IS NOT NULL;
CREATE INDEX claims_paid ON claims (paid_at, claim_id) WHERE paid_at IS NOT NULL;
CREATE INDEX claim_payments_paid ON claim_payments (paid_at, claim_id, payment_id) WHERE paid_at IS NOT NULL;

-- What is wrong with claims, found without reading those that are right.
CREATE INDEX claims_unknown_status ON claims (claim_id)
    WHERE lower(replace(replace(replace(status, ' ', ''), '-', ''), '_', '')) NOT IN ('editing', 'submitted',
        'underreview', 'approved', 'rejected', 'actionrequired', 'disputed', 'partneractionrequired') OR status IS NULL;
-- An instant must be of a year from 1 to 9999, an amount one of up to 28 digits and no NaN, and a currency three
-- letters. What is in these indexes may be in order, but nothing that cannot be read is missing. All of it is built-in
-- functions and operators alone, so that it may be asked of a table on another server.
CREATE INDEX claims_unreadable ON claims (claim_id)
    WHERE submitted_at < '0001-01-01 00:00:00+00' OR submitted_at >= '10000-01-01 00:00:00+00'
    OR reviewed_at < '0001-01-01 00:00:00+00' OR reviewed_at >= '10000-01-01 00:00:00+00'
    OR disputed_at < '0001-01-01 00:00:00+00' OR disputed_at >= '10000-01-01 00:00:00+00'
    OR dispute_resolved_at < '0001-01-01 00:00:00+00' OR dispute_resolved_at >= '10000-01-01 00:00:00+00'
    OR approved_at < '0001-01-01 00:00:00+00' OR approved_at >= '10000-01-01 00:00:00+00'
    OR tax_invoice_approved_at < '0001-01-01 00:00:00+00' OR tax_invoice_approved_at >= '10000-01-01 00:00:00+00'
    OR paid_at < '0001-01-01 00:00:00+00' OR paid_at >= '10000-01-01 00:00:00+00'
    OR updated_at < '0001-01-01 00:00:00+00' OR updated_at >= '10000-01-01 00:00:00+00'
    OR amount NOT BETWEEN -1e28 AND 1e28 OR scale(amount) > 28
    OR abs(amount) * power(10::numeric, scale(amount)::numeric) >= 1e28 OR currency !~ '^[A-Za-z]{3}$';
CREATE INDEX claim_payments_unreadable ON claim_payments (claim_id)
    WHERE paid_at < '0001-01-01 00:00:00+00' OR paid_at >= '10000-01-01 00:00:00+00'
    OR amount NOT BETWEEN -1e28 AND 1e28 OR scale(amount) > 28
    OR abs(amount) * power(10::numeric, scale(amount)::numeric) >= 1e28 OR currency !~ '^[A-Za-z]{3}$';

-- Output relations: one alert per clock, and every change of one. Every unique key of theirs contains the claim, so that
-- they can be distributed by it; the id comes first where alerts are looked up by it.
CREATE TABLE sla_alerts (
    id uuid NOT NULL,
    rule text NOT NULL,
    claim_id text NOT NULL,
    payment_id text,
    program_id text,
    partner_name text,
    claim_status text NOT NULL,
    state text NOT NULL CHECK (state IN ('at_risk', 'breached', 'resolved')),
    resolution text CHECK (resolution IN ('met', 'late', 'restarted', 'withdrawn')),
    clock_started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    stopped_at timestamptz,
    resolved_at timestamptz,
    amount numeric,
    currency text,
    paying_entity text,
    calendar text NOT NULL,
    escalation_level integer NOT NULL DEFAULT 0,
    last_escalated_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledged_until timestamptz,
    note text,
    snoozed_until timestamptz,
    held_since timestamptz,
    inherited_at timestamptz,
    backfilled_at timestamptz,
    next_escalation_at timestamptz,
    explanation json NOT NULL,
    PRIMARY KEY (id, claim_id),
    CHECK ((state = 'resolved') = (resolution IS NOT NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);

-- The reasons of a long deadline are worth packing, and lz4 packs them in a tenth of the time, where the server has it.
DO $$
BEGIN
    ALTER TABLE sla_alerts ALTER COLUMN explanation SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

CREATE UNIQUE INDEX sla_alerts_claim_clock ON sla_alerts (claim_id, rule, clock_started_at) WHERE payment_id IS NULL;
CREATE UNIQUE INDEX sla_alerts_payment_clock ON sla_alerts (claim_id, rule, payment_id, clock_started_at)
    WHERE payment_id IS NOT NULL;
-- All that a scan compares with running clocks, in the order of their own indexes: merged, and nothing else is read.
CREATE INDEX sla_alerts_open ON sla_alerts (rule, clock_started_at, claim_id, payment_id, state, calendar)
    WHERE state <> 'resolved';
CREATE INDEX sla_alerts_open_due ON sla_alerts (due_at, id) WHERE state <> 'resolved';
CREATE INDEX sla_alerts_escalation ON sla_alerts (next_escalation_at) WHERE state = 'breached';
CREATE INDEX sla_alerts_held ON sla_alerts (held_since) WHERE held_since IS NOT NULL;
-- For `alerts prune`: what is over, the oldest first.
CREATE INDEX sla_alerts_resolved ON sla_alerts (resolved_at, id) WHERE state = 'resolved';
-- For lists of open alerts: the worst first. No text of unknown length is in it: an entry has an end.
CREATE INDEX sla_alerts_listed ON sla_alerts (escalation_level DESC, due_at, id)
    INCLUDE (state, rule, acknowledged_at, snoozed_until, held_since) WHERE state <> 'resolved';

-- No foreign key: only claimwatch writes here, alert and events in one transaction, and a key is one look-up an event.
CREATE TABLE sla_alert_events (
    alert_id uuid NOT NULL,
    claim_id text NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    detail json NOT NULL,
    PRIMARY KEY (alert_id, claim_id, seq)
);

-- For what opened and was resolved each day.
CREATE INDEX sla_alert_events_changes ON sla_alert_events (at)
    WHERE kind IN ('opened', 'breached', 'reopened', 'resolved');

-- No event is changed, and none is deleted but with its alert, by `alerts prune`: it names in its transaction the instant
-- before which alerts were resolved, and events of such alone may go. That keeps mistakes away; whoever may delete here can
-- name an instant too, so that only the role that prunes has the right to (deploy/postgres/roles.sql).
CREATE FUNCTION sla_alert_events_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND nullif(current_setting('claimwatch.pruning_before', true), '') IS NOT NULL THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'sla_alert_events is append-only';
END
$$;

CREATE TRIGGER sla_alert_events_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON sla_alert_events
    FOR EACH STATEMENT EXECUTE FUNCTION sla_alert_events_are_kept();

CREATE FUNCTION sla_alert_events_are_pruned() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (
        SELECT FROM gone e LEFT JOIN sla_alerts a ON a.id = e.alert_id AND a.claim_id = e.claim_id
        WHERE NOT coalesce(a.state = 'resolved'
            AND a.resolved_at < nullif(current_setting('claimwatch.pruning_before', true), '')::timestamptz, false)
    ) THEN
        RAISE EXCEPTION 'sla_alert_events is append-only: an alert is open, or was resolved later than is pruned';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER sla_alert_events_are_pruned AFTER DELETE ON sla_alert_events
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION sla_alert_events_are_pruned();

CREATE TABLE data_problems (
    claim_id text NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (claim_id, kind)
);

CREATE INDEX data_problems_open ON data_problems (claim_id, kind) WHERE resolved_at IS NULL;

CREATE VIEW sla_open_alerts AS
SELECT id, rule, claim_id, payment_id, program_id, partner_name, claim_status, state, clock_started_at, due_at,
    detected_at, amount, currency, paying_entity, calendar, escalation_level, last_escalated_at, acknowledged_at,
    acknowledged_by, acknowledged_until, note, snoozed_until, held_since, inherited_at,
    CASE state WHEN 'breached' THEN trunc(extract(epoch FROM now() - due_at) / 86400)::integer ELSE 0 END AS days_overdue
FROM sla_alerts
WHERE state <> 'resolved';

-- Breaches per UTC day, rule and program: opened, resolved, and open at the day's end.
CREATE VIEW sla_daily AS
WITH changes AS (
    SELECT (e.at AT TIME ZONE 'UTC')::date AS day, a.rule, a.program_id, e.kind = 'resolved' AS resolved
    FROM sla_alert_events e JOIN sla_alerts a ON a.id = e.alert_id AND a.claim_id = e.claim_id
    WHERE (e.kind IN ('opened', 'breached', 'reopened') AND e.detail ->> 'state' = 'breached')
        OR (e.kind = 'resolved' AND e.detail ->> 'from' = 'breached')
), days AS (
    SELECT day, rule, program_id, count(*) FILTER (WHERE NOT resolved) AS opened, count(*) FILTER (WHERE resolved) AS resolved
    FROM changes
    GROUP BY day, rule, program_id
)
SELECT day, rule, program_id, opened, resolved,
    (sum(opened - resolved) OVER (PARTITION BY rule, program_id ORDER BY day))::bigint AS open_at_end_of_day
FROM days;

-- Work relations.
CREATE TABLE alert_escalations (
    alert_id uuid NOT NULL,
    claim_id text NOT NULL,
    level integer NOT NULL,
    first_sent_at timestamptz NOT NULL,
    last_sent_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, claim_id, level)
);

CREATE TABLE outbox_messages (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    level integer NOT NULL,
    alerts integer NOT NULL,
    facts json NOT NULL,
    thread text NOT NULL,
    first_message uuid NOT NULL,
    rendered_at timestamptz,
    message_id text,
    subject text,
    bytes bytea,
    about text
);

CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    message uuid NOT NULL REFERENCES outbox_messages (id),
    recipient text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead', 'settled', 'folded')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    lease_holder text,
    leased_until timestamptz,
    last_error text,
    perhaps_delivered boolean NOT NULL DEFAULT false,
    own_subject text,
    own_bytes bytea,
    own_about text,
    sent_at timestamptz,
    reply text,
    folded_into uuid,
    UNIQUE (message, recipient)
);

CREATE INDEX outbox_pending ON outbox (next_attempt_at, id) WHERE state = 'pending';
-- How many messages an address got within the hour, and what goes along with a later one.
CREATE INDEX outbox_sent ON outbox (recipient, sent_at) WHERE state = 'sent';
CREATE INDEX outbox_folded ON outbox (folded_into) WHERE folded_into IS NOT NULL;

-- One a route and level: its messages answer the first. `told_at` is when its last message was decided on; what was resolved
-- until then has been said.
CREATE TABLE threads (
    name text PRIMARY KEY,
    first_message uuid NOT NULL,
    told_at timestamptz NOT NULL
);

-- Addresses that their mail server refused: how often in a row, and since when nothing is sent to them any more.
CREATE TABLE recipients (
    address text PRIMARY KEY,
    refusals integer NOT NULL,
    refused_at timestamptz NOT NULL,
    words text NOT NULL,
    disabled_at timestamptz,
    told_at timestamptz
);

-- For a while, nothing is told of the alerts that fit every pattern: * stands for any text, ? for one character.
CREATE TABLE silences (
    id uuid PRIMARY KEY,
    rule text,
    program text,
    partner text,
    entity text,
    claim text,
    author text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    expired_at timestamptz,
    expired_by text
);

CREATE INDEX silences_end ON silences (coalesce(expired_at, ends_at));

CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    digest text NOT NULL UNIQUE,
    scope text NOT NULL,
    ends_at timestamptz,
    revoked_at timestamptz
);

-- Who is signed in on the page: digests of their secrets, each with its token, until an end.
CREATE TABLE sessions (
    digest text PRIMARY KEY,
    token uuid NOT NULL REFERENCES tokens (id),
    began_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);

CREATE TABLE scans (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at timestamptz NOT NULL,
    scheduled_for timestamptz UNIQUE,
    finished_at timestamptz,
    settings text NOT NULL,
    deadlines text NOT NULL,
    opened bigint,
    warned bigint,
    met bigint,
    late bigint,
    restarted bigint,
    withdrawn bigint,
    messages bigint,
    data_problems bigint,
    opening text,
    error text
);

CREATE INDEX scans_finished ON scans (began_at) WHERE finished_at IS NOT NULL;
-- How many alerts scans usually open.
CREATE INDEX scans_opened ON scans (began_at, opened) WHERE opened > 0 AND opening = 'usual' AND finished_at IS NOT NULL;

-- Who leads, judged by the database's clock, and the number of the term, which grows with each new leader. They are rows
-- of their own: a scan asks for its term as it ends, and renewing the lease meanwhile must not look like another leader.
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL,
    ends_at timestamptz NOT NULL
);

CREATE TABLE terms (
    name text PRIMARY KEY,
    fence bigint NOT NULL
);

-- What `migrate` made of the configuration, so that a daemon whose [source] differs refuses to start.
CREATE TABLE settings (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- What the links of mails are sealed with: this database's own, and a secret.
INSERT INTO settings (name, value) VALUES ('link_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
