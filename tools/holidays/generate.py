#!/usr/bin/env python3
"""Writes the built-in public holidays anew, or checks that they are what this would write. See README.md."""

import argparse
import difflib
import itertools
import multiprocessing
import sys
from pathlib import Path

import calendars
import digests
import library

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data/holidays.tsv"
DIGESTS = ROOT / "tests/data/holidays/digests.tsv"
# So many lines of a difference are shown.
SHOWN = 20


def generated() -> dict[Path, str]:
    """What the files should hold."""
    with multiprocessing.Pool() as pool:
        by_day = pool.map_async(digests.country_lines, library.countries(), chunksize=1)
        data = calendars.text()
        return {DATA: data, DIGESTS: "".join(itertools.chain.from_iterable(by_day.get()))}


def check(files: dict[Path, str]) -> int:
    """0 if the files hold just that, else 1, and says in what they differ."""
    differing = 0
    for path, expected in files.items():
        found = path.read_bytes() if path.exists() else b""
        if found == expected.encode():
            continue
        differing = 1
        before, after = found.decode(errors="replace").splitlines(), expected.splitlines()
        lines = difflib.unified_diff(before, after, n=0, lineterm="")
        changed = [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))]
        print(f"{path.relative_to(ROOT)}: found other text than {library.VERSION} gives, {len(changed)} lines differ:")
        print("".join(f"  {line[:160]}\n" for line in changed[:SHOWN]), end="")
        if len(changed) > SHOWN:
            print(f"  and {len(changed) - SHOWN} more")
    if differing:
        print("run tools/holidays/generate.py, and read the difference")
    return differing


def show(code: str, year: int) -> int:
    """Prints the text whose digest the tests compare."""
    country, _, subdivision = code.partition("-")
    texts = digests.texts_of(country, code, subdivision or None)
    text = next((text for text in texts if text.startswith(f"{code} {year} ")), f"{code} {year}: nothing is known\n")
    print(text, end="")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    parser.add_argument("--show", nargs=2, metavar=("CALENDAR", "YEAR"), help="print a year, as: --show DE-BY 2026")
    options = parser.parse_args()
    if options.show:
        return show(options.show[0], int(options.show[1]))
    files = generated()
    if options.check:
        return check(files)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        print(f"{path.relative_to(ROOT)}: {len(text.encode())} bytes, {text.count(chr(10))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
