"""A year of claims, each reviewed and paid, with its history: how long looking back on them and ahead takes."""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

# A year of 100,000 claims replayed, in seconds.
ASKED = {"backtest": 10.0}
YEAR = datetime(2018, 1, 1)
SINCE, UNTIL, AT = "2018-01-01", "2018-12-31", "2019-03-31T12:00:00Z"


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_claims(folder, count):
    """Reviews of some days and payments of some weeks, of 20 programs and 500 partners."""
    chance = random.Random(7)
    claims = ["claim_id,program_id,partner_name,status,submitted_at,reviewed_at,approved_at,paid_at,amount,currency"]
    history = ["claim_id,at,status,note"]
    for number in range(count):
        submitted = YEAR + timedelta(minutes=chance.randrange(365 * 24 * 60))
        approved = submitted + timedelta(hours=chance.expovariate(1 / 40))
        paid = approved + timedelta(days=chance.expovariate(1 / 30))
        at = ",".join([text(submitted), text(approved), text(approved), text(paid)])
        claims.append(f"C-{number:06},P-{number % 20},Partner {number % 500},Approved,{at},{chance.randrange(10, 9000)},EUR")
        history.append(f"C-{number:06},{text(submitted)},Submitted,")
        history.append(f"C-{number:06},{text(approved)},Approved,")
    programs = ["program_id", *(f"P-{number}" for number in range(20))]
    for name, lines in [("claims", claims), ("history", history), ("programs", programs), ("payments", ["payment_id,claim_id"])]:
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def write_configurations(folder):
    levels = (
        '[[escalation.levels]]\nto = ["support@example.com"]\nremind_every = "1 business day"\n'
        '[[escalation.levels]]\nafter = "2 business days"\nto = ["lead@example.com"]\n'
    )
    database = '[database]\nurl = "sqlite:claims.db"\n[calendars.nl]\ntime_zone = "Europe/Amsterdam"\ncountry = "NL"\n'
    (folder / "claimwatch.toml").write_text(database + levels)
    (folder / "new.toml").write_text(database + '[rules.review]\ntarget = "3 business days"\n' + levels)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=Path("target/release/claimwatch"), help="built with `cargo build --release`")
    parser.add_argument("--claims", type=int, default=100_000)
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    late = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_claims(folder, arguments.claims)
        write_configurations(folder)

        def run(*words):
            began = time.monotonic()
            subprocess.run([binary, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            return time.monotonic() - began

        run("import", "--programs", "programs.csv", "--claims", "claims.csv", "--payments", "payments.csv", "--history", "history.csv")
        commands = {
            "report": ["report", "--from", SINCE, "--to", UNTIL, "--at", AT],
            "forecast": ["forecast"],
            "backtest": ["backtest", "--config", "new.toml", "--from", SINCE, "--to", UNTIL, "--at", AT],
            "backfill": ["backfill", "--since", SINCE],
        }
        for command, words in commands.items():
            took, asked = run(*words), ASKED.get(command)
            missed = asked is not None and took > asked
            late = late or missed
            print(f"{command:9} {took:6.1f} s" + (f", asked {asked:g} s" if asked else "") + (": missed" if missed else ""))
    sys.exit(late)


if __name__ == "__main__":
    main()
