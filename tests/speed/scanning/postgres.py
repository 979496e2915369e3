"""One database on PostgreSQL: filled, reset, and asked by hand."""

from . import bare
from .calendar import TARGETS, stamp
from .claims import programs
from .cluster import Cluster
from .ours import Claimwatch

OUTPUTS = "sla_alerts, sla_alert_events, alert_escalations, outbox, outbox_messages, threads, data_problems, scans"
# What the tightest hand-written statements are planned with.
MERGED = ("SET enable_hashjoin TO off", "SET enable_nestloop TO off")


class Postgres:
    """The engine: a cluster, and its databases."""

    name = "PostgreSQL"

    def __init__(self, binary, folder):
        self.binary, self.folder, self.cluster = binary, folder, Cluster()

    def make(self, load):
        return PostgresDatabase(self, load)

    def settings(self):
        with self.cluster.session("postgres") as session:
            version = session.value("SHOW server_version")
        return (
            f"PostgreSQL {version}, shared_buffers {self.cluster.shared} MB, fsync on, by its Unix socket; JIT off; a "
            "checkpoint before each timed write and none during it; vacuumed and analysed but where it says otherwise"
        )

    def close(self):
        self.cluster.close()


class PostgresDatabase:
    """Claims, claimwatch's tables, and in schema `bare` those of the hand-written side."""

    engine_name = Postgres.name

    def __init__(self, engine, load):
        self.load, self.calendar, self.cluster = load, load.calendar, engine.cluster
        self.name = f"claims_{load.claims}"
        with self.cluster.session("postgres") as session:
            session.run(f"CREATE DATABASE {self.name}")
        self.ours = Claimwatch(engine.binary, engine.folder / self.name, self.cluster.url(self.name), self.calendar)
        self.ours.migrate()
        self.session = self.cluster.session(self.name)
        self._fill()
        self._make_bare()

    def _fill(self):
        """Fills the tables of claims, which are quicker without indexes; these are made again as they were."""
        run = self.session.run
        run("SET synchronous_commit TO off", "SET maintenance_work_mem TO '512MB'")
        made = run(
            "SELECT replace(indexdef, E'\\n', ' '), indexrelid::regclass, conname FROM pg_indexes JOIN pg_index "
            "ON indexrelid = (quote_ident(schemaname) || '.' || quote_ident(indexname))::regclass "
            "LEFT JOIN pg_constraint ON conindid = indexrelid "
            "WHERE schemaname = 'claimwatch' AND tablename = 'claims'"
        )
        for _, index, constraint in made:
            run(f"ALTER TABLE claims DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
        run(self.load.postgres())
        for definition, _, constraint in made:
            run(f"ALTER TABLE claims ADD CONSTRAINT {constraint} PRIMARY KEY (claim_id)" if constraint else definition)
        run(*bare.indexes())
        for name, title, calendar in programs():
            run(f"INSERT INTO programs (program_id, name, calendar) VALUES ('{name}', '{title}', {_or_null(calendar)})")
        run("SET synchronous_commit TO on")
        # No vacuum in the middle of what is measured: each is done by hand, where a server would do it a minute later.
        for table in ("claims", "sla_alerts", "sla_alert_events"):
            run(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        run("VACUUM (ANALYZE)", "CHECKPOINT")

    def _make_bare(self):
        run = self.session.run
        run("CREATE SCHEMA bare")
        for table in ("sla_alerts", "sla_alert_events"):
            run(f"CREATE TABLE bare.{table} (LIKE {table} INCLUDING ALL)", f"ALTER TABLE bare.{table} SET (autovacuum_enabled = off)")
        columns = ", ".join(f"due_{rule} timestamptz, why_{rule} text" for rule in TARGETS)
        run(f"CREATE TABLE bare.calendar (day date PRIMARY KEY, {columns})")
        rows = [
            f"('{day}', {', '.join(repr(stamp(end)) for end in due.values())})" for day, _, due in self.calendar.rows
        ]
        names = ", ".join(f"due_{rule}" for rule in TARGETS)
        run(f"INSERT INTO bare.calendar (day, {names}) VALUES {', '.join(rows)}")

    def explain_days(self):
        """Takes the explanations of the days from our alerts, so that the hand-written side writes as much."""
        found = self.session.run(
            "SELECT DISTINCT ON (a.rule, k.day) a.rule, k.day, a.explanation FROM sla_alerts a JOIN bare.calendar k "
            "ON k.day = (a.clock_started_at AT TIME ZONE 'Europe/Paris')::date"
        )
        for rule, day, explanation in found:
            why = bare.without_start(explanation).replace("'", "''")
            self.session.run(f"UPDATE bare.calendar SET why_{rule} = '{why}' WHERE day = '{day}'")
        self.session.run("VACUUM (FULL, ANALYZE) bare.calendar")

    def raised(self):
        """By rule: how many alerts there are, and how many of them are due at another instant than by hand."""
        due = " ".join(f"WHEN '{rule}' THEN k.due_{rule}" for rule in TARGETS)
        rows = self.session.run(
            f"SELECT a.rule, count(*), count(*) FILTER (WHERE a.due_at IS DISTINCT FROM CASE a.rule {due} END) "
            "FROM sla_alerts a LEFT JOIN bare.calendar k "
            "ON k.day = (a.clock_started_at AT TIME ZONE 'Europe/Paris')::date GROUP BY a.rule"
        )
        return {rule: (int(alerts), int(strays)) for rule, alerts, strays in rows}

    def forget(self):
        """No alerts, as before the first scan."""
        self.session.run(
            "ALTER TABLE sla_alert_events DISABLE TRIGGER sla_alert_events_are_kept",
            f"TRUNCATE {OUTPUTS}",
            "ALTER TABLE sla_alert_events ENABLE TRIGGER sla_alert_events_are_kept",
            "TRUNCATE bare.sla_alerts, bare.sla_alert_events",
            "CHECKPOINT",
        )

    def settle(self):
        """What autovacuum does within a minute or so of a first scan."""
        self.session.run("VACUUM (ANALYZE)", "CHECKPOINT")

    def nothing_new_by_hand(self, tight):
        before, after = (MERGED, [f"RE{line}".split(" TO ")[0] for line in MERGED]) if tight else ((), ())
        for line in before:
            self.session.run(line)
        took = self.session.timed(*bare.nothing_new(self.calendar, tight))
        for line in after:
            self.session.run(line)
        return took

    def raise_by_hand(self):
        took = self.session.timed(bare.raise_on_postgres(self.calendar))
        written = int(self.session.value("SELECT count(*) FROM bare.sla_alerts"))
        if written != self.load.alerts:
            raise RuntimeError(f"by hand: found {written} alerts, expected {self.load.alerts}")
        return took

    def explanation_sizes(self):
        """The average length of an explanation of ours, and of the hand-written side, after both raised theirs."""
        average = "SELECT coalesce(avg(length(explanation::text)), 0)::integer FROM {}.sla_alerts"
        return tuple(int(self.session.value(average.format(schema))) for schema in ("claimwatch", "bare"))

    def neighbours(self):
        """Sessions that read and write claims beside a scan: each a name, and a function that does it once, timed."""
        reader, writer = self.cluster.session(self.name), self.cluster.session(self.name)
        claim = lambda n: f"CLM-{1 + n * 7919 % self.load.claims:09}"
        update = "UPDATE claims SET updated_at = now() WHERE claim_id = '{}'"
        return {
            "reads a claim": lambda n: reader.timed(f"SELECT * FROM claims WHERE claim_id = '{claim(n)}'"),
            "changes a claim": lambda n: writer.timed(update.format(claim(n))),
        }

    def lock_waits(self):
        """How often any session waited for another's lock for more than 20 ms."""
        return self.cluster.log().count("still waiting for")

    def plans(self, config=None):
        """What the server did for each statement of a scan with nothing new."""
        seen = len(self.cluster.log())
        settings = {
            "session_preload_libraries": "auto_explain",
            "auto_explain.log_min_duration": 0,
            "auto_explain.log_analyze": "on",
            "auto_explain.log_timing": "off",
            "auto_explain.log_buffers": "on",
        }
        for name, value in settings.items():
            self.session.run(f"ALTER DATABASE {self.name} SET {name} TO {value}")
        try:
            self.ours.scan()
        finally:
            for name in settings:
                self.session.run(f"ALTER DATABASE {self.name} RESET {name}")
        return self.cluster.log()[seen:]

    def close(self):
        self.session.close()


def _or_null(text):
    return "NULL" if text is None else f"'{text}'"
