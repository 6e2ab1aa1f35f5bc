"""Which rows changed from one run to the next: by what they say, so that a row that only moved to another line is the same row."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.restatement.runs import Run

_MOST_PAIRS = 250_000
"""How many pairs of rows of one file are compared cell by cell; beyond that, rows are paired by site and days only."""
_OF_PEOPLE = frozenset(name for name, domain in DOMAINS.items() if domain.counted)
_WITH_PSEUDONYMS = frozenset(name for name, domain in DOMAINS.items() if any(field.pseudonym for field in domain.fields))
Row = dict[str, Any]


@dataclass(frozen=True)
class RecordChange:
    """One row that is not as it was.

    Attributes:
        what: added, removed, changed, or understood_otherwise: the row is the same, and what was made of it is not.
        path: File.
        sheet: Sheet.
        lines: Line before and after; None where there is none.
        records: Record ids before and after.
        cells: For each column that changed, the text before and after. Of a file about people its control totals; of rows that hold pseudonyms only the names of the columns.
    """

    what: str
    path: str
    sheet: str
    lines: tuple[int | None, int | None]
    records: tuple[str | None, str | None]
    cells: dict[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Records:
    """What became of the rows of two runs: those that changed, and how many are the same, in place or on another line."""

    changes: tuple[RecordChange, ...]
    same: int
    moved: int

    @property
    def pairs(self) -> dict[str, int]:
        """The place in `changes` of each record, of either run."""
        return {name: number for number, change in enumerate(self.changes) for name in change.records if name is not None}


def records_changed(first: Run, second: Run) -> Records:
    """The rows that differ between two runs.

    Rows of people files are no records: such a file is one record with its control totals, and one per refused row, which is left out here: what it says is known to nobody.
    """
    before, after = (_rows(run) for run in (first, second))
    same = _same(before, after)
    left = [frame.filter(~pl.col("record_id").is_in(same[name].implode())) for frame, name in ((before, "record_id"), (after, "record_id_after"))]
    changes = list(_understood_otherwise(first, second, same)) + list(_pairs(*left))
    changes.sort(key=lambda change: (change.path, change.sheet, change.lines[1] or change.lines[0] or 0, change.what))
    moved = same.filter((pl.col("line") != pl.col("line_after")) | (pl.col("path") != pl.col("path_after"))).height
    return Records(tuple(changes), same.height, moved)


def _rows(run: Run) -> pl.DataFrame:
    people = pl.col("domain").is_in(list(_OF_PEOPLE))
    return run.records.filter(~people | (pl.col("line") == 0)).select("record_id", "domain", "path", "sheet", "line", "received", "site_id", "start", "end").sort("path", "sheet", "line", "record_id")


def _same(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Rows of both runs that say the same: columns `record_id`, `path`, `line`, and the same with `_after`."""
    renamed = {name: f"{name}_after" for name in ("record_id", "path", "line")}
    small = [frame.select("record_id", "path", "sheet", "line", "received") for frame in (before, after)]
    by_id = small[0].join(small[1].select("record_id", pl.col("record_id").alias("record_id_after"), pl.col("path").alias("path_after"), pl.col("line").alias("line_after")), on="record_id")
    rest = [small[0].join(by_id, on="record_id", how="anti"), small[1].join(by_id.select("record_id_after"), left_on="record_id", right_on="record_id_after", how="anti")]
    key = ["path", "sheet", "received"]
    numbered = [frame.with_columns(pl.int_range(pl.len()).over(key).alias("copy")) for frame in rest]
    other = numbered[1].rename({"record_id": "record_id_after", "line": "line_after"}).with_columns(pl.col("path").alias("path_after"))
    found = numbered[0].join(other, on=[*key, "copy"])
    names = ["record_id", "path", "line", *renamed.values()]
    return pl.concat([by_id.select(names), found.select(names)])


