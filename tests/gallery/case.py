"""What a case of the gallery is, and what becomes of its rows on the way that data goes in a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import polars as pl

from esg_kpis.amounts import amounts_of
from esg_kpis.amounts.outliers import outliers_of
from esg_kpis.assurance.findings import flags_of
from esg_kpis.domains import DOMAINS, MEASURES
from esg_kpis.editions import Edition
from esg_kpis.editions.boundary import amounts_in_edition, record_fates
from esg_kpis.ingest import Ingested, ingest
from tests.ingest_scenario import AS_OF, workspace_of
from tests.scenario import edition_of, kpi

FILES = Path(__file__).parent / "files"
HEAD = "site_id,measure,quantity,unit,period_start,period_end\n"
METER_HEAD = "site_id,meter_id,document,measure,quantity,unit,period_start,period_end\n"
KOPF = "站点编号,能源种类,用量,单位,起始日期,截止日期\n"
"""The same in Chinese, understood by the aliases that ship."""
LONG = '[[file.feed.quantity]]\nmeasure_column = "measure"\ncolumn = "quantity"\nunit_column = "unit"\n'
Content = str | bytes | Callable[[], bytes]


@dataclass(frozen=True)
class Case:
    """One awkward thing that sites send.

    Attributes:
        name: What is awkward.
        files: Path under data/raw to content. `stored` reads one of the committed files.
        fates: What becomes of every row, one a line: place, then `used` with its quantities in the unit of their measure and the flags that it bears, `excluded: reason` or
            `rejected: rule`; or of a file or sheet as a whole `stopped: words`, `ignored: words` or `unread: words`. A place is a line; with its sheet or member, and the name
            of the file where there are several, in front: `bills.csv 2`, `Jan!2`.
        form: The `_format.toml` in the folder `energy`.
        observed: Words of observations that must be made: check, passed or failed, and subject.
        prepare: Makes in data/raw what is no file with a content.
    """

    name: str
    files: Mapping[str, Content]
    fates: str
    form: str = ""
    observed: tuple[str, ...] = ()
    prepare: Callable[[Path], None] | None = None


def stored(name: str) -> Callable[[], bytes]:
    """The content of a committed file."""
    return (FILES / name).read_bytes


def form(file: str = "", feed: str = "", quantity: str = LONG, more: str = "", glob: str = "*") -> str:
    """A `_format.toml` of one entry for energy in our own column names, with keys where told."""
    return f'format_version = 1\n[[file]]\nglob = "{glob}"\n{file}\n[[file.feed]]\ndomain = "energy"\n{feed}\n{quantity}\n{more}'


def column(name: str, unit: str = 'unit = "kWh"', more: str = "") -> str:
    """A quantity column of purchased electricity."""
    return f'[[file.feed.quantity]]\nmeasure = "electricity_purchased"\ncolumn = "{name}"\n{unit}\n{more}\n'


@cache
def edition() -> Edition:
    """An edition that counts everything of 2022 and 2023."""
    kpis = [kpi(name, measure.unit, name) for name, measure in MEASURES.items() if any(measure in DOMAINS[home].measures for home in ("energy", "water", "waste"))]
    return edition_of(Path(mkdtemp(prefix="gallery")), kpis)


@dataclass(frozen=True)
class Outcome:
    """What became of a case: fates by place, what was observed, and the tables."""

    fates: dict[str, str]
    observed: list[str]
    read: Ingested
    records: pl.DataFrame


def contents(case: Case) -> dict[str, bytes | str]:
    """The files of a case as they are written."""
    files = {name: content if isinstance(content, (str, bytes)) else content() for name, content in case.files.items()}
    return files | ({"energy/_format.toml": case.form} if case.form else {})


def outcome(case: Case, root: Path) -> Outcome:
    """Reads a case and follows each of its rows into the edition."""
    workspace = workspace_of(root, contents(case))
    if case.prepare:
        case.prepare(workspace.raw)
    read = ingest(workspace, AS_OF)
    seen = amounts_in_edition(amounts_of(read.quantities), read.sites, read.rejected, edition(), AS_OF)
    flags = flags_of(read.observations, outliers_of(read.quantities))
    fates = record_fates(read.records, read.rejected, read.sites, read.meters, seen, flags, edition())
    several = read.files.filter(pl.col("path") != "sites/sites.csv")["path"].n_unique() > 1 or "sites/sites.csv" in case.files
    here = fates if "sites/sites.csv" in case.files else fates.filter(pl.col("path") != "sites/sites.csv")
    places = {row["record_id"]: _place(row, several) for row in fates.iter_rows(named=True)}
    told = {places[row["record_id"]]: _told(row, read.quantities, places) for row in here.sort("path", "sheet", "line").iter_rows(named=True)}
    for row in read.files.filter(pl.col("problem").is_not_null()).iter_rows(named=True):
        state = "unread" if row["status"] == "read" else row["status"]
        told[_place(row | {"line": 0}, several)] = f"{state}: {row['problem']}"
    observed = [
        f"{row['check']} {'passed' if row['passed'] else 'failed'}: {row['subject']}: {row['observed']}; {row['expected']}" for row in read.observations.iter_rows(named=True)
    ]
    return Outcome(told, observed, read, fates)


def _place(row: dict[str, Any], several: bool) -> str:
    name = f"{row['path'].rpartition('/')[2]} " if several else ""
    return f"{name}{row['sheet']}{'!' if row['sheet'] else ''}{row['line'] or '*'}"


def _told(row: dict[str, Any], quantities: pl.DataFrame, places: dict[str, str]) -> str:
    flags = f" [{row['flags'].replace(';', ', ')}]" if row["flags"] else ""
    if row["fate"] == "rejected":
        return f"rejected: {row['rule']}{flags}"
    reason = row["reason"] or ""
    for record, place in sorted(places.items(), key=lambda item: -len(item[0])):
        reason = reason.replace(f"record {record}", place)
    if row["fate"] == "excluded":
        return f"excluded: {reason}{flags}"
    own = quantities.filter(pl.col("record_id") == row["record_id"])
    numbers = [f"{value.normalize():f} {unit}" for value, unit in own.select("canonical", "unit").iter_rows()]
    return " ".join(["used", " + ".join(sorted(numbers))]).strip() + (f" ({reason})" if reason else "") + flags


def as_text(fates: Mapping[str, str]) -> str:
    """Fates as a case spells them."""
    return "\n".join(f"{place}  {fate}" for place, fate in fates.items())


def as_told(text: str) -> dict[str, str]:
    """The fates that a case spells out, by place."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return {place.strip(): fate.strip() for place, _, fate in (line.partition("  ") for line in lines)}
