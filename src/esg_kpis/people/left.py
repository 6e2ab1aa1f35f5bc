"""What is left of the people files: counts under the records of their files, control totals, and the places of rows that were wrong. None of it knows a person."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from esg_kpis.domains.people import CROSSED, DOMAIN, FORMS, KEPT
from esg_kpis.files import LINE
from esg_kpis.ingest.accounting import record_id
from esg_kpis.ingest.rules import right_zh
from esg_kpis.people.read import FILE
from esg_kpis.people.received import Read, rows_of
from esg_kpis.people.spells import BEFORE
from esg_kpis.tables import PEOPLE_CONTROLS, RECORDS, REJECTED

NOT_SHOWN = "(not shown: people data)"


def named(counts: pl.DataFrame, ids: Mapping[int, str]) -> pl.DataFrame:
    """Counts under the records of their files, with their attributes in one column."""
    parts = [pl.when(pl.col(name).is_not_null()).then(pl.lit(f"{name}=") + pl.col(name)) for name in (*KEPT, *CROSSED)]
    return counts.select(
        "measure", "first", "last", pl.col(FILE).replace_strict(ids, return_dtype=pl.String()).alias("record_id"), "site_id", "cross",
        pl.concat_str(parts, separator=";", ignore_nulls=True).alias("attributes"), "quantity",
    )  # fmt: skip


def controls_of(read: Read, spells: pl.DataFrame, refused: pl.DataFrame, repeated: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Control totals per file. Columns: as `people_controls` in the data dictionary."""
    places = pl.concat([refused.select(FILE, LINE), repeated]).unique()
    totals = {number: row for form in FORMS for number, row in _totals(read, form, places).items()}
    lasting = (pl.col("to").fill_null(as_of) - pl.col("from")).dt.total_days() + 1
    days = dict(spells.filter(pl.col("from") > BEFORE).group_by(FILE).agg(lasting.sum()).iter_rows())
    bad = dict(refused.group_by(FILE).agg(pl.col(LINE).n_unique()).iter_rows())
    rows = []
    for number, item in enumerate(read.items):
        received, wrong, own = item.sheet.rows.height + len(item.sheet.ragged), bad.get(number, 0), totals.get(number, _NOTHING)
        rows.append({
            "path": item.sheet.source.path, "sheet": item.sheet.sheet, "record_id": item.record_id, "sha256": item.sheet.source.sha256, "form": item.form.name,
            "keys": item.feed.keys, "rows": received, "refused": wrong, "repeated": received - wrong - own["counted"] - own["outside"],
            "person_days": days.get(number, 0) if item.form.name in ("spells", "snapshots", "movements") else None, "state": "read", **own,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=PEOPLE_CONTROLS.schema)


_NOTHING: dict[str, Any] = {"counted": 0, "outside": 0, "persons": 0}


def _totals(read: Read, form: str, places: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """What the rows of a form that are neither refused nor repeated add up to, per file."""
    rows = rows_of(read, form)
    kept = rows.join(places, on=[FILE, LINE], how="anti") if places.height else rows
    first, last = ("from", "to") if form == "spells" else ("date", "date")
    outside = pl.col("date") > read.last_snapshot if form == "movements" and read.last_snapshot else pl.lit(value=False)
    sums = [pl.col(name).sum() for name in ("hours", "lost_days") if name in rows.columns]
    inside = kept.filter(~outside).group_by(FILE).agg(
        pl.len().alias("counted"), pl.col("person").n_unique().alias("persons"), pl.col(first).min().alias("first_day"), pl.col(last).max().alias("last_day"), *sums
    )  # fmt: skip
    beyond = kept.filter(outside).group_by(FILE).agg(pl.len().alias("outside"))
    both = inside.join(beyond, on=FILE, how="full", coalesce=True).with_columns(pl.col("counted", "persons", "outside").fill_null(0))
    return {row.pop(FILE): row for row in both.to_dicts()}


def file_records(controls: pl.DataFrame) -> pl.DataFrame:
    """A record per people file, under line 0, that says its control totals. Columns: as `records` in the data dictionary."""
    totals = [name for name in PEOPLE_CONTROLS.names if name not in ("path", "sheet", "record_id", "sha256")]
    return controls.select(
        "record_id", pl.lit(DOMAIN.name).alias("domain"), "path", "sheet", pl.lit(0, dtype=pl.Int64()).alias("line"), "sha256",
        pl.struct(pl.col(totals).cast(pl.String)).struct.json_encode().alias("received"), pl.lit(None, dtype=pl.String()).alias("site_id"),
        pl.col("first_day").alias("start"), pl.col("last_day").alias("end"), pl.lit(None, dtype=pl.String()).alias("excluded"),
    )  # fmt: skip


def records_of(read: Read, controls: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """A record per file, and one per rejected row, without what it said."""
    rows = []
    for line in refused.unique([FILE, LINE], keep="first", maintain_order=True).iter_rows(named=True):
        source, sheet = read.items[line[FILE]].sheet.source, read.items[line[FILE]].sheet.sheet
        rows.append({
            "record_id": record_id(source.sha256, sheet, line[LINE]), "domain": DOMAIN.name, "path": source.path, "sheet": sheet, "line": line[LINE],
            "sha256": source.sha256, "received": f'{{"": "{NOT_SHOWN}"}}', "site_id": None, "start": None, "end": None, "excluded": None,
        })  # fmt: skip
    return pl.concat([file_records(controls), pl.DataFrame(rows, schema=RECORDS.schema)])


def rejected_of(read: Read, refused: pl.DataFrame) -> pl.DataFrame:
    """Rejections by place. The row's neighbours in time are held back too: without it, they look like joiners or leavers."""
    rows = []
    for line in refused.iter_rows(named=True):
        item = read.items[line[FILE]]
        source, sheet = item.sheet.source, item.sheet.sheet
        place = f"{source.path}{', sheet ' + sheet if sheet else ''}, line {line[LINE]}"
        column = f", column '{line['column']}'" if line["column"] else ""
        rows.append({
            "record_id": record_id(source.sha256, sheet, line[LINE]), "rule": line["rule"], "column": line["column"], "read": NOT_SHOWN, "expected": line["expected"],
            "expected_zh": right_zh(line["rule"], ""),
            "message": f"{place}{column}: {line['rule'].replace('_', ' ')}; expected {line['expected'].removesuffix('.')}.", "path": source.path, "sheet": sheet,
            "line": line[LINE], "measures": ";".join(item.form.measures), "site_id": line["site_id"], "start": line["start"], "end": line["end"],
        })  # fmt: skip
    frame = pl.DataFrame(rows, schema=REJECTED.schema).with_columns(pl.col("start").dt.offset_by("-1d"), pl.col("end").dt.offset_by("1d"))
    return pl.concat([frame, pl.DataFrame(read.stopped, schema=REJECTED.schema)]).unique(
        list(REJECTED.key), keep="first", maintain_order=True
    )
