"""The command line."""

import argparse
import datetime
import os
import pathlib
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

from . import measure, ours, report
from .calendar import Calendar
from .claims import Load
from .cluster import memory
from .postgres import Postgres
from .sqlite import Sqlite

ENGINES = {"postgres": Postgres, "sqlite": Sqlite}
PARTS = ("nothing-new", "first", "memory", "neighbours")
# Kilobytes of disk that a claim takes at most, with indexes and what is written on the way.
A_CLAIM = 1.0


def arguments():
    parser = argparse.ArgumentParser(
        prog="tests/speed/scans",
        description="Fills databases with claims of which 400,000 have a running clock and 136,000 are late, and measures "
        "scans beside hand-written SQL on the same tables, in rounds that take turns. Prints Markdown; exits with 1 if "
        "anything is above what is asked. Needs PostgreSQL's programs for its engine, Linux for the daemon's memory.",
    )
    sizes = lambda text: [int(part.replace("_", "")) for part in text.split(",")]
    names = lambda known: lambda text: [part if part in known else parser.error(f"found {part!r}, expected some of {', '.join(known)}") for part in text.split(",")]
    parser.add_argument("--claims", type=sizes, default=[1_000_000, 10_000_000], help="sizes [1000000,10000000]")
    parser.add_argument("--running", type=int, help="running clocks at every size [400000, at most 40 %% of the smallest]")
    parser.add_argument("--engines", type=names(list(ENGINES)), default=list(ENGINES), help="[postgres,sqlite]")
    parser.add_argument("--rounds", type=int, default=7, help="[7]")
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=f"[{','.join(PARTS)}]")
    parser.add_argument("--explain", action="store_true", help="print what PostgreSQL did for each statement of a scan")
    asked = parser.parse_args()
    asked.claims.sort()
    asked.running = asked.running or min(400_000, asked.claims[0] * 2 // 5)
    if "sqlite" in asked.engines and sqlite3.sqlite_version_info < (3, 38):
        parser.error(f"found Python's SQLite {sqlite3.sqlite_version}, expected 3.38 or newer")
    if asked.running > asked.claims[0] or asked.claims[0] < 1000:
        parser.error("there must be at least 1,000 claims, and no more running clocks than claims")
    return asked


def run_engine(name, asked, binary, folder, calendar, judged, say):
    engine = ENGINES[name](binary, folder)
    try:
        databases = []
        for claims in asked.claims:
            begin = time.monotonic()
            databases.append(engine.make(Load(claims, asked.running, calendar)))
            say(f"{engine.name}: {claims} claims filled in {time.monotonic() - begin:.0f} s")
        found = {database: measure.Found() for database in databases}
        for database in databases:
            measure.check_first(database)
        if "first" in asked.parts:
            measure.first_scans(databases, found, asked.rounds, say)
        if "nothing-new" in asked.parts:
            measure.nothing_new(databases, found, asked.rounds, say)
        plans = databases[-1].plans() if asked.explain and name == "postgres" else ""
        for database in databases:
            if "memory" in asked.parts:
                measure.memory(database, found, say)
            if "neighbours" in asked.parts:
                measure.beside_others(database, found, say)
        smallest = found[databases[0]] if len(databases) > 1 else None
        tables = [judged.table(d, found[d], smallest if d is not databases[0] else None) for d in databases]
        settings = engine.settings()
        for database in databases:
            database.close()
        return settings, tables, plans
    finally:
        engine.close()


def main():
    asked = arguments()
    # An interrupt takes the server and its folder away too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    needed = sum(asked.claims) * A_CLAIM / 1e6
    if free < needed:
        sys.exit(f"{tempfile.gettempdir()} has {free:.0f} GB free, and {needed:.0f} GB are needed: set TMPDIR")
    say = lambda text: print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)
    binary = ours.build()
    calendar = Calendar(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
    judged, parts = report.Report(), []
    load_before = os.getloadavg()[0]
    for name in asked.engines:
        with tempfile.TemporaryDirectory(prefix="cw-speed-", ignore_cleanup_errors=True) as folder:
            parts.append(run_engine(name, asked, binary, pathlib.Path(folder), calendar, judged, say))
    version = ours.version(binary)
    print(f"{version}; {report.processor()}, {memory() / 1024:.0f} GB; load before the run {load_before:.1f}; as of {calendar.now:%Y-%m-%d}.")
    print(f"Milliseconds, the median of {asked.rounds} rounds and in brackets the least of them.")
    for settings, tables, plans in parts:
        print(f"\n{settings}.\n")
        print("\n\n".join(tables))
        if plans:
            print(f"\n```text\n{report.shortened(plans)}\n```")
    for line in judged.missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if judged.missed else 0


if __name__ == "__main__":
    sys.exit(main())
