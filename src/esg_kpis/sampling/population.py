"""The population a sample is drawn from: the records behind one cell, each with what it contributes, which add up to the cell to the last digit."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.editions import Kpi
from esg_kpis.errors import InternalProblem, UsageProblem
from esg_kpis.exact import VALUE_SCALE, decimals_of, plain, rounded
from esg_kpis.factors import Factor
from esg_kpis.sampling.computed import computed

ESTIMATE = "estimate:"
"""How the id of an item begins that no record is behind."""
_NUMBER = re.compile(r"^[+-]?\d{1,60}(\.\d{1,60})?([eE][+-]?\d{1,2})?$", re.ASCII)
_FRACTION = re.compile(r"^-?\d{1,60}/[1-9]\d{0,60}$", re.ASCII)
ITEM = {
    "item_id": pl.String(), "exact": pl.String(), "site_id": pl.String(), "measure": pl.String(), "kind": pl.String(), "country": pl.String(), "first": pl.String(), "last": pl.String(),
    "received": pl.String(), "received_unit": pl.String(), "computed": pl.String(), "path": pl.String(), "sheet": pl.String(), "line": pl.Int64(), "sha256": pl.String(),
}  # fmt: skip
"""An item: the record, what it contributes in the unit of the cell as an exact text, whose it is, how it was computed from what was received, and where it stands. An estimate has no file."""


@dataclass(frozen=True)
class Behind:
    """What stands behind a cell; every table as in the data dictionary, and the factors by id."""

    lineage: pl.DataFrame
    edition_amounts: pl.DataFrame
    records: pl.DataFrame
    quantities: pl.DataFrame
    estimates: pl.DataFrame
    sites: pl.DataFrame
    factors: Mapping[str, Factor] = field(default_factory=dict)


def check_samplable(kpi: Kpi, cell: Mapping[str, Any], lineage: pl.DataFrame) -> None:
    """Refuses a cell that no sample of records can be drawn from.

    Raises:
        UsageProblem: if the KPI is not additive, has no value, is hidden, or counts people.
    """
    where = f"{kpi.id} {cell['period']}, {cell['breakdown']}={cell['category']}"
    if kpi.formula not in ("sum", "count"):
        terms = " and ".join(name for name in (kpi.numerator, kpi.denominator) if name)
        raise UsageProblem(f"It is a {kpi.formula}: its records do not add up to it.", where=where, mend=f"Sample what it rests on: {terms}.")
    if cell["status"] == "suppressed" or {*lineage["measure"], *(measure for amounts in kpi.amounts for measure in amounts.measure)} & {*OF_PEOPLE}:
        raise UsageProblem(
            "It tells of people: its items would be persons, who are in no working paper.", where=where,
            mend="Sample in the HR system, from the extract whose digest and control totals stand in people_controls.csv.",
        )  # fmt: skip
    if cell["value"] is None:
        raise UsageProblem(f"It has no value ({cell['status']}: {cell['reason']}).", where=where, mend="Mend what blocks it, run again, and sample then.")
    if lineage.is_empty():
        raise UsageProblem("It rests on no record.", where=where, mend="A zero of which nothing came can only be wrong by omission: see the register and the coverage table.")


def items_of(cell: Mapping[str, Any], behind: Behind) -> pl.DataFrame:
    """One item per record, and one per estimate, with what it contributes to the cell.

    Args:
        cell: The row of `kpi_values`.
        behind: What stands behind it; the lineage is that of this cell.

    Columns: as `ITEM`. Sorted by item.

    Raises:
        InternalProblem: if the items do not add up to the cell to its last digit.
    """
    origins = behind.edition_amounts.select("amount_id", "origin").unique("amount_id")
    filled = behind.estimates.select(pl.col("amount_id").alias("root_amount_id"), pl.col("measure").alias("filled")).unique("root_amount_id")
    known = behind.lineage.join(origins, on="amount_id", how="left", maintain_order="left").join(filled, on="root_amount_id", how="left", maintain_order="left")
    rows = known.with_columns(
        pl.coalesce("origin", "filled").alias("origin"),
        pl.when(pl.col("record_id") == "").then(pl.lit(ESTIMATE) + pl.col("root_amount_id")).otherwise(pl.col("record_id")).alias("item_id"),
    )
    totals: dict[str, Fraction] = {}
    for item, quantity, times in rows.select("item_id", "quantity", "times").iter_rows():
        totals[item] = totals.get(item, Fraction(0)) + Fraction(quantity) * Fraction(times)
    if rounded(total_of(totals.values()), VALUE_SCALE) != cell["value"]:
        raise InternalProblem(f"The items add up to {exact_text(total_of(totals.values()))}, and the cell is {plain(cell['value'])}.", where=cell["kpi_id"])
    amounts = pl.DataFrame({"item_id": list(totals), "exact": [exact_text(total) for total in totals.values()]}, schema={"item_id": pl.String(), "exact": pl.String()})
    told = rows.group_by("item_id").agg(pl.col("site_id").drop_nulls().first(), pl.col("origin").unique().sort().str.join("; ").alias("measure"), pl.col("month").min().alias("since"), pl.col("month").max().alias("until"))
    sites = behind.sites.select("site_id", "kind", "country")
    found = amounts.join(told, on="item_id").join(sites, on="site_id", how="left").join(_as_received(behind, rows), on="item_id", how="left").join(_places(behind.records), on="item_id", how="left")
    found = found.join(computed(rows, behind.edition_amounts, behind.quantities, behind.estimates, behind.factors), on="item_id", how="left")
    first, last = pl.coalesce("first", "since").alias("first"), pl.coalesce("last", "until").alias("last")
    filled = found.with_columns(first, last).with_columns(pl.col(name).fill_null("") for name, dtype in ITEM.items() if dtype == pl.String())
    return filled.select(pl.col(name).cast(dtype) for name, dtype in ITEM.items()).sort("item_id")


def _places(records: pl.DataFrame) -> pl.DataFrame:
    return records.select(pl.col("record_id").alias("item_id"), pl.col("start").cast(pl.String).alias("first"), pl.col("end").cast(pl.String).alias("last"), "path", "sheet", "line", "sha256")


def _as_received(behind: Behind, rows: pl.DataFrame) -> pl.DataFrame:
    """The numbers a record was sent with, of the measures that lead to the cell; of an estimate the number that stands in."""
    sent = behind.quantities.join(rows.select("record_id", pl.col("origin").alias("measure")).unique(), on=["record_id", "measure"], how="semi").filter(pl.col("excluded").is_null())
    by_record = sent.sort("record_id", "column").group_by("record_id", maintain_order=True).agg(pl.col("received").str.join("; "), pl.col("received_unit").unique(maintain_order=True).str.join("; "))
    made = behind.estimates.select((pl.lit(ESTIMATE) + pl.col("amount_id")).alias("item_id"), ("estimated by " + pl.col("method") + ": " + pl.col("basis")).alias("received"), pl.col("unit").alias("received_unit"))
    return pl.concat([by_record.rename({"record_id": "item_id"}), made])


# ---------------------------------------------------------------- exact numbers as text


def exact_text(value: Fraction) -> str:
    """A number without any rounding: as decimals where they end, else as a fraction such as 10/1229."""
    places = decimals_of(value)
    return str(value) if places is None else plain(rounded(value, places))


def read_number(text: str) -> Fraction | None:
    """A number as it was typed; None for anything else. Nine decimals, which hold what sites send, are too few for the share of a small record."""
    return Fraction(text) if _NUMBER.match(text) else None


def read_exact(text: str) -> Fraction | None:
    """What `exact_text` wrote, or a number as a spreadsheet spells it; None for anything else."""
    return Fraction(text) if _FRACTION.match(text) else read_number(text)


def amounts_of(items: pl.DataFrame) -> list[Fraction]:
    """What the items contribute, in their order."""
    return [Fraction(text) for text in items["exact"]]


def total_of(amounts: Iterable[Fraction]) -> Fraction:
    """Their sum."""
    return sum(amounts, Fraction(0))


def population_digest(items: pl.DataFrame, strata: str = "") -> str:
    """The SHA-256 of the population: a line `ITEM,EXACT,STRATUM` for each item, sorted by item, each ended by LF. The stratum is empty unless the sample is stratified."""
    named = items.select("item_id", "exact", pl.col(strata).alias("stratum") if strata else pl.lit("").alias("stratum")).sort("item_id")
    return hashlib.sha256("".join(f"{item},{exact},{stratum}\n" for item, exact, stratum in named.iter_rows()).encode()).hexdigest()
