"""Small workspaces with tables of readings, and the way of readings through the pipeline: rolled up, ingested, and computed as a run computes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.amounts import amounts_of, coverage_of
from esg_kpis.editions import read_editions
from esg_kpis.editions.gaps import months_expected
from esg_kpis.ingest import Ingested, ingest, registered_meters
from esg_kpis.readings.rolled import Dates, Rolled, roll_up
from esg_kpis.workspace import Workspace, open_workspace
from tests.scenario import EVERYWHERE, GRID, edition_folder, factor_row, gwp_row, kpi, library_folder

SHANGHAI = timezone(timedelta(hours=8))
KNOWN_ON, AS_OF = date(2024, 4, 9), date(2024, 4, 9)
SENT = datetime(2023, 4, 1, tzinfo=UTC)
"""When rows became known, unless told otherwise."""
SITES = "site_id,name,country,grid_region,kind\nHQ,Office,CN,CN-BJ,office\nPLANT,Plant,CN,CN-BJ,factory\n"
METERS = """site_id,measure,meter_id,part_of,digits,valid_from,valid_to
HQ,electricity_purchased,E1,,,2023-01-01,2023-03-31
HQ,electricity_purchased,E2,,,2023-01-01,2023-03-31
PLANT,natural_gas,G1,,4,2023-01-01,2023-03-31
PLANT,water_tap,W1,,,2023-01-01,2023-03-31
"""
ESTIMATE = '[[estimate]]\nid = "lost"\nmeasures = ["electricity_purchased"]\nmethod = "mean_of_neighbouring_months"\ntext = "Days without readings."\n'
HOURLY: dict[str, Any] = {"measure": "electricity_purchased", "unit": "kWh", "interval_minutes": 60, "time_zone": "Asia/Shanghai"}
"""A table of hours, as a format says it; its times are instants."""
EVERY: list[tuple[str, str]] = [("electricity", "electricity_purchased"), ("gas", "natural_gas"), ("water", "water_tap")]
Row = tuple[Any, ...]


def hours(meter: str, first: str, days: int, value: int = 1) -> list[Row]:
    """Every hour of so many local days in Shanghai: meter, time, value."""
    start = datetime.fromisoformat(first).replace(tzinfo=SHANGHAI)
    return [(meter, (start + timedelta(hours=number)).astimezone(UTC), value) for number in range(24 * days)]


def quarter(meter: str, value: int = 1) -> list[Row]:
    """Every hour of January, February and March 2023."""
    return hours(meter, "2023-01-01", 90, value)


def at(text: str) -> datetime:
    """An instant by the clock of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def frame(rows: Iterable[Row]) -> pl.DataFrame:
    """Rows as a file has them: meter, time, value, and when they became known."""
    schema = {"meter_id": pl.String(), "time": pl.Datetime("us", "UTC"), "value": pl.Int64(), "received": pl.Datetime("us", "UTC")}
    return pl.DataFrame([(*row, SENT) if len(row) == 3 else row for row in rows], schema=schema, orient="row")


def put_months(folder: Path, rows: Iterable[Row]) -> None:
    """Rows as Parquet in the folders of their months."""
    told = frame(rows).with_columns(pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m").alias("month"))
    for (month,), own in told.group_by("month", maintain_order=True):
        place = folder / f"month={month}"
        place.mkdir(parents=True, exist_ok=True)
        own.drop("month").write_parquet(place / "readings.parquet")


def toml(said: Any) -> str:  # noqa: ANN401  (whatever a format may say)
    """A value as TOML has it."""
    if isinstance(said, bool):
        return str(said).lower()
    if isinstance(said, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(value)}" for key, value in said.items()) + " }"
    if isinstance(said, list | tuple):
        return "[" + ", ".join(toml(value) for value in said) + "]"
    return str(said) if isinstance(said, int) else '"' + str(said).replace("\\", "\\\\").replace('"', '\\"') + '"'


