-- The three roles of claimwatch on PostgreSQL, and what each may do. With psql, as a superuser:
--
--     psql -d claims -f roles.sql            makes the roles and the schema
--     claimwatch migrate                     as claimwatch_migrate: makes the tables and the views source_*
--     psql -d claims -f roles.sql            grants what is to be granted on them
--
-- Run it again after each upgrade that changed the schema: it takes back what is too much, grants what is missing, and
-- changes nothing else. `claimwatch check` names each right that is missing.
--
--     -v schema=claimwatch                   claimwatch's own schema, as [database] schema names it
--     -v database=claims                     the database, if not the one that psql is connected to
--     -v migrator=… -v runner=… -v reader=…  other names for the roles, where one server has two claimwatches
--
-- The roles have no password and belong to no one: nobody gets in as one of them before you say how, with
-- \password claimwatch, or with peer authentication (a line in pg_hba.conf) for a system user of the same name.
--
-- claimwatch_migrate   owns the schema and all in it. It alone reads the company's tables: a view checks the rights of
--                      its owner on what is below it, and the views source_* are its.
-- claimwatch           the daemon. Reads the claims through the views source_* alone; writes claimwatch's own tables, but
--                      never those that hold claims, deletes no event, and makes or drops nothing.
-- claimwatch_read      dashboards: the public tables and views, and nothing else.
--
-- What only you can grant, by the owner of the tables or views that [source] names; claimwatch_migrate needs no more:
--
--     GRANT USAGE ON SCHEMA sales TO claimwatch_migrate;
--     GRANT SELECT ON sales.claims, sales.programs, sales.payments, sales.history TO claimwatch_migrate;
--
-- If row security hides rows of them from claimwatch_migrate, those claims are not watched.
--
-- Where claimwatch's own claims tables are filled by `claimwatch import`, that runs as claimwatch_migrate, or as a role of
-- its own, to which this grants the little more that it needs:
--
--     GRANT claimwatch TO claims_import;
--     GRANT SELECT, INSERT, UPDATE ON claimwatch.programs, claimwatch.claims, claimwatch.claim_payments,
--         claimwatch.claim_history TO claims_import;
--
-- `claimwatch alerts prune` likewise runs as claimwatch_migrate, or as a role of its own:
--
--     GRANT claimwatch TO claims_prune;
--     GRANT DELETE ON claimwatch.sla_alerts, claimwatch.sla_alert_events, claimwatch.outbox, claimwatch.outbox_messages,
--         claimwatch.data_problems, claimwatch.scans TO claims_prune;
--     GRANT INSERT, UPDATE ON claimwatch.settings TO claims_prune;
--
-- `claimwatch copy` into this database runs as claimwatch_migrate; from it, as claimwatch.

\set ON_ERROR_STOP on
\if :{?database}
    \connect :"database"
\else
    SELECT current_database() AS database \gset
\endif
\if :{?schema} \else \set schema claimwatch \endif
\if :{?migrator} \else \set migrator claimwatch_migrate \endif
\if :{?runner} \else \set runner claimwatch \endif
\if :{?reader} \else \set reader claimwatch_read \endif

BEGIN;
SET LOCAL client_min_messages TO warning;

SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'migrator', :'runner', :'reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

GRANT CONNECT ON DATABASE :"database" TO :"migrator", :"runner", :"reader";
CREATE SCHEMA IF NOT EXISTS :"schema" AUTHORIZATION :"migrator";
ALTER SCHEMA :"schema" OWNER TO :"migrator";

-- Where somebody else migrated before, all of it changes hands; an index, a sequence of a table or a trigger goes with it.
SELECT format('ALTER %s %s OWNER TO %I', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, oid::regclass, :'migrator')
FROM pg_class
WHERE relnamespace = quote_ident(:'schema')::regnamespace AND relkind IN ('r', 'p', 'v')
    AND pg_get_userbyid(relowner) <> :'migrator' \gexec
SELECT format('ALTER FUNCTION %s OWNER TO %I', oid::regprocedure, :'migrator')
FROM pg_proc
WHERE pronamespace = quote_ident(:'schema')::regnamespace AND pg_get_userbyid(proowner) <> :'migrator' \gexec

-- From nothing, so that what was too much is gone.
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC, :"runner", :"reader";
REVOKE ALL ON ALL TABLES IN SCHEMA :"schema" FROM PUBLIC, :"runner", :"reader";
GRANT USAGE ON SCHEMA :"schema" TO :"runner", :"reader";
ALTER ROLE :"reader" IN DATABASE :"database" SET search_path TO :"schema";

SELECT to_regclass(format('%I.sla_alerts', :'schema')) IS NOT NULL AS migrated \gset
\if :migrated
    SET LOCAL search_path TO :"schema";

    -- The runner reads everything, and writes what it keeps.
    GRANT SELECT ON ALL TABLES IN SCHEMA :"schema" TO :"runner";
    GRANT INSERT, UPDATE ON sla_alerts, data_problems, alert_escalations, outbox_messages, outbox, threads, recipients, silences, scans, leases, terms
        TO :"runner";
    -- Events are only added. A level that went out about an alert is forgotten when its deadline moves.
    GRANT INSERT ON sla_alert_events TO :"runner";
    GRANT DELETE ON alert_escalations TO :"runner";
    -- Who signs out of the page is forgotten.
    GRANT INSERT, DELETE ON sessions TO :"runner";

    GRANT SELECT ON sla_alerts, sla_alert_events, sla_open_alerts, sla_daily, data_problems TO :"reader";

    -- Tables of later migrations, and views that `claimwatch migrate` makes anew: the daemon goes on at once. `migrate`
    -- itself takes back that the views source_* could be written through.
    ALTER DEFAULT PRIVILEGES FOR ROLE :"migrator" IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE ON TABLES TO :"runner";
\else
    \echo 'Now `claimwatch migrate` as' :migrator', and then this once more.'
\endif
COMMIT;
