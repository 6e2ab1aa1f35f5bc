"""Why did it change: what differs between two runs, and what each difference did, by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from esg_kpis.editions import Edition
from esg_kpis.exact import rounded
from esg_kpis.factors import Library
from esg_kpis.restatement import rerun
from esg_kpis.restatement.difference import CellChange, Difference, difference
from esg_kpis.restatement.runs import Run
from esg_kpis.tables import RECORDS, conform
from tests.restatement_scenario import edition_named
from tests.scenario import (
    EVERYWHERE,
    GRID,
    Row,
    computed,
    factor_row,
    gwp_row,
    kpi,
    library_of,
    quantities,
    register,
    rejections,
    rule,
    site,
    year,
)

GHG = kpi("ghg", "tCO2e", "emission_co2e")
REVENUE = kpi("revenue", "RMB million", "revenue", stated=True)
PER_REVENUE = kpi("per_revenue", "tCO2e/RMB million", formula="ratio", numerator="ghg", denominator="revenue")
SALES = year("revenue", "10", site_id="GROUP", domain="stated")
SITES = register(site(), site("STORE", kind="store"), site("GROUP", kind="group"))
RAN = {"raw": "raw", "factors": "factors", "editions": "editions", "esg_kpis": "code", "pipelines": "code", "polars": "2", "as_of": "2024-04-09", "known on e": "2024-04-09"}
CO2 = [gwp_row("CO2", "1")]


def bills(*amounts: tuple[str, str]) -> list[Row]:
    """Electricity of a year by site, and the revenue of the group."""
    return [*(year("electricity_purchased", quantity, site_id=name) for name, quantity in amounts), SALES]


def grids(root: Path, value: str = "0.5", **others: str) -> Library:
    rows = [factor_row(value=value), *(factor_row(name.replace("_", "-"), region="HK", value=number) for name, number in others.items())]
    return library_of(root, {"mee": rows}, CO2)


def edition_with(root: Path, rules: str = EVERYWHERE + GRID, kpis: Sequence[Row] = (GHG, REVENUE, PER_REVENUE), **head: Any) -> Edition:  # noqa: ANN401
    return edition_named(root / f"d{len(list(root.iterdir())) if root.exists() else 0}", "e", kpis, rules, **head)


def run_of(edition: Edition, sent: Sequence[Row], library: Library, *, file: str = "one", first_line: int = 2, **ran: str) -> Run:
    """A run of some rows of one file; `file` stands for what its bytes are, and lines are counted from `first_line`."""
    rows = [row | {"record_id": f"{file}:{line}"} for line, row in enumerate(sent, first_line)]
    result = computed(edition, rows, library=library, sites=SITES)
    told = [
        {
            "record_id": row["record_id"], "domain": row["domain"], "path": "energy/bills.csv", "sheet": "", "line": int(row["record_id"].partition(":")[2]), "sha256": file, "site_id": row["site_id"],
            "start": row["start"], "end": row["end"], "received": json.dumps({"site": row["site_id"], "measure": row["measure"], "from": str(row["start"]), "quantity": str(row["quantity"])}),
        }
        for row in rows
    ]  # fmt: skip
    records = conform(pl.DataFrame(told, schema=RECORDS.schema), RECORDS)
    return Run(file, RAN | ran, {edition.id: edition}, library, result.received, records, quantities(*rows), rejections(), result.applied.uses, result.values)


def cell(found: Difference, kpi_id: str = "ghg") -> CellChange:
    return next(change for change in found.cells if change.cell[:3] == ("e", kpi_id, "2023"))


def test_nothing_changed(tmp_path: Path) -> None:
    run = run_of(edition_with(tmp_path), bills(("HQ", "1000000")), grids(tmp_path))

    found = difference(run, run)

    assert found.equal
    assert (found.records.changes, found.factors, found.cells) == ((), (), ())


def test_one_bill_changed_and_the_other_lines_moved(tmp_path: Path) -> None:
    """1,000 to 1,200 MWh at 0.5 t; every row stands two lines lower."""
    edition, library = edition_with(tmp_path), grids(tmp_path)

    found = difference(run_of(edition, bills(("HQ", "1000000"), ("STORE", "2000000")), library), run_of(edition, bills(("HQ", "1200000"), ("STORE", "2000000")), library, file="two", first_line=4, raw="other"))

    [change] = found.records.changes
    assert (change.what, change.lines, change.cells) == ("changed", (2, 4), {"quantity": ("1000000", "1200000")})
    assert (found.records.same, found.records.moved) == (2, 2)
    assert found.files == ("energy/bills.csv: changed",)
    assert cell(found).parts == {"data": Fraction(100)}
    assert cell(found).rows == {0: Fraction(100)}
    assert (cell(found, "per_revenue").parts, cell(found, "per_revenue").rows) == ({"data": Fraction(10)}, {})


def test_rows_that_were_added_or_removed_by_what_they_did(tmp_path: Path) -> None:
    edition, library = edition_with(tmp_path), grids(tmp_path)
    one, both = run_of(edition, bills(("HQ", "1000000")), library), run_of(edition, bills(("HQ", "1000000"), ("STORE", "2000000")), library, file="two", raw="other")

    grown, shrunk = difference(one, both), difference(both, one)

    assert [(change.what, change.lines) for change in grown.records.changes] == [("added", (None, 3))]
    assert [(change.what, change.lines) for change in shrunk.records.changes] == [("removed", (3, None))]
    assert (cell(grown).rows, cell(shrunk).rows) == ({0: Fraction(1000)}, {0: Fraction(-1000)})


def test_a_row_with_half_of_its_cells_as_before_is_the_same_row_changed(tmp_path: Path) -> None:
    edition, library = edition_with(tmp_path), grids(tmp_path)

    found = difference(run_of(edition, bills(("HQ", "1000000"), ("STORE", "2000000")), library), run_of(edition, bills(("HQ", "1000000"), ("HQ", "500000")), library, file="two", raw="other"))

    [change] = found.records.changes
    assert (change.what, change.cells) == ("changed", {"site": ("STORE", "HQ"), "quantity": ("2000000", "500000")})
    assert cell(found).rows == {0: Fraction(-750)}


def test_a_row_that_stands_twice_and_then_once_is_one_that_was_removed(tmp_path: Path) -> None:
    edition, library = edition_with(tmp_path), grids(tmp_path)
    twice = bills(("HQ", "1000000"), ("HQ", "1000000"))

    found = difference(run_of(edition, twice, library), run_of(edition, bills(("HQ", "1000000")), library, file="two", raw="other"))

    assert [(change.what, change.lines) for change in found.records.changes] == [("removed", (3, None))]
    assert cell(found).rows == {0: Fraction(-500)}


def test_a_file_of_another_name_with_the_same_bytes_changes_nothing(tmp_path: Path) -> None:
    run = run_of(edition_with(tmp_path), bills(("HQ", "1000000")), grids(tmp_path))
    renamed = replace(run, records=run.records.with_columns(pl.lit("energy/power.csv").alias("path")), ran={**run.ran, "raw": "other"})

    found = difference(run, renamed)

    assert (found.records.changes, found.records.moved, found.cells) == ((), 2, ())
    assert found.files == ("energy/bills.csv: removed", "energy/power.csv: added")


def test_one_factor_changed(tmp_path: Path) -> None:
    edition, sent = edition_with(tmp_path), bills(("HQ", "1000000"))

    found = difference(run_of(edition, sent, grids(tmp_path)), run_of(edition, sent, grids(tmp_path, "0.6"), factors="other"))

    [change] = found.factors
    assert (change.name, change.what, change.keys) == ("grid-cn", "changed", {"value": ("0.5", "0.6")})
    assert cell(found).parts == {"factors": Fraction(100)}
    assert found.records.changes == ()


def test_two_factors_are_told_apart(tmp_path: Path) -> None:
    """1,000 MWh in China by 0.1 t more; 2,000 MWh in Hong Kong by 0.2 t less."""
    edition, sent = edition_with(tmp_path), bills(("HQ", "1000000"), ("STORE", "2000000"))
    sites = SITES.with_columns(pl.when(pl.col("site_id") == "STORE").then(pl.lit("HK")).otherwise("country").alias("country"), pl.when(pl.col("site_id") == "STORE").then(pl.lit("HK")).otherwise("grid_region").alias("grid_region"))
    runs = []
    for library, name in ((grids(tmp_path, "0.5", grid_hk="0.7"), "a"), (grids(tmp_path, "0.6", grid_hk="0.5"), "b")):
        result = computed(edition, [row | {"record_id": f"one:{line}"} for line, row in enumerate(sent, 2)], library=library, sites=sites)
        runs.append(replace(run_of(edition, sent, library, factors=name), received=result.received, factor_uses=result.applied.uses, values=result.values))

    change = cell(difference(*runs))

    assert change.parts == {"factors": Fraction(-300)}
    assert {name: effect.mean for name, effect in change.items.items()} == {"factor grid-cn": Fraction(100), "factor grid-hk": Fraction(-400)}


def test_one_definition_changed(tmp_path: Path) -> None:
    sent, library = bills(("HQ", "1000000"), ("STORE", "2000000")), grids(tmp_path)
    offices = GHG | {"amounts": [{"measure": "emission_co2e", "where": {"kind": ["office"]}}]}
    old, new = edition_with(tmp_path), edition_with(tmp_path, kpis=(offices, REVENUE, PER_REVENUE))

    found = difference(run_of(old, sent, library), run_of(new, sent, library, editions="other"))

    [change] = found.definitions["e"]
    assert (change.part, change.name, change.what, list(change.keys)) == ("kpi", "ghg", "changed", ["amounts"])
    assert cell(found).parts == {"definitions": Fraction(-1000)}


def test_entries_of_definitions_are_named(tmp_path: Path) -> None:
    sent, library = bills(("HQ", "1000000")), grids(tmp_path)
    left_out = '[[exclusion]]\nid = "no-heat"\nmeasures = ["heat_purchased"]\ntext = "t"\n'
    old, new = edition_with(tmp_path), edition_with(tmp_path, EVERYWHERE + rule("power", "electricity_purchased", "emission_gas", "mee", "CO2") + left_out, document="Another report")

    found = difference(run_of(old, sent, library), run_of(new, sent, library, editions="other"))

    assert [(change.part, change.name, change.what) for change in found.definitions["e"]] == [
        ("document", "", "changed"), ("factor_rule", "grid", "removed"), ("factor_rule", "power", "added"), ("exclusion", "no-heat", "added"),
    ]  # fmt: skip
    assert found.cells == ()
    assert not found.equal


def test_all_three_at_once_share_what_they_do_together(tmp_path: Path) -> None:
    """1,000 to 2,000 MWh, 0.5 to 0.6 t, and only a tenth of it counts: 500 to 120. The Shapley values by hand, over six orders."""
    old, new = edition_with(tmp_path), edition_with(tmp_path, kpis=(GHG | {"mean_over": "months"}, REVENUE, PER_REVENUE))
    value = {(d, f, k): Fraction((1000, 2000)[d]) * (Fraction("0.5"), Fraction("0.6"))[f] / (1, 12)[k] for d in (0, 1) for f in (0, 1) for k in (0, 1)}
    data = (
        Fraction(1, 3) * (value[1, 0, 0] - value[0, 0, 0]) + Fraction(1, 6) * (value[1, 1, 0] - value[0, 1, 0]) + Fraction(1, 6) * (value[1, 0, 1] - value[0, 0, 1]) + Fraction(1, 3) * (value[1, 1, 1] - value[0, 1, 1])
    )  # fmt: skip

    found = difference(run_of(old, bills(("HQ", "1000000")), grids(tmp_path)), run_of(new, bills(("HQ", "2000000")), grids(tmp_path, "0.6"), file="two", raw="other", factors="other", editions="other"))

    change = cell(found)
    assert list(change.parts) == ["data", "factors", "definitions"]
    assert change.parts["data"] == data
    assert sum(change.parts.values()) == (change.after or 0) - (change.before or 0) == value[1, 1, 1] - value[0, 0, 0]
    assert change.rows == {0: data}


def test_other_code_is_what_todays_code_does_not_make_of_the_old_inputs(tmp_path: Path) -> None:
    """The older run recorded 7 t less than today's code makes of the same."""
    run = run_of(edition_with(tmp_path), bills(("HQ", "1000000")), grids(tmp_path))
    seven = pl.when((pl.col("kpi_id") == "ghg") & (pl.col("period") == "2023")).then(pl.col("value") - 7).otherwise("value")
    older = replace(run, values=run.values.with_columns(seven.cast(pl.Decimal(38, 18)).alias("value")), ran={**run.ran, "esg_kpis": "older"})

    found = difference(older, run)

    assert found.code == ("esg_kpis",)
    assert (cell(found).before, cell(found).after, cell(found).parts) == (493, 500, {"code": Fraction(7)})


