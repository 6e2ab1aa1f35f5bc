"""Definitions of KPIs that could be computed and would be wrong: what counts twice, or does not add up, is refused when the edition is read. docs/editions.md lists them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from esg_kpis.domains import derived, scope_3
from esg_kpis.editions.entry import NOT, fits
from esg_kpis.editions.model import Amounts, Kpi
from esg_kpis.errors import InputProblem

Problem = tuple[str, str]
"""What is wrong with a KPI, and what would be right."""

CO2E = (derived.EMISSION_CO2E, scope_3.STATED)
PARTS_OF_LOAD = (derived.CONTRACTED, derived.UNCONTRACTED)
IN_EACH_OTHER = {
    "electricity_saved": "electricity_purchased", "water_saved": "water_tap", "hot_water_solar": "hot_water_used", "packaging_recycled": "packaging_dispatched", "products_recalled": "products_sold",
    "products_subsidised": "products_sold", "ewaste_avoided": "ewaste_recycled", "fertilizer_produced": "organic_waste_treated",
}  # fmt: skip
"""Measures that are no sum together."""
LOAD = ("electricity_purchased", "electricity_renewable")
"""What the market-based method parts into `PARTS_OF_LOAD`."""


def check_definition(kpi: Kpi, where: str) -> None:
    """Whether what a KPI adds up may be added up.

    Raises:
        InputProblem: if not.
    """
    for check in (_measures, _unit, _beside_the_scopes, _basis, _gases, _twice):
        for what, mend in check(kpi):
            raise InputProblem(f"KPI '{kpi.id}' {what}.", where=where, mend=mend)


def _measures(kpi: Kpi) -> Iterator[Problem]:
    measures = _measures_of(kpi)
    co2e = [name for name in measures if name in CO2E]
    if derived.EMISSION_GAS in measures and co2e:
        yield f"adds up {derived.EMISSION_GAS} and {co2e[0]}, kilograms of gases and of CO2e", f"Keep one of the two; totals of several gases are made of {derived.EMISSION_CO2E}."
    for part, whole in IN_EACH_OTHER.items():
        if part in measures and whole in measures:
            yield f"adds up {part} and {whole}: the one is a part of the other, or is what was not used", "Make them two KPIs."
    parts, load = [name for name in measures if name in PARTS_OF_LOAD], [name for name in measures if name in LOAD]
    if parts and load:
        yield f"adds up {parts[0]} and {load[0]}: the first is part of what was bought, and would count twice", "Keep the parts, or what was bought."


def _unit(kpi: Kpi) -> Iterator[Problem]:
    if kpi.formula != "sum":
        return
    measures = _measures_of(kpi)
    if derived.EMISSION_GAS in measures and "CO2e" in kpi.unit:
        yield f"adds up {derived.EMISSION_GAS}, the mass of a gas, in '{kpi.unit}'", f"Give it a unit of mass, such as t or kg, or add up {derived.EMISSION_CO2E}."
    for name in measures:
        if name in CO2E and "CO2" in kpi.unit and "CO2e" not in kpi.unit:
            yield f"adds up {name} in '{kpi.unit}', which says CO2 and not CO2e", f"Write '{kpi.unit.replace('CO2', 'CO2e')}'."


def _basis(kpi: Kpi) -> Iterator[Problem]:
    """The two methods of Scope 2 never stand in one total. A basis beside one left out differs as well, since a lens changes what is left out."""
    if any(len({*item.basis}) > 1 for item in kpi.amounts):
        yield "names both bases in one of its amounts: location and market are two methods for the same Scope 2", "Make it two KPIs, one of each basis."
    named = [item.basis for item in kpi.amounts if item.in_scope_2 or (item.basis and fits("2", item.scope))]
    if len({*named}) > 1:
        bases = " and ".join(sorted(", ".join(basis) or "none (that of scope_2_total)" for basis in {*named}))
        yield f"adds up Scope 2 on different bases: its amounts name {bases}", "Name the same basis in all of them, or in none."


def _beside_the_scopes(kpi: Kpi) -> Iterator[Problem]:
    """What stands beside the scopes is in no total with them, and a category of it is empty where only the scopes are taken."""
    items = _emissions(kpi)
    beside = [item for item in items if fits(derived.OUTSIDE, item.scope) and any(fits(name, item.gas_group) for name in derived.BESIDE_SCOPES)]
    within = [item for item in items if _takes_scopes(item)]
    named = [item.scope for item in _emissions_as_defined(kpi) if item.scope]
    named_together = any(fits(derived.OUTSIDE, scope) and any(fits(name, scope) for name in derived.BY_FACTORS) for scope in named)
    if any(fits(derived.AVOIDED, item.scope) for item in items) and any(fits(name, item.scope) for item in items for name in (*derived.BY_FACTORS, derived.OUTSIDE)):
        yield "adds up emissions and what was avoided", "Name the scopes, and make what was avoided a KPI of its own, with scope: avoided."
    if named_together or (beside and within):
        yield (
            f"adds up emissions of the scopes and what stands beside them ({', '.join(derived.BESIDE_SCOPES)})",
            'Name the scope, such as scope: ["1", "2"], and make what stands beside them a KPI of its own, with scope: outside.',
        )
    if not items or beside:
        return
    for breakdown in kpi.breakdowns:
        for category, attributes in breakdown.categories.items():
            if alone := [name for name in attributes.get("gas_group", ()) if name in derived.BESIDE_SCOPES]:
                yield f"has the category '{category}' of {alone[0]}, which stands beside the scopes, and takes only the scopes", "Make it a KPI of its own, with scope: outside."


def _gases(kpi: Kpi) -> Iterator[Problem]:
    """Kilograms of different gases do not add up, so each cell is of one gas group."""
    items = [item for item in kpi.amounts if derived.EMISSION_GAS in item.measure]
    if kpi.formula != "sum" or not items:
        return
    groups = {_only(item.gas_group) for item in items}
    if len(groups) == 1 and None not in groups:
        return
    for breakdown in kpi.breakdowns:
        for category, attributes in {breakdown.each: {}}.items() if breakdown.each else breakdown.categories.items():
            if _only(attributes.get("gas_group", ())) is None:
                yield (
                    f"adds up kilograms of different gases, in the category '{category}'",
                    f"Name one gas_group in its amounts, or one in each category of each breakdown; totals of several gases are made of {derived.EMISSION_CO2E}.",
                )


def _twice(kpi: Kpi) -> Iterator[Problem]:
    """No amount may be in two of a KPI's selections."""
    items = [part for item in kpi.amounts for part in item.in_scopes()]
    for one, other in combinations(items, 2):
        if (shared := [name for name in one.measure if name in other.measure]) and not _disjoint(_narrowed_by(one), _narrowed_by(other)):
            yield (
                f"counts {shared[0]} twice: two of its amounts overlap",
                'Keep one of them, or part them by values that no amount has both of, such as scope: "1" and scope: "2".',
            )


