"""Small made-up workspaces for tests: sites, bills, rejected rows, a factor library and an edition, each with what a test does not care about filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from esg_kpis.amounts import amounts_of, amounts_of_people, coverage_of
from esg_kpis.assurance.completeness import Gaps
from esg_kpis.assurance.tie_out import published_of, tie_out
from esg_kpis.assurance.trace import Tables
from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.editions import Edition, read_edition
from esg_kpis.editions.consolidation import days_of
from esg_kpis.editions.gaps import Filled, months_expected
from esg_kpis.factors import Applied, Library, Market, Received, counted_in, read_library, with_instruments
from esg_kpis.factors.library import FACTOR_COLUMNS, GWP_COLUMNS, SOURCE_COLUMNS
from esg_kpis.ingest.quantities import in_canonical_units
from esg_kpis.kpis import Inputs, evaluate, inputs_of
from esg_kpis.tables import INSTRUMENTS, METERS, OWNERSHIP, PUBLISHED, QUANTITIES, RECORDS, REJECTED, SITES, conform, empty

ROOT = Path(__file__).parent.parent
AS_OF = date(2024, 4, 9)
NO_FLAGS = pl.DataFrame(schema={"record_id": pl.String(), "flag": pl.String()})
NO_FACTORS = Library((), {}, {})
EVERYWHERE = '[[boundary]]\nid = "group"\ntext = "All of it."\n'

Row = dict[str, Any]


def day(text: str) -> date:
    return date.fromisoformat(text)


# ---------------------------------------------------------------- what was sent


def site(site_id: str = "HQ", **given: Any) -> Row:  # noqa: ANN401
    """A Beijing office, unless told otherwise."""
    row = {"name": site_id, "country": "CN", "grid_region": "CN-NCG", "kind": "office", "control": "operational"}
    return {"site_id": site_id, **row, "ownership_share": Decimal(1), "record_id": f"site {site_id}"} | given


def register(*sites: Row) -> pl.DataFrame:
    return conform(pl.DataFrame(list(sites or (site(),)), schema=SITES.schema), SITES)


def bill(measure: str, quantity: str, first: str | None, last: str | None = None, **given: Any) -> Row:  # noqa: ANN401
    """An accepted quantity of `measure` from `first` through `last`, in the canonical unit of the measure, at HQ."""
    row = {
        "record_id": f"{given.get('site_id', 'HQ')} {measure} {first}", "domain": DOMAIN_OF[measure], "measure": measure, "nature": MEASURES[measure].nature,
        "site_id": "HQ", "start": first and day(first), "end": day(last) if last else None, "dimensions": "", "column": "quantity",
        "received": quantity, "received_unit": MEASURES[measure].unit, "quantity": Decimal(quantity), "rounded": False,
    }  # fmt: skip
    return row | given


def year(measure: str, quantity: str, number: int = 2023, **given: Any) -> Row:  # noqa: ANN401
    """A bill for a whole year; a stock is the count of its last day, an event happens in June."""
    first, last = {"flow": ("01-01", "12-31"), "stock": ("12-31", "12-31"), "event": ("06-15", "06-15")}[MEASURES[measure].nature]
    return bill(measure, quantity, f"{number}-{first}", f"{number}-{last}", **given)


def metered(*meters: Row) -> pl.DataFrame:
    """A register of meters; at HQ, main, and read for as long as the site is there, unless told otherwise."""
    rows = [{"site_id": "HQ", "net_metering": False, "record_id": f"meter {number}"} | meter for number, meter in enumerate(meters)]
    return conform(pl.DataFrame(rows, schema=METERS.schema), METERS)


def quantities(*bills: Row) -> pl.DataFrame:
    frame = pl.DataFrame(list(bills), schema=QUANTITIES.schema).drop("canonical", "unit").with_columns(pl.col("estimated").fill_null(value=False))
    return conform(in_canonical_units(frame), QUANTITIES)


def rejected_row(measures: str, **given: Any) -> Row:  # noqa: ANN401
    """A row that was rejected, at HQ, of which no date could be read."""
    row = {"record_id": "bad", "rule": "number", "column": "quantity", "read": "n/a", "expected": "a number", "expected_zh": "请填写数字", "message": "'n/a' is no number."}
    return row | {"path": "energy/bills.csv", "sheet": "", "line": 9, "measures": measures, "site_id": "HQ"} | given


def rejections(*rows: Row) -> pl.DataFrame:
    return conform(pl.DataFrame(list(rows), schema=REJECTED.schema), REJECTED)


def records(*frames: pl.DataFrame) -> pl.DataFrame:
    """A record for every id in `frames`, line after line of one file."""
    ids = sorted({name for frame in frames for name in frame["record_id"]})
    rows = [{"record_id": name, "domain": "energy", "path": "energy/bills.csv", "sheet": "", "line": line, "sha256": "0", "received": "{}"} for line, name in enumerate(ids, 2)]
    return conform(pl.DataFrame(rows, schema=RECORDS.schema), RECORDS)


# ---------------------------------------------------------------- factors


def factor_row(factor_id: str = "grid-cn", **given: str) -> dict[str, str]:
    """CO2 of purchased electricity in China in 2023: 0.5 t/MWh, unless told otherwise."""
    row = dict.fromkeys(FACTOR_COLUMNS, "") | {"measure": "electricity_purchased", "output": "emission_gas", "gas": "CO2", "region": "CN", "value": "0.5"}
    period = {"data_from": "2023-01-01", "data_to": "2023-12-31"}
    return row | period | {"factor_id": factor_id, "unit": "t/MWh", "status": "selectable", "grade": "A", "page": "1"} | given


def gwp_row(gas: str, value: str, **given: str) -> dict[str, str]:
    return {"gwp_set": "AR5", "gas": gas, "gas_group": gas, "value": value, "source_id": "ipcc", "grade": "A", "page": "1", "note": ""} | given


def as_csv(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    return "\n".join([",".join(columns), *(",".join(row[name] for name in columns) for row in rows)]) + "\n"


def library_folder(root: Path, files: dict[str, Sequence[dict[str, str]]], gwp: Sequence[dict[str, str]] = (), published: str = "2022-01-01") -> Path:
    """A factor library: per source its rows. Every source was published on one day."""
    folder = root / "factors"
    folder.mkdir(exist_ok=True)
    sources = [dict.fromkeys(SOURCE_COLUMNS, "") | {"source_id": name, "published": published} for name in (*files, "ipcc")]
    (folder / "sources.csv").write_text(as_csv(SOURCE_COLUMNS, sources))
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(as_csv(FACTOR_COLUMNS, rows))
    if gwp:
        (folder / "gwp.csv").write_text(as_csv(GWP_COLUMNS, gwp))
    return folder


@cache
def real_library() -> Library:
    """The library of this repository, read once."""
    return read_library(ROOT / "factors")


def library_of(root: Path, files: dict[str, Sequence[dict[str, str]]], gwp: Sequence[dict[str, str]] = ()) -> Library:
    return read_library(library_folder(root, files, gwp))


# ---------------------------------------------------------------- an edition


def kpi(kpi_id: str, unit: str, *measures: str, **given: Any) -> Row:  # noqa: ANN401
    """An entry of kpis.yaml: the sum of `measures`, unless told otherwise."""
    entry = {"id": kpi_id, "label": kpi_id, "text": "As in the report.", "source": "page 1", "unit": unit, "decimals": 2, "formula": "sum"}
    return entry | ({"amounts": [{"measure": list(measures)}]} if measures else {}) | given


def edition_folder(root: Path, kpis: Sequence[Row], rules: str = EVERYWHERE, published: str | None = None, **head: str) -> Path:
    """An edition e1 with the periods 2022 and 2023, as a folder. `head` replaces keys of edition.toml; `rules` are its tables after the periods."""
    keys = {"id": "e1", "document": "Report", "knowledge_date": AS_OF, "knowledge_text": "t", "gwp_set": "AR5", "gwp_text": "t"} | head
    lines = [f"{key} = {value if isinstance(value, date) else chr(34) + str(value) + chr(34)}" for key, value in keys.items()]
    lines += [f'[[period]]\nid = "{number}"\nfirst = {number}-01-01\nlast = {number}-12-31' for number in (2022, 2023)]
    folder = root / "editions" / "e1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "edition.toml").write_text("\n".join(lines) + "\n" + rules)
    (folder / "kpis.yaml").write_text(yaml.safe_dump(list(kpis), sort_keys=False))
    if published is not None:
        (folder / "published.csv").write_text("kpi_id,period,breakdown,category,value_as_printed,unit,decimals,table\n" + published)
    return folder


def edition_of(root: Path, kpis: Sequence[Row], rules: str = EVERYWHERE, published: str | None = None, **head: str) -> Edition:
    return read_edition(edition_folder(root, kpis, rules, published, **head))


def rule(rule_id: str, measure: str, output: str, source: str, *gases: str, more: str = "") -> str:
    return (
        f'[[factor_rule]]\nid = "{rule_id}"\nmeasures = ["{measure}"]\noutput = "{output}"\nsource = "{source}"\ngases = {list(gases) or [""]}\n{more}\n'
    )


GRID = rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2")
BURNT = (
    rule("energy", "natural_gas", "natural_gas_energy", "ndrc-sector-guidelines")
    + rule("methane", "natural_gas_energy", "emission_gas", "ipcc-2006-v2-ch2", "CH4", more='method = "commercial"')
    + rule("carbon", "natural_gas", "emission_gas", "ndrc-sector-guidelines", "CO2")
)
"""Gas by way of its energy to methane, and straight to CO2, with the library of this repository."""

# ---------------------------------------------------------------- the whole way


@dataclass(frozen=True)
class Computed:
    """What an edition made of some bills."""

    edition: Edition
    sites: pl.DataFrame
    rejected: pl.DataFrame
    amounts: pl.DataFrame
    applied: Applied
    inputs: Inputs
    published: pl.DataFrame
    values: pl.DataFrame
    tie_out: pl.DataFrame
    filled: Filled
    gaps: Gaps
    market: Market
    received: Received

    def cell(self, kpi_id: str, period: str = "2023", category: str = "All") -> Row:
        """One cell of the KPI table."""
        rows = self.values.filter((pl.col("kpi_id") == kpi_id) & (pl.col("period") == period) & (pl.col("category") == category))
        return rows.row(0, named=True)

    def tables(self) -> Tables:
        """What a trace walks over."""
        known = records(self.amounts.filter(pl.col("record_id") != ""), self.sites, self.rejected)
        return Tables(self.values, self.amounts, self.applied.uses, known, self.sites, self.tie_out, self.filled.estimates)


def computed(
    edition: Edition, bills: Sequence[Row], *, library: Library = NO_FACTORS, sites: pl.DataFrame | None = None, bad: Sequence[Row] = (), meters: Sequence[Row] = (),
    heads: pl.DataFrame | None = None, as_of: date = AS_OF, ownership: pl.DataFrame | None = None, instruments: pl.DataFrame | None = None,
) -> Computed:  # fmt: skip
    """Bills through amounts, coverage, boundary, estimates, factors and KPIs, step by step as a run does it. `heads` are counts of people."""
    known, sent = register() if sites is None else sites, quantities(*bills)
    amounts = amounts_of(sent) if heads is None else pl.concat([amounts_of(sent), amounts_of_people(heads)])
    return of_amounts(edition, amounts, known, library, rejections(*bad), sent, metered(*meters), as_of, ownership, instruments)


def of_amounts(
    edition: Edition, amounts: pl.DataFrame, sites: pl.DataFrame, library: Library, rejected: pl.DataFrame, sent: pl.DataFrame | None = None,
    meters: pl.DataFrame | None = None, as_of: date = AS_OF, ownership: pl.DataFrame | None = None, instruments: pl.DataFrame | None = None,
) -> Computed:  # fmt: skip
    """The same from amounts on."""
    day_known = edition.rules.knowledge_date
    sent, meters, ownership, instruments = (
        empty(table) if frame is None else frame for frame, table in ((sent, QUANTITIES), (meters, METERS), (ownership, OWNERSHIP), (instruments, INSTRUMENTS))
    )
    coverage = coverage_of(sent, amounts, sites, meters, months_expected([edition], as_of))
    received = Received(amounts, sites, ownership, instruments, rejected, coverage, as_of, days_of(sent))
    counted = counted_in(received, edition, library, day_known)
    every = counted.tables["edition_amounts"]
    gaps = counted.gaps
    inputs = inputs_of(every, sites, with_instruments(library, instruments), edition, day_known)
    published = published_of(edition, empty(PUBLISHED))
    values = evaluate(inputs, published)
    told = Gaps(coverage.sites, gaps.summary, gaps.estimates, sent, coverage.meters)
    return Computed(edition, sites, rejected, every, counted.applied, inputs, published, values, tie_out(values, published, edition), gaps, told, counted.market, received)
