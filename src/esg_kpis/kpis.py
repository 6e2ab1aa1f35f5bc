"""KPIs: a closed set of formulas over amounts, read from kpis.yaml. No code per KPI.

Amounts are added up exactly; division happens here and only here, on fractions, and a value is rounded once for keeping and once for print.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import partial
from typing import Any

import polars as pl

from esg_kpis.editions import Amounts, Breakdown, Edition, Kpi, Period, amount_unit
from esg_kpis.editions.boundary import WAIVED
from esg_kpis.errors import FactorProblem
from esg_kpis.exact import printed, rounded, sums
from esg_kpis.factors import Choice, Library, Need, rules_of, select
from esg_kpis.tables import KPI_VALUES, conform
from esg_kpis.units import multiplier

_CUBE = ["period", "measure", "origin", "gas_group", "scope", "site_id", "country", "grid_region", "kind", "business_line"]
_ROW = ("measure", "quantity", "estimated", "size", "blocked", "rows", "waived")
_ZERO = Decimal(0)
_EXACT = Context(prec=100, traps=[Inexact])
_WORST = ("ok", "incomplete", "not_collected", "not_applicable", "blocked")


Row = tuple[str, Decimal | None, Decimal, Decimal, str | None, int, bool]
Part = Callable[[Kpi], Sequence[Row]]
"""What a KPI adds up in one category: its selection of the cube, as rows of `_ROW`."""


@dataclass(frozen=True)
class Value:
    """The value of one cell, or why it has none."""

    value: Fraction | None
    status: str
    reason: str | None = None
    estimated_share: Fraction = Fraction(0)


@dataclass(frozen=True)
class Inputs:
    """What the KPIs of one edition are made of.

    `cube` is the edition's counting amounts added up per `_CUBE` key: `quantity` exact, `estimated` the part of it that is estimated, `blocked` a reason where a
    quantity is not known, `rows` how many amounts. `left_out` holds the same keys of what the edition excludes, with the reason.
    """

    edition: Edition
    library: Library
    known_on: date
    cube: pl.DataFrame
    left_out: pl.DataFrame


def inputs_of(amounts: pl.DataFrame, sites: pl.DataFrame, library: Library, edition: Edition, known_on: date) -> Inputs:
    """The counting amounts of an edition (base and derived, with those it excludes), added up by what a KPI may ask for."""
    joined = counting(amounts, sites)
    keyed = joined.with_columns(pl.col(_CUBE).fill_null(""))
    zero = pl.lit(0).cast(pl.Decimal(38, 24))
    total = sums(keyed, _CUBE, "quantity")
    estimated = sums(keyed.with_columns(pl.when("estimated").then(pl.col("quantity").abs()).otherwise(zero).alias("part")), _CUBE, "part")
    sizes = sums(keyed.with_columns(pl.col("quantity").abs().alias("size")), _CUBE, "size")
    rest = keyed.group_by(_CUBE).agg(
        pl.col("blocked").drop_nulls().sort().first(), pl.len().alias("rows"), (pl.col("estimate_method") == WAIVED).any().alias("waived")
    )
    cube = total.join(estimated, on=_CUBE).join(sizes, on=_CUBE).join(rest, on=_CUBE).rename({"part": "estimated"})
    excluded = with_sites(amounts.filter(pl.col("excluded").is_not_null() & (pl.col("period") != "")), sites).with_columns(
        pl.col(_CUBE).fill_null("")
    )
    left_out = excluded.group_by(_CUBE).agg(pl.col("excluded").sort().first(), pl.lit(None, dtype=pl.String()).alias("blocked"))
    return Inputs(edition, library, known_on, cube.sort(_CUBE), left_out.sort(_CUBE))


def counting(amounts: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The amounts that count, with the attributes of their sites."""
    return with_sites(amounts.filter(pl.col("excluded").is_null()), sites)


