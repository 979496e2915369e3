"""What was found, as Markdown to be pasted, and what misses what is asked."""

import os
import platform

# Of ours beside the hand-written side, of ours at the largest size beside the smallest, and megabytes.
ASKED = {"nothing new": 1.5, "growth": 1.3, "first": 1.0, "memory": 64}


def processor():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{os.cpu_count()} cores of {name}"


def size(claims):
    return f"{claims // 1_000_000} M" if claims % 1_000_000 == 0 else f"{claims:,}"


def ms(times):
    return f"{times.median:,.0f} ({times.least:,.0f})"


class Report:
    """Tables, and whether anything missed what is asked."""

    def __init__(self):
        self.missed = []

    def judge(self, what, value, asked):
        if value > asked:
            self.missed.append(f"{what}: {value:.2f}, asked for at most {asked}")
        return f"{value:.2f} | {asked}"

    def compare(self, rows, what, label, times, mine, theirs, asked=None):
        ratio = times[mine].median / times[theirs].median
        judged = self.judge(what, ratio, asked) if asked else f"{ratio:.2f} | "
        rows.append(f"| {label} | {ms(times[mine])} | {ms(times[theirs])} | {judged} |")

    def table(self, database, found, smallest):
        times, facts, load = found.times, found.facts, database.load
        where = f"{database.engine_name}, {size(load.claims)}"
        rows = ["| | claimwatch | by hand | ratio | asked |", "| --- | --- | --- | --- | --- |"]
        plain = lambda label, value, by_hand="", judged=" | ": rows.append(f"| {label} | {value} | {by_hand} | {judged} |")
        if "ours" in times:
            self.compare(rows, f"{where}, nothing new", "a scan with nothing new", times, "ours", "by hand", ASKED["nothing new"])
            self.compare(rows, where, "… the whole process, connecting included", times, "process", "by hand")
            self.compare(rows, where, "… beside the tightest statements that we could make", times, "ours", "tight")
            if smallest is not None:
                growth = times["ours"].median / smallest.times["ours"].median
                judged = self.judge(f"{where}, growth", growth, ASKED["growth"])
                plain("… beside the smallest size, with as many alerts", ms(times["ours"]), f"{ms(smallest.times['ours'])} (claimwatch)", judged)
            plain("… right after the first scan, before any vacuum", f"{facts['not vacuumed']:,.0f}")
        if "first" in times:
            self.compare(rows, f"{where}, first scan", f"a first scan: {load.alerts:,} alerts", times, "first", "first by hand", ASKED["first"])
            self.compare(rows, where, "… the whole process", times, "first process", "first by hand")
        if "memory" in facts:
            scans = facts["daemon scans"]
            for key, label in (("memory", "peak memory of the daemon, MB"), ("memory when derived anew", "… where every alert is derived anew, MB")):
                plain(label, f"{facts[key]:.0f}", "", self.judge(f"{where}, {label}", facts[key], ASKED["memory"]))
            plain("the daemon's first scan, and its later ones", f"{scans[0]:,.0f}, {min(scans[1:]):,.0f} to {max(scans[1:]):,.0f}")
            plain("a scan that derives every alert anew", f"{facts['derived anew']:,.0f}")
        for name, (longest, count) in facts.get("beside", {}).items():
            alone = facts["alone"][name]
            plain(f"the longest that another session {name}, beside first scans", f"{longest:,.1f} of {count:,} times", f"{alone[0]:,.1f} of {alone[1]:,} times (no scan)")
        if facts.get("lock waits") is not None:
            plain("… waits for a lock of more than 20 ms", facts["lock waits"])
        explained = facts.get("explanation")
        note = f"\n\nExplanations have {explained[0]} characters on average, by hand {explained[1]}." if explained else ""
        return f"### {where} claims, {load.running:,} running clocks\n\n" + "\n".join(rows) + note


def shortened(log, width=150):
    """The plans in a server's log, without what makes them long; of statements below a millisecond only the sum."""
    plans, keep = [], False
    for line in log.splitlines():
        if " LOG:  duration: " in line:
            keep = True
            plans.append((float(line.split("duration: ")[1].split()[0]), []))
        elif keep and line.startswith("\t"):
            text = line[1:]
            plans[-1][1].append(text if len(text) <= width else text[: width - 1] + "…")
        else:
            keep = False
    long = [f"{took:.1f} ms\n" + "\n".join(lines) for took, lines in plans if took >= 1]
    short = [took for took, _ in plans if took < 1]
    return "\n\n".join([*long, f"{len(short)} statements more, {sum(short):.1f} ms together"])