def test_a_changed_formula_is_an_effect_of_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by a code that doubles every value, and read by one that does not; a bill changed as well."""
    edition, library = edition_with(tmp_path), grids(tmp_path)
    older, newer = run_of(edition, bills(("HQ", "1000000")), library, esg_kpis="older"), run_of(edition, bills(("HQ", "1200000")), library, file="two", raw="other")
    plain_cells = rerun.cells

    def doubled(inputs: object) -> object:
        for kpi_, period, breakdown, category, value in plain_cells(inputs):  # type: ignore[arg-type]
            yield kpi_, period, breakdown, category, value if value.value is None else replace(value, value=2 * value.value)

    monkeypatch.setattr(rerun, "cells", doubled)
    twice = newer.values.with_columns(pl.when(pl.col("kpi_id") == "ghg").then(pl.col("value") * 2).otherwise("value").cast(pl.Decimal(38, 18)).alias("value"))

    change = cell(difference(older, replace(newer, values=twice)))

    assert (change.before, change.after) == (500, 1200)
    assert change.parts == {"data": Fraction(200), "code": Fraction(500)}


def test_the_same_files_read_otherwise_are_an_effect_of_code(tmp_path: Path) -> None:
    edition, library = edition_with(tmp_path), grids(tmp_path)
    older, newer = (run_of(edition, bills(("HQ", quantity)), library, esg_kpis=code) for quantity, code in (("1000000", "older"), ("1100000", "newer")))
    newer = replace(newer, records=older.records)

    found = difference(older, newer)

    assert [change.what for change in found.records.changes] == ["understood_otherwise"]
    assert cell(found).parts == {"code": Fraction(50)}


def test_a_cell_that_lost_its_value_is_told_and_not_parted(tmp_path: Path) -> None:
    sent, library = bills(("HQ", "1000000")), grids(tmp_path)
    old, new = edition_with(tmp_path), edition_with(tmp_path, EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "nowhere", "CO2"))

    change = cell(difference(run_of(old, sent, library), run_of(new, sent, library, editions="other")))

    assert (change.before, change.after, change.states, change.parts) == (500, None, ("ok", "blocked"), {})
    assert change.note.startswith("in the second run it is blocked (edition.toml, rule grid: No factor leads to emission_gas of CO2 from electricity_purchased")


def test_what_cannot_be_told_apart_is_one_part(tmp_path: Path) -> None:
    """The new rule names a source that the old library does not have."""
    sent = bills(("HQ", "1000000"))
    old, new = edition_with(tmp_path), edition_with(tmp_path, EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "fresh", "CO2"))
    fresh = library_of(tmp_path, {"mee": [factor_row()], "fresh": [factor_row("fresh-cn", value="0.8")]}, CO2)

    change = cell(difference(run_of(old, sent, replace(fresh, factors=tuple(item for item in fresh.factors if item.source_id != "fresh"))), run_of(new, sent, fresh, editions="other", factors="other")))

    assert change.parts == {"factors + definitions": Fraction(300)}


def test_another_knowledge_date_is_of_the_definitions(tmp_path: Path) -> None:
    sent = bills(("HQ", "1000000"))
    library = library_of(tmp_path, {"mee": [factor_row(), factor_row("near", region="CN-NCG", value="0.7")]}, CO2)
    library = replace(library, factors=tuple(replace(item, published=date(2024, 4, 20)) if item.factor_id == "near" else item for item in library.factors))
    old, new = edition_with(tmp_path), edition_with(tmp_path, knowledge_date="2024-05-01")

    found = difference(run_of(old, sent, library), run_of(new, sent, library, editions="other", **{"known on e": "2024-05-01"}))

    assert found.dates == {"known on e": ("2024-04-09", "2024-05-01")}
    assert cell(found).parts == {"definitions": Fraction(200)}


def test_parts_of_every_cell_add_up(tmp_path: Path) -> None:
    old, new = edition_with(tmp_path), edition_with(tmp_path, kpis=(GHG | {"mean_over": "months"}, REVENUE, PER_REVENUE))

    found = difference(run_of(old, bills(("HQ", "1000001")), grids(tmp_path)), run_of(new, bills(("HQ", "2000003")), grids(tmp_path, "0.7"), file="two", raw="other", factors="other", editions="other"))

    assert len(found.cells) == 2
    for change in found.cells:
        assert sum(change.parts.values()) == (change.after or 0) - (change.before or 0)
        assert rounded(change.after or Fraction(0)) != Decimal(0)
