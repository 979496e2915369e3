#!/usr/bin/env python3
"""Writes rules.txt: recurrence rules and the days that python-dateutil 2.9.0.post0 finds for them.

    pip install python-dateutil==2.9.0.post0 && python3 rules.py

Each line is a start, a rule and its days. dateutil takes numbered and plain week days of one rule for two conditions,
where RFC 5545 takes either; such rules are not among them.
"""

import datetime
import pathlib
import random

from dateutil.rrule import rrulestr

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
random.seed(5545)


def some(values, most):
    return ",".join(str(value) for value in sorted(set(random.choices(values, k=random.randint(1, most)))))


def signed(last):
    return [n for n in range(-last, last + 1) if n != 0]


def rule(frequency):
    parts = [f"FREQ={frequency}"]
    if random.random() < 0.4:
        parts.append(f"INTERVAL={random.randint(1, 4)}")
    if random.random() < 0.5:
        parts.append(f"BYMONTH={some(range(1, 13), 3)}")
    if frequency != "WEEKLY" and random.random() < 0.4:
        parts.append(f"BYMONTHDAY={some(signed(31), 8)}")
    if random.random() < 0.5:
        numbered = frequency in ("YEARLY", "MONTHLY") and random.random() < 0.6
        most = 53 if frequency == "YEARLY" and "BYMONTH=" not in ";".join(parts) else 5
        numbers = signed(most) if numbered else [""]
        parts.append("BYDAY=" + some([f"{random.choice(numbers)}{day}" for day in DAYS], 3))
    if frequency == "YEARLY" and random.random() < 0.15:
        parts.append(f"BYYEARDAY={some(signed(366), 9)}")
    if any(part.startswith("BY") for part in parts) and random.random() < 0.3:
        parts.append(f"BYSETPOS={some(signed(4), 2)}")
    if random.random() < 0.3:
        parts.append(f"WKST={random.choice(DAYS)}")
    if random.random() < 0.6:
        parts.append(f"COUNT={random.randint(1, 10)}")
    else:
        parts.append(f"UNTIL={random.randint(2020, 2032)}{random.randint(1, 12):02}15")
    random.shuffle(parts)
    return ";".join(parts)


lines = []
while len(lines) < 300:
    start = datetime.datetime(2016, 1, 1) + datetime.timedelta(days=random.randrange(8 * 366))
    text = rule(random.choice(["YEARLY"] * 5 + ["MONTHLY", "MONTHLY", "WEEKLY", "DAILY"]))
    days = [day for day in rrulestr(text, dtstart=start) if day.year <= 2100]
    if len(days) <= 40:
        lines.append(" ".join([f"{start:%Y%m%d}", text] + [f"{day:%Y%m%d}" for day in days]))
pathlib.Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")
