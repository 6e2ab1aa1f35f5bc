"""The tables of a pack beside the same tables made again from the files enclosed."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.withheld import of_people
from esg_kpis.evidence.contents import CELLS, CONTROLS, REGISTER, TABLES, tables_of
from esg_kpis.evidence.people_cells import about_people
from esg_kpis.evidence.rebuilt import Rebuilt
from esg_kpis.evidence.received import Found
from esg_kpis.evidence.tables import as_csv
from esg_kpis.evidence.verdict import OPEN, Check
from esg_kpis.exact import VALUE_SCALE, sums
from esg_kpis.tables import KPI_VALUES

MOST = 5
"""How many rows of a table are named that are not as they were."""
_BY_HEADS = ("estimates.csv", "lineage.csv", "factors_used.csv", "coverage_summary.csv", "record_fates.csv", "inputs.csv")
"""Tables that rest on estimates per head, where the edition makes any."""
_CELL = ["kpi_id", "period", "breakdown", "category"]


def tables_compared(tables: Mapping[str, pl.DataFrame], again: Rebuilt, period: str, found: Sequence[Found], *, with_people: bool, has_annex: bool) -> Iterator[Check]:
    """A check per table that can be made again: whether it is the same, and which rows are not.

    Args:
        tables: The tables of the pack by path.
        again: What the library makes of the files enclosed.
        period: The period.
        found: The files enclosed, with those of the annex.
        with_people: Whether the people files are at hand.
        has_annex: Whether the pack says that there are any.
    """
    values = as_told(tables[REGISTER], again.values, period)
    told = None if with_people else (tables[CELLS], tables[CONTROLS])
    made = tables_of(again.inputs, again.tables, values, period, found, told)
    heads = not with_people and has_annex and any(rule.method == "per_head" for rule in again.edition.rules.estimate)
    unsure = set() if with_people else _of_registers(made["record_fates.csv"], again)
    for path, table in TABLES.items():
        if not with_people and (path in (CELLS, CONTROLS) or (heads and path in _BY_HEADS)):
            yield Check(path, passed=True, seen=OPEN if path in _BY_HEADS or tables[path].height else "empty")
            continue
        left, right = (_comparable(frame, path, unsure, made["record_fates.csv"], with_people=with_people) for frame in (tables[path], made[path]))
        wrong = tuple(_rows_apart(as_csv(left, table), as_csv(right, table)))
        aside = "" if left.height == tables[path].height else f", {tables[path].height - left.height} need the annex" if not with_people else f", {tables[path].height - left.height} of files that are only named"
        yield Check(path, not wrong, f"{left.height} rows made again{aside}", wrong)
    yield _adding_up(tables, again)


def as_told(register: pl.DataFrame, values: pl.DataFrame, period: str) -> pl.DataFrame:
    """Cells of an edition, those of the period as the register tells them."""
    return pl.concat([values.filter(pl.col("period") != period), register.select(KPI_VALUES.names)])


def _of_registers(fates: pl.DataFrame, again: Rebuilt) -> set[str]:
    """Records of the registers of sites and ownership that nothing counts at but, perhaps, people."""
    registers = pl.concat([again.tables[name]["record_id"] for name in ("sites", "ownership")])
    return {*fates.filter((pl.col("fate") == "excluded") & pl.col("record_id").is_in(registers.implode()))["record_id"]}


def _comparable(frame: pl.DataFrame, path: str, unsure: set[str], fates: pl.DataFrame, *, with_people: bool) -> pl.DataFrame:
    """The rows that the files at hand can give. `unsure` are records of which they cannot tell whether they count."""
    if path == "inputs.csv":
        files = fates.filter(pl.col("record_id").is_in(list(unsure)))["path"].unique().to_list()
        return frame.filter(pl.col("held").is_in(["enclosed", "annex"] if with_people else ["enclosed"]) & ~pl.col("path").is_in(files))
    if path == "record_fates.csv" and not with_people:
        return frame.filter(~of_people() & ~pl.col("record_id").is_in(list(unsure)))
    return frame.filter(~of_people()) if path == "typed/rejected.csv" and not with_people else frame


def _rows_apart(ours: bytes, theirs: bytes) -> Iterator[str]:
    """What differs, row by row: those of the pack that do not come out again, and those that come out and are not in the pack."""
    if ours == theirs:
        return
    left, right = ours.decode().splitlines(), theirs.decode().splitlines()
    gone, new = sorted({*left} - {*right}), sorted({*right} - {*left})
    for rows, what in ((gone, "the pack has"), (new, "it comes out as")):
        yield from (f"{what}: {row[:300]}" for row in rows[:MOST])
        if len(rows) > MOST:
            yield f"and {len(rows) - MOST} more rows"
    if not gone and not new:
        yield "its rows stand in another order, or more than once"


def _adding_up(tables: Mapping[str, pl.DataFrame], again: Rebuilt) -> Check:
    """Whether the lineage of every sum adds up to it: the one check that rests on nothing but two files of the pack."""
    lineage, edition = tables["lineage.csv"], again.edition
    own = lineage.filter((pl.col("kpi_id") == pl.col("term")) & (pl.col("period") == pl.col("term_period")))
    totals: dict[tuple[str, ...], Fraction] = {}
    for row in sums(own, [*_CELL, "times"], "quantity").iter_rows(named=True):
        key = tuple(row[name] for name in _CELL)
        totals[key] = totals.get(key, Fraction(0)) + Fraction(row["quantity"] or 0) * Fraction(row["times"])
    leaves = [kpi.id for kpi in edition.kpis.values() if kpi.formula in ("sum", "count") and not about_people(kpi, edition)]
    cells = tables[REGISTER].filter(pl.col("kpi_id").is_in(leaves) & pl.col("value").is_not_null())
    wrong = []
    for row in cells.iter_rows(named=True):
        total = totals.get(tuple(row[name] for name in _CELL), Fraction(0))
        if abs(total - Fraction(row["value"])) > Fraction(1, 2 * 10**VALUE_SCALE):
            wrong.append(f"{row['kpi_id']} {row['breakdown']} {row['category']} is {row['value']}, and its lineage adds up to something else")
    return Check("lineage adds up", not wrong, f"{cells.height} sums, each of its amounts", tuple(wrong))
