"""The rounds: ours and the hand-written side take turns, and so do the databases, so that all of them see the same machine."""

import statistics
import threading
import time

from .calendar import TARGETS

# How often the daemon scans while its memory is watched.
DAEMON_SCANS = 5
# Other targets than the rules': every open alert is derived anew, and each one moves or is withdrawn.
OTHER_TARGETS = {rule: days + (1 if days < 10 else -1) for rule, days in TARGETS.items()}


class Times:
    """Milliseconds of one thing, round by round."""

    def __init__(self):
        self.all = []

    def add(self, value):
        self.all.append(value)

    @property
    def median(self):
        return statistics.median(self.all)

    @property
    def least(self):
        return min(self.all)


class Found:
    """All that was measured of one database."""

    def __init__(self):
        self.times, self.facts = {}, {}

    def add(self, name, value):
        self.times.setdefault(name, Times()).add(value)


def in_turn(databases, n):
    """The databases, each round from another one on."""
    return databases[n % len(databases):] + databases[: n % len(databases)]


def check_first(database):
    """One scan that is not measured: it must raise what the generator says, due when the hand-written calendar says."""
    load = database.load
    database.forget()
    summary = database.ours.scan()
    running = sum(counts["running"] for counts in summary["rules"].values())
    raised = database.raised()
    expected = {rule: (count, 0) for rule, count in load.late.items() if count}
    if summary["opened"] != load.alerts or raised != expected or running != load.running:
        raise RuntimeError(f"found {running} clocks and alerts (number, with another deadline) {raised}; expected {load.running} and {expected}")
    database.explain_days()


def first_scans(databases, found, rounds, say):
    for n in range(rounds):
        for database in in_turn(databases, n):
            jobs = [("first", database.ours.scan), ("first by hand", database.raise_by_hand)]
            for name, job in jobs if n % 2 else jobs[::-1]:
                database.forget()
                told = job()
                if name == "first":
                    if told["opened"] != database.load.alerts:
                        raise RuntimeError(f"found {told['opened']} new alerts, expected {database.load.alerts}")
                    found[database].add("first process", told["process_ms"])
                    told = told["elapsed_ms"]
                found[database].add(name, told)
                say(f"{database.engine_name}, {database.load.claims} claims: {name} {told:.0f} ms")
    for database in databases:
        database.forget()
        database.raise_by_hand()
        database.ours.scan()
        found[database].facts["explanation"] = database.explanation_sizes()


def nothing_new(databases, found, rounds, say):
    """After a first scan: at once, and then as it stays."""
    for database in databases:
        database.forget()
        database.ours.scan()
        found[database].facts["not vacuumed"] = _nothing(database)["elapsed_ms"]
        database.settle()
    for n in range(rounds + 1):
        for database in in_turn(databases, n):
            jobs = [
                ("by hand", lambda: database.nothing_new_by_hand(False)),
                ("ours", lambda: _nothing(database)),
                ("tight", lambda: database.nothing_new_by_hand(True)),
            ]
            for name, job in jobs[n % 3:] + jobs[: n % 3]:
                took = job()
                # The first round is there to warm the server up.
                if n and name == "ours":
                    found[database].add("process", took["process_ms"])
                    found[database].add("ours", took["elapsed_ms"])
                elif n:
                    found[database].add(name, took)
    for database in databases:
        line = ", ".join(f"{name} {times.median:.0f}" for name, times in found[database].times.items())
        say(f"{database.engine_name}, {database.load.claims} claims: {line} ms")


def _nothing(database):
    summary = database.ours.scan()
    if summary["opened"] or any(summary["resolved"].values()) or summary["messages"]:
        raise RuntimeError(f"found something new: {summary}")
    return summary


def memory(database, found, say):
    """The daemon from its first scan on, and again where every alert is derived anew."""
    facts = found[database].facts
    database.forget()
    daemon = database.ours.daemon()
    try:
        scans = daemon.wait(DAEMON_SCANS, mail=True)
        facts["memory"], facts["mail"] = daemon.peak(), daemon.mail()
    finally:
        daemon.stop()
    facts["daemon scans"] = [scan["elapsed_ms"] for scan in scans]
    database.settle()
    daemon = database.ours.daemon(database.ours.configure("other.toml", OTHER_TARGETS))
    try:
        scans = daemon.wait(2, mail=True)
        facts["memory when derived anew"] = daemon.peak()
    finally:
        daemon.stop()
    facts["derived anew"] = scans[0]["elapsed_ms"]
    say(f"{database.engine_name}, {database.load.claims} claims: {facts}")


class Neighbour:
    """A session that does the same thing all the time; how long it took at most."""

    def __init__(self, once):
        self.once, self.took, self.error = once, [], None
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._go_on, daemon=True)
        self.thread.start()

    def _go_on(self):
        n = 0
        try:
            while not self.stopped.is_set():
                self.took.append(self.once(n))
                n += 1
                # Others' sessions pause too; without that, two of them would leave a scan no processor.
                time.sleep(0.002)
        except Exception as error:
            self.error = error

    def longest(self):
        self.stopped.set()
        self.thread.join(600)
        if self.error:
            raise self.error
        return max(self.took), len(self.took)


def beside_others(database, found, say, rounds=3):
    """First scans while others read and write claims, and the same others without any scan, for as long."""
    waits, todo = database.lock_waits(), database.neighbours()
    longest, scanned = {}, 0.0
    for _ in range(rounds):
        database.forget()
        others = {name: Neighbour(once) for name, once in todo.items()}
        time.sleep(0.2)
        begin = time.monotonic()
        database.ours.scan()
        scanned += time.monotonic() - begin
        for name, other in others.items():
            longest.setdefault(name, []).append(other.longest())
    others = {name: Neighbour(once) for name, once in todo.items()}
    time.sleep(scanned)
    alone = {name: other.longest() for name, other in others.items()}
    facts = found[database].facts
    facts["beside"] = {name: (max(ms for ms, _ in runs), sum(count for _, count in runs)) for name, runs in longest.items()}
    facts["alone"] = alone
    facts["lock waits"] = None if waits is None else database.lock_waits() - waits
    say(f"{database.engine_name}, {database.load.claims} claims: beside scans {facts['beside']}, alone {alone}, lock waits {facts['lock waits']}")
