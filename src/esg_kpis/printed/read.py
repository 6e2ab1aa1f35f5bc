"""Reading what is to be checked: a table of anybody, definitions and a checks.yaml beside it."""

from pathlib import Path

import polars as pl
import yaml
from pydantic import ValidationError

from esg_kpis.editions import Kpi
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.files import Reading, folded, read_source
from esg_kpis.files.sandbox import open_sheets
from esg_kpis.ingest.declared import problems_of
from esg_kpis.printed.entries import ChecksFile

CHECKS_FILE = "checks.yaml"
_NEEDED = ("kpi_id", "period", "value_as_printed", "unit")
_MORE = ("document", "breakdown", "category", "decimals", "table", "footnote")


def read_checks(path: Path, where: str = "") -> ChecksFile:
    """A `checks.yaml`; an edition without one has nothing to add.

    Raises:
        InputProblem: naming file, key and what would be right.
    """
    place = where or path.name
    read = _yaml(path, place)
    if not isinstance(read, dict):
        raise InputProblem("It is no list of checks by kind.", where=place, mend="Begin each kind with its name, such as `parts:`. See docs/checks.md.")
    try:
        return ChecksFile.model_validate(read)
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=place, mend="See docs/checks.md.") from error


def read_definitions(path: Path) -> dict[str, Kpi]:
    """The KPIs of a kpis.yaml that stands in no workspace.

    Raises:
        InputProblem: naming the KPI, the key and what would be right.
    """
    entries = _yaml(path, path.name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputProblem("It is no list of KPIs.", where=path.name, mend="Begin each KPI with `- id:`.")
    found: dict[str, Kpi] = {}
    for entry in entries:
        try:
            kpi = Kpi.model_validate(entry)
        except ValidationError as error:
            raise InputProblem(f"KPI '{entry.get('id', '?')}': {problems_of(error)}", where=path.name, mend="See docs/editions.md.") from error
        for name in (kpi.numerator, kpi.denominator, *(part.partition("/")[0] for part in (kpi.footing.parts if kpi.footing else ()))):
            if name is not None and name not in found and name not in {item.get("id") for item in entries}:
                raise InputProblem(f"KPI '{kpi.id}' rests on '{name}', which is not defined.", where=path.name, mend=near_misses(name, found) or "Name a KPI of this file, or define it.")
        found[kpi.id] = kpi
    return found


def read_table(path: Path) -> pl.DataFrame:
    """A table of printed cells: CSV in any usual encoding and delimiter, or a workbook, whose sheets are taken together.

    Columns: `document` (empty if it has none), `kpi_id`, `period`, `breakdown` (total), `category` (All), `value_as_printed`, `unit`, `decimals`, `table`, `footnote`; all text.

    Raises:
        InputProblem: if it cannot be read, holds no row, or lacks a column.
    """
    source = read_source(path.resolve().parent, path.resolve())
    if not source.content.strip():
        raise InputProblem("The file is empty.", where=path.name, mend=f"It needs the columns {', '.join(_NEEDED)}.")
    frames = []
    for sheet in open_sheets(source, Reading(names=frozenset(folded(name) for name in (*_NEEDED, *_MORE)))):
        if sheet.ragged:
            raise InputProblem(f"{len(sheet.ragged)} rows do not have as many cells as the header.", where=f"{path.name}, line {sheet.ragged[0][0]}", mend='Put figures with a comma in quotes: "1,234".')
        spelled = {folded(name): name for name in sheet.rows.columns}
        missing = [name for name in _NEEDED if folded(name) not in spelled]
        if missing:
            raise InputProblem(
                f"Columns are missing: {', '.join(missing)}.", where=path.name, mend=near_misses(missing[0], sheet.rows.columns) or f"It needs {', '.join(_NEEDED)}; it may have {', '.join(_MORE)}."
            )
        defaults = {"breakdown": "total", "category": "All"}
        frames.append(
            sheet.rows.select(
                (pl.col(spelled[folded(name)]).cast(pl.String).str.strip_chars() if folded(name) in spelled else pl.lit(None, pl.String)).fill_null(defaults.get(name, "")).alias(name)
                for name in (*_NEEDED, *_MORE)
            )
        )
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys((*_NEEDED, *_MORE), pl.String))
    frame = frame.with_columns(pl.when(pl.col("breakdown") == "").then(pl.lit("total")).otherwise(pl.col("breakdown")).alias("breakdown"), pl.when(pl.col("category") == "").then(pl.lit("All")).otherwise(pl.col("category")).alias("category"))
    if frame.is_empty():
        raise InputProblem("It has no row.", where=path.name, mend=f"It needs one row per printed cell, with {', '.join(_NEEDED)}.")
    blank = frame.with_row_index("line", 2).filter((pl.col("kpi_id") == "") | (pl.col("period") == ""))
    for line in blank["line"]:
        raise InputProblem("A row names no KPI or no period.", where=f"{path.name}, row {line}", mend="Fill in kpi_id and period.")
    return frame


def _yaml(path: Path, where: str) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
    except OSError as error:
        raise InputProblem("The file is missing.", where=where, mend="See docs/checks.md.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no YAML: {error}.", where=where, mend="See docs/checks.md.") from error