def tables(root: Path, **said: Mapping[str, Any]) -> None:
    """The `_format.toml` with tables by their names; each lies in the folder of its name, unless told otherwise."""
    lines = []
    for name, entry in said.items():
        lines.append("[[table]]")
        lines += [f"{key} = {toml(value)}" for key, value in ({"name": name, "path": name} | dict(entry)).items()]
    put(root, "_format.toml", "\n".join(lines) + "\n")


def put(root: Path, name: str, content: str | bytes) -> Path:
    """A file below data/raw/readings, or below data/raw if it begins with a slash."""
    path = root / "data" / "raw" / name.lstrip("/") if name.startswith("/") else root / "data" / "raw" / "readings" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workspace(root: Path, meters: str = METERS, rules: str = ESTIMATE, kpis: Sequence[dict[str, Any]] = ()) -> Path:
    """A workspace without readings: two sites, their meters, an edition with a KPI of each measure and of emissions."""
    put(root, "/sites/sites.csv", SITES)
    put(root, "/meters/meters.csv", meters)
    (root / "data" / "raw" / "readings").mkdir(parents=True, exist_ok=True)
    units = {"electricity_purchased": "kWh", "natural_gas": "Nm3", "water_tap": "t"}
    every = [kpi(name, units[measure], measure, decimals=3) for name, measure in EVERY]
    edition_folder(root, [*every, kpi("ghg", "tCO2e", amounts=[{"measure": "emission_co2e", "origin": "electricity_purchased"}]), *kpis], EVERYWHERE + GRID + rules)
    edition = root / "editions" / "e1" / "edition.toml"
    edition.write_text(edition.read_text(encoding="utf-8").replace("2023-12-31", "2023-03-31").replace('[[period]]\nid = "2022"\nfirst = 2022-01-01\nlast = 2022-12-31\n', ""), encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    return root


@dataclass
class Way:
    """A workspace and where it keeps its months."""

    root: Path
    out: Path
    computed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """The folder."""
        return open_workspace(self.root, self.out)

    def rolled(self, known_on: date = KNOWN_ON, as_of: date = AS_OF) -> Rolled:
        """All months; `computed` are those that were not as they had been kept."""
        self.computed = []
        return roll_up(self.workspace, registered_meters(self.workspace), Dates(known_on, as_of), lambda table, month: self.computed.append((table, month)))

    def ingested(self, rolled: Rolled | None = None) -> Ingested:
        """What ingest makes of everything that lies in data/raw."""
        return ingest(self.workspace, AS_OF, (rolled or self.rolled()).metered)

    def coverage(self) -> pl.DataFrame:
        """Expected and received days by site, measure and month."""
        read = self.ingested()
        amounts = amounts_of(read.quantities)
        return coverage_of(read.quantities, amounts, read.sites, read.meters, months_expected(read_editions(self.workspace.editions), AS_OF)).sites


def way(place: Path, meters: str = METERS, **said: Mapping[str, Any]) -> Way:
    """A workspace with tables as a format says them, still without their files."""
    root = workspace(place / "workspace", meters)
    tables(root, **said)
    for name, entry in said.items():
        if "path" not in entry:
            (root / "data" / "raw" / "readings" / name).mkdir(exist_ok=True)
    return Way(root, place / "out")


def quantities(read: Ingested) -> dict[tuple[str, str, str], Any]:
    """What counts: quantity by meter, first and last day."""
    counts = read.quantities.filter(pl.col("excluded").is_null())
    return {(row["meter_id"], str(row["start"]), str(row["end"])): row["canonical"] for row in counts.iter_rows(named=True)}


def fates(found: Rolled) -> dict[str, int]:
    """Rows by what became of them, over all tables and months."""
    return dict(found.fates.group_by("rule").agg(pl.col("rows").sum()).sort("rule").iter_rows())


def refusals(read: Ingested) -> dict[str, str]:
    """What is rejected as a whole, by its path: the measures behind it."""
    return dict(read.rejected.filter(pl.col("line") == 0).select("path", "measures").iter_rows())
