"""What the daemon costs while it has nothing to do, beside Debian's prometheus-alertmanager in the same run."""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

MEGABYTE = 1_000_000
BOUNDS = {"size": 20.0, "ready": 40.0, "memory": 20.0, "processor": 0.02}


def processor_seconds(pid):
    """To the nanosecond, of all threads that there are: /proc/PID/stat counts in hundredths of a second."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def memory(pid):
    """Resident memory in MB."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(found[1]) * 1024 / MEGABYTE


def stripped_size(binary, folder):
    target = folder / "stripped"
    subprocess.run(["strip", "-o", target, binary], check=True)
    return target.stat().st_size / MEGABYTE


class Daemon:
    """One of ours, told of readiness as systemd is: by a datagram."""

    def __init__(self, binary, folder):
        folder.mkdir(exist_ok=True)
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / "notify"
        address.unlink(missing_ok=True)
        heard.bind(str(address))
        heard.settimeout(30)
        (folder / "claimwatch.toml").write_text(
            f'[database]\nurl = "sqlite:{folder}/claimwatch.db"\n[mail.file]\ndirectory = "{folder}/mail"\n[log]\nlevel = "warn"\n'
        )
        # As deploy/claimwatch.service has it.
        environment = {"NOTIFY_SOCKET": str(address), "MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "4194304", "PATH": os.environ["PATH"]}
        began = time.monotonic()
        self.process = subprocess.Popen([binary, "--config", folder / "claimwatch.toml", "run"], env=environment)
        while b"READY=1" not in heard.recv(4096):
            pass
        self.ready = (time.monotonic() - began) * 1000


class Alertmanager:
    """Ready is what it says itself; asked every millisecond."""

    def __init__(self, binary, folder):
        folder.mkdir(exist_ok=True)
        (folder / "alertmanager.yml").write_text("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        began = time.monotonic()
        self.process = subprocess.Popen(
            [binary, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close()
                break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() - began > 30:
                    raise
                time.sleep(0.001)
        self.ready = (time.monotonic() - began) * 1000


def measured(start, binary, folder, rounds, seconds):
    """Median milliseconds to readiness on an existing database; then memory and share of a core while idle."""
    ready = []
    for number in range(rounds + 1):
        running = start(binary, folder)
        if number:
            ready.append(running.ready)
        if number < rounds:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(timeout=30)
    try:
        # What the start itself took is over by then.
        time.sleep(10)
        before = processor_seconds(running.process.pid)
        time.sleep(seconds)
        share = (processor_seconds(running.process.pid) - before) / seconds * 100
        return {"ready": sorted(ready)[len(ready) // 2], "memory": memory(running.process.pid), "processor": share}
    finally:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=Path("target/release/claimwatch"))
    parser.add_argument("--rounds", type=int, default=15, help="starts of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=600, help="of idleness (default: %(default)s: two scans)")
    asked = parser.parse_args()
    other = shutil.which("prometheus-alertmanager")
    if other is None:
        sys.exit("prometheus-alertmanager is missing (Debian: apt-get install prometheus-alertmanager)")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ours = measured(Daemon, asked.binary.resolve(), folder / "ours", asked.rounds, asked.seconds)
        theirs = measured(Alertmanager, other, folder / "theirs", asked.rounds, asked.seconds)
        ours["size"] = stripped_size(asked.binary, folder)
        theirs["size"] = stripped_size(other, folder)
    units = {"size": "MB, stripped", "ready": "ms to readiness", "memory": "MB resident, idle", "processor": "% of a core, idle"}
    print(f"{'':<20} {'claimwatch':>12} {'asked':>8} {'alertmanager':>14}")
    for name, unit in units.items():
        print(f"{unit:<20} {ours[name]:>12.3f} {BOUNDS[name]:>8} {theirs[name]:>14.3f}")
    missed = [units[name] for name in units if ours[name] > BOUNDS[name]]
    if missed:
        sys.exit(f"above what is asked: {', '.join(missed)}")


if __name__ == "__main__":
    main()
