"""How each amount of the workbook is made, as the cells of its row: from a record by days, from another amount by a factor, as a part of either, or an input with its reason."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.editions.consolidation import days_of, days_of_parts
from esg_kpis.exact import PRODUCT_SCALE, QUANTITY_SCALE, as_decimal, rounded
from esg_kpis.report.workbook.basis import PARTED, Basis, from_records, reached, with_leads
from esg_kpis.report.workbook.market import formulas_of
from esg_kpis.report.workbook.page import Cell, Formula
from esg_kpis.report.workbook.sheets import AMOUNTS, ESTIMATES, FACTORS, RECORDS

Row = Mapping[str, Any]
_NEEDED = (
    "amount_id", "measure", "site_id", "period", "month", "date", "dimensions", "gas", "scope", "basis", "nature", "quantity", "unit", "factor_id", "rule_id", "parent_amount_id", "record_id", "estimated",
    "estimate_method", "depth", "quantity_in", "months", "by_factor",
)  # fmt: skip
"""What rows of the sheet are made of: with more, large workspaces need much more memory."""


@dataclass(frozen=True)
class Amounts:
    """The amounts of a workbook in the order of their sheet, and what they rest on, each in the order of its own: quantities of records, estimates, claims, factors.

    `found` says where amounts before any edition stand in their records, `places` where an amount stands in the sheet.
    """

    rows: Sequence[Row]
    places: dict[str, int]
    found: pl.DataFrame
    records: pl.DataFrame
    estimates: Sequence[Row]
    claims: Sequence[Row]
    factors: list[str]


def amounts_of(basis: Basis, wanted: pl.Series, more_factors: Sequence[str]) -> Amounts:
    """The amounts that some amounts of an edition go back to, with all that they rest on.

    Args:
        basis: The edition.
        wanted: Ids of amounts, none of them of people.
        more_factors: Ids of factors that terms are divided by.
    """
    tables = basis.tables
    reach = with_leads(reached(wanted, basis.amounts), basis.inputs)
    began = reach.filter(pl.col("depth") == 0).select(pl.coalesce("parent_amount_id", "amount_id")).to_series().unique()
    found = from_records(basis.received.filter(pl.col("amount_id").is_in(began.implode())), tables["quantities"]).filter("exact")
    quantities = tables["quantities"].join(found.select("record_id", "column").unique(), on=["record_id", "column"], how="semi")
    at = tables["records"].select("record_id", "path", "sheet", "line", "sha256")
    records = quantities.join(at, on="record_id", how="left").sort("path", "sheet", "line", "column").with_row_index("place")
    estimates = tables["estimates"].filter(pl.col("amount_id").is_in(began.implode())).sort("measure", "site_id", "month", "amount_id")
    ledger = tables["instruments"].select("record_id", "retired_on").unique("record_id")
    claims = tables["claims"].filter("accepted").join(ledger, on="record_id", how="left").join(at, on="record_id", how="left").sort("retired_on", "registry", "instrument", "record_id")
    rows = reach.select(_NEEDED).to_dicts()
    return Amounts(
        rows, {row["amount_id"]: place for place, row in enumerate(rows)}, found, records, estimates.to_dicts(), claims.to_dicts() if any(row["measure"] in PARTED for row in rows) else [],
        sorted({row["factor_id"] for row in rows if row["factor_id"] is not None} | {*more_factors}),
    )  # fmt: skip


def amount_lines(amounts: Amounts, basis: Basis, inputs: Counter[str]) -> Iterator[list[Cell]]:
    """The sheet Amounts. How many of its quantities are inputs is counted in `inputs`, by kind, as they come."""
    makers = _Makers(amounts, basis)
    covered = formulas_of(amounts.rows, amounts.claims)
    for place, row in enumerate(amounts.rows):
        if row["depth"] == 0:
            cells = makers.begun(row, place)
        elif row["factor_id"] is None:
            cells = {"how": "part of load", "start": makers.before(row), "quantity": covered.get(row["amount_id"])}
        else:
            cells = makers.by_factor(row, place) if row["by_factor"] else {}
        if cells.get("quantity") is None:
            kind = "covered part" if row["measure"] in PARTED else "amount"
            cells |= {"quantity": row["quantity"], "how": f"input: {kind}"}
            inputs[kind] += 1
        yield [cells.get(column.key, _told(row, column.key)) for column in AMOUNTS.columns]


class _Makers:
    """What the rows of the sheet refer to."""

    def __init__(self, amounts: Amounts, basis: Basis) -> None:
        self._amounts, self._basis = amounts, basis
        self._factors = {name: place for place, name in enumerate(amounts.factors)}
        self._multipliers = {factor.factor_id: factor.multiplier for factor in basis.inputs.library.factors if factor.factor_id in self._factors}
        at = {(record, column): (place, canonical) for place, record, column, canonical in amounts.records.select("place", "record_id", "column", "canonical").iter_rows()}
        self._of_record = {row["amount_id"]: (*at[row["record_id"], row["column"]], row) for row in amounts.found.iter_rows(named=True)}
        self._of_estimate = {row["amount_id"]: (place, row["quantity"]) for place, row in enumerate(amounts.estimates)}
        self._told = {(record, measure): (first, last) for record, measure, first, last in days_of(basis.tables["quantities"]).iter_rows()}
        began = [row["parent_amount_id"] or row["amount_id"] for row in amounts.rows if row["depth"] == 0]
        self._before = dict(basis.received.filter(pl.col("amount_id").is_in(began)).select("amount_id", "quantity").iter_rows())
        self._ends = {period.id: period.last for period in basis.inputs.edition.rules.period}
        self._parts: dict[tuple[Any, ...], list[tuple[Fraction, int]]] = {}

    def before(self, row: Row) -> Formula:
        """The amount that another is made from."""
        return Formula(AMOUNTS.own("quantity", self._amounts.places[row["parent_amount_id"]]), row["quantity_in"])

    def by_factor(self, row: Row, place: int) -> dict[str, Cell]:
        """An amount made by a factor; a stock by a year's rate, times the years of the period."""
        years = Fraction(row["months"], 12) if row["months"] else None
        factor = Formula(FACTORS.at("multiplier", self._factors[row["factor_id"]]), self._multipliers[row["factor_id"]])
        text = f"{AMOUNTS.own('start', place)}*{AMOUNTS.own('factor', place)}" + (f"*{AMOUNTS.own('years', place)}" if years else "")
        return {"how": "by factor", "start": self.before(row), "factor": factor, "years": Formula(f"{row['months']}/12", years) if years else None, "quantity": Formula(text, row["quantity"])}

    def begun(self, row: Row, place: int) -> dict[str, Cell]:
        """An amount that begins here: in a record, by days where its bill touches several months, or in an estimate; and the part of it that is consolidated."""
        name = row["parent_amount_id"] or row["amount_id"]
        cells: dict[str, Cell] = {"parent": None}
        if name in self._of_record:
            at, canonical, days = self._of_record[name]
            whole = self._before[name]
            cells |= {"start": Formula(RECORDS.at("canonical", at), canonical), "how": "received"}
            start = text = AMOUNTS.own("start", place)
            if days["days"] is not None:
                through, before, all_ = (AMOUNTS.own(key, place) for key in ("through", "before", "days"))
                text = f"(ROUND({start}*{through}/{all_},{QUANTITY_SCALE})-ROUND({start}*{before}/{all_},{QUANTITY_SCALE}))"
                cells |= {"how": "received, by days"} | {key: int(days[key]) for key in ("through", "before", "days")}
        elif name in self._of_estimate:
            at, whole = self._of_estimate[name]
            text = AMOUNTS.own("start", place)
            cells |= {"start": Formula(ESTIMATES.at("quantity", at), whole), "how": "estimate"}
        else:
            return {}
        if row["quantity"] == whole:
            return cells | {"quantity": Formula(text, whole)}
        return cells | self._consolidated(row, place, text, whole)

    def _consolidated(self, row: Row, place: int, text: str, whole: Decimal) -> dict[str, Cell]:
        """The part of an amount that the edition consolidates; nothing where the register of ownership does not give it exactly."""
        day: date | None = {"stock": self._ends.get(row["period"]), "event": row["date"]}.get(row["nature"])
        key = (row["site_id"], row["month"], day, *self._told.get((row["record_id"], row["measure"]), (None, None)))
        if key not in self._parts:
            tables = self._basis.tables
            self._parts[key] = days_of_parts(tables["sites"], tables["ownership"], self._basis.inputs.edition, *key[:3], key[3:])
        parts = self._parts[key]
        share = sum((part * days for part, days in parts), Fraction(0)) / (sum(days for _, days in parts) or 1)
        kept = as_decimal(share, PRODUCT_SCALE)
        if rounded(Fraction(whole) * Fraction(kept), PRODUCT_SCALE) != row["quantity"]:
            return {}
        words = "+".join(f"{as_decimal(part, QUANTITY_SCALE).normalize():f}*{days}" for part, days in parts)
        part = Formula(f"({words})/{sum(days for _, days in parts)}", share)
        return {"part": part, "quantity": Formula(f"{text}*{AMOUNTS.own('part', place)}", row["quantity"])}


_COLUMNS = {"site": "site_id", "factor_id": "factor_id", "rule": "rule_id", "parent": "parent_amount_id", "record": "record_id"}


def _told(row: Row, key: str) -> Cell:
    """What a column that is no part of a formula says of an amount."""
    if key == "month":
        return row["month"] or (row["date"].isoformat() if row["date"] else None)
    if key == "estimated":
        return (row["estimate_method"] or "estimate") if row["estimated"] else None
    value = row.get(_COLUMNS.get(key, key))
    return value if isinstance(value, str) and value else None
