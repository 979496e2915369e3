"""The lines of `data/holidays.tsv`: what a country's calendars say, and in what its subdivisions differ from it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from holidays.groups.eastern import EasternCalendarHolidays

import library
from fold import SERIES, fold
from library import DAYS, FIRST_YEAR, LAST_YEAR, YEARS

HEADER = f"""\
# Public holidays of all countries and their subdivisions, {FIRST_YEAR} to {LAST_YEAR}; made by tools/holidays, not by hand.
#
# The dates and names are those of Python's {library.VERSION}, https://github.com/vacanza/holidays, category "public",
# which is under the MIT licence; its notice is in THIRD_PARTY. tools/holidays/README.md says what each line means.
"""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Line = tuple[str, str, str, str]

# The years for which a calendar has no table of the moon: the library leaves such holidays out without a word.
_missing: set[int] = set()


def _watch_the_tables() -> None:
    """Notes the years in which the library looks a holiday up in a table of the moon that does not have them."""
    add_one, add_set = (
        EasternCalendarHolidays._add_eastern_calendar_holiday,
        EasternCalendarHolidays._add_eastern_calendar_holiday_set,
    )

    def watch_one(self, name, dt_estimated, **options):
        if dt_estimated[0] is None:
            _missing.add(self._year)
        return add_one(self, name, dt_estimated, **options)

    def watch_set(self, name, dts_estimated, **options):
        found = list(dts_estimated)
        if not found:
            _missing.add(self._year)
        return add_set(self, name, found, **options)

    EasternCalendarHolidays._add_eastern_calendar_holiday = watch_one
    EasternCalendarHolidays._add_eastern_calendar_holiday_set = watch_set


_watch_the_tables()


@dataclass
class Calendar:
    """All that one calendar says."""

    code: str
    holidays: set[tuple[date, str, bool]]
    weekends: list[tuple[date, frozenset[int]]]
    worked: list[date]
    coverage: str


def read(country: str, code: str, subdivision: str | None) -> Calendar:
    """Asks the library."""
    _missing.clear()
    source = library.ask(country, subdivision, years=YEARS)
    named = [(day, name, estimated) for day, names in source.items() for name, estimated in library.names_of(names)]
    covered = {day.year for day in source} - _missing
    return Calendar(
        code=code,
        holidays=set(named),
        weekends=_weekends(source),
        worked=sorted(day for day in source.weekend_workdays if day.year in YEARS and source.is_weekend(day)),
        coverage=_coverage(code, covered),
    )


def _weekends(source) -> list[tuple[date, frozenset[int]]]:
    """The weekend from each day on which it is another."""
    weekends = []
    for day in DAYS:
        weekend = frozenset(source._get_weekend(day))
        if not weekends or weekends[-1][1] != weekend:
            weekends.append((day, weekend))
    return weekends


def _coverage(code: str, years: set[int]) -> str:
    """The years that are known: those with any holiday and with all tables."""
    if not years:
        return ""
    first, last = min(years), max(years)
    if gap := set(range(first, last + 1)) - years:
        raise ValueError(f"{code}: found nothing for {sorted(gap)}, expected {first} to {last} without a gap")
    return f"{first}..{last}"


def lines(country: str, name: str) -> Iterator[Line]:
    """The lines of a country and its subdivisions."""
    whole = read(country, country, None)
    yield country, "name", name, ""
    if aliases := library.country_aliases(country):
        yield country, "aliases", "; ".join(aliases), ""
    yield country, "years", whole.coverage, ""
    yield from _weekend_lines(whole)
    if whole.worked:
        yield country, "worked", "", " ".join(day.isoformat() for day in whole.worked)
    yield from _holiday_lines(country, whole.holidays)
    for code, subdivision in list(library.calendars(country))[1:]:
        names = library.subdivision_aliases(country, subdivision) or [subdivision]
        yield from _subdivision_lines(whole, read(country, code, subdivision), names)


def _subdivision_lines(whole: Calendar, part: Calendar, names: list[str]) -> Iterator[Line]:
    name, *aliases = names
    yield part.code, "name", name, ""
    if aliases:
        yield part.code, "aliases", "; ".join(aliases), ""
    if part.coverage != whole.coverage:
        yield part.code, "years", part.coverage, ""
    if part.weekends != whole.weekends:
        yield from _weekend_lines(part)
    if part.worked != whole.worked:
        yield part.code, "worked", "", " ".join(day.isoformat() for day in part.worked)
    gone = defaultdict(list)
    for day, name, _ in whole.holidays - part.holidays:
        gone[name].append(day)
    for name, days in sorted(gone.items()):
        yield part.code, "not", name, " ".join(fold(days))
    yield from _holiday_lines(part.code, part.holidays - whole.holidays)


def _weekend_lines(calendar: Calendar) -> Iterator[Line]:
    for since, weekend in calendar.weekends:
        days = " ".join(WEEKDAYS[day] for day in sorted(weekend))
        yield calendar.code, "weekend", days, "" if since == DAYS[0] else since.isoformat()


def _holiday_lines(code: str, holidays: set[tuple[date, str, bool]]) -> Iterator[Line]:
    dates = defaultdict(list)
    for day, name, estimated in holidays:
        dates[name, estimated].append(day)
    for (name, estimated), days in sorted(dates.items()):
        yield code, "estimated" if estimated else "day", name, " ".join(fold(days))


def text() -> str:
    """The whole file."""
    rows: list[Line] = [
        ("*", "version", library.VERSION, ""),
        ("*", "years", f"{FIRST_YEAR}..{LAST_YEAR}", ""),
    ]
    for series, days in SERIES.items():
        rows.append(("*", series, "", " ".join(day.isoformat() for day in days.values())))
    names = library.country_names()
    for country in library.countries():
        rows.extend(lines(country, names[country]))
    return HEADER + "".join("\t".join(row) + "\n" for row in rows)
