"""The population year by year: who is there, joins, grows older, is promoted and leaves, as dated spells."""

from collections import defaultdict
from datetime import date

from people_persons import DAY, Person, Population, Spell, in_order
from people_plan import HIRED, OTHERS, REHIRED, Cell, day_between, flows, margins, mixed
from people_sites import moves, professions, sites_of_the_first_year, sites_of_the_new
from plan import SITES, YEARS

OLDER = {"Under 30": "30-50", "30-50": "Above 50"}
HIGHER = {"Junior": "Mid-Level", "Mid-Level": "Senior"}


def population() -> Population:
    """The whole population of 2019-12-31 to 2023-12-31."""
    flow, made = flows(), Population()
    _opening(made, flow[2019])
    for year in YEARS:
        _year(made, year, flow[year])
    return made


# ---------------------------------------------------------------- opening


def _opening(made: Population, closing: dict[Cell, dict[str, int]]) -> None:
    for cell, numbers in sorted(closing.items()):
        for _ in range(numbers["closing"]):
            person = made.new()
            made.cells[cell].append(person)
            person.spells.append(
                _spell(cell, date(2019, 12, 31), "", "Technical" if mixed("profession", person.number) % 1000 < 475 else "Non-technical")
            )
    for _ in range(OTHERS[2019]):
        made.others.append(
            _other(
                made,
                day_between(date(2019, 3, 1), date(2019, 12, 16), "other", len(made.people)),
                "Male" if mixed("g", len(made.people)) % 100 < 66 else "Female",
            )
        )


def _spell(cell: Cell, first: date, site: str, profession: str) -> Spell:
    gender, age, level, _ = cell
    return Spell(first, None, site, gender, age, level, profession, "full_time")


def _other(made: Population, first: date, gender: str) -> Person:
    person = made.new()
    kind = "part_time" if mixed("kind", person.number) % 100 < 12 else "intern"
    offices = sorted(
        s.site_id for s in SITES.values() if s.kind == "office" and s.country == "CN" and s.opens <= first and s.closes is None
    )
    site = offices[mixed("office", person.number) % len(offices)]
    person.spells.append(
        Spell(first, None, site, gender, "Under 30", "Junior", "Technical" if mixed("p", person.number) % 2 else "Non-technical", kind)
    )
    return person


# ---------------------------------------------------------------- one year


NOTHING = dict.fromkeys(("closing", "hired", "converted", "aged", "promoted", "left", "left_last_day"), 0)


def _year(made: Population, year: int, flow: dict[Cell, dict[str, int]]) -> None:
    before = {cell: [person for person in people if person.number not in made.last_day] for cell, people in made.cells.items()}
    after: dict[Cell, list[Person]] = defaultdict(list)
    leaving: list[tuple[Person, date]] = []
    stayers: list[Person] = []
    for cell in sorted(set(before) | set(flow)):
        numbers = flow.get(cell, NOTHING)
        pool = in_order(before.get(cell, []), "year", year)
        left, rest = pool[: numbers["left"]], pool[numbers["left"] :]
        leaving += [(person, day_between(date(year, 1, 2), date(year, 12, 30), "leave", person.number)) for person in left]
        made.gone[cell] += left
        rest = _changed(rest, cell, numbers, year, after)
        after[cell] += rest
        last = numbers["left_last_day"]
        leaving += [(person, date(year, 12, 31)) for person in rest[:last]]
        stayers += rest[last:]
    made.last_day = {person.number for person, day in leaving if day == date(year, 12, 31)}
    new = _hired(made, year, flow, after)
    converted = _others(made, year, flow, after, {person.number for person, _ in new})
    made.cells = after
    if year == YEARS[0]:
        sites_of_the_first_year(made, after, [person for person, _ in leaving])
    else:
        moves(after, stayers, leaving, year)
        sites_of_the_new(after, [*new, *converted], year, {person.number for person, day in leaving if day < date(year, 12, 31)})
    for person, day in leaving:
        person.leave(day)
    professions(after, [person for person, _ in [*new, *converted]], year)


