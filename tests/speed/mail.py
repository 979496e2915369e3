"""Mails a second: the SMTP transport from memory, `outbox deliver` from an outbox, and smtp-source, to one smtp-sink."""

import argparse
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import uuid

from scanning.cluster import Cluster
from scanning.ours import ROOT, build, environment, version

RECIPIENT = "r{}@example.com"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=5000, help="of each, one recipient a mail")
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", nargs="*", default=["sqlite", "postgres"])
    return parser.parse_args()


def program(name):
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or exit(f"{name} is needed: install Postfix (Debian: apt-get install postfix)")


class Sink:
    """smtp-sink, which takes everything and keeps nothing."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        # As root it must be told as whom to run.
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        self.process = subprocess.Popen([program("smtp-sink"), *user, f"127.0.0.1:{self.port}", "1000"])
        for _ in range(100):
            try:
                return socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.05)
        exit("smtp-sink does not listen")

    def close(self):
        self.process.terminate()
        self.process.wait()


def timed(command, **more):
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, **more)
    elapsed = time.perf_counter() - begin
    if done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return elapsed


class Outbox:
    """A database with one message, and deliveries of it to as many recipients as there are to be mails."""

    def __init__(self, binary, folder, url, options, execute):
        self.binary, self.folder, self.execute = binary, folder, execute
        self.is_postgres = url.startswith("postgres")
        self.settled = "ANALYZE outbox;" if self.is_postgres else ""
        folder.mkdir()
        (folder / "claimwatch.toml").write_text(
            f"""[database]
url = "{url}"
[[escalation.levels]]
to = ["{RECIPIENT.format(0)}"]
[mail]
max_per_hour = 100000
transport = "smtp"
from = "claims@example.com"
[mail.smtp]
host = "127.0.0.1"
port = {options.port}
tls = "none"
max_connections = {options.sessions}
"""
        )
        self.run("migrate")
        execute(
            "INSERT INTO programs (program_id, requires_tax_invoice) VALUES ('P-1', false);"
            "INSERT INTO claims (claim_id, program_id, status, submitted_at, amount, currency)"
            " VALUES ('C-1', 'P-1', 'submitted', '2026-01-05T10:00:00.000000Z', '10.00', 'EUR');"
        )
        self.run("scan")
        self.run("outbox", "deliver")
        rows = ",".join(f"('{uuid.uuid4()}', '{RECIPIENT.format(n)}')" for n in range(1, options.mails + 1))
        execute(
            f"WITH more (id, recipient) AS (VALUES {rows})"
            f" INSERT INTO outbox (id, message, recipient) SELECT {self.cast('more.id')}, m.id, more.recipient"
            " FROM more, outbox_messages m;"
        )

    def cast(self, value):
        return f"{value}::uuid" if self.is_postgres else value

    def run(self, *words):
        command = [str(self.binary), "--config", str(self.folder / "claimwatch.toml"), *words]
        return timed(command, env=environment(self.folder))

    def deliver(self):
        """How long it takes to deliver all."""
        self.execute(
            "UPDATE outbox SET state = 'pending', attempts = 0, sent_at = NULL, reply = NULL,"
            " next_attempt_at = '2026-01-06T10:00:00.000000Z';"
            f"UPDATE outbox SET state = 'sent' WHERE recipient = '{RECIPIENT.format(0)}';"
            # As autovacuum would before long; without it PostgreSQL sorts all that is due to lease one.
            + self.settled
        )
        return self.run("outbox", "deliver")


def on_sqlite(binary, folder, options):
    import sqlite3

    path = folder / "sqlite/claimwatch.db"

    def execute(statements):
        connection = sqlite3.connect(path)
        connection.executescript(statements)
        connection.close()

    return Outbox(binary, folder / "sqlite", f"sqlite:{path}", options, execute)


def on_postgres(binary, folder, options, cluster):
    with cluster.session("postgres") as session:
        session.run("CREATE DATABASE mail")

    def execute(statements):
        with cluster.session("mail") as session:
            session.run(statements.rstrip(";"))

    return Outbox(binary, folder / "postgres", cluster.url("mail"), options, execute)


def fsync(folder):
    """How long a commit's flush takes at least, in milliseconds."""
    times = []
    with open(folder / "flushed", "wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def main():
    options = arguments()
    binary = build()
    bench = ["cargo", "bench", "--quiet", "--bench", "mail"]
    subprocess.run([*bench, "--no-run"], cwd=ROOT, check=True, capture_output=True)
    folder, sink = pathlib.Path(tempfile.mkdtemp(prefix="cw-speed-")), Sink()
    options.port = sink.port
    cluster = Cluster() if "postgres" in options.engines else None
    try:
        outboxes = {}
        if "sqlite" in options.engines:
            outboxes["`outbox deliver`, SQLite"] = on_sqlite(binary, folder, options)
        if cluster:
            outboxes["`outbox deliver`, PostgreSQL"] = on_postgres(binary, folder, options, cluster)
        first = next(iter(outboxes.values()), None)
        size = mail_size(first) if first else 5000
        counts = ["-s", str(options.sessions), "-m", str(options.mails), "-l", str(size)]
        source = [program("smtp-source"), "-d", *counts, "-f", "a@example.com", "-t", RECIPIENT.format(1)]

        def transport():
            numbers = f"{sink.port} {options.sessions} {options.mails} {size}"
            done = subprocess.run(bench, cwd=ROOT, env=os.environ | {"MAIL_SPEED": numbers}, capture_output=True, text=True, check=True)
            return float(done.stdout.split()[-1])

        sides = {"smtp-source": lambda: timed([*source, f"127.0.0.1:{sink.port}"]), "the transport, from memory": transport}
        sides |= {name: outbox.deliver for name, outbox in outboxes.items()}
        found = {name: [] for name in sides}
        # In turns, so that what else the machine does is spread over all.
        for _ in range(options.rounds):
            for name, run in sides.items():
                found[name].append(options.mails / run())
        print(f"{version(binary)}: {options.mails} mails of {size} bytes, {options.sessions} sessions, one recipient each;")
        print(f"the median of {options.rounds} rounds. A flush to disk takes {fsync(folder):.2f} ms.\n")
        print("| | mails a second | × smtp-source |\n| --- | --- | --- |")
        base = statistics.median(found["smtp-source"])
        for name, rates in found.items():
            rate = statistics.median(rates)
            print(f"| {name} | {rate:,.0f} | {rate / base:.2f} |")
    finally:
        sink.close()
        if cluster:
            cluster.close()
        shutil.rmtree(folder, ignore_errors=True)


def mail_size(outbox):
    """Of the message, in bytes, as a file of it has them."""
    config = outbox.folder / "claimwatch.toml"
    text = config.read_text()
    config.write_text(text.replace('transport = "smtp"', 'transport = "file"'))
    due = f"state = 'pending', next_attempt_at = '2026-01-06T10:00:00.000000Z' WHERE recipient = '{RECIPIENT.format(0)}'"
    outbox.execute(f"UPDATE outbox SET {due};")
    outbox.run("outbox", "deliver")
    config.write_text(text)
    return next(outbox.folder.rglob("*.eml")).stat().st_size


main()
