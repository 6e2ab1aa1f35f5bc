"""Explanations of anomalies, and whether the KPIs that anomalies name are there: what stands beside edition.toml."""

import csv
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from esg_kpis.domains import people, working_hours
from esg_kpis.editions.anomalies import Anomaly, Explanation
from esg_kpis.editions.model import Kpi
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.files import decode, read_source
from esg_kpis.ingest.declared import problems_of
from esg_kpis.tables import ANOMALIES

FILE = "explanations.csv"
COLUMNS = ("anomaly_id", "observed", "explanation", "explained_by", "explained_on")
_OF_PEOPLE = frozenset(measure.name for domain in (people.DOMAIN, working_hours.DOMAIN) for measure in domain.measures)
"""Counts of people, and hours, which give them back."""
_PLACE = ("explanation", "explained_by", "explained_on")
_RISKY = "=+-@\t\r＝＋－＠"


def read_explanations(folder: Path, where: str) -> dict[str, Explanation]:
    """The explanations of an edition by the id of their anomaly; none where there is no file.

    Rows may have been copied from anomalies.csv with all of its columns. A row whose place for the explanation is empty explains nothing and is passed over.

    Raises:
        InputProblem: if the file is no table with these columns, or a row is incomplete, no number, no date, or explains what another row explains.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    mend = f"It has the columns {', '.join(COLUMNS)}; `esg-kpis anomalies explain` writes it."
    text, _ = decode(read_source(folder, path))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputProblem(f"The CSV cannot be read: {error}.", where=f"{where}, line {reader.line_num}", mend="Check its commas and quotes.") from error
    if not rows:
        raise InputProblem("The file is empty.", where=where, mend=f"Delete it. {mend}")
    header = [cell.strip() for cell in rows[0][1]]
    if twice := [name for name in header if header.count(name) > 1]:
        raise InputProblem(f"The column '{twice[0]}' stands twice.", where=where, mend=mend)
    if missing := [name for name in COLUMNS if name not in header]:
        raise InputProblem(f"Columns are missing: {', '.join(missing)}.", where=where, mend=mend)
    if more := [name for name in header if name not in ANOMALIES.names]:
        raise InputProblem(f"There is no column '{more[0]}'.", where=where, mend=near_misses(more[0], ANOMALIES.names) or mend)
    found: dict[str, Explanation] = {}
    for line, cells in rows[1:]:
        place = f"{where}, line {line}"
        if len(cells) != len(header):
            raise InputProblem(f"{len(cells)} cells stand under {len(header)} columns.", where=place, mend="Put text with commas between quotes.")
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name in COLUMNS}
        if not any(row[name] for name in _PLACE):
            continue
        item = _explanation(row, place)
        if item.anomaly_id in found:
            raise InputProblem(f"The anomaly {item.anomaly_id} is explained twice.", where=place, mend="Keep one row.")
        found[item.anomaly_id] = item
    return found


def _explanation(row: Mapping[str, str], place: str) -> Explanation:
    if empty := [name for name in COLUMNS if not row[name]]:
        raise InputProblem(f"The cell of '{empty[0]}' is empty.", where=place, mend="Say why, who says so, and since when; or leave all three empty.")
    try:
        date.fromisoformat(row["explained_on"])
    except ValueError:
        raise InputProblem(f"'{row['explained_on']}' is no date.", where=place, mend="Write it as 2024-04-09.") from None
    try:
        return Explanation.model_validate({name: cell if name == "observed" else as_meant(cell) for name, cell in row.items()})
    except ValidationError as error:
        raise InputProblem(f"{problems_of(error)}.", where=place, mend="Copy anomaly_id and observed from anomalies.csv; numbers have no thousands separator.") from error


def as_meant(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from taking its text for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in tuple(_RISKY) else cell


# ---------------------------------------------------------------- what anomalies name


def check_anomalies(anomalies: tuple[Anomaly, ...], kpis: Mapping[str, Kpi], where: str) -> None:
    """KPIs that anomalies name must be there, and be sums where they are looked at site by site: a misspelt one would be looked at by nobody.

    Raises:
        InputProblem: if not.
    """
    for item in anomalies:
        named = [name for name in (*item.kpis, item.numerator, item.denominator) if name]
        for name in named:
            if name not in kpis:
                raise InputProblem(f"The anomaly '{item.id}' names the KPI '{name}', which is not defined.", where=where, mend=near_misses(name, kpis) or "See kpis.yaml.")
        if item.kind == "year_on_year" and item.by not in ("total", "site"):
            looked = [kpis[name] for name in named] or list(kpis.values())
            having = [kpi for kpi in looked if item.by in [spread.name for spread in kpi.breakdowns]]
            if not having or (named and len(having) < len(looked)):
                what = next((kpi.id for kpi in looked if kpi not in having), "a KPI") if named else "no KPI"
                raise InputProblem(f"The anomaly '{item.id}' looks by '{item.by}': {what} has {'such a' if not named else 'no such'} breakdown.", where=where, mend="Write total, site, or a breakdown of kpis.yaml.")
        elif item.kind in ("per_head", "per_floor_area") or item.by != "total":
            for name in named:
                if not by_sites(kpis[name]):
                    raise InputProblem(
                        f"The anomaly '{item.id}' looks at '{name}' site by site, and it is no sum, or one of people or their hours.", where=where, mend='Name sums of flows, or write by = "total".'
                    )


def by_sites(kpi: Kpi) -> bool:
    """Whether a KPI may be looked at site by site: a sum, and not of people, whose counts by site are in no report."""
    return kpi.formula == "sum" and not kpi.mean_over and not _OF_PEOPLE.intersection(name for amounts in kpi.amounts for name in amounts.measure)
