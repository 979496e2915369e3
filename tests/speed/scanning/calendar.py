"""The calendar of the hand-written side: Paris, counted day by day, without anything of claimwatch."""

import datetime
import zoneinfo

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
FIXED = {
    (1, 1): "Jour de l'an",
    (5, 1): "Fête du Travail",
    (5, 8): "Fête de la Victoire",
    (7, 14): "Fête nationale",
    (8, 15): "Assomption",
    (11, 1): "Toussaint",
    (11, 11): "Armistice",
    (12, 25): "Noël",
}
AFTER_EASTER = {1: "Lundi de Pâques", 39: "Ascension", 50: "Lundi de Pentecôte"}
TARGETS = {"review": 2, "dispute": 5, "payment": 45}


def easter(year):
    """The Sunday, by Butcher's rule."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return datetime.date(year, month, day + 1)


class Calendar:
    """What counts at `now`: holidays, the deadline of each day, and the cutoffs."""

    def __init__(self, now):
        self.now = now
        years = range(now.year - 2, now.year + 3)
        self.holidays = {datetime.date(year, *day): name for year in years for day, name in FIXED.items()}
        for year in years:
            for days, name in AFTER_EASTER.items():
                self.holidays[easter(year) + datetime.timedelta(days=days)] = name
        self.rows = list(self._rows(datetime.date(now.year - 1, 1, 1), now.date()))
        # The first start that is not late: the day after the last one whose deadline has passed.
        self.cutoffs = {}
        for day, _, due in self.rows:
            for rule, end in due.items():
                if end <= now:
                    self.cutoffs[rule] = midnight(day + datetime.timedelta(days=1))

    def _rows(self, first, last):
        for n in range((last - first).days + 1):
            day = first + datetime.timedelta(days=n)
            yield day, midnight(day), {rule: self.deadline(day, target) for rule, target in TARGETS.items()}

    def deadline(self, day, target):
        while target:
            day += datetime.timedelta(days=1)
            target -= day.weekday() < 5 and day not in self.holidays
        return midnight(day + datetime.timedelta(days=1))


def midnight(day):
    return datetime.datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(datetime.timezone.utc)


def stamp(instant):
    """As claimwatch writes instants, and SQLite keeps them."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
