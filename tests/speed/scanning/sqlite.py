"""One database on SQLite: filled, reset, and asked by hand."""

import sqlite3
import time

from . import bare
from .calendar import TARGETS, stamp
from .claims import programs
from .ours import Claimwatch

OUTPUTS = ("alert_escalations", "outbox", "outbox_messages", "threads", "data_problems", "scans", "sla_alert_events", "sla_alerts")
RAISED = ("sla_alerts", "sla_alert_events")


class Sqlite:
    """The engine: a folder with a file for each database."""

    name = "SQLite"

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def make(self, load):
        return SqliteDatabase(self, load)

    def settings(self):
        return (
            f"by hand: Python's SQLite {sqlite3.sqlite_version} on the same file, with a page cache of 200 MB; both with "
            "a write-ahead log and synchronous = FULL; claims are analysed"
        )

    def close(self):
        pass


class SqliteDatabase:
    """Claims, claimwatch's tables, and those of the hand-written side, whose names begin with `bare_`."""

    engine_name = Sqlite.name

    def __init__(self, engine, load):
        self.load, self.calendar = load, load.calendar
        folder = engine.folder / f"sqlite_{load.claims}"
        self.path = folder / "claims.db"
        self.ours = Claimwatch(engine.binary, folder, f"sqlite://{self.path}", self.calendar)
        self.ours.migrate()
        self.connection = self._connect()
        self._fill()
        self._make_bare()
        self._settle_log()

    def _connect(self):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=600, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -200000")
        return connection

    def _settle_log(self):
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _fill(self):
        run = self.connection.execute
        run("PRAGMA journal_mode = OFF")
        run("PRAGMA synchronous = OFF")
        made = run("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'claims' AND sql IS NOT NULL").fetchall()
        for name, _ in made:
            run(f"DROP INDEX {name}")
        run("BEGIN")
        run(self.load.sqlite())
        self.connection.executemany("INSERT INTO programs (program_id, name, calendar) VALUES (?, ?, ?)", programs())
        run("COMMIT")
        for definition in [sql for _, sql in made] + list(bare.indexes()):
            run(definition)
        run("ANALYZE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")

    def _make_bare(self):
        run = self.connection.execute
        for table in RAISED:
            of_table = "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC"
            for (sql,) in run(of_table, (table,)).fetchall():
                run(sql.replace("sla_alert", "bare_sla_alert"))
        columns = ", ".join(f"due_{rule} TEXT, why_{rule} TEXT" for rule in TARGETS)
        run(f"CREATE TABLE bare_calendar (day TEXT, starts_at TEXT PRIMARY KEY, {columns})")
        names = ", ".join(f"due_{rule}" for rule in TARGETS)
        rows = [(str(day), stamp(starts), *map(stamp, due.values())) for day, starts, due in self.calendar.rows]
        self.connection.executemany(f"INSERT INTO bare_calendar (day, starts_at, {names}) VALUES (?, ?, ?, ?, ?)", rows)

    def explain_days(self):
        """Takes the explanations of the days from our alerts, so that the hand-written side writes as much."""
        run = self.connection.execute
        of_day = (
            "SELECT k.day, min(a.explanation) FROM sla_alerts a JOIN bare_calendar k ON k.starts_at = "
            "(SELECT max(starts_at) FROM bare_calendar WHERE starts_at <= a.clock_started_at) WHERE a.rule = ? GROUP BY k.day"
        )
        run("BEGIN")
        for rule in TARGETS:
            for day, explanation in run(of_day, (rule,)).fetchall():
                run(f"UPDATE bare_calendar SET why_{rule} = ? WHERE day = ?", (bare.without_start(explanation), day))
        run("COMMIT")

    def raised(self):
        """By rule: how many alerts there are, and how many of them are due at another instant than by hand."""
        due = " ".join(f"WHEN '{rule}' THEN k.due_{rule}" for rule in TARGETS)
        rows = self.connection.execute(
            f"SELECT a.rule, count(*), count(*) FILTER (WHERE a.due_at IS NOT CASE a.rule {due} END) FROM sla_alerts a "
            "LEFT JOIN bare_calendar k ON k.starts_at = "
            "(SELECT max(starts_at) FROM bare_calendar WHERE starts_at <= a.clock_started_at) GROUP BY a.rule"
        )
        return {rule: (alerts, strays) for rule, alerts, strays in rows}

    def forget(self):
        """No alerts, as before the first scan."""
        run = self.connection.execute
        triggers = run("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'sla_alert_events'").fetchall()
        run("BEGIN")
        for name, _ in triggers:
            run(f"DROP TRIGGER {name}")
        for table in (*OUTPUTS, *(f"bare_{table}" for table in RAISED)):
            run(f"DELETE FROM {table}")
        for _, sql in triggers:
            run(sql)
        run("COMMIT")
        self._settle_log()

    def settle(self):
        self._settle_log()

    def nothing_new_by_hand(self, tight):
        begin = time.perf_counter()
        for statement in bare.nothing_new(self.calendar, tight):
            self.connection.execute(statement).fetchall()
        return (time.perf_counter() - begin) * 1000

    def raise_by_hand(self):
        begin = time.perf_counter()
        self.connection.execute("BEGIN IMMEDIATE")
        for statement in bare.raise_on_sqlite(self.calendar):
            self.connection.execute(statement)
        self.connection.execute("COMMIT")
        took = (time.perf_counter() - begin) * 1000
        written = self.connection.execute("SELECT count(*) FROM bare_sla_alerts").fetchone()[0]
        if written != self.load.alerts:
            raise RuntimeError(f"by hand: found {written} alerts, expected {self.load.alerts}")
        return took

    def explanation_sizes(self):
        """The average length of an explanation of ours, and of the hand-written side, after both raised theirs."""
        average = "SELECT coalesce(CAST(avg(length(explanation)) AS INTEGER), 0) FROM {}sla_alerts"
        return tuple(self.connection.execute(average.format(prefix)).fetchone()[0] for prefix in ("", "bare_"))

    def neighbours(self):
        """Sessions that read and write claims beside a scan: each a name, and a function that does it once, timed."""
        reader, writer = self._connect(), self._connect()
        claim = lambda n: f"CLM-{1 + n * 7919 % self.load.claims:09}"

        def timed(connection, statement):
            def once(n):
                begin = time.perf_counter()
                connection.execute(statement, (claim(n),)).fetchall()
                return (time.perf_counter() - begin) * 1000

            return once

        update = "UPDATE claims SET updated_at = strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now') WHERE claim_id = ?"
        return {
            "reads a claim": timed(reader, "SELECT * FROM claims WHERE claim_id = ?"),
            "changes a claim": timed(writer, update),
        }

    def lock_waits(self):
        return None

    def close(self):
        self.connection.close()
