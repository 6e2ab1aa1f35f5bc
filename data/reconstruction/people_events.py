"""Training, injuries and hours worked of the reconstructed population."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from people_persons import DAY, Person, Population, Spell
from people_plan import CASES, FATAL, LOST_DAYS, MANAGEMENT, PROGRAMMES, TRAINED_LEAVERS, day_between, margins, mixed
from plan import SITES, YEARS

Group = tuple[str, str]
TRAINING_YEARS = (2021, 2022, 2023)
MOST_HOURS = 120
LEAVERS_HOURS = 4


def training(made: Population, year: int) -> list[tuple[str, str, str, str, str]]:
    """The training records of a year: key, day, course, programme, hours. Hours and people trained come out as the margins say, by level and gender."""
    numbers = margins()[year]
    there = _full_time_at(made, date(year, 12, 31))
    rows: list[tuple[str, str, str, str, str]] = []
    hours: dict[Group, int] = {
        (level, gender): numbers[f"H/{level}|{gender}"] for level in ("Senior", "Mid-Level", "Junior") for gender in ("Male", "Female")
    }
    busy: set[int] = set()
    for programme, years in PROGRAMMES.items():
        if year in years:
            chosen = (
                _interns(made, year, {person.number for person, _ in there})
                if programme == "Xiaomi Internship"
                else _newest(there, year, programme, busy)
            )
            for person, spell, size, course in _attending(chosen, programme, *years[year]):
                rows.append((person.key, f"{_day_of(person, spell, year, programme)}", course, programme, str(size)))
                if spell.kind == "full_time":
                    hours[spell.level, spell.gender] -= size
                    busy.add(person.number)
    for person, spell in _leavers(made, year):
        rows.append((person.key, f"{_day_of(person, spell, year, 'leaver')}", f"G{year}-001", "", str(LEAVERS_HOURS)))
        hours[spell.level, spell.gender] -= LEAVERS_HOURS
    general: list[tuple[Person, Spell, int]] = []
    for (level, gender), left in hours.items():
        here = [(person, spell) for person, spell in there if (spell.level, spell.gender) == (level, gender)]
        trained = numbers[f"T/{level}|{gender}"]
        order = sorted(here, key=lambda item: (item[0].number not in busy, mixed("trained", year, item[0].number)))[:trained]
        sizes = _spread(left, trained, f"{year} {level} {gender}")
        general += [(person, spell, size) for (person, spell), size in zip(order, sizes, strict=True)]
    programmes = _management([(person, spell) for person, spell, _ in general], year)
    for person, spell, size in general:
        course = f"G{year}-{mixed('course', year, person.number) % 240 + 1:03}"
        rows.append((person.key, f"{_day_of(person, spell, year, 'general')}", course, programmes.get(person.number, ""), str(size)))
    return sorted(rows)


def _full_time_at(made: Population, day: date) -> list[tuple[Person, Spell]]:
    found = ((person, person.on(day)) for person in made.people)
    return [(person, spell) for person, spell in found if spell is not None and spell.kind == "full_time"]


def _newest(there: list[tuple[Person, Spell]], year: int, programme: str, busy: set[int]) -> list[tuple[Person, Spell]]:
    """Full-time people, juniors first, and of them those who came last; nobody is in two programmes."""
    free = [(person, spell) for person, spell in there if person.number not in busy]
    return sorted(
        free,
        key=lambda item: (item[1].level != "Junior", item[0].spells[0].first < date(year, 1, 1), mixed(programme, year, item[0].number)),
    )


def _management(trained: list[tuple[Person, Spell]], year: int) -> dict[int, str]:
    """By running number the management programme that a person's general training belongs to; first those who came before the year, nobody in two."""
    found: dict[int, str] = {}
    for programme, years in MANAGEMENT.items():
        for level, participants in zip(("Senior", "Mid-Level"), years[year], strict=True):
            free = [person for person, spell in trained if spell.level == level and person.number not in found]
            order = sorted(free, key=lambda person: (person.spells[0].first >= date(year, 1, 1), mixed(programme, year, person.number)))
            found |= {person.number: programme for person in order[:participants]}
    return found


def _interns(made: Population, year: int, stayed: set[int]) -> list[tuple[Person, Spell]]:
    """Interns of the year who have not become full-time by its end: those are trained or not as the margins say."""
    found = []
    for person in made.people:
        for spell in person.spells:
            if (
                person.number not in stayed
                and spell.kind == "intern"
                and spell.first <= date(year, 12, 31)
                and (spell.last is None or spell.last >= date(year, 1, 1))
            ):
                found.append((person, spell))
                break
    return sorted(found, key=lambda item: mixed("interns", year, item[0].number))


def _leavers(made: Population, year: int) -> list[tuple[Person, Spell]]:
    ends = [
        (person, person.spells[-1])
        for person in made.people
        if person.spells[-1].last and date(year, 7, 1) <= person.spells[-1].last < date(year, 12, 31)
    ]
    full_time = [
        (person, spell)
        for person, spell in ends
        if spell.kind == "full_time" and spell.level != "Senior" and spell.first < date(year, 6, 1)
    ]
    return sorted(full_time, key=lambda item: mixed("leaver", year, item[0].number))[:TRAINED_LEAVERS]


