"""Next year's edition from this year's, as texts: what stays, what goes with the oldest period, and what a person must decide. Nothing is taken over in silence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from esg_kpis.editions.market import shifted
from esg_kpis.editions.rules import Period
from esg_kpis.errors import InputProblem, UsageProblem

MARK = "# DECIDE"
"""How a line begins that new-edition wrote for a person. The next new-edition leaves such lines behind."""
LISTS = ("periods", "applies_to")
FIRST, FACTORS, ANEW, ENDED, EVERY, GONE, LEFT = (
    "set first", "factors of the new period", "decide anew; not taken over", "ended with the period before; does it hold for the new one?",
    "holds for every period, so for the new one too; is that right?", "gone, since it was for the oldest period only", "left behind",
)  # fmt: skip
HEADINGS = (FIRST, FACTORS, ANEW, ENDED, EVERY, LEFT, GONE)


@dataclass(frozen=True)
class Plan:
    """What the new edition is to be.

    Attributes:
        old: Id of the edition it is made from.
        new: Its own id.
        document: The report it is of.
        known_on: Its knowledge date; None where nobody has said it.
        period: The new period.
        newest: Id of the period that was the newest.
        kept: Ids of the periods that stay.
        hints: What the factor library has for the new period, by the id of a rule.
    """

    old: str
    new: str
    document: str
    known_on: date | None
    period: Period
    newest: str
    kept: tuple[str, ...]
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Notes:
    """What a person must know, by `HEADINGS`, in the order it came up."""

    said: dict[str, list[str]] = field(default_factory=lambda: {heading: [] for heading in HEADINGS})

    def add(self, heading: str, text: str) -> None:
        """Adds a line, once."""
        if text not in self.said[heading]:
            self.said[heading].append(text)


def planned(old: str, new: str, periods: Sequence[Period], document: str, given_document: str | None, known_on: date | None, period_id: str | None) -> Plan:
    """The plan of a new edition: one period more, as long as the newest and right after it, and the oldest less.

    Raises:
        UsageProblem: if the new period's id does not follow from the newest's, and none is given.
    """
    ordered = sorted(periods, key=lambda period: period.first)
    newest = ordered[-1]
    first = newest.last + timedelta(days=1)
    last = shifted(first, newest.months) - timedelta(days=1)
    name = period_id or _years_later(newest.id, newest, last.year - newest.last.year)
    if name in {period.id for period in periods}:
        raise UsageProblem(f"The id of the period after '{newest.id}' does not follow from it.", where="--period", mend=f"Name the period from {first} to {last} with --period.")
    later = _years_later(document, newest, last.year - newest.last.year, short=False)
    told = given_document or (later if later != document else f"{document} ({new})")
    return Plan(old, new, told, known_on, Period(id=name, first=first, last=last), newest.id, tuple(period.id for period in ordered[1:]))


def _years_later(text: str, period: Period, years: int, *, short: bool = True) -> str:
    """`text` with the years of a period moved: 2023, FY2023, 2022/23."""
    known = {period.first.year, period.last.year}

    def later(match: re.Match[str]) -> str:
        number = int(match[0])
        if len(match[0]) == 4:
            return str(number + years) if number in known else match[0]
        return f"{(number + years) % 100:02d}" if short and number in {year % 100 for year in known} else match[0]

    return re.sub(r"(?<!\d)(?:\d{4}|\d{2})(?!\d)", later, text)


def without_marks(text: str) -> str:
    """A text without the lines that an earlier new-edition wrote for a person."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith(MARK))


def mark(plan: Plan, text: str) -> str:
    """A comment that asks a person for a decision."""
    return f"{MARK} {plan.period.id}: {text}\n"


def check_periods(data: Any, plan: Plan, file: str) -> None:  # noqa: ANN401
    """No period that is gone is named anywhere: what is written inline has no block of its own to be changed."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in LISTS and isinstance(value, list) and (gone := [item for item in value if item not in (*plan.kept, plan.period.id)]):
                raise InputProblem(
                    f"A list of periods still names '{gone[0]}'.", where=f"editions/{plan.old}/{file}", mend="Write each entry on lines of its own, in TOML under a header such as [[boundary]], and run it again."
                )
            check_periods(value, plan, file)
    elif isinstance(data, list):
        for item in data:
            check_periods(item, plan, file)


def copied(text: str, name: str, plan: Plan, notes: Notes) -> str:
    """Another file of the edition as it is, with a line that says so."""
    notes.add(FIRST, f"{name} is that of edition {plan.old}: go through it.")
    return mark(plan, f"copied from edition {plan.old} as it is.") + without_marks(text)
