"""Five million spells of four years, made here, and what it costs to count them. `bench.py` measures; run by itself it says what memory it took."""

import json
import subprocess
import sys
import time
from datetime import date
from itertools import combinations
from pathlib import Path

import polars as pl
from timing import peak

from esg_kpis.domains.people import OF_SPELLS
from esg_kpis.people.counts import Counting, Cross, counts_of_spells, joint_table, roll_forward
from esg_kpis.people.spells import FACTS, in_order, overlapping

SPELLS = 5_000_000
PERSONS = 1_500_000
FIRST, DAYS = date(2020, 1, 1), 1461
PERIODS = tuple((date(year, 1, 1), date(year, 12, 31)) for year in range(2020, 2024))
WORDS = {
    "site_id": [f"S{number:02}" for number in range(50)],
    "gender": ["Male", "Female"],
    "age_group": ["Under 30", "30-50", "Above 50"],
    "level": ["Senior", "Mid-Level", "Junior"],
    "profession": ["Technical", "Non-technical"],
    "employment_type": ["full_time", "intern"],
}
REPORT: tuple[Cross, ...] = ((), ("gender",), ("age_group",), ("level",), ("profession",), ("gender", "level"))
"""The crosses that the worked 2023 edition asks for, of spells."""

_BY = ("gender", "age_group", "level", "profession")
TWELVE: tuple[Cross, ...] = ((), *((name,) for name in _BY), *combinations(_BY, 2), ("gender", "age_group", "level"))


def made() -> pl.DataFrame:
    """The spells, in no order, the same each time. One in five is followed by a gap, one in three of a person's last ones has ended."""

    def drawn(seed: int, upto: int) -> pl.Expr:
        return (pl.int_range(pl.len(), dtype=pl.Int64()).hash(seed) % upto).cast(pl.Int64)

    starts = pl.select(pl.int_range(SPELLS + SPELLS // 100, dtype=pl.Int64()).alias("row")).select(
        drawn(1, PERSONS).alias("p"), drawn(2, DAYS).alias("s")
    )
    starts = starts.unique().sort("p", "s").head(SPELLS)
    following = pl.col("s").shift(-1).over("p")
    until_next = pl.when(drawn(3, 5) == 0).then(pl.col("s") + (following - pl.col("s") - 1) // 2).otherwise(following - 1)
    ended = pl.when(drawn(4, 3) == 0).then(pl.col("s") + drawn(5, 400))
    dated = starts.with_columns(pl.when(following.is_not_null()).then(until_next).otherwise(ended).alias("e"))
    words = [
        pl.lit(pl.Series(list_)).gather(drawn(seed, len(list_)).cast(pl.UInt32)).alias(name)
        for seed, (name, list_) in enumerate(WORDS.items(), 10)
    ]
    named = dated.with_columns(
        pl.lit(0, dtype=pl.Int64()).alias("__file"), pl.int_range(pl.len(), dtype=pl.Int64()).alias("__line"), pl.col("p").hash(7).cast(pl.String).str.zfill(20).alias("person"),
        (pl.lit(FIRST) + pl.duration(days=pl.col("s"))).alias("from"), (pl.lit(FIRST) + pl.duration(days=pl.col("e"))).alias("to"),
        pl.lit("CN").alias("country"), *words,
    )  # fmt: skip
    return named.sort(pl.col("__line").hash(6)).select("__file", "__line", "person", "from", "to", *FACTS)


def counted(spells: pl.DataFrame, crosses: tuple[Cross, ...]) -> tuple[int, int]:
    """All counts of the spells and the headcount rolled forward: how many rows of each."""
    counting = Counting(PERIODS, dict.fromkeys(OF_SPELLS, frozenset(crosses)))
    ordered = in_order(spells)
    if overlapping(ordered, spells).height:
        raise AssertionError("the spells that were made overlap")
    joint = joint_table(ordered, counting)
    return counts_of_spells(joint, counting).height, roll_forward(ordered, joint).height


def grouped(spells: pl.DataFrame) -> pl.DataFrame:
    """The rival: one plain group_by of the same rows by the same columns. It knows no dates, joiners or leavers."""
    return spells.group_by(FACTS).len()


def memory(file: Path, crosses: int) -> dict[str, float]:
    """Peak memory in GB, and seconds, of a process of its own that reads the spells and counts them by so many crosses; 0 only reads."""
    told = subprocess.run([sys.executable, __file__, str(file), str(crosses)], check=True, capture_output=True, text=True).stdout
    return json.loads(told)  # type: ignore[no-any-return]


def main() -> None:
    """In a process of its own: reads, counts, and prints the peak."""
    spells = pl.read_parquet(sys.argv[1])
    crosses = TWELVE[: int(sys.argv[2])]
    start = time.perf_counter()
    rows = counted(spells, crosses)[0] if crosses else 0
    print(json.dumps({"peak": round(peak() / 1e9, 3), "seconds": round(time.perf_counter() - start, 2), "rows": rows}))


if __name__ == "__main__":
    main()
