"""The closed set of formulas. Division happens here and only here, on fractions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import polars as pl

from esg_kpis.editions import Kpi, Period, amount_unit
from esg_kpis.editions.boundary import WAIVED
from esg_kpis.errors import FactorProblem
from esg_kpis.exact import printed
from esg_kpis.factors import Choice, Need, rules_of, select_each
from esg_kpis.kpis.cube import APART, NOT_TOLD, Inputs
from esg_kpis.kpis.cut import STEP, Totals
from esg_kpis.kpis.selection import Part, Within, narrowed, selected
from esg_kpis.ranges import months_in_words
from esg_kpis.units import multiplier

_WORST = ("ok", "incomplete", "suppressed", "not_collected", "not_applicable", "blocked")


@dataclass(frozen=True)
class Value:
    """The value of one cell, or why it has none."""

    value: Fraction | None
    status: str
    reason: str | None = None
    estimated_share: Fraction = Fraction(0)


def value_of(
    kpi: Kpi, period: Period, part: Part, earlier: Part | None, previous: Period | None, inputs: Inputs, within: Within = None
) -> Value:
    """The value of a KPI over a part of the cube. `earlier` is the same part of the period before, for growth; `within` is as for `Part`."""
    for missing in kpi.not_collected:
        if period.id in missing.periods:
            return Value(None, "not_collected", missing.text)
    if kpi.formula == "sum":
        return _sum(kpi, period, part(kpi, within), inputs)
    if kpi.formula == "count":
        chosen = part(kpi, within)
        return _blocked(chosen) or _short(chosen, Value(Fraction(sum(total.amounts for total in chosen.values())), "ok"))
    kpis = inputs.edition.kpis
    top_kpi = kpis[kpi.numerator or ""]
    top = value_of(top_kpi, period, part, earlier, previous, inputs, within)
    if kpi.formula == "growth":
        if earlier is None or previous is None:
            return Value(None, "not_applicable", "there is no period before")
        return _quotient(kpi, top, value_of(top_kpi, previous, earlier, None, None, inputs, within), Fraction(100), less_one=True)
    bottom_kpi = kpis[kpi.denominator or ""]
    bottom = value_of(bottom_kpi, period, part, earlier, previous, inputs, narrowed(within, kpi))
    if kpi.formula == "difference":
        return _difference(top, bottom, multiplier(top_kpi.unit, kpi.unit), multiplier(bottom_kpi.unit, kpi.unit), inputs)
    if kpi.formula == "share":
        return _quotient(kpi, top, bottom, 100 * multiplier(top_kpi.unit, bottom_kpi.unit))
    return _quotient(kpi, top, bottom, kpi.times * multiplier(f"{top_kpi.unit}/{bottom_kpi.unit}", kpi.whole_unit))


def leaf_value(kpi: Kpi, period: Period, part: Part, inputs: Inputs, within: Within = None) -> Fraction | None:
    """What a sum adds up to in one category, as `within` narrows it; None where it has no value."""
    return _sum(kpi, period, part(kpi, within), inputs).value


def divisor(kpi: Kpi, period: Period, inputs: Inputs) -> Choice | None:
    """The factor that a sum is divided by, if the KPI names one.

    Raises:
        FactorProblem: if none matches, or more than one.
    """
    if kpi.per_factor is None:
        return None
    key = (kpi.per_factor.measure, kpi.per_factor.output, period.id)
    if key not in inputs.divisors:
        # Of every period at once: one search takes as long as another, however much it is for.
        needs = [Need(*key[:2], "", ("GLOBAL",), "", other) for other in {period.id: period, **inputs.edition.periods}.values()]
        found_all = select_each(inputs.library, rules_of(inputs.edition.rules), needs, known_on=inputs.known_on, gwp_set=inputs.edition.rules.gwp_set)
        inputs.divisors.update({(*key[:2], need.period.id): found for need, found in zip(needs, found_all, strict=True)})
    found = inputs.divisors[key]
    if isinstance(found, FactorProblem):
        raise found
    return found


def left_out_value(kpi: Kpi, period: Period, part: Part, left_out: pl.DataFrame, value: Value, inputs: Inputs) -> Value:
    """Not applicable instead of not collected, where the edition excludes all there is, for the KPI itself or for what it rests on."""
    if any(period.id in missing.periods for missing in kpi.not_collected):
        return value
    if kpi.formula in ("sum", "count"):
        if part(kpi, None):  # Something was expected and did not come: that is not left out by the edition.
            return value
        reasons = (
            pl.concat([selected(left_out.with_columns(pl.lit("").alias("cross")), amounts) for amounts in kpi.amounts])["excluded"]
            .unique()
            .sort()
            .to_list()
        )
        return Value(None, "not_applicable", "; ".join(reasons).replace(".; ", ". ")) if reasons else value
    for name in (kpi.numerator, kpi.denominator):
        if name is not None:
            operand = inputs.edition.kpis[name]
            if value_of(operand, period, part, None, None, inputs).status == "not_collected":
                return left_out_value(operand, period, part, left_out, value, inputs)
    return value


def _sum(kpi: Kpi, period: Period, totals: Totals, inputs: Inputs) -> Value:
    if (blocked := _blocked(totals)) is not None:
        return blocked
    if not totals:
        names = ", ".join(measure for amounts in kpi.amounts for measure in amounts.measure)
        return Value(None, "not_collected", f"no amount of {names} counts here")
    try:
        choice = divisor(kpi, period, inputs)
    except FactorProblem as problem:
        return Value(None, "blocked", str(problem))
    per = choice.factor.multiplier if choice else Fraction(1)
    if kpi.mean_over == "months":
        per *= period.months
    value = _added({measure: total.quantity for measure, total in totals.items()}, kpi, per)
    if not any(total.estimated for total in totals.values()):
        return _short(totals, Value(value, "ok"))
    size, estimated = (_added({measure: getattr(total, name) for measure, total in totals.items()}, kpi, per) for name in ("size", "estimated"))
    return _short(totals, _complete(Value(value, "ok", None, estimated / size if size else Fraction(0)), inputs))


def _short(totals: Totals, value: Value) -> Value:
    """Incomplete, with the reason, where something it needs is known to be lacking; not collected where nothing else is there."""
    lacking = {item for total in totals.values() for item in total.short}
    if not lacking:
        return value
    months: dict[str, dict[str, list[str]]] = {}
    for item in sorted(lacking - {WAIVED}):
        measure, site, month = item.split(APART)
        months.setdefault(measure, {}).setdefault(site, []).append(month)
    reasons = ["a rejected record that it needs is waived and left out"] if WAIVED in lacking else []
    reasons += [_site_months(measure, at) for measure, at in months.items()]
    if WAIVED not in lacking and not any(total.amounts for total in totals.values()):
        return Value(None, "not_collected", "; ".join(reasons))
    return replace(value, status="incomplete", reason="; ".join([*reasons, *([value.reason] if value.reason else [])]))


def _site_months(measure: str, at: Mapping[str, Sequence[str]]) -> str:
    named = ", ".join(f"{site} ({months_in_words(months)})" for site, months in list(at.items())[:5])
    count = sum(len(months) for months in at.values())
    more = f" and {len(at) - 5} more sites" if len(at) > 5 else ""
    return f"{measure}: {count} site month{'s' if count > 1 else ''} expected and not received in full, at {named}{more}"


def _added(terms: Mapping[str, int], kpi: Kpi, per: Fraction) -> Fraction:
    """Quantities of measures, in whole numbers of `STEP`, added up and in the KPI's unit."""
    return sum((quantity * _of_step(amount_unit(kpi, measure), kpi.unit, per) for measure, quantity in terms.items()), Fraction(0))


