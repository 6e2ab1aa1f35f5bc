"""A filled paper judged: is it the one that was drawn, is it complete, and what does it say of the misstatement of the whole."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.files import LINE
from esg_kpis.sampling.limits import rate_limit
from esg_kpis.sampling.omissions import LISTS
from esg_kpis.sampling.paper import paper_digest
from esg_kpis.sampling.plan import percent, tolerable_of
from esg_kpis.sampling.population import amounts_of, population_digest, read_exact, read_number, total_of
from esg_kpis.sampling.project import Audited, Limit, monetary_limit
from esg_kpis.sampling.project_items import Stratum, item_limits
from esg_kpis.sampling.select import SELECTABLE, Drawn
from esg_kpis.sampling.taken_back import Filled

ROUNDING = Fraction(1, 10_000)
"""Up to this share of the book value, a difference is taken for the rounding of what was typed. No misstatement of the whole can hide in it: it is a five-hundredth of 5 %."""
_SAME = Fraction(1, 10**12)
"""What a spreadsheet's 15 digits may change in a number that nobody touched."""
RESULTS, PACK, OWN = "the last run", "the pack", "its own fourth sheet"
"""What a sample is drawn again from."""
_WAY_OUT = {
    RESULTS: "Draw anew; or evaluate it as it was drawn, with --paper-only, or with the pack of those figures, --pack.", PACK: "Take the pack that it was drawn from; or evaluate it as it was drawn, with --paper-only.",
    OWN: "Take the paper as it was written; or draw anew.",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Why a paper cannot be evaluated: which line of which sheet, and what is wrong there. Line 0 is the paper as a whole. `blank` where an answer is lacking and nothing else."""

    sheet: str
    line: int
    what: str
    blank: bool = False

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"sheet '{self.sheet}'" if self.sheet else "", f"row {self.line}" if self.line else "") if part)
        return f"{place}: {self.what}" if place else self.what


@dataclass(frozen=True)
class Rate:
    """What a sample from one list says of omissions: how many were found, the rate that is not ruled out, and the rate that is tolerable, both as shares of the list."""

    name: str
    size: int
    examined: int
    omitted: int
    upper: Decimal
    tolerable: Fraction
    below: bool


@dataclass(frozen=True)
class Omitted:
    """A thing that was found to be left out, and its amount in the unit of the cell as the assurer gave it; None where no amount was given."""

    name: str
    thing_id: str
    amount: Fraction | None


@dataclass(frozen=True)
class Evaluated:
    """What a filled paper says.

    `conclusion` is `below materiality`, `not below materiality`, `incomplete` (answers are lacking) or `not evaluated` (the paper is not the one that was drawn, or holds what is no number); with the
    last two there are no limits. `reasons` say why it is not below. `rounding` is what was taken for rounding, in all. `omitted` are the things that were found to be left out; what is known of their amounts
    is in `known` of `under`, and of credit notes that were left out in that of `over`.
    """

    conclusion: str
    problems: tuple[Problem, ...] = ()
    tolerable: Fraction = Fraction(0)
    over: Limit | None = None
    under: Limit | None = None
    rates: tuple[Rate, ...] = ()
    rounding: Fraction = Fraction(0)
    notes: tuple[str, ...] = field(default=())
    reasons: tuple[str, ...] = ()
    omitted: tuple[Omitted, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether all of it is below what is material."""
        return self.conclusion == "below materiality"

    @property
    def omitted_amount(self) -> Fraction:
        """What is known to be left out, in the unit of the cell."""
        return total_of(item.amount for item in self.omitted if item.amount is not None)


def evaluate(drawn: Drawn, omissions: pl.DataFrame, filled: Filled, beside: str = RESULTS) -> Evaluated:
    """A filled paper against the sample as it was drawn.

    Args:
        drawn: The sample, drawn again by the plan of the paper.
        omissions: The things drawn from the lists, by the same plan.
        filled: The paper as it came back.
        beside: What the sample was drawn again from, for a message: `RESULTS`, `PACK` or `OWN`.
    """
    tolerable = tolerable_of(drawn.plan, drawn.value)
    if strange := _another(drawn, omissions, filled, beside):
        return Evaluated("not evaluated", (strange,), tolerable)  # Row by row it could only say that each is another, which is not what is wrong.
    answers: dict[str, Fraction] = {}
    problems = [*(Problem(sheet, line, "There are cells beside the table, or too few.") for sheet, line in filled.ragged), *_of_sample(drawn, filled, answers)]
    said: dict[tuple[str, str], Omitted | None] = {}
    problems += _of_omissions(omissions, filled, said)
    if problems:
        blank_only = all(problem.blank for problem in problems)
        return Evaluated("incomplete" if blank_only else "not evaluated", tuple(problems), tolerable)
    books = dict(zip(drawn.sample["item_id"], amounts_of(drawn.sample), strict=True))
    rounding = sum((abs(books[item] - found) for item, found in answers.items() if _is_rounding(books[item], found)), Fraction(0))
    over, under = limits_of(drawn, {item: books[item] if _is_rounding(books[item], found) else found for item, found in answers.items()})
    omitted = tuple(item for _, item in sorted(said.items(), key=lambda answer: answer[0]) if item is not None)
    over, under = (_with_omitted(limit, (sign * item.amount for item in omitted if item.amount is not None)) for limit, sign in ((over, -1), (under, 1)))
    rates = tuple(_rates(omissions, omitted, drawn)) if filled.omissions is not None else ()
    reasons = tuple(_reasons(over, under, tolerable, rates))
    notes = tuple(_notes(over, under, filled, drawn, omitted))
    return Evaluated("not below materiality" if reasons else "below materiality", (), tolerable, over, under, rates, rounding, notes, reasons, omitted)


def limits_of(drawn: Drawn, found: Mapping[str, Fraction]) -> tuple[Limit, Limit]:
    """Overstatement and understatement of the whole.

    Args:
        drawn: The sample.
        found: The audited value of each of its items, in the unit of the cell.
    """
    parts = drawn.sample.select("item_id", "part").iter_rows()
    items = [Audited(item, part, book, found[item], known=drawn.sizes[part][0] == drawn.sizes[part][1]) for (item, part), book in zip(parts, amounts_of(drawn.sample), strict=True)]
    if drawn.interval is not None:
        sampled = drawn.sizes.get(SELECTABLE, (0, 0))[0] > 0
        items = [Audited(item.item_id, item.part, item.book, item.found, known=item.part != SELECTABLE) for item in items]
        over, under = (monetary_limit(items, drawn.interval, drawn.plan.level, over=direction, sampled=sampled) for direction in (True, False))
        return over, under
    strata = {
        part: Stratum(dict(zip(rows["item_id"], amounts_of(rows), strict=True)), [item for item in items if item.part == part])
        for (part,), rows in drawn.population.group_by("part", maintain_order=True)
    }
    return item_limits(strata, drawn.plan.projection, drawn.plan.level)


def _with_omitted(limit: Limit, amounts: Iterable[Fraction]) -> Limit:
    """A limit with amounts that are known to be left out: they are known, and nothing is projected from them."""
    more = total_of(amount for amount in amounts if amount > 0)
    return replace(limit, known=limit.known + more, upper=None if limit.upper is None else limit.upper + more)


def _reasons(over: Limit, under: Limit, tolerable: Fraction, rates: tuple[Rate, ...]) -> Iterator[str]:
    """Why it is not below what is material; nothing where it is."""
    for name, limit in (("overstated", over), ("understated", under)):
        if (limit.most_likely if limit.upper is None else limit.upper) > tolerable:
            yield f"it may be {name} by more than is tolerable"
    if above := [rate.name for rate in rates if not rate.below]:
        yield f"more may be omitted than is tolerable ({', '.join(above)})"


def _notes(over: Limit, under: Limit, filled: Filled, drawn: Drawn, omitted: tuple[Omitted, ...]) -> Iterator[str]:
    if unknown := sum(1 for item in omitted if item.amount is None):
        yield f"{unknown} of the {len(omitted)} omitted {'has' if unknown == 1 else 'have'} no amount: the known understatement is without {'it' if unknown == 1 else 'them'}."
    if under.upper is None:
        yield "Too few items differ for a limit of the understatement; the conclusion is about what was found of it only."
    if filled.omissions is None:
        yield "A CSV holds no sample of omissions: whether something was left out is not evaluated."
    if drawn.interval is not None and (over.errors or under.errors):
        yield "Understatements can be of any size, which taintings up to 100 % do not cover: their limit is indicative."


# ---------------------------------------------------------------- is it the paper that was drawn


def _another(drawn: Drawn, omissions: pl.DataFrame, filled: Filled, beside: str) -> Problem | None:
    """Whether the paper was drawn from something else than what is at hand."""
    population, whole = population_digest(drawn.population, drawn.plan.strata), paper_digest(drawn, omissions)
    if filled.population_digest and filled.population_digest != population:
        what, digests = "The population is not the one that it was drawn from: figures have changed since, or its digest was.", (filled.population_digest, population)
    elif filled.paper_digest != whole:
        what, digests = "The plan, the sample or the things that ought to be in are not those that it was drawn by: something in them, or in the figures, has changed since.", (filled.paper_digest, whole)
    else:
        return None
    return Problem("", 0, f"{what} The paper says SHA-256 {digests[0]}, and {beside} gives {digests[1]}. {_WAY_OUT[beside]}")


def _of_sample(drawn: Drawn, filled: Filled, answers: dict[str, Fraction]) -> Iterator[Problem]:
    """Problems of the sample; `answers` receives the audited values."""
    sheet, books = filled.sheets[0], dict(zip(drawn.sample["item_id"], amounts_of(drawn.sample), strict=True))
    lines: dict[str, int] = {}
    for row in filled.sample.iter_rows(named=True):
        item, line = row["item_id"], row[LINE]
        if not item and not row["audited"] and not row["book"]:
            continue  # A remark below the table.
        if item not in books:
            yield Problem(sheet, line, f"The item '{item[:40]}' was not drawn.")
            continue
        if item in lines:
            yield Problem(sheet, line, f"The item {item} stands in row {lines[item]} already.")
            continue
        lines[item] = line
        for name in ("book", "exact"):
            said = read_exact(row[name])
            if said is None or abs(said - books[item]) > _SAME * abs(books[item]):
                yield Problem(sheet, line, f"The book value of {item} was changed: it reads '{row[name][:40]}'.")
        if not row["audited"]:
            yield Problem(sheet, line, f"{item} has no audited value.", blank=True)
        elif (found := read_number(row["audited"])) is None:
            yield Problem(sheet, line, f"The audited value of {item} is no number: '{row['audited'][:40]}'. Write it as 1234.56, without thousands separators.")
        else:
            answers[item] = found
    for item in books:
        if item not in lines:
            yield Problem(sheet, 0, f"The item {item} is missing: its row was removed.")


def _of_omissions(omissions: pl.DataFrame, filled: Filled, said: dict[tuple[str, str], Omitted | None]) -> Iterator[Problem]:
    """Problems of the omissions; `said` receives what was left out, and None for what is in."""
    if filled.omissions is None:
        return
    sheet, things = filled.sheets[1], {(name, thing) for name, thing in omissions.select("list", "thing_id").iter_rows()}
    lines: dict[tuple[str, str], int] = {}
    for row in filled.omissions.iter_rows(named=True):
        thing, line = (row["list"], row["thing_id"]), row[LINE]
        if not row["thing_id"] and not row["omitted"]:
            continue
        if thing not in things:
            yield Problem(sheet, line, f"'{thing[1][:60]}' was not drawn.")
        elif thing in lines:
            yield Problem(sheet, line, f"'{thing[1]}' stands in row {lines[thing]} already.")
        elif not row["omitted"]:
            lines[thing] = line
            yield Problem(sheet, line, f"'{thing[1]}' has no answer: 0 or 1.", blank=True)
        elif row["omitted"] not in ("0", "1"):
            lines[thing] = line
            yield Problem(sheet, line, f"'{row['omitted'][:40]}' is neither 0 nor 1.")
        elif row["amount"] and (amount := read_number(row["amount"])) is None:
            lines[thing] = line
            yield Problem(sheet, line, f"The amount omitted is no number: '{row['amount'][:40]}'.")
        elif row["amount"] and amount and row["omitted"] == "0":
            lines[thing] = line
            yield Problem(sheet, line, f"'{thing[1]}' has an amount omitted, {row['amount'][:40]}, and the answer 0, which says that nothing is.")
        else:
            lines[thing] = line
            said[thing] = Omitted(*thing, amount if row["amount"] else None) if row["omitted"] == "1" else None
    for _, thing_id in sorted(things - set(lines)):
        yield Problem(sheet, 0, f"'{thing_id}' is missing: its row was removed.")


def _rates(omissions: pl.DataFrame, omitted: tuple[Omitted, ...], drawn: Drawn) -> Iterator[Rate]:
    tolerable = percent(drawn.plan.omission_rate, "omission_rate")
    for name in LISTS:
        rows = omissions.filter(pl.col("list") == name)
        if rows.is_empty():
            continue
        found, size = sum(1 for item in omitted if item.name == name), int(rows["size"][0])
        all_seen = rows.height == size
        upper = Decimal(found) / Decimal(size) if all_seen else rate_limit(found, rows.height, drawn.plan.level)
        # A list that is shorter than the sample is looked at whole: one omission in ten may be more than the rate, and nothing is inferred.
        yield Rate(name, size, rows.height, found, upper, tolerable, Fraction(upper) <= tolerable)


def _is_rounding(book: Fraction, found: Fraction) -> bool:
    return abs(book - found) <= ROUNDING * abs(book)