def _changed(rest: list[Person], cell: Cell, numbers: dict[str, int], year: int, after: dict[Cell, list[Person]]) -> list[Person]:
    """Who of the cell grows out of the age group or is promoted goes to the next cell; the others are returned. In four years nobody passes two birthdays."""
    gender, age, level, place = cell
    same = [person for person in rest if person.spells[0].age == age]
    aged, promoted = same[: numbers["aged"]], numbers["promoted"]
    if len(aged) < numbers["aged"]:
        raise ValueError(f"{year} {cell}: {numbers['aged']} to grow older, {len(same)} can")
    numbers_of_aged = {person.number for person in aged}
    rest = [person for person in rest if person.number not in numbers_of_aged]
    for person in aged:
        person.change(day_between(date(year, 1, 2), date(year, 12, 31), "birthday", person.number, year), age=OLDER[age])
        after[gender, OLDER[age], level, place].append(person)
    for person in rest[:promoted]:
        person.change(date(year, 4 if mixed("spring", person.number, year) % 2 else 10, 1), level=HIGHER[level])
        after[gender, age, HIGHER[level], place].append(person)
    return rest[promoted:]


def _hired(made: Population, year: int, flow: dict[Cell, dict[str, int]], after: dict[Cell, list[Person]]) -> list[tuple[Person, date]]:
    """Full-time joiners, a few of whom had left before. Their site and profession follow."""
    new = []
    again = REHIRED if year > YEARS[0] else 0
    for cell, numbers in sorted(flow.items()):
        known = [person for person in made.gone[cell] if person.spells[-1].last and person.spells[-1].last < date(year - 1, 12, 1)]
        for place in range(numbers["hired"]):
            back = known.pop() if again and known and place == 0 else None
            if back is not None:
                again -= 1
                made.gone[cell].remove(back)
            person = back or made.new()
            month = (3, 4, 5, 6, 7, 7, 7, 8, 9, 10, 11, 12)[mixed("month", person.number, year) % 12]
            first = date(year, month, 1 if mixed("half", person.number, year) % 2 else 16)
            person.spells.append(_spell(cell, first, "", "Technical"))
            after[cell].append(person)
            new.append((person, first))
    return new


def _others(
    made: Population, year: int, flow: dict[Cell, dict[str, int]], after: dict[Cell, list[Person]], hired: set[int]
) -> list[tuple[Person, date]]:
    """Interns and part-timers: who turns full-time, who joins, who leaves."""
    converted = []
    pool = sorted(made.others, key=lambda person: (person.spells[-1].first, person.number))  # who came first turns or goes first
    for cell, numbers in sorted(flow.items()):
        chosen = [person for person in pool if person.spells[-1].kind == "intern" and person.spells[-1].gender == cell[0]][
            : numbers["converted"]
        ]
        taken = {person.number for person in chosen}
        pool = [person for person in pool if person.number not in taken]
        for person in chosen:
            person.change(date(year, 7, 1), kind="full_time", level=cell[2], site="")
            after[cell].append(person)
            converted.append((person, date(year, 7, 1)))
    joining = _genders(year, flow, HIRED[year][0] - len(hired))
    fresh = [
        _other(made, day_between(date(year, 1, 8), date(year, 11, 16), "joins", year, gender, n), gender)
        for gender, count in joining.items()
        for n in range(count)
    ]
    leavers = len(pool) + len(fresh) - OTHERS[year]
    for person in [*pool, *in_order(fresh, "short", year)][:leavers]:
        earliest = max(date(year, 1, 5), person.spells[-1].first + 20 * DAY)
        person.leave(day_between(earliest, date(year, 12, 30), "ends", person.number))
    made.others = [person for person in [*pool, *fresh] if person.spells[-1].last is None]
    return converted


def _genders(year: int, flow: dict[Cell, dict[str, int]], count: int) -> dict[str, int]:
    """How many men and women join as others, so that the printed shares of all joiners come out."""
    if year == YEARS[0]:
        return {"Female": count // 3, "Male": count - count // 3}
    men = margins()[year]["J/Male"] - sum(numbers["hired"] for cell, numbers in flow.items() if cell[0] == "Male")
    return {"Female": count - men, "Male": men}
