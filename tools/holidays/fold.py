"""Dates as short rules: every year on the same day, at the same distance from Easter, on the same weekday of a month.

A rule may be limited to years: `01-01`, `easter-2`, `11-thu-4@2012..2040`, `05-mon-last`; what follows no rule stays a
date: `2026-03-20`. Whatever is folded unfolds to the same dates: a rule is used only for years in which they have it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter

from library import FIRST_YEAR, LAST_YEAR, YEARS

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SERIES = {
    "easter": {year: easter(year, EASTER_WESTERN) for year in YEARS},
    "orthodox": {year: easter(year, EASTER_ORTHODOX) for year in YEARS},
}
# Carnival to Sacred Heart; farther away it would be chance.
FARTHEST_FROM_EASTER = 70
# The fewest years for which a rule is worth reading; fewer years on the same weekday or near Easter may be chance.
FEWEST_YEARS = {"date": 3, "series": 5, "weekday": 5}


def fold(dates: Iterable[date]) -> list[str]:
    """The terms for these dates: rules by their first year, then what is left, in order."""
    left, rules = set(dates), []
    while best := _longest_run(left):
        _, _, rule, first, last = best
        left -= {day for day in left if first <= day.year <= last and rule in (rule for _, rule in _rules(day))}
        limits = "" if (first, last) == (FIRST_YEAR, LAST_YEAR) else f"@{first}..{last}"
        rules.append((first, rule + limits))
    return [rule for _, rule in sorted(rules)] + [day.isoformat() for day in sorted(left)]


def _rules(day: date) -> Iterator[tuple[str, str]]:
    """The rules that a date may follow, by kind, the plainest first."""
    yield "date", f"{day:%m-%d}"
    for name, days in SERIES.items():
        distance = (day - days[day.year]).days
        if abs(distance) <= FARTHEST_FROM_EASTER:
            yield "series", f"{name}{distance:+d}"
    weekday = f"{day:%m}-{WEEKDAYS[day.weekday()]}"
    yield "weekday", f"{weekday}-{(day.day - 1) // 7 + 1}"
    if (day + timedelta(days=7)).month != day.month:
        yield "weekday", f"{weekday}-last"


def _longest_run(dates: set[date]) -> tuple[int, int, str, int, int] | None:
    """The rule that serves the most years in a row; of equals the plainest, then the earliest."""
    years, order = defaultdict(set), {}
    for day in dates:
        for place, (kind, rule) in enumerate(_rules(day)):
            years[kind, rule].add(day.year)
            order[rule] = place
    runs = []
    for (kind, rule), found in years.items():
        for first in found:
            if first - 1 not in found:
                last = first
                while last + 1 in found:
                    last += 1
                if last - first + 1 >= FEWEST_YEARS[kind]:
                    runs.append((first - last, order[rule], rule, first, last))
    return min(runs, default=None)
