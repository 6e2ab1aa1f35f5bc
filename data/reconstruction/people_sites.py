"""Where the people of the reconstructed population work, and in which profession."""

from dataclasses import replace
from datetime import date

from bills import employees
from people_persons import DAY, Person, Population, in_order
from people_plan import MOVED, PLACES, Cell, day_between, margins, mixed, shared
from plan import SITES, YEARS


def sites_of_the_first_year(made: Population, after: dict[Cell, list[Person]], leaving: list[Person]) -> None:
    """Mainland heads per site at the end of 2020 as planned; those who left are spread likewise; first days lie after the site opened."""
    heads = {site: count for (site, year), count in employees().items() if year == YEARS[0] and SITES[site].country == "CN"}
    closing = {person.number for people in after.values() for person in people}
    gone = {person.number: cell[3] for cell, people in made.gone.items() for person in people}
    for place in ("CN", *PLACES):
        here = [person for cell, people in sorted(after.items()) if cell[3] == place for person in people]
        away = [person for person in leaving if person.number not in closing and gone[person.number] == place]
        weights = heads if place == "CN" else PLACES[place]
        for people, numbers in ((here, heads if place == "CN" else shared(len(here), weights)), (away, shared(len(away), weights))):
            names = [name for name, count in sorted(numbers.items()) for _ in range(count)]
            for person, site in zip(in_order(people, "site", place), names, strict=True):
                _settle(person, site)


def _settle(person: Person, site: str) -> None:
    """Everything the person has done so far was at this site; an opening spell begins after it opened."""
    first = person.spells[0]
    if first.first == date(2019, 12, 31):
        opens = max(SITES[site].opens, date(2015, 1, 5))
        person.spells[0] = replace(first, first=day_between(opens, date(2019, 12, 31), "hired", person.number))
    person.spells = [replace(spell, site=spell.site or site) for spell in person.spells]


def moves(after: dict[Cell, list[Person]], stayers: list[Person], leaving: list[tuple[Person, date]], year: int) -> None:
    """Who works where a site closes moves on; a few others change office."""
    everybody = {person.number: person for people in after.values() for person in people} | {person.number: person for person, _ in leaving}
    last_days = {person.number: day for person, day in leaving}
    for site in SITES.values():
        if site.closes and site.closes.year == year and site.country == "CN":
            for number, person in everybody.items():
                there = any(spell.site == site.site_id and (spell.last is None or spell.last > site.closes) for spell in person.spells)
                if there and last_days.get(number, date.max) > site.closes:
                    person.change(site.closes + DAY, site="CN-BJ-07")
    offices = sorted(
        s.site_id
        for s in SITES.values()
        if s.kind in ("office", "factory") and s.country == "CN" and s.opens <= date(year, 1, 1) and not s.closes
    )
    movers = [person for person in stayers if SITES[person.spells[-1].site].country == "CN" and person.spells[-1].first < date(year, 1, 1)]
    for person in in_order(movers, "move", year)[:MOVED]:
        target = offices[mixed("target", person.number, year) % len(offices)]
        if target != person.spells[-1].site:
            person.change(day_between(date(year, 2, 1), date(year, 11, 30), "moves", person.number, year), site=target)


def sites_of_the_new(after: dict[Cell, list[Person]], new: list[tuple[Person, date]], year: int, left: set[int]) -> None:
    """Joiners go where heads are lacking against the plan of sites."""
    starts = {person.number: first for person, first in new}
    for place in ("CN", *PLACES):
        here = [person for cell, people in sorted(after.items()) if cell[3] == place for person in people]
        joiners = [person for person in here if person.number in starts]
        if place == "CN":
            wanted = {site: count for (site, of), count in employees().items() if of == year and SITES[site].country == "CN"}
            for person in here:
                if person.number not in starts and person.number not in left:
                    wanted[person.spells[-1].site] = wanted.get(person.spells[-1].site, 0) - 1
            lacking = {site: max(count, 0) for site, count in wanted.items()}
        else:
            lacking = PLACES[place]
        names = [name for name, count in sorted(shared(len(joiners), lacking).items()) for _ in range(count)]
        for person, site in zip(in_order(joiners, "site", year, place), names, strict=True):
            _arrive(person, site, starts[person.number])


def _arrive(person: Person, site: str, first: date) -> None:
    """The new spell is at this site, and begins once the site is open; who turned full-time before that stays where the internship was."""
    now, turned = person.spells[-1], len(person.spells) > 1 and person.spells[-2].last == first - DAY
    opens = SITES[site].opens
    if turned:
        person.spells[-1] = replace(now, site=person.spells[-2].site if opens > first else site)
    else:
        person.spells[-1] = replace(now, site=site, first=max(first, opens))


def professions(after: dict[Cell, list[Person]], new: list[Person], year: int) -> None:
    """The professions of the new, so that the technical share of all comes out."""
    numbers = {person.number for person in new}
    known = sum(
        person.spells[-1].profession == "Technical" for people in after.values() for person in people if person.number not in numbers
    )
    technical = margins()[year]["N/T"] - known
    if not 0 <= technical <= len(new):
        raise ValueError(f"{year}: {technical} technical among {len(new)} new employees")
    for place, person in enumerate(in_order(new, "profession", year)):
        person.spells[-1] = replace(person.spells[-1], profession="Technical" if place < technical else "Non-technical")
