"""The people files of a workspace as typed rows by form: what fits no form or could tell who somebody is, is stopped."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.domains.definition import Form
from esg_kpis.domains.people import DOMAIN, FORMS
from esg_kpis.errors import InputProblem
from esg_kpis.exact import QUANTITY
from esg_kpis.files import LINE, read_source
from esg_kpis.ingest.declared import format_for, read_format
from esg_kpis.ingest.formats import Format
from esg_kpis.ingest.take import file_row, holds_no_data, raw_files, stopped_row
from esg_kpis.people.read import FILE, REFUSAL, PeopleFile, form_of, sheet_of, typed_rows
from esg_kpis.workspace import Workspace


@dataclass
class Read:
    """What has been read so far: files, their rows by form, and what was refused."""

    files: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)
    items: list[PeopleFile] = field(default_factory=list)
    rows: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: {name: [] for name in FORMS})
    refused: list[pl.DataFrame] = field(default_factory=list)
    last_snapshot: date | None = None
    ahead: dict[int, int] = field(default_factory=dict)


def read_files(workspace: Workspace, secret_file: Path | None) -> Read:
    """Every file under data/raw/people, as far as it can be read.

    Args:
        workspace: The workspace.
        secret_file: File of the secret key for staff numbers, where a format declares them.
    """
    read = Read()
    seen: dict[str, str] = {}
    formats: dict[Path, Format | None] = {}
    for path, _ in raw_files(workspace.raw, DOMAIN.name):
        relative = path.relative_to(workspace.raw).as_posix()
        row = file_row(relative)
        read.files.append(row)
        known: Form | None = None
        try:
            if path.parent not in formats:
                formats[path.parent] = read_format(path.parent, workspace.raw)
            declared = formats[path.parent]
            entry = format_for(path.name, DOMAIN.name, declared)
            source = read_source(workspace.raw, path)
            row |= {"sha256": source.sha256, "bytes": len(source.content)}
            if entry is None:
                raise InputProblem(
                    "No entry of _format.toml fits this file.", where=relative, mend="Add a [[file]] whose glob fits, or take it away."
                )
            if source.sha256 in seen:
                row |= {"status": "ignored", "problem": f"The same bytes as {seen[source.sha256]}; its rows count once."}
                continue
            sheet = sheet_of(source, entry)
            feed, form = form_of(sheet, entry)
            known = form
            item = PeopleFile(sheet, entry, feed, form)
            stands_for_none = form.name == "injuries" and entry.complete_until
            if not sheet.rows.height and not sheet.ragged and not stands_for_none:
                raise InputProblem("There are no rows below the header.", where=relative, mend="Ask for the rows, or take the file away. Where nobody was injured, say so: complete_until in _format.toml.")
            rows, refused = typed_rows(item, len(read.items), declared.vocabulary if declared else {}, secret_file, workspace.root)
            ragged = [
                {
                    FILE: len(read.items),
                    LINE: line,
                    "rule": "ragged_row",
                    "column": "",
                    "expected": f"{len(sheet.columns)} cells, as in the header",
                }
                for line, _ in sheet.ragged
            ]
            read.refused += [refused, pl.DataFrame(ragged, schema=REFUSAL)]
            read.rows[form.name].append(rows)
            read.items.append(item)
            seen[source.sha256] = relative
            row |= {"sheet": sheet.sheet, "encoding": sheet.encoding, "delimiter": sheet.delimiter, "header_line": sheet.header_line, "records": sheet.rows.height + len(sheet.ragged)}
            others = [name for name in sheet.unread if not holds_no_data(name, entry)]
            row["problem"] = f"Other sheets of the workbook, which were not read: {len(others)}." if others else None
        except InputProblem as problem:
            row |= {"status": "stopped", "problem": str(problem), "records": 0}
            read.stopped.append(stopped_row(row, [DOMAIN.name], problem) | ({"measures": ";".join(known.measures)} if known else {}))
    return read


def rows_of(read: Read, form: str) -> pl.DataFrame:
    """The rows of a form that are right in themselves."""
    kinds = {"date": pl.Date(), "number": QUANTITY}
    schema = {FILE: pl.Int64(), LINE: pl.Int64(), **{column.name: kinds.get(column.kind, pl.String()) for column in FORMS[form].columns}}
    rows = pl.concat([pl.DataFrame(schema=schema), *(frame.select(list(schema)).cast(schema) for frame in read.rows[form])])  # type: ignore[arg-type]
    bad = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).select(FILE, LINE).unique()
    return rows.join(bad, on=[FILE, LINE], how="anti") if bad.height else rows
