"""How time and memory go with the rows: 50, 100, 200 and 400 million readings, of more and more meters, so that the months grow too. Made once, month by month, in files of 1,400 meters; a size is so many files of each."""

import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path

import altair as alt
import polars as pl
from readings_data import Made, write
from readings_process import told
from timing import Line

METERS, SIZES = 1_400, (1, 2, 4, 8)
NAMES = {"polars": "ours, on Polars", "duckdb": "ours, on DuckDB", "by hand": "SQL by hand, DuckDB"}
PICTURE = Path(__file__).parent.parent / "docs" / "images" / "readings-scaling.svg"


def lines(place: Path, runs: int = 1) -> Iterator[Line]:
    """Seconds and peak memory of each size, and the picture."""
    table = place / "large" / "grid"
    write(table, Made(METERS * SIZES[-1], dirty=0.015))
    measured = []
    for parts in SIZES:
        found: Mapping[str, list[dict[str, float]]] = {name: [] for name in NAMES}
        for _ in range(runs):
            for name, results in found.items():
                results.append(told(table, METERS * parts, name, parts))
        for name, results in found.items():
            rows = results[0]["rows"]
            took, used, most = (statistics.median(item[what] for item in results) for what in ("seconds", "processor", "peak"))
            measured.append({"who": NAMES[name], "rows": rows / 1e6, "seconds": used, "memory": most})
            note = f"processor {used:.1f} s, {used / rows * 1e6:.3f} s a million rows; peak memory {most:.0f} MB"
            yield Line(f"{rows:,.0f} readings of {METERS * parts:,} meters, {NAMES[name]}", "", [took], (), note)
    draw(pl.DataFrame(measured))


def draw(measured: pl.DataFrame) -> None:
    """Time and memory by rows, as a picture for docs/performance.md. A font of the reader's machine: nothing is asked of the network."""
    base = alt.Chart(measured).encode(
        x=alt.X("rows:Q", title="million readings (12 months)", axis=alt.Axis(values=[50, 100, 200, 400], grid=False)),
        color=alt.Color("who:N", title=None, sort=list(NAMES.values()), scale=alt.Scale(range=["#0b6e4f", "#c46a00", "#555555"]), legend=alt.Legend(orient="bottom")),
        shape=alt.Shape("who:N", title=None, sort=list(NAMES.values()), legend=alt.Legend(orient="bottom")),
    ).properties(width=300, height=220)  # fmt: skip
    pair = [base.mark_line(point={"size": 60}).encode(y=alt.Y(f"{name}:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(gridColor="#e5e5e5"))) for name, title in (("seconds", "seconds of processor time"), ("memory", "peak memory of the process, MB"))]
    limit = alt.Chart(pl.DataFrame({"limit": [1000]})).mark_rule(strokeDash=[4, 4], color="#999999").encode(y="limit:Q")
    chart = alt.hconcat(pair[0], alt.layer(pair[1], limit)).configure(font="sans-serif", background="white").configure_view(stroke=None)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    chart.save(str(PICTURE), format="svg")