def with_sites(amounts: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Amounts with the attributes of their sites."""
    attributes = sites.select("site_id", "country", "grid_region", "kind", "business_line")
    return amounts.join(attributes, on="site_id", how="left")


def evaluate(inputs: Inputs, published: pl.DataFrame) -> pl.DataFrame:
    """Every cell of every KPI of an edition.

    Args:
        inputs: What they are made of.
        published: What the edition printed; a printed cell's own decimals go before the definition's.

    Columns: as `kpi_values` in the data dictionary.
    """
    decimals = {
        (row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["decimals"] for row in published.iter_rows(named=True)
    }
    rows = []
    for kpi, period, breakdown, category, value in cells(inputs):
        places = decimals.get((kpi.id, period, breakdown, category), kpi.decimals)
        rows.append(
            {
                "edition": inputs.edition.id, "kpi_id": kpi.id, "period": period, "breakdown": breakdown, "category": category,
                "value": None if value.value is None else rounded(value.value), "printed": None if value.value is None else printed(value.value, places),
                "unit": kpi.unit, "decimals": places, "status": value.status, "reason": value.reason, "estimated_share": rounded(value.estimated_share),
            }
        )  # fmt: skip
    return conform(pl.DataFrame(_with_parts(rows, inputs.edition), schema=KPI_VALUES.schema), KPI_VALUES)


def _with_parts(rows: list[dict[str, Any]], edition: Edition) -> list[dict[str, Any]]:
    """A whole whose declared parts are not all there is incomplete: what is missing from a part is missing from the whole."""
    states = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["status"] for row in rows}
    for row in rows:
        kpi = edition.kpis[row["kpi_id"]]
        if row["status"] != "ok" or row["breakdown"] != "total" or kpi.footing is None:
            continue
        for part in kpi.footing.parts:
            name, _, breakdown = part.removesuffix("/*").partition("/")
            here = [
                (key[3], state)
                for key, state in states.items()
                if key[0] == name and key[1] == row["period"] and key[2] == (breakdown or "total")
            ]
            for category, state in here:
                if state in ("not_collected", "blocked", "incomplete"):
                    what = name if category == "All" else f"{name} {category}"
                    row |= {"status": "incomplete", "reason": f"its part {what} is {state.replace('_', ' ')}"}
    return rows


def cells(inputs: Inputs) -> Iterable[tuple[Kpi, str, str, str, Value]]:
    """KPI, period, breakdown, category and value of every cell, in the order of kpis.yaml."""
    for kpi in inputs.edition.kpis.values():
        for period in inputs.edition.periods.values():
            if kpi.periods and period.id not in kpi.periods:
                continue
            for breakdown in kpi.breakdowns:
                if breakdown.periods and period.id not in breakdown.periods:
                    continue
                cube = inputs.cube.filter(pl.col("period") == period.id)
                previous = _period_before(inputs.edition, period)
                before = _parts(breakdown, inputs.cube.filter(pl.col("period") == previous.id)) if previous else {}
                for category, part in _parts(breakdown, cube).items():
                    earlier = before.get(category, lambda _: ()) if previous else None
                    value = value_of(kpi, period, part, earlier, previous, inputs)
                    if value.status == "not_collected":
                        left_out = only(inputs.left_out.filter(pl.col("period") == period.id), breakdown, category)
                        value = _left_out(kpi, period, part, left_out, value, inputs)
                    yield kpi, period.id, breakdown.name, category, value


def value_of(kpi: Kpi, period: Period, part: Part, earlier: Part | None, previous: Period | None, inputs: Inputs) -> Value:
    """The value of a KPI over a part of the cube. `earlier` is the same part of the period before, for growth."""
    for missing in kpi.not_collected:
        if period.id in missing.periods:
            return Value(None, "not_collected", missing.text)
    if kpi.formula == "sum":
        return _sum(kpi, period, part(kpi), inputs)
    if kpi.formula == "count":
        chosen = part(kpi)
        return _blocked(chosen) or Value(Fraction(sum(row[5] for row in chosen)), "ok")
    kpis = inputs.edition.kpis
    top_kpi = kpis[kpi.numerator or ""]
    top = value_of(top_kpi, period, part, earlier, previous, inputs)
    if kpi.formula == "growth":
        if earlier is None or previous is None:
            return Value(None, "not_applicable", "there is no period before")
        return _quotient(kpi, top, value_of(top_kpi, previous, earlier, None, None, inputs), Fraction(100), less_one=True)
    bottom_kpi = kpis[kpi.denominator or ""]
    bottom = value_of(bottom_kpi, period, part, earlier, previous, inputs)
    if kpi.formula == "difference":
        return _difference(top, bottom, multiplier(top_kpi.unit, kpi.unit), multiplier(bottom_kpi.unit, kpi.unit))
    if kpi.formula == "share":
        return _quotient(kpi, top, bottom, 100 * multiplier(top_kpi.unit, bottom_kpi.unit))
    return _quotient(kpi, top, bottom, kpi.times * multiplier(f"{top_kpi.unit}/{bottom_kpi.unit}", kpi.unit))


def selected(cube: pl.DataFrame, amounts: Amounts) -> pl.DataFrame:
    """The rows of a cube, or of the amounts themselves, that one selection adds up."""
    conditions = [pl.col("measure").is_in(amounts.measure)]
    conditions += [_matches(name, values) for name in ("origin", "gas_group", "scope") if (values := getattr(amounts, name))]
    conditions += [_matches(name, values) for name, values in amounts.where.items()]
    return cube.filter(pl.all_horizontal(conditions))


def divisor(kpi: Kpi, period: Period, inputs: Inputs) -> Choice | None:
    """The factor that a sum is divided by, if the KPI names one.

    Raises:
        FactorProblem: if none matches, or more than one.
    """
    if kpi.per_factor is None:
        return None
    need = Need(kpi.per_factor.measure, kpi.per_factor.output, "", ("GLOBAL",), "", period)
    rules = rules_of(inputs.edition.rules)
    return select(inputs.library, rules, need, known_on=inputs.known_on, gwp_set=inputs.edition.rules.gwp_set)


# ---------------------------------------------------------------- parts


def _period_before(edition: Edition, period: Period) -> Period | None:
    earlier = [other for other in edition.periods.values() if other.last < period.first]
    return earlier[0] if earlier else None


def _parts(breakdown: Breakdown, cube: pl.DataFrame) -> dict[str, Part]:
    """The part of each category, in order. With `each`, a KPI's selection is made once and dealt out to the categories."""
    if breakdown.each is None:
        return {category: partial(_rows, cube=only(cube, breakdown, category)) for category in breakdown.categories}
    each = breakdown.each
    dealt: dict[str, dict[str, list[Row]]] = {}

    def part(kpi: Kpi, category: str) -> Sequence[Row]:
        if kpi.id not in dealt:
            dealt[kpi.id] = _chosen(kpi, cube).select(each, *_ROW).rows_by_key(each)
        return dealt[kpi.id].get(category, ())

    return {category: partial(part, category=category) for category in cube[each].unique().sort().to_list() if category}


def _rows(kpi: Kpi, cube: pl.DataFrame) -> Sequence[Row]:
    return _chosen(kpi, cube).select(_ROW).rows()


def _chosen(kpi: Kpi, cube: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([selected(cube, amounts) for amounts in kpi.amounts])


def only(cube: pl.DataFrame, breakdown: Breakdown, category: str) -> pl.DataFrame:
    """The rows of a cube, or of the amounts themselves, that belong to one category of a breakdown."""
    if breakdown.each:
        return cube.filter(pl.col(breakdown.each) == category)
    conditions = [_matches(name, values) for name, values in breakdown.categories[category].items()]
    return cube.filter(pl.all_horizontal(conditions)) if conditions else cube


def _matches(name: str, values: Sequence[str]) -> pl.Expr:
    """A row matches when its attribute is among the values; a blocked row matches too where nobody can say what its attribute is."""
    known = {"gas_group": "gas_group", "origin": "origin", "scope": "scope"}.get(name, "kind")
    return pl.col(name).is_in(list(values)) | ((pl.col(known) == "") & pl.col("blocked").is_not_null())


def _sum(kpi: Kpi, period: Period, rows: Sequence[Row], inputs: Inputs) -> Value:
    if (blocked := _blocked(rows)) is not None:
        return blocked
    if not rows:
        names = ", ".join(measure for amounts in kpi.amounts for measure in amounts.measure)
        return Value(None, "not_collected", f"no amount of {names} counts here")
    try:
        choice = divisor(kpi, period, inputs)
    except FactorProblem as problem:
        return Value(None, "blocked", str(problem))
    per = choice.factor.multiplier if choice else Fraction(1)
    value = _added([(row[0], row[1] or _ZERO) for row in rows], kpi, per)
    if any(row[6] for row in rows):
        return Value(value, "incomplete", "a rejected record that it needs is waived and left out")
    if not any(row[2] for row in rows):
        return Value(value, "ok")
    size, estimated = _added([(row[0], row[3]) for row in rows], kpi, per), _added([(row[0], row[2]) for row in rows], kpi, per)
    return _complete(Value(value, "ok", None, estimated / size if size else Fraction(0)), inputs)


def _added(terms: list[tuple[str, Decimal]], kpi: Kpi, per: Fraction) -> Fraction:
    """The terms in the KPI's unit, added up; decimals of one measure are added before they become a fraction."""
    totals: dict[str, Decimal] = {}
    for measure, quantity in terms:
        totals[measure] = _EXACT.add(totals.get(measure, _ZERO), quantity)
    return sum((Fraction(total) * multiplier(amount_unit(kpi, measure), kpi.unit) / per for measure, total in totals.items()), Fraction(0))


def _left_out(kpi: Kpi, period: Period, part: Part, left_out: pl.DataFrame, value: Value, inputs: Inputs) -> Value:
    """Not applicable instead of not collected, where the edition excludes all there is, for the KPI itself or for what it rests on."""
    if any(period.id in missing.periods for missing in kpi.not_collected):
        return value
    if kpi.formula in ("sum", "count"):
        reasons = pl.concat([selected(left_out, amounts) for amounts in kpi.amounts])["excluded"].unique().sort().to_list()
        return Value(None, "not_applicable", "; ".join(reasons)) if reasons else value
    for name in (kpi.numerator, kpi.denominator):
        if name is not None:
            operand = inputs.edition.kpis[name]
            if value_of(operand, period, part, None, None, inputs).status == "not_collected":
                return _left_out(operand, period, part, left_out, value, inputs)
    return value


def _complete(value: Value, inputs: Inputs) -> Value:
    limit = Fraction(inputs.edition.rules.incomplete_above)
    if value.estimated_share > limit:
        return replace(
            value,
            status="incomplete",
            reason=f"{printed(value.estimated_share * 100, 1)} % is estimated, more than {printed(limit * 100, 1)} %",
        )
    return value


def _blocked(rows: Sequence[Row]) -> Value | None:
    reasons = sorted({row[4] for row in rows if row[4] is not None})
    if not reasons:
        return None
    more = " (and others: see findings)" if len(reasons) > 1 else ""
    return Value(None, "blocked", f"{reasons[0]}{more}")


def _worse(top: Value, bottom: Value) -> Value | None:
    """Of two operands the one that leaves nothing to divide, if there is one."""
    worst = max((top, bottom), key=lambda value: _WORST.index(value.status))
    return Value(None, worst.status, worst.reason) if top.value is None or bottom.value is None else None


def _quotient(kpi: Kpi, top: Value, bottom: Value, times: Fraction, *, less_one: bool = False) -> Value:
    if (worse := _worse(top, bottom)) is not None:
        return worse
    if not bottom.value:
        return Value(None, "not_applicable", f"the denominator of {kpi.id} is zero")
    ratio = (top.value or Fraction(0)) / bottom.value
    state = max((top, bottom), key=lambda value: _WORST.index(value.status))
    return Value((ratio - 1 if less_one else ratio) * times, state.status, state.reason, max(top.estimated_share, bottom.estimated_share))


def _difference(top: Value, bottom: Value, top_unit: Fraction, bottom_unit: Fraction) -> Value:
    if (worse := _worse(top, bottom)) is not None:
        return worse
    state = max((top, bottom), key=lambda value: _WORST.index(value.status))
    value = (top.value or Fraction(0)) * top_unit - (bottom.value or Fraction(0)) * bottom_unit
    return Value(value, state.status, state.reason, max(top.estimated_share, bottom.estimated_share))
