"""What each calendar is in each year, day by day, as a digest: `tests/data/holidays/digests.tsv`.

This asks the library's own object about every single day, and has nothing but the years that are known from what makes
`data/holidays.tsv`. `tests/it/holidays.rs` writes the same text from what the program says: of a calendar and a year

    DE-BY 2026 known                      "unknown" outside the years that the calendar's data covers
    H..Hww...                             every day of the year from January 1st, see `_letter`
    01-01 holiday New Year's Day          each day off, in order; several names are in order too, with "; " between them
    03-20 estimated Eid al-Fitr           if any of them is at a date that may still move

each line ended by a line feed, in UTF-8. The digest is the first six hexadecimal digits of its SHA-256.
"""

import hashlib
import itertools
from collections.abc import Iterator
from datetime import date

import calendars
import library
from library import DAYS, YEARS

DIGITS = 6
_BY_YEAR = {year: list(days) for year, days in itertools.groupby(DAYS, lambda day: day.year)}


def year_text(source, code: str, year: int, known: bool) -> str:
    """The text of one calendar and year, from the library's object."""
    letters, days_off = [], []
    for day in _BY_YEAR[year]:
        name = source.get(day)
        letters.append(_letter(source, day, name is not None))
        if name is not None:
            found = library.names_of(name)
            kind = "estimated" if any(estimated for _, estimated in found) else "holiday"
            days_off.append(f"{day:%m-%d} {kind} {'; '.join(sorted({name for name, _ in found}))}\n")
    return f"{code} {year} {'known' if known else 'unknown'}\n{''.join(letters)}\n{''.join(days_off)}"


def _letter(source, day: date, holiday: bool) -> str:
    """`.` a working day, `H` a holiday, `w` a rest day, `x` one that is worked; `W` and `X` if it is a holiday too."""
    if not source.is_weekend(day):
        return "H" if holiday else "."
    letter = "x" if source.is_working_day(day) else "w"
    return letter.upper() if holiday else letter


def country_lines(country: str) -> list[str]:
    """The lines of one country: each calendar's code and its digests, a year each; none if nothing is known of it."""
    return [f"{code}\t{' '.join(digests)}\n" for code, digests in _digests(country)]


def _digests(country: str) -> Iterator[tuple[str, list[str]]]:
    for code, subdivision in library.calendars(country):
        texts = list(texts_of(country, code, subdivision))
        yield code, [hashlib.sha256(text.encode()).hexdigest()[:DIGITS] for text in texts]


def texts_of(country: str, code: str, subdivision: str | None) -> Iterator[str]:
    """The texts of one calendar, a year each; none if nothing is known of it."""
    first, _, last = calendars.read(country, code, subdivision).coverage.partition("..")
    if not first:
        return
    known = range(int(first), int(last) + 1)
    source = library.ask(country, subdivision)
    for year in YEARS:
        yield year_text(source, code, year, year in known)
