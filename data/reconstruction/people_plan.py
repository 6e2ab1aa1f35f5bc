"""The free choices of the reconstructed population, and the whole numbers that were found for it.

`people/margins.csv` holds heads, leavers, trained and hours by category and year, `people/flows.csv` how the full-time heads of each cell (gender, age group,
level, place) go from year to year. Both were found by `people/find.py` and satisfy the printed cells; nothing in them is the company's data.
"""

import csv
import hashlib
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
SALT = "population 1"
Cell = tuple[str, str, str, str]

OTHERS = {2019: 2_000, 2020: 2_736, 2021: 1_988, 2022: 3_434, 2023: 1_489}  # part-time and interns at year-end; 2020 on printed
HIRED = {2020: (7_885 + 2_800, None), 2021: (17_089, 66.70), 2022: (9_643, 69.35), 2023: (7_257, 73.65)}  # of any type; 2020 of others free
REHIRED = 25  # a year, of those who had left before
MOVED = 150  # a year, from one mainland office to another
TRAINED_LEAVERS = 40
PLACES = {
    "HK": {"HK-01": 1},
    "IN": {"IN-BLR-01": 9, "IN-DEL-01": 3, "IN-SVC-01": 1},
    "SG": {"SG-01": 1},
    "DE": {"DE-01": 1},
    "US": {"US-01": 1},
    "BR": {"BR-01": 1},
}
PROGRAMMES = {  # programme -> year -> (participants, courses, hours), as printed
    "Starry Program": {2021: (3_571, 305, 359_802), 2022: (3_839, 438, 236_671), 2023: (1_125, 446, 58_251)},
    "Integration Program": {2022: (4_243, 12, 39_712), 2023: (7_350, 13, 98_830)},
    "Xiaomi Internship": {2021: (339, 8, 3_729), 2022: (2_000, 9, 26_000), 2023: (1_302, 9, 15_624)},
}
MANAGEMENT = {  # programme -> year -> senior and mid-level participants: together as printed, the split free
    "Spark Program": {2021: (0, 1_070), 2022: (0, 1_250), 2023: (0, 1_186)},
    "Ignite Program": {2021: (42, 42), 2022: (52, 53), 2023: (197, 198)},
}
LOST_DAYS = {2020: 469, 2021: 500, 2022: 816, 2023: 1_190}  # as printed, of cases the authority recognised
CASES = {2020: 12, 2021: 14, 2022: 19, 2023: 26}
FATAL = {2020: 1, 2021: 0, 2022: 0, 2023: 0}  # as printed


def mixed(*parts: object) -> int:
    """A number that depends on the parts only: the dice of this population."""
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, (SALT, *parts))).encode()).digest()[:8], "big")


def key_of(number: int) -> str:
    """The pseudonym of the person with a running number."""
    return hashlib.sha256(f"{SALT}\x1fperson\x1f{number}".encode()).hexdigest()[:16]


def day_between(first: date, last: date, *parts: object) -> date:
    """A day from `first` to `last`."""
    return first + timedelta(days=mixed("day", *parts) % ((last - first).days + 1))


def margins() -> dict[int, dict[str, int]]:
    """Heads, leavers, trained and hours by year and category."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    with (HERE / "people" / "margins.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[int(row["year"])][row["what"]] = int(row["number"])
    return dict(found)


def flows() -> dict[int, dict[Cell, dict[str, int]]]:
    """What happens to the full-time heads of each cell in each year; of 2019 only the closing."""
    found: dict[int, dict[Cell, dict[str, int]]] = defaultdict(dict)
    with (HERE / "people" / "flows.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            cell = (row["gender"], row["age_group"], row["level"], row["place"])
            found[int(row["year"])][cell] = {
                name: int(row[name]) for name in ("closing", "hired", "converted", "aged", "promoted", "left", "left_last_day")
            }
    return dict(found)


def shared(total: int, weights: dict[str, int]) -> dict[str, int]:
    """Whole people by weight, by largest remainder."""
    whole = sum(weights.values())
    parts = {name: divmod(total * weight, whole) for name, weight in weights.items()}
    spare = total - sum(part for part, _ in parts.values())
    more = sorted(parts, key=lambda name: (-parts[name][1], name))[:spare]
    return {name: part + (name in more) for name, (part, _) in parts.items()}