def _understood_otherwise(first: Run, second: Run, same: pl.DataFrame) -> Iterable[RecordChange]:
    """Rows that say the same, of which something else was made: another quantity, other days, or a refusal."""
    before, after = (_made(run) for run in (first, second))
    places = same.join(second.records.select("record_id", "sheet"), left_on="record_id_after", right_on="record_id")
    joined = places.join(before, on="record_id", how="left").join(after.rename({"record_id": "record_id_after", "made": "made_after"}), on="record_id_after", how="left")
    for row in joined.filter(pl.col("made").ne_missing(pl.col("made_after"))).sort("path_after", "sheet", "line_after").iter_rows(named=True):
        yield RecordChange("understood_otherwise", row["path_after"], row["sheet"], (row["line"], row["line_after"]), (row["record_id"], row["record_id_after"]), {"understood": (row["made"], row["made_after"])})


def _made(run: Run) -> pl.DataFrame:
    said = ("measure", "site_id", "start", "end", "canonical", "unit", "dimensions", "estimated", "excluded")
    quantities = run.quantities.select("record_id", pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in said], separator=" ").str.replace_all(" +", " ").alias("made"))
    refused = run.rejected.filter(pl.col("line") > 0).select("record_id", pl.concat_str(pl.lit("refused: "), "rule").alias("made"))
    both = pl.concat([quantities, refused])
    return both.group_by("record_id").agg(pl.col("made").sort().str.join("; "))


def _pairs(before: pl.DataFrame, after: pl.DataFrame) -> Iterable[RecordChange]:
    """Of the rows that are left, those that are one row before and after, and those that are only in one run."""
    places = pl.concat([before.select("path", "sheet"), after.select("path", "sheet")]).unique().sort("path", "sheet").rows()
    for path, sheet in places:
        here = (pl.col("path") == path) & (pl.col("sheet") == sheet)
        old, new = before.filter(here).to_dicts(), after.filter(here).to_dicts()
        for one, other in _paired(old, new):
            what = "added" if one is None else "removed" if other is None else "changed"
            lines, ids = ((one[name] if one else None, other[name] if other else None) for name in ("line", "record_id"))
            yield RecordChange(what, path, sheet, lines, ids, _cells(one, other))


def _paired(old: Sequence[Row], new: Sequence[Row]) -> list[tuple[Row | None, Row | None]]:
    """Rows of one file before and after: those that have most cells in common, at least half. Where the rows are very many, those that are alone about their site and days."""
    pairs = _by_cells(old, new) if len(old) * len(new) <= _MOST_PAIRS else _by_key(old, new)
    done = [{row["record_id"] for row in side} for side in zip(*pairs, strict=True)] if pairs else [set(), set()]
    gone, fresh = ([row for row in rows if row["record_id"] not in taken] for rows, taken in zip((old, new), done, strict=True))
    return [*pairs, *((row, None) for row in gone), *((None, row) for row in fresh)]


def _by_cells(old: Sequence[Row], new: Sequence[Row]) -> list[tuple[Row, Row]]:
    cells = [[json.loads(row["received"]) for row in rows] for rows in (old, new)]
    scored = [
        (-score, abs(one["line"] - other["line"]), at, place)
        for at, one in enumerate(old) for place, other in enumerate(new)
        if 2 * (score := _alike(cells[0][at], cells[1][place])) >= max(len(cells[0][at]), len(cells[1][place]), 1)
    ]  # fmt: skip
    pairs: list[tuple[Row, Row]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for _, _, at, place in sorted(scored):
        if at not in used[0] and place not in used[1]:
            pairs.append((old[at], new[place]))
            used[0].add(at)
            used[1].add(place)
    return pairs


def _by_key(old: Sequence[Row], new: Sequence[Row]) -> list[tuple[Row, Row]]:
    alone = []
    for rows in (old, new):
        keys = [(row["site_id"], row["start"], row["end"]) for row in rows]
        counts = Counter(keys)
        alone.append({key: row for key, row in zip(keys, rows, strict=True) if counts[key] == 1 and key != (None, None, None)})
    return [(row, alone[1][key]) for key, row in alone[0].items() if key in alone[1]]


def _alike(one: dict[str, Any], other: dict[str, Any]) -> int:
    return sum(1 for name, text in one.items() if other.get(name) == text)


def _cells(one: Row | None, other: Row | None) -> dict[str, tuple[str | None, str | None]]:
    before, after = (json.loads(row["received"]) if row else {} for row in (one, other))
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    hidden = any(name in _WITH_PSEUDONYMS for row in (one, other) if row for name in row["domain"].split(";"))
    return {name: (None, None) if hidden else (before.get(name), after.get(name)) for name in names}
