"""The persons of the reconstructed population: a pseudonym and dated spells."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from people_plan import Cell, key_of, mixed

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Spell:
    """One person as long as nothing changes."""

    first: date
    last: date | None
    site: str
    gender: str
    age: str
    level: str
    profession: str
    kind: str


@dataclass
class Person:
    """One person: a pseudonym and spells in order."""

    number: int
    spells: list[Spell] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The pseudonym."""
        return key_of(self.number)

    def change(self, day: date, **what: str) -> None:
        """From `day` on something is different, in what follows too."""
        changed = []
        for spell in self.spells:
            if spell.last is not None and spell.last < day:
                changed.append(spell)
            elif spell.first >= day:
                changed.append(replace(spell, **what))
            else:
                changed += [replace(spell, last=day - DAY), replace(spell, first=day, **what)]
        self.spells = changed

    def leave(self, day: date) -> None:
        """`day` is the last one."""
        self.spells[-1] = replace(self.spells[-1], last=day)

    def on(self, day: date) -> Spell | None:
        """What the person is on a day."""
        return next((spell for spell in self.spells if spell.first <= day and (spell.last is None or day <= spell.last)), None)


@dataclass
class Population:
    """Everybody, and where the full-time ones stand at the end of the year that was made last."""

    people: list[Person] = field(default_factory=list)
    cells: dict[Cell, list[Person]] = field(default_factory=lambda: defaultdict(list))
    others: list[Person] = field(default_factory=list)
    gone: dict[Cell, list[Person]] = field(default_factory=lambda: defaultdict(list))
    last_day: set[int] = field(default_factory=set)

    def new(self) -> Person:
        """A person nobody has seen before."""
        self.people.append(Person(len(self.people)))
        return self.people[-1]


def in_order(people: Iterable[Person], *parts: object) -> list[Person]:
    """Shuffled, always the same way."""
    return sorted(people, key=lambda person: mixed(*parts, person.number))
