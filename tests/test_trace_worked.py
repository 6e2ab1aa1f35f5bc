"""Every cell that a run shows can be walked back: the parts of its trace, put into its formula, give its value again."""

from fractions import Fraction
from typing import Any

import pytest

from esg_kpis.assurance.trace import Tables, leaves, trace
from esg_kpis.editions import Edition, Kpi, read_edition
from esg_kpis.factors import read_library
from esg_kpis.kpis import Inputs, inputs_of
from esg_kpis.units import multiplier
from tests.conftest import REPOSITORY, Ran

NAMES = ("kpi_values", "edition_amounts", "factor_uses", "records", "sites", "tie_out", "estimates")


def of_parts(kpi: Kpi, edition: Edition, parts: list[dict[str, Any]], taken: list[int]) -> Fraction:
    """A KPI from the parts of its trace alone, by its formula; `taken` counts the parts in the order of the formula."""
    if kpi.formula in ("sum", "count"):
        place = taken.pop(0)
        assert parts[place]["kpi_id"] == kpi.id
        return Fraction(parts[place]["value"])
    top, bottom = edition.kpis[kpi.numerator or ""], edition.kpis[kpi.denominator or ""]
    over, under = of_parts(top, edition, parts, taken), of_parts(bottom, edition, parts, taken)
    if kpi.formula == "difference":
        return over * multiplier(top.unit, kpi.unit) - under * multiplier(bottom.unit, kpi.unit)
    if kpi.formula == "share":
        return over / under * 100 * multiplier(top.unit, bottom.unit)
    return over / under * kpi.times * multiplier(f"{top.unit}/{bottom.unit}", kpi.whole_unit)


def places(kpi: Kpi, edition: Edition) -> list[int]:
    """Which part of the trace each operand reads, in the order of the formula: one that stands in both places is shown once."""
    shown = [(leaf.id, within) for leaf, within in leaves(kpi, edition)]
    return [shown.index(key) for key in _operands(kpi, edition, None)]


def _operands(kpi: Kpi, edition: Edition, within: tuple[str, ...] | None) -> list[tuple[str, tuple[str, ...] | None]]:
    if kpi.formula in ("sum", "count"):
        return [(kpi.id, within)]
    under = within if kpi.denominator_within is None else tuple(name for name in kpi.denominator_within if within is None or name in within)
    return [*_operands(edition.kpis[kpi.numerator or ""], edition, within), *_operands(edition.kpis[kpi.denominator or ""], edition, under)]


@pytest.mark.parametrize("edition_id", ["2020", "2023"])
def test_the_parts_of_every_trace_give_the_value_of_its_cell(worked: Ran, edition_id: str) -> None:
    tables = Tables(**{name: worked.table(name) for name in NAMES})
    edition = read_edition(REPOSITORY / "editions" / edition_id)
    own = tables.edition_amounts.filter(tables.edition_amounts["edition"] == edition.id)
    inputs: Inputs = inputs_of(own, tables.sites, read_library(REPOSITORY / "factors"), edition, edition.rules.knowledge_date)
    cells = tables.kpi_values.filter((tables.kpi_values["edition"] == edition.id) & (tables.kpi_values["status"].is_in(["ok", "incomplete"])))
    off = []
    for cell in cells.iter_rows(named=True):
        kpi = edition.kpis.get(cell["kpi_id"])
        if kpi is None or cell["breakdown"] == "site_id":  # What is no KPI is a target as it was set: tests/test_targets.py.
            continue
        shown = trace(tables, inputs, kpi.id, cell["period"], cell["breakdown"], cell["category"])
        if abs(of_parts(kpi, edition, shown["parts"], places(kpi, edition)) - Fraction(cell["value"])) > Fraction(1, 10**12):
            off.append((kpi.id, cell["period"], cell["breakdown"], cell["category"]))

    assert cells.height >= {"2020": 29, "2023": 340}[edition_id]
    assert off == []
