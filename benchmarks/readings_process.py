"""Rolls up months of a table in a process of its own, and prints what it took: seconds of the clock and of the processor, and peak memory in MB, as JSON. `python readings_process.py FOLDER METERS ENGINE PARTS`."""

import pipelines  # noqa: F401  Before polars: it says how memory is kept, as in every run.

# isort: split
import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb
from readings_data import AS_OF, KNOWN_ON, Made, register, source_of
from readings_duckdb import connected, rolled_by_hand
from timing import peak

from esg_kpis.readings.monthly import computed
from esg_kpis.readings.settings import EngineSettings, engine
from esg_kpis.readings.tables import Source, task_of

BY_HAND = ("bits", "VIEW")


def main(folder: str, meters: str, name: str, parts: str) -> None:
    """The first so many files of each month."""
    place = Path(folder)
    made = Made(int(meters), dirty=0.015)
    every = source_of(place, made)
    source = Source(place, every.table, [file for file in every.files if int(file.path.stem.removeprefix("part-")) < int(parts)])
    before, start, used, rows = peak(), time.perf_counter(), time.process_time(), 0
    tasks = [task_of(source, month, register(made), KNOWN_ON, AS_OF) for month in source.by_month]
    if name == "by hand":
        with duckdb.connect(config={"preserve_insertion_order": False}) as database:
            for task in tasks:
                connected(database, task)
                rows += rolled_by_hand(database, task, BY_HAND, place.as_posix())["meters"]["rows"].sum()
    else:
        with engine(EngineSettings(name=name), place.parent / "work") as running:
            for task in tasks:
                rows += computed(running, task, place)["meters"]["rows"].sum()
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start, "processor": time.process_time() - used, "before": before / 1e6, "peak": peak() / 1e6}))


def told(place: Path, meters: int, name: str, parts: int) -> dict[str, float]:
    """What such a process says."""
    said = subprocess.run([sys.executable, __file__, str(place), str(meters), name, str(parts)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(said.stdout)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
