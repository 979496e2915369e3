-- How claims of another shape become what claimwatch reads: an example that a test runs as it stands.
--
-- The tables below stand for a company's own: numbers as ids, a status of their own, local names, instants without a zone
-- (in UTC), amounts in the currency's minor unit. Yours are there already; what is yours to write begins at "The views".
--
-- What a view may compute and what not: docs/postgresql.md, "Sources of your own".

CREATE SCHEMA sales;

CREATE TYPE sales.claim_state AS ENUM
    ('draft', 'filed', 'in_review', 'ok', 'declined', 'needs_info', 'appealed', 'appeal_needs_info');

CREATE TABLE sales.schemes (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    site char(2) NOT NULL,
    wants_invoice boolean NOT NULL,
    pays_in char(3)
);

CREATE TABLE sales.partners (
    id bigint PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE sales.claims (
    id bigint PRIMARY KEY,
    scheme_id bigint NOT NULL REFERENCES sales.schemes,
    partner_id bigint NOT NULL REFERENCES sales.partners,
    subject text,
    state sales.claim_state NOT NULL,
    filed timestamp,
    decided timestamp,
    appealed timestamp,
    appeal_decided timestamp,
    granted timestamp,
    invoice_granted timestamp,
    settled timestamp,
    cents bigint,
    currency char(3),
    changed timestamp NOT NULL
);

CREATE TABLE sales.payouts (
    id bigint PRIMARY KEY,
    claim_id bigint NOT NULL REFERENCES sales.claims,
    company text NOT NULL,
    cents bigint NOT NULL,
    currency char(3) NOT NULL,
    settled timestamp
);

CREATE TABLE sales.claim_log (
    claim_id bigint NOT NULL REFERENCES sales.claims,
    logged timestamp NOT NULL,
    state sales.claim_state NOT NULL,
    remark text
);

-- The views. [source] names them:
--
--     claims = "sales.cw_claims"
--     programs = "sales.cw_programs"
--     payments = "sales.cw_payments"
--     history = "sales.cw_history"
--
-- Every expression is immutable, so that an index may hold it:
-- - an id is cast to text;
-- - a state is spelt out: a cast of an enum to text is not immutable, since values can be renamed. A state that is not
--   listed becomes null, which claimwatch reports as an unknown status;
-- - AT TIME ZONE with a fixed zone, where a cast to timestamptz would follow the session's;
-- - minor units are multiplied, since a division has digits without end.

-- Once in words, for the views and the indexes; the server puts a function of one expression in its place. Whoever changes
-- one has to make the indexes over it anew.
CREATE FUNCTION sales.cw_status(state sales.claim_state) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE state
        WHEN 'draft' THEN 'editing'
        WHEN 'filed' THEN 'submitted'
        WHEN 'in_review' THEN 'under_review'
        WHEN 'ok' THEN 'approved'
        WHEN 'declined' THEN 'rejected'
        WHEN 'needs_info' THEN 'action_required'
        WHEN 'appealed' THEN 'disputed'
        WHEN 'appeal_needs_info' THEN 'partner_action_required'
    END
$$;

CREATE FUNCTION sales.cw_amount(cents bigint, currency text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT cents * CASE currency WHEN 'JPY' THEN 1 WHEN 'KWD' THEN 0.001 ELSE 0.01 END
$$;

CREATE VIEW sales.cw_programs AS
SELECT id::text AS program_id, title AS name, lower(site::text) AS calendar, wants_invoice AS requires_tax_invoice,
    pays_in::text AS payment_currency
FROM sales.schemes;

CREATE VIEW sales.cw_claims AS
SELECT
    c.id::text AS claim_id,
    c.scheme_id::text AS program_id,
    p.name AS partner_name,
    c.subject AS title,
    sales.cw_status(c.state) AS status,
    c.filed AT TIME ZONE 'UTC' AS submitted_at,
    c.decided AT TIME ZONE 'UTC' AS reviewed_at,
    c.appealed AT TIME ZONE 'UTC' AS disputed_at,
    c.appeal_decided AT TIME ZONE 'UTC' AS dispute_resolved_at,
    c.granted AT TIME ZONE 'UTC' AS approved_at,
    c.invoice_granted AT TIME ZONE 'UTC' AS tax_invoice_approved_at,
    c.settled AT TIME ZONE 'UTC' AS paid_at,
    sales.cw_amount(c.cents, c.currency::text) AS amount,
    c.currency::text AS currency,
    c.changed AT TIME ZONE 'UTC' AS updated_at
FROM sales.claims c
-- By its key, and outer: where the name is not asked for, the server leaves the join out.
LEFT JOIN sales.partners p ON p.id = c.partner_id;

CREATE VIEW sales.cw_payments AS
SELECT id::text AS payment_id, claim_id::text AS claim_id, company AS paying_entity,
    sales.cw_amount(cents, currency::text) AS amount, currency::text AS currency, settled AT TIME ZONE 'UTC' AS paid_at
FROM sales.payouts;

CREATE VIEW sales.cw_history AS
SELECT claim_id::text AS claim_id, logged AT TIME ZONE 'UTC' AS at, sales.cw_status(state) AS status, remark AS note
FROM sales.claim_log;

-- claimwatch_migrate reads the views, and these alone: they read the tables in the name of their owner.
GRANT USAGE ON SCHEMA sales TO claimwatch_migrate;
GRANT SELECT ON sales.cw_claims, sales.cw_programs, sales.cw_payments, sales.cw_history TO claimwatch_migrate;

-- The indexes, as `claimwatch check` asks for them: a scan's cost then follows what runs, not the size of the tables. On
-- tables in use, CREATE INDEX CONCURRENTLY, which makes no writer wait.
CREATE INDEX claimwatch_claims_review_clock ON sales.claims ((filed AT TIME ZONE 'UTC'), (id::text), (scheme_id::text))
    WHERE lower(replace(replace(replace(sales.cw_status(state), ' ', ''), '-', ''), '_', '')) IN ('submitted', 'underreview');
CREATE INDEX claimwatch_claims_dispute_clock ON sales.claims ((appealed AT TIME ZONE 'UTC'), (id::text), (scheme_id::text))
    WHERE lower(replace(replace(replace(sales.cw_status(state), ' ', ''), '-', ''), '_', '')) IN ('disputed');
CREATE INDEX claimwatch_claims_payment_clock ON sales.claims ((granted AT TIME ZONE 'UTC'), (id::text), (scheme_id::text))
    WHERE lower(replace(replace(replace(sales.cw_status(state), ' ', ''), '-', ''), '_', '')) IN ('approved')
    AND ((settled AT TIME ZONE 'UTC') IS NULL OR (settled AT TIME ZONE 'UTC') < (granted AT TIME ZONE 'UTC')
        OR (settled AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (settled AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00');
CREATE INDEX claimwatch_claims_tax_invoice_payment_clock ON sales.claims ((invoice_granted AT TIME ZONE 'UTC'), (id::text), (scheme_id::text))
    WHERE lower(replace(replace(replace(sales.cw_status(state), ' ', ''), '-', ''), '_', '')) IN ('approved')
    AND ((settled AT TIME ZONE 'UTC') IS NULL OR (settled AT TIME ZONE 'UTC') < (invoice_granted AT TIME ZONE 'UTC')
        OR (settled AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (settled AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00');
CREATE INDEX claimwatch_claims_reviewed ON sales.claims ((decided AT TIME ZONE 'UTC'), (id::text))
    WHERE (decided AT TIME ZONE 'UTC') IS NOT NULL;
CREATE INDEX claimwatch_claims_dispute_resolved ON sales.claims ((appeal_decided AT TIME ZONE 'UTC'), (id::text))
    WHERE (appeal_decided AT TIME ZONE 'UTC') IS NOT NULL;
CREATE INDEX claimwatch_claims_paid ON sales.claims ((settled AT TIME ZONE 'UTC'), (id::text))
    WHERE (settled AT TIME ZONE 'UTC') IS NOT NULL;
CREATE INDEX claimwatch_claims_unknown_status ON sales.claims ((id::text))
    WHERE lower(replace(replace(replace(sales.cw_status(state), ' ', ''), '-', ''), '_', '')) NOT IN ('editing',
        'submitted', 'underreview', 'approved', 'rejected', 'actionrequired', 'disputed', 'partneractionrequired')
    OR sales.cw_status(state) IS NULL;
CREATE INDEX claimwatch_claims_unreadable ON sales.claims ((id::text))
    WHERE (filed AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (filed AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (decided AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (decided AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (appealed AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (appealed AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (appeal_decided AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (appeal_decided AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (granted AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (granted AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (invoice_granted AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (invoice_granted AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (settled AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (settled AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR (changed AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (changed AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR sales.cw_amount(cents, currency::text) NOT BETWEEN -1e28 AND 1e28
    OR scale(sales.cw_amount(cents, currency::text)) > 28
    OR abs(sales.cw_amount(cents, currency::text)) * power(10::numeric, scale(sales.cw_amount(cents, currency::text))::numeric) >= 1e28
    OR currency::text !~ '^[A-Za-z]{3}$';

-- By their ids as claimwatch knows them.
CREATE INDEX claimwatch_claims_id ON sales.claims ((id::text));
CREATE INDEX claimwatch_programs_id ON sales.schemes ((id::text));
CREATE INDEX claimwatch_claim_payments_id ON sales.payouts ((id::text));
CREATE INDEX claimwatch_claim_history_claim ON sales.claim_log ((claim_id::text), (logged AT TIME ZONE 'UTC'));

CREATE INDEX claimwatch_claim_payments_claim ON sales.payouts ((claim_id::text), (id::text), (settled AT TIME ZONE 'UTC'));
CREATE INDEX claimwatch_claim_payments_unpaid ON sales.payouts ((claim_id::text), (id::text))
    WHERE (settled AT TIME ZONE 'UTC') IS NULL;
CREATE INDEX claimwatch_claim_payments_paid ON sales.payouts ((settled AT TIME ZONE 'UTC'), (claim_id::text), (id::text))
    WHERE (settled AT TIME ZONE 'UTC') IS NOT NULL;
CREATE INDEX claimwatch_claim_payments_unreadable ON sales.payouts ((claim_id::text))
    WHERE (settled AT TIME ZONE 'UTC') < '0001-01-01 00:00:00+00' OR (settled AT TIME ZONE 'UTC') >= '10000-01-01 00:00:00+00'
    OR sales.cw_amount(cents, currency::text) NOT BETWEEN -1e28 AND 1e28
    OR scale(sales.cw_amount(cents, currency::text)) > 28
    OR abs(sales.cw_amount(cents, currency::text)) * power(10::numeric, scale(sales.cw_amount(cents, currency::text))::numeric) >= 1e28
    OR currency::text !~ '^[A-Za-z]{3}$';

-- How common each status is, which no column says: without it the server expects a handful of approved claims.
CREATE STATISTICS sales.claimwatch_claims_status
    ON (lower(replace(replace(replace(sales.cw_status(state), ' ', ''), '-', ''), '_', ''))) FROM sales.claims;
ANALYZE sales.claims, sales.schemes, sales.payouts, sales.claim_log;
