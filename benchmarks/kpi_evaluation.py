"""The KPIs of the editions 2020 and 2023 of the worked data, once their amounts exist, against one plain group_by of the same amounts. `python benchmarks/kpi_evaluation.py` prints where the time goes."""

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from esg_kpis.disclosure import suppressed
from esg_kpis.editions import Edition
from esg_kpis.factors import Library, with_instruments
from esg_kpis.kpis import CUBE, evaluate, inputs_of, with_targets
from esg_kpis.kpis.cube import counting
from pipelines.asked import Request
from pipelines.latest import read_result
from pipelines.run import execute, fewer_collections

ROOT = Path(__file__).parent.parent
EDITIONS = ("2020", "2023")
PROMISED = 0.5
Tables = Mapping[str, pl.DataFrame]


def tables(place: Path) -> Tables:
    """What a run of the worked data leaves for the step that evaluates."""
    out = place / "kpis"
    execute(Request(ROOT, out, EDITIONS, report=False), lambda _step, _ended: None)
    return {name: read_result(out, name) for name in ("edition_amounts", "sites", "instruments", "published", "kpi_values")}


def known() -> tuple[list[Edition], Library]:
    """The editions and the factors, read."""
    request = Request(ROOT, ROOT / "data" / "out", EDITIONS)
    return request.read_editions, request.library


def evaluated(editions: list[Edition], library: Library, given: Tables, told: dict[str, float] | None = None) -> pl.DataFrame:
    """What the step `kpi_values` does, edition by edition; `told` fills with the seconds of each part."""
    frames, at = [], time.perf_counter()

    def lap(name: str) -> None:
        nonlocal at
        if told is not None:
            told[name] = told.get(name, 0.0) + time.perf_counter() - at
        at = time.perf_counter()

    for edition in editions:
        own = given["edition_amounts"].filter(pl.col("edition") == edition.id)
        inputs = inputs_of(own, given["sites"], with_instruments(library, given["instruments"]), edition, edition.rules.knowledge_date)
        lap("adding up by what a KPI may ask for")
        values = evaluate(inputs, given["published"].filter(pl.col("edition") == edition.id))
        lap("every cell")
        shown = suppressed(values, inputs)
        lap("small groups")
        frames.append(with_targets(shown, edition, given["published"]))
        lap("targets")
    return pl.concat(frames)


def added(given: Tables) -> pl.DataFrame:
    """The rival: the amounts that count, added up once by the same columns; no size is guarded, nothing is said of what is missing, and there is no KPI yet."""
    frame = counting(given["edition_amounts"], given["sites"])
    return frame.group_by("edition", *CUBE).agg(pl.col("quantity").sum())


def main() -> None:
    """Prints the parts, the best of nine."""
    with TemporaryDirectory() as place:
        given = tables(Path(place))
    editions, library = known()
    assert evaluated(editions, library, given).sort("edition", "kpi_id", "period", "breakdown", "category").equals(given["kpi_values"])
    laps: list[dict[str, float]] = [{} for _ in range(9)]
    with fewer_collections():
        for told in laps:
            evaluated(editions, library, given, told)
    for name in laps[0]:
        print(f"{name}: {min(told[name] for told in laps):.3f} s")
    print(f"all: {min(sum(told.values()) for told in laps):.3f} s; {PROMISED} s is promised")


if __name__ == "__main__":
    main()
