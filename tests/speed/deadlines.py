"""The job of the bench "a million", in numpy and pandas; prints both and their ratio.

Exits with 1 if a ratio is above what is asked for: 0.15 from instant to instant, 0.1 from day to day.
"""

import datetime
import json
import pathlib
import sys
import time

import numpy
import pandas

MILLION = 1_000_000
ROUNDS = 7
ASKED = {"instant to instant": 0.15, "day to day": 0.1}


def holidays(a_year):
    first = datetime.date(2010, 1, 1)
    return [first + datetime.timedelta(days=n * 365 // a_year) for n in range(30 * a_year)] if a_year else []


def best(job):
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        result = job()
        times.append(time.perf_counter() - begin)
    return min(times) * 1e9 / MILLION, result


def local_days(starts):
    return pandas.DatetimeIndex(starts).tz_localize("UTC").tz_convert("Europe/Paris").tz_localize(None).values.astype("datetime64[D]")


def instants(days):
    ends = pandas.DatetimeIndex(days + 1).tz_localize("Europe/Paris", nonexistent="shift_forward", ambiguous=numpy.ones(MILLION, bool))
    return ends.tz_convert("UTC")


def ours(kind, case):
    path = pathlib.Path("target/criterion/a million") / kind / case.replace("/", "_") / "new/estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] / MILLION


def main():
    seconds = numpy.random.default_rng(1).integers(1_420_070_400, 1_420_070_400 + 347_155_200, MILLION)
    starts = (seconds * 1_000_000_000).view("datetime64[ns]")
    print(f"numpy {numpy.__version__}, pandas {pandas.__version__}; nanoseconds a deadline")
    print(f"{'':20}{'holidays a year':>16}{'business days':>14}{'numpy':>8}{'ours':>8}{'ratio':>8}{'asked':>7}")
    missed = False
    for a_year in (0, 11, 100):
        calendar = numpy.busdaycalendar(holidays=holidays(a_year))
        for count in (2, 45, 1000):
            days = local_days(starts)
            day_to_day, _ = best(lambda: numpy.busday_offset(days, count, roll="backward", busdaycal=calendar))
            whole, _ = best(
                lambda: instants(numpy.busday_offset(local_days(starts), count, roll="backward", busdaycal=calendar))
            )
            for kind, theirs in (("instant to instant", whole), ("day to day", day_to_day)):
                mine = ours(kind, f"{a_year} holidays a year/{count} business days")
                ratio = mine / theirs
                missed |= ratio > ASKED[kind]
                print(f"{kind:20}{a_year:>16}{count:>14}{theirs:>8.1f}{mine:>8.2f}{ratio:>8.3f}{ASKED[kind]:>7}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