@cache
def _of_step(unit: str, to: str, per: Fraction) -> Fraction:
    """What one `STEP` of a unit is in another, divided by `per`."""
    return STEP * multiplier(unit, to) / per


def _complete(value: Value, inputs: Inputs) -> Value:
    limit = Fraction(inputs.edition.rules.incomplete_above)
    if value.estimated_share > limit:
        return replace(
            value,
            status="incomplete",
            reason=f"{printed(value.estimated_share * 100, 1)} % is estimated, more than {printed(limit * 100, 1)} %",
        )
    return value


def _blocked(totals: Totals) -> Value | None:
    reasons = sorted({reason for total in totals.values() for reason in total.blocked})
    if not reasons:
        return None
    if reasons == [NOT_TOLD]:
        return Value(None, "suppressed", NOT_TOLD)
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


def _difference(top: Value, bottom: Value, top_unit: Fraction, bottom_unit: Fraction, inputs: Inputs) -> Value:
    if (worse := _worse(top, bottom)) is not None:
        return worse
    state = max((top, bottom), key=lambda value: _WORST.index(value.status))
    parts = ((top.value or Fraction(0)) * top_unit, (bottom.value or Fraction(0)) * bottom_unit)
    value, size = parts[0] - parts[1], abs(parts[0] - parts[1])
    estimated = abs(parts[0]) * top.estimated_share + abs(parts[1]) * bottom.estimated_share
    share = min(estimated / size, Fraction(1)) if size else Fraction(1 if estimated else 0)
    return _complete(Value(value, state.status, state.reason, share), inputs) if state.status == "ok" else Value(value, state.status, state.reason, share)