def _measures_of(kpi: Kpi) -> list[str]:
    return [name for item in kpi.amounts for name in item.measure]


def _emissions(kpi: Kpi) -> list[Amounts]:
    return [part for item in kpi.amounts for part in item.in_scopes() if part.of_emissions]


def _emissions_as_defined(kpi: Kpi) -> list[Amounts]:
    return [item for item in kpi.amounts if item.of_emissions]


def _takes_scopes(item: Amounts) -> bool:
    """Whether emissions of the scopes may be among them."""
    groups = {*item.gas_group}
    return any(fits(name, item.scope) for name in derived.BY_FACTORS) and not (groups and groups <= {*derived.BESIDE_SCOPES})


def _only(values: Collection[str]) -> str | None:
    """The value, if exactly one is named."""
    named = {*values}
    return named.pop() if len(named) == 1 and not any(value.startswith(NOT) for value in values) else None


def _narrowed_by(item: Amounts) -> dict[str, Sequence[str]]:
    """The attributes that narrow a selection. A basis parts nothing: what is not of Scope 2 stands in both."""
    named = {name: getattr(item, name) for name in ("origin", "gas_group", "scope")} | item.where
    return {name: values for name, values in named.items() if values}


def _disjoint(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> bool:
    """Whether both name values of some attribute, and no value fits both."""
    return any(_apart(one[name], other[name]) for name in one if name in other)


def _apart(one: Sequence[str], other: Sequence[str]) -> bool:
    taken = [value for value in (*one, *other) if not value.startswith(NOT)]  # Of two lists that only leave out, something else is in both.
    return bool(taken) and not any(fits(value, one) and fits(value, other) for value in taken)
