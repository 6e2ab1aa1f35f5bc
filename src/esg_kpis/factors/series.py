"""Series of factors across sources: what a publisher leaves out between two years or of one region, what it revised, and values that are too far from each other.

A series is what one publisher says of one measure, output, gas, region and method. The editions of a standard are one publisher, whatever the office that issued
them is called: GB/T 2589-2008 and GB/T 2589-2020.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.exact import plain, printed
from esg_kpis.factors.library import Factor, Library
from esg_kpis.factors.regions import LAST
from esg_kpis.ranges import merged

SERIES = ["publisher", "measure", "output", "gas_in", "gas", "region", "method"]
FAMILY = [name for name in SERIES if name != "region"]
"""The same for all regions."""

FAR = 3
"""Values of one thing and year that differ by more than this factor are told."""

_STANDARD = re.compile(r"^([A-Z][A-Z/]* [\d.-]+?)[-:](?:19|20)\d\d$")
_RANGE = re.compile(r"_(upper|lower)$|^(upper|lower)_end_of_range$")
_DAY = pl.duration(days=1)
_LASTING = 730
"""Days: what held for longer is no value of a year, and a value that begins where it ends takes its place."""
_MOST = 6
"""Changes that a finding names."""


@dataclass(frozen=True)
class LibraryFinding:
    """One thing found in a library. `kind` is one of `check.KINDS`."""

    kind: str
    severity: str
    subject: str
    factor_ids: tuple[str, ...]
    message: str
    what_to_do: str


def series_of(library: Library) -> pl.DataFrame:
    """The factors of a library as series are made of them.

    Columns: `factor` (place in `library.factors`), `source`, `SERIES`, `start` and `end` (the data period; the last of all days where it is open), `published`,
    `value` (the multiplier as text), `evidence` (kept only as evidence), `gwp`. The method of a GWP is its set.
    """
    factors = library.factors
    publishers = {name: publisher_of(row) for name, row in library.sources.items()}
    columns: dict[str, list[object]] = {name: [getattr(factor, name) for factor in factors] for name in ("measure", "output", "gas_in", "gas", "region", "published")}
    columns |= {
        "factor": list(range(len(factors))),
        "source": [factor.source_id for factor in factors],
        "publisher": [publishers[factor.source_id] for factor in factors],
        "method": [factor.named_method for factor in factors],
        "start": [factor.data_from for factor in factors],
        "end": [factor.data_to or LAST for factor in factors],
        "value": [str(factor.multiplier) for factor in factors],
        "evidence": [factor.status == "evidence_only" for factor in factors],
        "gwp": [factor.measure == derived.EMISSION_GAS for factor in factors],
    }
    kinds: dict[str, pl.DataType] = dict.fromkeys(columns, pl.String()) | dict.fromkeys(("start", "end", "published"), pl.Date())
    return pl.DataFrame(columns, schema={**kinds, "factor": pl.UInt32(), "evidence": pl.Boolean(), "gwp": pl.Boolean()})


def publisher_of(source: dict[str, str]) -> str:
    """Who publishes a source: of a standard its number without the year, of all else its publisher."""
    standard = _STANDARD.match(source["document"])
    return standard[1] if standard else source["publisher"]


def clusters(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """`frame` in the order of `by` and its periods, with `cluster`: a number for those of a group that hang together by shared days."""
    ordered = frame.sort(*by, "start", "end", *(name for name in ("factor",) if name in frame.columns))
    reached = pl.col("end").cum_max().shift(1).over(by)
    return ordered.with_columns((reached.is_null() | (pl.col("start") > reached)).cum_sum().alias("cluster"))


def told(factor: Factor, *, region: bool = True) -> str:
    """What a factor is about, in words."""
    gas = f" {factor.gas}" if factor.gas else ""
    of = f" of {factor.gas_in}" if factor.gas_in else ""
    method = f" ({factor.named_method})" if factor.named_method else ""
    return f"{factor.output}{gas} from {factor.measure}{of}{f' in {factor.region}' if region else ''}{method}"


# ---------------------------------------------------------------- gaps


def gaps(library: Library, frame: pl.DataFrame) -> list[LibraryFinding]:
    """One finding per series that leaves out days between two periods, or ends before what its publisher says of other regions."""
    described = frame.filter(~pl.col("evidence") & ~pl.col("gwp"))
    spans = merged(described, SERIES)
    before = pl.col("end").shift(1).over(SERIES)
    holes = spans.with_columns((before + _DAY).alias("start"), (pl.col("start") - _DAY).alias("end")).filter(before.is_not_null())
    ends = described.sort("end", "published", "factor").group_by(SERIES, maintain_order=True).agg(pl.col("end").last().alias("known"), pl.col("factor").last())
    later = ends.join(merged(described, FAMILY), on=FAMILY).filter(pl.col("end") > pl.col("known"))
    newer = later.with_columns(pl.max_horizontal("start", pl.col("known") + _DAY).alias("start"))
    missing = pl.concat([
        holes.join(ends, on=SERIES).select(*SERIES, "factor", "start", "end", pl.lit(value=False).alias("elsewhere")),
        newer.select(*SERIES, "factor", "start", "end", pl.lit(value=True).alias("elsewhere")),
    ])  # fmt: skip
    known_until: dict[tuple[str, ...], list[date]] = {}
    for *named, until in ends.sort("known").select(*FAMILY, "known").iter_rows():
        known_until.setdefault(tuple(named), []).append(until)
    newest = {line[:-1]: line[-1] for line in described.sort("end", "published", "source").select(*FAMILY, "source").iter_rows()}
    rows: dict[int, list[str]] = {}
    for row in missing.sort(*SERIES, "start").iter_rows(named=True):
        family = tuple(row[name] for name in FAMILY)
        text = f"{row['start']} to {row['end']}" if row["end"] < LAST else f"{row['start']} on"
        if row["elsewhere"]:
            others = len(known_until[family]) - bisect_left(known_until[family], row["start"])
            text += f" (which {newest[family]} gives for {others} other region{'s' if others > 1 else ''})"
        rows.setdefault(row["factor"], []).append(text)
    return [_gap(library, place, texts) for place, texts in rows.items()]


def _gap(library: Library, place: int, missing: Sequence[str]) -> LibraryFinding:
    factor = library.factors[place]
    publisher = publisher_of(library.sources[factor.source_id])
    return LibraryFinding(
        "gap", "note", f"{publisher}: {told(factor)}", (factor.factor_id,), f"Nothing describes {', nor '.join(missing)}.",
        "Add the values where they are published. Till then a rule must say which other year serves (data_year), or another source.",
    )  # fmt: skip


# ---------------------------------------------------------------- revisions


def revisions(library: Library, frame: pl.DataFrame) -> list[LibraryFinding]:
    """One finding per series of which two sources of a publisher give different values for the same days, or the later takes the place of a value that was to last."""
    told_by = frame.filter(~pl.col("gwp"))
    overlapping = clusters(told_by, SERIES).filter((pl.col("source").n_unique().over("cluster") > 1) & (pl.col("value").n_unique().over("cluster") > 1))
    pairs: list[tuple[int, int]] = []
    for part in overlapping.sort("cluster", "published", "source", "factor").partition_by("cluster", maintain_order=True):
        places = part["factor"].to_list()
        for number, new in enumerate(places):
            old = next((other for other in reversed(places[:number]) if _overlap(library.factors[other], library.factors[new])), None)
            pairs += [(old, new)] if old is not None else []
    lasting = told_by.filter((pl.col("end") < LAST) & ((pl.col("end") - pl.col("start")).dt.total_days() > _LASTING))
    opening = told_by.filter(pl.col("end") == LAST)
    followed = lasting.with_columns((pl.col("end") + _DAY).alias("start")).join(opening, on=[*SERIES, "start"], suffix="_new").filter(pl.col("source") != pl.col("source_new"))
    pairs += followed.select("factor", "factor_new").rows()
    changes: dict[tuple[str, ...], list[tuple[Factor, Factor]]] = {}
    for old_place, new_place in sorted(pairs, key=lambda pair: (library.factors[pair[1]].published, pair)):
        old_one, new_one = library.factors[old_place], library.factors[new_place]
        if old_one.multiplier != new_one.multiplier:
            changes.setdefault((publisher_of(library.sources[new_one.source_id]), told(new_one)), []).append((old_one, new_one))
    rows = []
    for (publisher, what), found in changes.items():
        ids = tuple(dict.fromkeys(factor.factor_id for pair in found[:_MOST] for factor in pair))
        words = "; then ".join(_change(old, new) for old, new in found[:_MOST])
        more = f"; and {len(found) - _MOST} more times" if len(found) > _MOST else ""
        rows.append(
            LibraryFinding(
                "revised", "note", f"{publisher}: {what}", ids, f"{words}{more}.",
                "Nothing, where rules name the source that is meant: the day of knowledge (--known-on) decides whether the later one exists.",
            )
        )  # fmt: skip
    return rows


def _overlap(old: Factor, new: Factor) -> bool:
    """Whether two values of different sources speak of the same days."""
    return old.source_id != new.source_id and old.data_from <= (new.data_to or LAST) and new.data_from <= (old.data_to or LAST)


def _change(old: Factor, new: Factor) -> str:
    said = [f"{plain(factor.value)} {factor.unit} for {_period(factor)} ({factor.source_id}, published {factor.published}{_kept(factor)})" for factor in (old, new)]
    if not old.multiplier:
        return f"{said[0]} became {said[1]}"
    percent = printed((new.multiplier - old.multiplier) / abs(old.multiplier) * 100, 2)
    return f"{said[0]} became {said[1]}: {'' if percent.startswith('-') else '+'}{percent} %"


def _period(factor: Factor) -> str:
    return factor.data_period if factor.data_to else f"{factor.data_from} on"


def _kept(factor: Factor) -> str:
    return ", evidence only" if factor.status == "evidence_only" else ""


# ---------------------------------------------------------------- outliers


def outliers(library: Library, frame: pl.DataFrame) -> list[LibraryFinding]:
    """One finding per group of values of the same thing and year, of which two from different sources lie further apart than `FAR` times."""
    ranges = pl.col("method").str.contains(_RANGE.pattern)
    average = pl.col("measure").str.starts_with("electricity") & pl.col("method").str.contains("^(average|utility)")
    compared = frame.filter(~pl.col("evidence") & ~pl.col("gwp") & ~ranges).with_columns(
        pl.when(average).then(pl.lit("average")).otherwise("method").alias("method"), pl.col("start").dt.truncate("1y"), pl.date(pl.col("end").dt.year(), 12, 31).alias("end")
    )
    several = clusters(compared, [name for name in SERIES if name != "publisher"]).filter(
        (pl.col("source").n_unique().over("cluster") > 1) & (pl.col("value").n_unique().over("cluster") > 1)
    )
    rows = []
    for part in several.partition_by("cluster", maintain_order=True):
        factors = sorted((library.factors[place] for place in part["factor"] if library.factors[place].multiplier), key=_size)
        pair = _furthest(factors)
        if pair is not None:
            rows.append(_outlier(*pair, factors))
    return rows


def _size(factor: Factor) -> tuple[Fraction, str]:
    return abs(factor.multiplier), factor.factor_id


def _furthest(factors: Sequence[Factor]) -> tuple[Factor, Factor] | None:
    """The smallest value, and the largest of another source that shares a year with it; None where no two lie too far apart."""
    for low in factors:
        for high in reversed(factors):
            if abs(high.multiplier) <= FAR * abs(low.multiplier):
                break
            if high.source_id != low.source_id and _share_a_year(low, high):
                return low, high
        else:
            continue
        if high is factors[-1]:
            return None  # All that follow lie nearer.
    return None


def _share_a_year(one: Factor, other: Factor) -> bool:
    return one.data_from.year <= (other.data_to or LAST).year and other.data_from.year <= (one.data_to or LAST).year


def _outlier(low: Factor, high: Factor, factors: Sequence[Factor]) -> LibraryFinding:
    times = printed(abs(high.multiplier) / abs(low.multiplier), 1)
    others = [factor for factor in factors if factor not in (low, high)]
    near_low = sum(1 for factor in others if factor.multiplier**2 < abs(low.multiplier * high.multiplier))
    near_high = len(others) - near_low
    hint = f" {max(near_low, near_high)} more {'lie' if max(near_low, near_high) > 1 else 'lies'} near {(low if near_low > near_high else high).factor_id}." if near_low != near_high else ""
    both = " and ".join(f"{factor.factor_id} is {plain(factor.value)} {factor.unit} ({factor.source_id})" for factor in (low, high))
    return LibraryFinding(
        "outlier", "warning", f"{told(low)}: {low.factor_id}, {high.factor_id}", (low.factor_id, high.factor_id), f"{both}, {times} times as much.{hint}",
        "Compare value and unit with the source: a slip of a thousand looks so. Where both are right, give them methods of their own.",
    )  # fmt: skip
