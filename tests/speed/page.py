"""136,000 open alerts: how long each list of the page takes, filtered and sorted in every way, and a scan while 50 clients read them."""

import argparse
import contextlib
import http.client
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# The longest that any list may take, in milliseconds.
ASKED = 100.0
# How much longer a scan may take while many read.
ASKED_RATIO = 1.5
LISTS = [
    "/",
    "/alerts",
    "/alerts?state=breached",
    "/alerts?state=at_risk",
    "/alerts?state=held",
    "/alerts?state=resolved",
    "/alerts?rule=dispute",
    "/alerts?program=P-7",
    "/alerts?rule=review&program=P-7&state=breached",
    "/alerts?level=1",
    "/alerts?answer=nothing",
    "/alerts?answer=acknowledged",
    "/alerts?q=C-000777",
    "/alerts?q=partner+12",
    "/alerts?q=nobody",
    "/alerts?sort=due",
    "/alerts?sort=due_last",
    "/alerts?sort=amount",
    "/alerts?sort=claim",
    "/alerts?sort=program",
    "/alerts?sort=partner",
    "/claims/C-000777",
    "/outbox",
    "/problems",
    "/silences",
    "/calendars",
]


def write_claims(folder, count):
    kinds = [("Under review", "submitted_at"), ("Disputed", "disputed_at"), ("Approved", "approved_at")]
    lines = ["claim_id,program_id,partner_name,status,submitted_at,disputed_at,approved_at,amount,currency"]
    for number in range(count):
        status, column = kinds[number % 3]
        at = f"2018-{1 + number % 9:02}-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:00Z"
        starts = [at if name == column else "" for name in ("submitted_at", "disputed_at", "approved_at")]
        money = f"{number * 7919 % 9000 + 10}.{number % 100:02},{('EUR', 'USD', 'JPY')[number % 3]}"
        lines.append(f"C-{number:06},P-{number % 20},Partner {number % 500},{status},{','.join(starts)},{money}")
    programs = ["program_id", *(f"P-{number}" for number in range(20))]
    for name, rows in [("claims", lines), ("history", ["claim_id,at,status,note"]), ("programs", programs), ("payments", ["payment_id,claim_id"])]:
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.monotonic()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    took = (time.monotonic() - began) * 1000
    connection.close()
    return answer.status, took, body.decode()


def wait_until_there(port):
    for _ in range(300):
        try:
            return ask(port, "/healthz")
        except OSError:
            time.sleep(0.1)
    sys.exit("claimwatch does not answer")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=Path("target/release/claimwatch"), help="built with `cargo build --release`")
    parser.add_argument("--claims", type=int, default=136_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--scans", type=int, default=7, help="how many scans are measured alone, and beside the clients")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--database", help="the address of an empty PostgreSQL database, in place of an embedded one")
    arguments = parser.parse_args()
    binary, port, late = arguments.binary.resolve(), free_port(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_claims(folder, arguments.claims)
        url = arguments.database or "sqlite:claims.db"
        (folder / "claimwatch.toml").write_text(
            f'[database]\nurl = "{url}"\n[calendars.nl]\ntime_zone = "Europe/Amsterdam"\ncountry = "NL"\n'
            f'[schedule]\nscan = "0 0 0 1 1 *"\n[mail]\ntransport = "file"\n[http]\nlisten = "127.0.0.1:{port}"\n'
        )

        def run(*words):
            began = time.monotonic()
            subprocess.run([binary, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            return time.monotonic() - began

        run("import", "--programs", "programs.csv", "--claims", "claims.csv", "--payments", "payments.csv", "--history", "history.csv")
        print(f"first scan {run('scan'):.1f} s")
        if arguments.database:
            # What autovacuum does within a minute.
            subprocess.run(["psql", "-q", arguments.database, "-c", "VACUUM ANALYZE"], check=True)
        daemon = subprocess.Popen([binary, "run"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_there(port)
            alone = statistics.median(run("scan") for _ in range(arguments.scans))
            with crowd(port, arguments.clients) as answers:
                beside = statistics.median(run("scan") for _ in range(arguments.scans))
            ratio, too_long = beside / alone, beside / alone > ASKED_RATIO
            late += ["scan"] if too_long else []
            print(f"a scan takes {alone:.2f} s alone, {beside:.2f} s beside {arguments.clients} clients that read lists "
                  f"({len(answers)} answers): {ratio:.2f} x, asked {ASKED_RATIO:g}{': missed' if too_long else ''}")
            for path in LISTS:
                asked = [ask(port, path) for _ in range(arguments.rounds)]
                if any(status != 200 for status, _, _ in asked):
                    sys.exit(f"{path}: answered {asked[0][0]}")
                # What is far down in a list takes no longer than its first page.
                following = re.search(r'rel="next" href="([^"]+)"', asked[-1][2])
                times = sorted(took for _, took, _ in asked)
                median, longest = statistics.median(times), times[-1]
                following = f", next page {ask(port, unescaped(following[1]))[1]:6.1f}" if following else ""
                missed = median > ASKED
                late += [path] if missed else []
                print(f"{median:7.1f} ms, longest {longest:7.1f}{following}  {path}{': missed' if missed else ''}")
        finally:
            daemon.terminate()
            daemon.wait()
    print(f"missed: {', '.join(late)}" if late else "all is as asked")
    sys.exit(bool(late))


@contextlib.contextmanager
def crowd(port, clients):
    """So many clients that ask for one list after the other, as fast as they are answered."""
    over, answers = threading.Event(), []

    def read(first):
        number = first
        while not over.is_set():
            status, _, _ = ask(port, LISTS[number % len(LISTS)])
            answers.append(status)
            number += 1

    threads = [threading.Thread(target=read, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()
        if any(status != 200 for status in answers):
            sys.exit(f"a list was answered with {sorted(set(answers))}")


def unescaped(address):
    return address.replace("&#x2f;", "/").replace("&amp;", "&")


main()
