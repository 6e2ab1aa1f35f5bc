"""How the parts of load that the market-based method makes are computed in cells: what an instrument covers, and what none does."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from esg_kpis.domains import derived
from esg_kpis.exact import QUANTITY_SCALE, rounded
from esg_kpis.report.workbook.page import Formula
from esg_kpis.report.workbook.sheets import AMOUNTS, CLAIMS

Row = Mapping[str, Any]
_INSTRUMENT = "instrument="


def record_of(dimensions: str) -> str:
    """The record of the instrument that covers an amount."""
    return next((part.removeprefix(_INSTRUMENT) for part in dimensions.split(";") if part.startswith(_INSTRUMENT)), "")


def formulas_of(rows: Sequence[Row], claims: Sequence[Row]) -> dict[str, Formula]:
    """The formula of each part of load, by the id of the amount; those that no formula of a cell gives exactly are not among them.

    Args:
        rows: All amounts of the workbook in the order of the sheet.
        claims: The claims of the sheet Claims in its order, which is that of their retirement.
    """
    parts = [(place, row) for place, row in enumerate(rows) if row["measure"] in (derived.CONTRACTED, derived.UNCONTRACTED)]
    if not parts:
        return {}
    order = {claim["record_id"]: number for number, claim in enumerate(claims)}
    taken: dict[str, list[tuple[int, int, Decimal]]] = {}
    for place, row in parts:
        if row["measure"] == derived.CONTRACTED:
            taken.setdefault(row["parent_amount_id"], []).append((order[record_of(row["dimensions"])], place, row["quantity"]))
    found: dict[str, Formula] = {}
    for claim, number in ((claim, order[claim["record_id"]]) for claim in claims):
        own = [(place, row) for place, row in parts if row["measure"] == derived.CONTRACTED and record_of(row["dimensions"]) == claim["record_id"]]
        found |= _covered(own, claim, number, taken)
    for place, row in parts:
        if row["measure"] == derived.UNCONTRACTED:
            less = "".join(f"-{AMOUNTS.own('quantity', at)}" for _, at, _ in sorted(taken.get(row["parent_amount_id"], [])))
            found[row["amount_id"]] = Formula(f"{AMOUNTS.own('start', place)}{less}", row["quantity"])
    return found


def _covered(own: Sequence[tuple[int, Row]], claim: Row, number: int, taken: Mapping[str, Sequence[tuple[int, int, Decimal]]]) -> dict[str, Formula]:
    """What one instrument covers: of each amount its share of what is open; of one of them the rest of the rounding. Its amounts stand in one block."""
    found: dict[str, Formula] = {}
    odd: list[tuple[int, Row]] = []
    counts, load = CLAIMS.at("counts", number), CLAIMS.at("load", number)
    for place, row in own:
        before = [(at, quantity) for earlier, at, quantity in taken[row["parent_amount_id"]] if earlier < number]
        open_ = Fraction(row["quantity_in"]) - sum((Fraction(quantity) for _, quantity in before), Fraction(0))
        if rounded(open_ * Fraction(claim["counts"]) / Fraction(claim["load"]), QUANTITY_SCALE) != row["quantity"]:
            odd.append((place, row))
            continue
        less = "".join(f"-{AMOUNTS.own('quantity', at)}" for at, _ in before)
        start = AMOUNTS.own("start", place)
        found[row["amount_id"]] = Formula(f"ROUND(({start}{less})*{counts}/{load},{QUANTITY_SCALE})", row["quantity"])
    if len(odd) == 1:
        place, row = odd[0]
        first, last = own[0][0], own[-1][0]
        spans = [(first, place - 1), (place + 1, last)]
        others = "".join(f"-SUM({AMOUNTS.own('quantity', start)}:{AMOUNTS.own('quantity', end)})" for start, end in spans if start <= end)
        found[row["amount_id"]] = Formula(f"{counts}{others}", row["quantity"])
    return found
