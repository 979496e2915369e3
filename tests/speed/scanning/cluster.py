"""A PostgreSQL server of our own, and sessions on it."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

MISSING = (
    "PostgreSQL 14 or newer is needed, and there is no `initdb` with `psql`, neither in PATH nor in "
    "/usr/lib/postgresql/*/bin or /usr/pgsql-*/bin: install it (Debian: apt-get install postgresql)"
)
NEEDED = ("initdb", "pg_ctl", "postgres", "psql")


def binaries():
    """The folder with the programs of the newest version."""

    def versions(within, prefix):
        numbers = {}
        for folder in pathlib.Path(within).glob(f"{prefix}*/bin"):
            try:
                numbers[float(folder.parent.name[len(prefix):])] = folder
            except ValueError:
                pass
        return [numbers[number] for number in sorted(numbers, reverse=True)]

    folders = [pathlib.Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += versions("/usr/lib/postgresql", "") + versions("/usr", "pgsql-")
    for folder in folders:
        if all(os.path.isfile(folder / name) for name in NEEDED):
            return folder
    raise SystemExit(MISSING)


def memory():
    """Of the machine, in megabytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


class Cluster:
    """One server in a temporary folder, on a Unix socket alone; it and the folder go with it."""

    def __init__(self):
        self.bin = binaries()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cw-speed-"))
        self.shared = min(2048, memory() // 4)
        self.owner = None
        if os.getuid() == 0:
            self.owner = next((name for name in ("postgres", "nobody") if _is_user(name)), None)
            shutil.chown(self.folder, self.owner, pwd.getpwnam(self.owner).pw_gid)
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _start(self):
        self._as_owner("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        settings = self.folder / "data/postgresql.conf"
        with settings.open("a") as out:
            out.write(
                f"""listen_addresses = ''
unix_socket_directories = '{self.folder}'
shared_buffers = {self.shared}MB
max_wal_size = 8GB
checkpoint_timeout = 1h
log_lock_waits = on
deadlock_timeout = 20ms
"""
            )
        self._as_owner("pg_ctl", "-D", "data", "-l", "log", "-w", "-t", "60", "-s", "start")

    def _as_owner(self, program, *words):
        user = {"user": self.owner, "group": pwd.getpwnam(self.owner).pw_gid, "extra_groups": []} if self.owner else {}
        # What the caller's environment says of a server is not about this one.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C", "TZ": "UTC"}
        command = [str(self.bin / program), *words]
        with (self.folder / "said").open("w+") as said:
            done = subprocess.run(command, cwd=self.folder, env=kept, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **user)
            if done.returncode:
                said.seek(0)
                raise RuntimeError(f"{program}: {said.read()}")

    def url(self, database):
        return f"postgres:///{database}?host={self.folder}&user=postgres"

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def session(self, database):
        return Session(self, database)

    def close(self):
        try:
            self._as_owner("pg_ctl", "-D", "data", "-m", "immediate", "-w", "-s", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Session:
    """psql, kept open: what it runs has a warm connection, and is timed by psql itself."""

    DONE = "-- done --"

    def __init__(self, cluster, database):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C"}
        command = [str(cluster.bin / "psql"), "-XqAt", "-F\t", "-v", "ON_ERROR_STOP=1", "-h", str(cluster.folder), "-U", "postgres"]
        self.process = subprocess.Popen(
            [*command, "-d", database], env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.run("SET search_path TO claimwatch; SET jit TO off; SET client_min_messages TO warning")

    def _send(self, text):
        self.process.stdin.write(f"{text}\n\\echo {self.DONE}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == self.DONE:
                return lines
            lines.append(line.rstrip("\n"))
        raise RuntimeError(f"psql ended: {chr(10).join(lines)}\n{text[:2000]}")

    def run(self, *statements):
        """The rows of the statements, each a list of texts."""
        return [line.split("\t") for line in self._send(";\n".join(statements) + ";")]

    def value(self, statement):
        return self.run(statement)[0][0]

    def timed(self, *statements):
        """How long they took together, in milliseconds, as `\\timing` has it."""
        lines = self._send("\\timing on\n" + ";\n".join(statements) + ";\n\\timing off")
        return sum(float(line.split()[1]) for line in lines if line.startswith("Time: "))

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _is_user(name):
    try:
        pwd.getpwnam(name)
        return True
    except KeyError:
        return False