def _attending(
    chosen: list[tuple[Person, Spell]], programme: str, participants: int, courses: int, hours: int
) -> Iterator[tuple[Person, Spell, int, str]]:
    base, more = divmod(hours, participants)
    code = programme[:2].upper()
    for place, (person, spell) in enumerate(chosen[:participants]):
        yield person, spell, base + (place < more), f"{code}-{place % courses + 1:03}"


def _day_of(person: Person, spell: Spell, year: int, what: str) -> date:
    """A day of the year on which the person was what the spell says."""
    first, last = max(spell.first, date(year, 1, 4)), min(spell.last or date.max, date(year, 12, 31))
    return day_between(min(first, last), last, "training", what, year, person.number)


def _spread(total: int, people: int, what: str) -> list[int]:
    """Whole hours that add up to `total`, at least one each, a little different from person to person."""
    base, more = divmod(total, people)
    if base < 1 or base > MOST_HOURS - 6:
        raise ValueError(f"{what}: {total} hours for {people} people")
    swing = min(base - 1, 5)
    sizes = [base + (place < more) for place in range(people)]
    for place in range(0, people - 1, 2):
        step = mixed("swing", what, place) % (swing + 1)
        sizes[place] += step
        sizes[place + 1] -= step
    return sizes


# ---------------------------------------------------------------- injuries and hours


def injuries(made: Population) -> list[tuple[str, str, str, str, int, str]]:
    """Cases: number, key, day, outcome, lost days, recognition. Those that the authority recognised lose the days printed; a fatal one ends the employment."""
    rows = []
    for year in YEARS:
        hurt = [
            (person, day_between(date(year, 1, 10), date(year, 12, 20), "accident", year, person.number)) for person in _steady(made, year)
        ]
        dead = [(person, last) for person in made.people if (last := person.spells[-1].last) and _may_be_fatal(person, last, year)]
        dead.sort(key=lambda item: mixed("fatal", year, item[0].number))
        told = [(*case, "fatal", 0, "recognised") for case in dead[: FATAL[year]]]
        days = _lost_days(year)
        told += [(*case, "lost_time", size, "recognised") for case, size in zip(hurt, days, strict=False)]
        open_cases = [
            ("lost_time", mixed("open", year, 1) % 20 + 3, "pending"),
            ("lost_time", mixed("open", year, 2) % 15 + 2, "refused"),
            ("no_lost_time", 0, "refused"),
        ]
        told += [(*case, *outcome) for case, outcome in zip(hurt[len(days) :], open_cases, strict=False)]
        for place, (person, day, outcome, size, recognition) in enumerate(sorted(told, key=lambda case: (case[1], case[0].number)), 1):
            rows.append((f"WI-{year}-{place:03}", person.key, f"{day}", outcome, size, recognition))
    return rows


def _steady(made: Population, year: int) -> list[Person]:
    """Full-time people who were there before, through and after the year, in no order."""
    there = [
        person
        for person in made.people
        if person.spells[0].first < date(year, 1, 1)
        and (person.spells[-1].last or date.max) > date(year, 12, 31)
        and all(spell.kind == "full_time" for spell in person.spells)
        and all(earlier.last and later.first == earlier.last + DAY for earlier, later in pairwise(person.spells))
    ]
    return sorted(there, key=lambda person: mixed("case", year, person.number))


def _may_be_fatal(person: Person, last: date, year: int) -> bool:
    final = person.spells[-1]
    return (
        final.kind == "full_time"
        and SITES[final.site].country == "CN"
        and date(year, 2, 1) <= last <= date(year, 11, 30)
        and len(person.spells) == 1
    )


def _lost_days(year: int) -> list[int]:
    """Lost days by case, as many together as printed."""
    recognised = CASES[year] - FATAL[year]
    weights = [mixed("days", year, place) % 60 + 5 for place in range(recognised)]
    days = [LOST_DAYS[year] * weight // sum(weights) for weight in weights]
    days[0] += LOST_DAYS[year] - sum(days)
    return days


def hours_worked(made: Population) -> list[tuple[str, str, str, int]]:
    """Hours worked by site and year: site, first day, last day, hours. Eight hours (part-time: four) on five of seven days, less a tenth for leave."""
    daily: dict[tuple[str, int], int] = defaultdict(int)
    for person in made.people:
        for spell in person.spells:
            for year in YEARS:
                first, last = max(spell.first, date(year, 1, 1)), min(spell.last or date.max, date(year, 12, 31))
                if first <= last:
                    daily[spell.site, year] += ((last - first).days + 1) * (4 if spell.kind == "part_time" else 8)
    rows = []
    for (site, year), hours in sorted(daily.items()):
        first, last = max(SITES[site].opens, date(year, 1, 1)), min(SITES[site].closes or date.max, date(year, 12, 31))
        rows.append((site, f"{first}", f"{last}", hours * 5 * 9 // 70))
    return rows
