"""claimwatch itself: its binary, its configuration, a scan, the daemon."""

import json
import os
import pathlib
import subprocess
import threading
import time

from .calendar import TARGETS, stamp

ROOT = pathlib.Path(__file__).parents[3]
BINARY = ROOT / "target/release/claimwatch"
# The longest that a scan or the daemon may take before the run is given up.
PATIENCE = 900


def build():
    target = os.environ.get("CARGO_TARGET_DIR")
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "claimwatch"], cwd=ROOT, check=True)
    return pathlib.Path(target) / "release/claimwatch" if target else BINARY


def version(binary):
    return subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def environment(folder):
    """Ours, but for what would speak to claimwatch; and what its systemd unit sets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLAIMWATCH", "PG", "STATE_DIRECTORY", "NOTIFY_SOCKET"))}
    lines = (ROOT / "deploy/claimwatch.service").read_text().splitlines()
    unit = [line.removeprefix("Environment=") for line in lines if line.startswith("Environment=")]
    return kept | dict(setting.split("=", 1) for line in unit for setting in line.split()) | {"XDG_STATE_HOME": str(folder)}


class Claimwatch:
    """The binary with a database and a folder of its own."""

    def __init__(self, binary, folder, url, calendar):
        self.binary, self.folder, self.url, self.calendar = binary, pathlib.Path(folder), url, calendar
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.configure("claimwatch.toml", TARGETS)

    def configure(self, name, targets):
        holidays = "".join(
            f"    {{ date = {str(day)!r}, name = {json.dumps(why, ensure_ascii=False)} }},\n"
            for day, why in sorted(self.calendar.holidays.items())
        )
        rules = "".join(f'[rules.{rule}]\ntarget = "{days} business days"\n' for rule, days in targets.items())
        path = self.folder / name
        path.write_text(
            f"""[database]
url = "{self.url}"
[schedule]
scan = "*/5 * * * * *"
[calendars.fr]
time_zone = "Europe/Paris"
holidays = [
{holidays}]
{rules}[[escalation.levels]]
to = ["support@example.com"]
remind_every = "1 business day"
[mail]
transport = "file"
from = "Claim monitor <claims-monitor@example.com>"
[mail.file]
directory = "outbox"
[log]
format = "json"
"""
        )
        return path

    def run(self, *words, config=None):
        """Its standard output, and how long the whole process took, in milliseconds."""
        command = [str(self.binary), "--config", str(config or self.config), *words]
        begin = time.perf_counter()
        done = subprocess.run(command, env=environment(self.folder), capture_output=True, text=True, timeout=PATIENCE)
        elapsed = (time.perf_counter() - begin) * 1000
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout, elapsed

    def migrate(self):
        self.run("migrate")

    def scan(self):
        """A scan as of the calendar's instant: its summary, with the time of the whole process in it."""
        out, elapsed = self.run("scan", "--json", "--at", stamp(self.calendar.now))
        return json.loads(out) | {"process_ms": elapsed}

    def daemon(self, config=None):
        return Daemon(self, config or self.config)


class Daemon:
    """`claimwatch run` until it has scanned often enough and its mail is out."""

    def __init__(self, ours, config):
        self.outbox = ours.folder / "outbox"
        self.lines, self.more = [], threading.Condition()
        command = [str(ours.binary), "--config", str(config), "run"]
        self.process = subprocess.Popen(command, env=environment(ours.folder), stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stderr:
            with self.more:
                self.lines.append(line)
                self.more.notify_all()
        with self.more:
            self.lines.append("")
            self.more.notify_all()

    def _scans(self):
        said = [json.loads(line) for line in self.lines if line.startswith("{") and '"a scan finished"' in line]
        return [line.get("fields", line) for line in said]

    def wait(self, scans, mail):
        """What its scans said of themselves, after so many of them."""

        def enough():
            if "" in self.lines:
                raise RuntimeError("claimwatch run ended:\n" + "".join(self.lines))
            return len(self._scans()) >= scans and (not mail or list(self.outbox.glob("*.eml")))

        with self.more:
            end = time.monotonic() + PATIENCE
            while not enough():
                if time.monotonic() > end:
                    raise RuntimeError("claimwatch run takes too long:\n" + "".join(self.lines[-20:]))
                self.more.wait(1)
            return self._scans()

    def peak(self):
        """The most memory that it has had, in megabytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) / 1024

    def mail(self):
        """The size of what it delivered, in megabytes."""
        return sum(file.stat().st_size for file in self.outbox.glob("*.eml")) / 1e6

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
