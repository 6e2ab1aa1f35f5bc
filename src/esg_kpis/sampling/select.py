"""Drawing: which items of a population are examined, and why each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

import polars as pl

from esg_kpis.errors import UsageProblem
from esg_kpis.exact import decimals_of, plain, square_root
from esg_kpis.sampling.draw import key_of, start_of
from esg_kpis.sampling.plan import Plan, interval_of, size_of
from esg_kpis.sampling.population import amounts_of, exact_text, total_of

CERTAIN, NEGATIVE, ZERO, SELECTABLE = "certainty", "negative", "zero", "selectable"
"""Parts of the population of a monetary-unit sample."""
_PICKED = {"item_id": pl.String(), "part": pl.String(), "key": pl.String(), "cumulative": pl.String(), "unit": pl.String(), "chosen": pl.Boolean(), "why": pl.String()}


@dataclass(frozen=True)
class Drawn:
    """A sample with its population.

    `population`: every item, in the order in which it was drawn from, with `part` (part or stratum), `key` (empty where none decided), `cumulative` (exact, of a monetary-unit sample), `unit` (the
    selected unit that lies in it, exact), `chosen`, and `why`. `interval` and `start` are those of a monetary-unit sample. `sizes` says per part how many items it has and how many were taken.
    """

    plan: Plan
    population: pl.DataFrame
    value: Fraction
    interval: Decimal | None
    start: Decimal | None
    sizes: Mapping[str, tuple[int, int]]

    @property
    def sample(self) -> pl.DataFrame:
        """The items to be examined, in order."""
        return self.population.filter("chosen")


def drawn(items: pl.DataFrame, plan: Plan) -> Drawn:
    """The sample of a plan. The order in which the items come changes nothing.

    Args:
        items: As `population.ITEM`; only `item_id`, `exact` and the column of the strata decide.
        plan: What it is drawn by.

    Raises:
        UsageProblem: if the plan has no meaning, or does not fit the population.
    """
    plan.checked()
    amounts = dict(zip(items["item_id"], amounts_of(items), strict=True))
    if len(amounts) != items.height:
        raise UsageProblem("An item stands in the population more than once.", where="population", mend="Give each item an id of its own.")
    return (_monetary if plan.method == "mus" else _random)(items, amounts, plan, total_of(amounts.values()))


# ---------------------------------------------------------------- monetary units


def _monetary(items: pl.DataFrame, exact: Mapping[str, Fraction], plan: Plan, value: Fraction) -> Drawn:
    if value <= 0:
        raise UsageProblem("The total is not above zero, so its units cannot be counted.", where="--method mus", mend="Use --method random or stratified.")
    interval = interval_of(plan, value)
    start = start_of(plan.seed, interval)
    # Whole numbers of a common small part, so that nothing is rounded and everything is quick.
    scale = _scale([*exact.values(), Fraction(interval), Fraction(start)])
    amounts = {item: amount.numerator * (scale // amount.denominator) for item, amount in exact.items()}
    step, first = int(interval * scale), int(start * scale)
    parts = {item: _part(amount, step) for item, amount in amounts.items()}
    keys = {item: key_of(plan.seed, "order", item) if part == SELECTABLE else "" for item, part in parts.items()}
    rank = {name: place for place, name in enumerate((CERTAIN, NEGATIVE, SELECTABLE, ZERO))}
    order = sorted(amounts, key=lambda item: (rank[parts[item]], -abs(amounts[item]) if parts[item] in (CERTAIN, NEGATIVE) else 0, keys[item], item))
    hits = _hits([item for item in order if parts[item] == SELECTABLE], amounts, step, first)
    rows = []
    for item in order:
        part, (cumulative, hit) = parts[item], hits.get(item, (None, None))
        unit = "" if hit is None else _text(hit, scale)
        rows.append((item, part, keys[item], "" if cumulative is None else _text(cumulative, scale), unit, part in (CERTAIN, NEGATIVE) or hit is not None, _why(part, unit, interval)))
    frame = pl.DataFrame(rows, schema=_PICKED, orient="row")
    return Drawn(plan, frame.join(items, on="item_id", how="left", maintain_order="left"), value, interval, start, _sizes(frame))


def _scale(amounts: Sequence[Fraction]) -> int:
    """A number that makes whole numbers of all these: a power of ten where one does."""
    common = lcm(*{amount.denominator for amount in amounts})
    places = decimals_of(Fraction(1, common))
    return common if places is None else 10**places


def _text(number: int, scale: int) -> str:
    """`exact_text` of a number over a scale; quick where the scale is a power of ten."""
    places = len(str(scale)) - 1
    if 10**places != scale or not places:
        return exact_text(Fraction(number, scale))
    digits = str(number).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")


def _part(amount: int, step: int) -> str:
    if amount < 0:
        return NEGATIVE
    return ZERO if not amount else CERTAIN if amount >= step else SELECTABLE


def _hits(order: Sequence[str], amounts: Mapping[str, int], step: int, first: int) -> dict[str, tuple[int, int | None]]:
    """Of each item in order the cumulative total up to and with it, and the unit that hits it, if any."""
    found: dict[str, tuple[int, int | None]] = {}
    total, unit = 0, first
    for item in order:
        total += amounts[item]
        hit = unit if unit <= total else None
        found[item] = (total, hit)
        unit += step if hit is not None else 0
    return found


def _why(part: str, unit: str, interval: Decimal) -> str:
    if part == CERTAIN:
        return f"certainty: at or above the interval of {plain(interval)}"
    if part == NEGATIVE:
        return "negative: all of these are taken, since no unit can be counted in them"
    return f"unit {unit}" if unit else ""


# ---------------------------------------------------------------- items


def _random(items: pl.DataFrame, amounts: Mapping[str, Fraction], plan: Plan, value: Fraction) -> Drawn:
    labels = dict(zip(items["item_id"], items[plan.strata] if plan.method == "stratified" else [""] * items.height, strict=True))
    keys = {item: key_of(plan.seed, "item", item) for item in amounts}
    strata: dict[str, list[str]] = {}
    for item in sorted(amounts, key=lambda item: (labels[item], keys[item], item)):
        strata.setdefault(labels[item], []).append(item)
    sizes = allocated({name: [amounts[item] for item in members] for name, members in strata.items()}, size_of(plan), neyman=plan.allocation == "neyman")
    rows = []
    for name, members in strata.items():
        for place, item in enumerate(members, 1):
            chosen = place <= sizes[name]
            why = f"all {len(members)} are taken" if sizes[name] == len(members) else f"key {place} of {len(members)} by size, of which {sizes[name]} are taken"
            rows.append((item, name, keys[item], "", "", chosen, why if chosen else ""))
    frame = pl.DataFrame(rows, schema=_PICKED, orient="row")
    return Drawn(plan, frame.join(items, on="item_id", how="left", maintain_order="left"), value, None, None, _sizes(frame))


def allocated(strata: Mapping[str, Sequence[Fraction]], size: int, *, neyman: bool = False) -> dict[str, int]:
    """How many items each stratum gives: in proportion to its number of items, or to that times their standard deviation (J. Neyman, 1934).

    At least two of each stratum, or its only one, so that a deviation can be told; at most all. What is left over goes to the largest remainders. With many strata the sample may be larger than `size`.
    """
    counts = {name: len(amounts) for name, amounts in strata.items()}
    least = {name: min(2, count) for name, count in counts.items()}
    weights = {name: Fraction(counts[name]) * (Fraction(square_root(variance(amounts))) if neyman else 1) for name, amounts in strata.items()}
    if not any(weights.values()):
        weights = {name: Fraction(count) for name, count in counts.items()}
    given = dict(least)
    total = min(size, sum(counts.values()))
    open_strata = {name for name in counts if given[name] < counts[name]}
    while (rest := total - sum(given.values())) > 0 and open_strata:
        # The stratum furthest below its share is next: whole items, one by one, so that no rounding has to be agreed on.
        whole = sum(weights.values(), Fraction(0))
        name = max(sorted(open_strata), key=lambda name: (weights[name] / whole * total - given[name], weights[name]))
        given[name] += min(1, rest)
        if given[name] == counts[name]:
            open_strata.discard(name)
    return given


def variance(amounts: Sequence[Fraction]) -> Fraction:
    """The variance of some numbers, with n - 1; 0 of fewer than two."""
    if len(amounts) < 2:
        return Fraction(0)
    mean = total_of(amounts) / len(amounts)
    return total_of((amount - mean) ** 2 for amount in amounts) / (len(amounts) - 1)


def _sizes(frame: pl.DataFrame) -> dict[str, tuple[int, int]]:
    counted = frame.group_by("part", maintain_order=True).agg(pl.len().alias("items"), pl.col("chosen").sum().alias("taken"))
    return {part: (items, taken) for part, items, taken in counted.iter_rows()}
