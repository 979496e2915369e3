"""What is asked of Python `holidays`, and how: public holidays, in English where the country has that."""

import importlib.metadata
import os
import re
import warnings
from collections.abc import Iterator
from datetime import date

# Without a language of its own, a country would take that of the machine.
for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
    os.environ.pop(variable, None)

import holidays  # noqa: E402
from holidays.registry import COUNTRIES  # noqa: E402

VERSION = f"holidays {holidays.__version__}"
FIRST_YEAR, LAST_YEAR = 2010, 2040
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
DAYS = [
    date.fromordinal(n) for n in range(date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal() + 1)
]

# India's says where its tables end; calendars.py finds that for every country.
warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=UserWarning, message="Requested Holidays are available only from")

_CLASSES = {names[1]: names[0] for names in COUNTRIES.values()}
# "HolidaysGF" and the like are the library's own class names; the others are codes that people use.
_ALIASES = {names[1]: [name for name in names[2:] if not name.startswith("Holidays")] for names in COUNTRIES.values()}


def countries() -> list[str]:
    """The ISO 3166-1 codes of all countries, in order."""
    return sorted(_CLASSES)


def subdivisions(country: str) -> list[str]:
    """The codes of a country's subdivisions, in order."""
    return sorted(getattr(holidays, _CLASSES[country]).subdivisions)


def calendars(country: str) -> Iterator[tuple[str, str | None]]:
    """Each calendar of a country with its subdivision, the country's own first: ("DE", None), ("DE-BB", "BB"), ..."""
    yield country, None
    for subdivision in subdivisions(country):
        yield f"{country}-{subdivision}", subdivision


def ask(country: str, subdivision: str | None, years=None) -> holidays.HolidayBase:
    """The library's object for one calendar; without `years` it works out each year when it is first asked about it."""
    entity = getattr(holidays, _CLASSES[country])
    language = "en_US" if "en_US" in entity.supported_languages else entity.default_language
    return entity(years=years, subdiv=subdivision, language=language, categories=holidays.PUBLIC)


def names_of(day: str) -> set[tuple[str, bool]]:
    """The holidays of a day, from the library's name for it: ("Eid al-Fitr (Second Day)", estimated)."""
    names = set()
    for part in day.split(holidays.constants.HOLIDAY_NAME_DELIMITER):
        name = re.sub(r" \(estimated\)$|, estimated(?=\)$)", "", part)
        if "estimated" in name or not name.isprintable() or name != name.strip():
            raise ValueError(f"found {part!r}, expected a name that ends in '(estimated)' or has no such mark")
        names.add((name, name != part))
    return names


def country_names() -> dict[str, str]:
    """English names by code, from the table in the library's own description."""
    description = importlib.metadata.metadata("holidays").get_payload()
    rows = re.findall(r"<tr>\s*<td>([^<]+)</td>\s*<td>([A-Z]{2})</td>", description)
    names = {code: name.removesuffix(" (the)") for name, code in rows}
    if missing := set(countries()) - set(names):
        raise ValueError(f"found no name for {sorted(missing)} in the description of {VERSION}")
    return names


def country_aliases(country: str) -> list[str]:
    """Other codes that the library takes for a country: ["GBR", "UK"]."""
    return sorted(_ALIASES[country])


def subdivision_aliases(country: str, subdivision: str) -> list[str]:
    """A subdivision's names, as the library has them, the usual one first."""
    aliases = getattr(holidays, _CLASSES[country]).subdivisions_aliases
    return [alias for alias, code in aliases.items() if code == subdivision]
