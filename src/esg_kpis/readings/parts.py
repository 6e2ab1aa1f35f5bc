"""A month of many rows in parts that each have some of its meters, so that memory does not grow with the month. What is told of a meter rests on its own rows alone: parts are computed one after the other, and laid together."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from esg_kpis.readings.found import File
from esg_kpis.readings.judged import Task
from esg_kpis.readings.latest import EACH
from esg_kpis.readings.rules import CODE


def by_files(task: Task, at_once: int | None) -> list[Task]:
    """Files of which no meter is in a file of another part, as their statistics tell, with about so many rows at once; the whole month where it has no more than that, or nobody can tell."""
    files = [file for file in task.files if file.content.rows]
    ranges = [file.content.ranges["meter_id"] for file in files]
    known = [found for found in ranges if found is not None]
    if at_once is None or _rows(files) <= at_once or len(known) < len(files) or len({type(found.least) for found in known}) > 1:
        return [task]
    # Meters that overlap stay together: a chain of files ends where the next begins beyond all that came before.
    chains: list[list[File]] = []
    furthest = None
    for found, file in sorted(zip(known, files, strict=True), key=lambda pair: (pair[0].least, pair[0].most)):
        if furthest is None or found.least > furthest:
            chains.append([])
        chains[-1].append(file)
        furthest = found.most if furthest is None else max(furthest, found.most)
    parts: list[list[File]] = []
    for chain in chains:
        if parts and _rows(parts[-1]) + _rows(chain) <= at_once:
            parts[-1] += chain
        else:
            parts.append(chain)
    return [replace(task, files=[file for file in task.files if file in part]) for part in parts]


def by_meters(task: Task, at_once: int | None) -> list[Task]:
    """The month by stretches of the alphabet of meters, with about so many rows at once if all meters of the register have as many. Each part reads the files anew, so this is for months that no statistics part."""
    names = _names(task)
    pieces = 1 if at_once is None else min(-(-_rows(task.files) // at_once), names.len())
    if pieces < 2:
        return [task]
    cuts = [None, *(names[names.len() * number // pieces] for number in range(1, pieces)), None]
    return [replace(task, among=(cuts[number], cuts[number + 1])) for number in range(pieces)]


def _names(task: Task) -> pl.Series:
    """The meters of the register that may be in the files, in the order of their bytes."""
    names, found = task.registered["meter_id"].unique().sort(), task.ranges["meter_id"]
    return names.filter((names >= found.least) & (names <= found.most)) if found is not None and isinstance(found.least, str) else names


def _rows(files: Sequence[File]) -> int:
    return sum(file.content.rows for file in files)


def laid_together(parts: Sequence[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    """Rows of all parts in order, each of a meter of its own; sums of rows that name no meter (and the largest), since they may be in each."""
    if len(parts) == 1:
        return parts[0]
    every, nameless = pl.concat(parts), pl.col("meter_id") == ""
    return pl.concat([every.filter(~nameless), every.filter(nameless).group_by(by).agg(pl.all().exclude("largest").sum(), pl.col("^largest$").max()).select(every.columns)]).sort(by)


def first_suspects(parts: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """The first suspects of all parts, of each kind as many as one part tells."""
    if len(parts) == 1:
        return parts[0]
    every, conflict = pl.concat(parts).sort(*keys, "place", "code"), pl.col("code") == CODE["conflict"]
    return pl.concat([every.filter(conflict).head(EACH), every.filter(~conflict).head(EACH)])
