"""Spells: snapshots and movements turned into them, and what must hold between the spells of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from esg_kpis.errors import OutOfRange, near_misses
from esg_kpis.files import LINE
from esg_kpis.people.read import FILE, REFUSAL, refusals

BEFORE = date(1, 1, 1)
"""Stands for the unknown first day of somebody who is in the first snapshot and did not join: nobody is counted as a joiner on it."""

FACTS = ("site_id", "country", "gender", "age_group", "level", "profession", "employment_type")
"""What is known of a person during a spell."""

_DAY = pl.duration(days=1)
_NO_REFUSALS = pl.DataFrame(schema=REFUSAL)


def from_snapshots(snapshots: pl.DataFrame, movements: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Spells out of snapshots with the joiners and leavers between them.

    Between two snapshots a person is as the later one says, or as the leaver's row says; a joiner is on the first day as the joiner's row says. A person who is in
    one snapshot and not in the next needs a leaver, and the other way round a joiner. Whoever is in the first snapshot without having joined was there before.

    Args:
        snapshots: Rows of the form `snapshots`.
        movements: Rows of the form `movements`, up to the last snapshot.

    Returns:
        Spells (`__file`, `__line`, person, from, to, and what is known), and refusals of rows that do not fit together.
    """
    days = snapshots["date"].unique().sort()
    last = days.len() - 1
    there = snapshots.with_columns(pl.lit(days.search_sorted(snapshots["date"], "left")).alias("k"))
    moves = movements.with_columns(pl.lit(days.search_sorted(movements["date"], "left")).alias("k"))
    leavers, joiners = moves.filter(pl.col("event") == "leaver"), moves.filter(pl.col("event") == "joiner")
    staying = there.join(leavers.select("person", "date"), on=["person", "date"], how="anti")
    carried = staying.filter(pl.col("k") < last).with_columns(pl.col("k") + 1, (pl.col("date") + _DAY).alias("day"))
    place = ["person", "k", "day", FILE, LINE]
    starts = pl.concat([carried.select(place), joiners.with_columns(pl.col("date").alias("day")).select(place)])
    ends = pl.concat([frame.with_columns(pl.col("date").alias("day")).select(*place, *FACTS) for frame in (staying, leavers)])
    known = starts.filter(pl.col("k") == 0).group_by("person").agg(pl.len().alias("starts"))
    needed = ends.filter(pl.col("k") == 0).group_by("person").agg(pl.len().alias("ends"), pl.col(FILE, LINE).first())
    opening = needed.join(known, on="person", how="left").filter(pl.col("ends") > pl.col("starts").fill_null(0))
    starts = pl.concat(
        [
            starts,
            opening.select("person", pl.lit(0).cast(pl.UInt32).alias("k"), pl.lit(BEFORE).alias("day"), FILE, LINE).cast(
                {"k": starts["k"].dtype}
            ),
        ]
    )
    ranked = [
        frame.sort("person", "k", "day").with_columns(pl.int_range(pl.len()).over("person", "k").alias("i")) for frame in (starts, ends)
    ]
    paired = ranked[0].rename({FILE: "__f", LINE: "__l"}).join(ranked[1], on=["person", "k", "i"], how="full", coalesce=True, suffix="_end")
    whole = pl.col("day").is_not_null() & pl.col("day_end").is_not_null() & (pl.col("day") <= pl.col("day_end"))
    open_end = (
        (pl.col("k") == last)
        & (pl.col("day_end") == days[last])
        & ~pl.struct("person", "day_end").is_in(leavers.select("person", pl.col("date").alias("day_end")).to_struct().implode())
    )
    spells = _as_they_joined(
        paired.filter(whole).select(
            FILE, LINE, "person", pl.col("day").alias("from"), pl.when(~open_end).then(pl.col("day_end")).alias("to"), *FACTS
        ),
        joiners,
    )
    odd = paired.filter(~whole.fill_null(value=False)).select(
        pl.coalesce(FILE, "__f").alias(FILE),
        pl.coalesce(LINE, "__l").alias(LINE),
        pl.coalesce("day", "day_end").alias("from"),
        pl.coalesce("day_end", "day").alias("to"),
        "site_id",
    )
    # With its row goes the spell that led up to it, so that what depends on that is held back too.
    led_up = spells.group_by(FILE, LINE).agg(pl.col("from").min().alias("__began"))
    odd = (
        odd.join(led_up, on=[FILE, LINE], how="left")
        .with_columns(pl.min_horizontal("from", "__began").alias("from"))
        .with_columns(pl.when(pl.col("from") > BEFORE).then(pl.col("from")).alias("from"))
    )
    told = "a person who comes or goes between two snapshots to be in a file of movements, as joiner on the first or leaver on the last day"
    return spells, refusals(odd, pl.lit(value=True), "unexplained_movement", "person", told).unique([FILE, LINE])


def _as_they_joined(spells: pl.DataFrame, joiners: pl.DataFrame) -> pl.DataFrame:
    """Spells of which the first day stands apart, where the joiner's row says something else than the snapshot or leaver that ends them."""
    was = joiners.unique(["person", "date"], keep="first", maintain_order=True).select(
        "person", pl.col("date").alias("from"), *(pl.col(name).alias(f"__{name}") for name in FACTS)
    )
    both = spells.join(was, on=["person", "from"], how="left", maintain_order="left")
    changed = pl.any_horizontal(pl.col(f"__{name}").is_not_null() & pl.col(f"__{name}").ne_missing(pl.col(name)) for name in FACTS)
    longer = pl.col("to").is_null() | (pl.col("to") > pl.col("from"))
    apart = both.filter(changed & longer)
    if apart.is_empty():
        return spells
    first_days = apart.with_columns(pl.col("from").alias("to"), *(pl.coalesce(f"__{name}", name).alias(name) for name in FACTS))
    rest = both.with_columns(pl.when(changed & longer).then(pl.col("from") + _DAY).otherwise(pl.col("from")).alias("from"))
    return pl.concat([frame.select(spells.columns) for frame in (first_days, rest)])


@dataclass(frozen=True)
class Ordered:
    """Spells by person and first day, in whole numbers.

    `spells`: `__row` (place in the frame they came from), `__person` (a number that stands for the person within this run only), from, to, `__code`.
    `facts`: per `__code` the file and what is known. `persons`: the number of each person.
    """

    spells: pl.DataFrame
    facts: pl.DataFrame
    persons: pl.DataFrame


def in_order(spells: pl.DataFrame) -> Ordered:
    """Spells by person and first day. What is known of a row is folded into one number first, so that little has to be moved."""
    code, facts = _folded(spells.select(FILE, *FACTS))
    keyed = spells.select("person", pl.col("person").hash().alias("__person"))
    persons = keyed.unique()
    if persons["__person"].is_duplicated().any():  # Two keys with one hash: number them instead, which takes longer.
        keyed = keyed.with_columns(pl.col("person").rank("dense").cast(pl.UInt64).alias("__person"))
        persons = keyed.unique()
    slim = spells.select(pl.int_range(pl.len(), dtype=pl.Int64()).alias("__row"), keyed["__person"], "from", "to", code.alias("__code"))
    return Ordered(slim.sort("__person", "from"), facts, persons)


def _folded(frame: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """One whole number per distinct row of `frame`, and the rows by that number in `__code`."""
    code, stride = pl.lit(0, dtype=pl.Int64()), 1
    for name in frame.columns:
        numbers = frame[name].cast(pl.Categorical()).to_physical() if frame[name].dtype == pl.String else frame[name]
        least, most = int(numbers.min() or 0), int(numbers.max() or 0)  # type: ignore[arg-type]
        code = code + (pl.lit(numbers).cast(pl.Int64).fill_null(most + 1) - least) * stride
        stride *= most - least + 2
    if stride >= 2**62:
        raise OutOfRange(
            "There are too many different sites and words to be counted together.", mend="Check the vocabulary of the people files."
        )
    coded = frame.with_columns(code.alias("__code"))
    return coded["__code"], coded.group_by("__code").agg(pl.exclude("__code").first())


def against_register(spells: pl.DataFrame, sites: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Spells with the country of their site where none is given, and refusals: reversed, after `as_of`, at an unknown site, outside the site's life."""
    register = sites.select("site_id", pl.col("country").alias("__country"), "valid_from", "valid_to")
    joined = spells.join(register, on="site_id", how="left", maintain_order="left")
    known = sites["site_id"].to_list()
    unknown = pl.col("site_id").is_not_null() & pl.col("__country").is_null()
    names = joined.filter(unknown)["site_id"].unique().to_list()
    hints = {name: f"a site of the register. {near_misses(name, known)}".strip() for name in names if near_misses(name, known)}
    begins = pl.when(pl.col("from") > BEFORE).then(pl.col("from"))
    outside = (
        (begins < pl.col("valid_from")) | (pl.col("to") > pl.col("valid_to")) | (pl.col("to").is_null() & (pl.col("valid_to") < as_of))
    )
    life = (
        pl.lit("days within the site's life, ")
        + pl.col("valid_from").cast(pl.String).fill_null("the beginning")
        + " to "
        + pl.col("valid_to").cast(pl.String).fill_null("now")
    )
    future = f"a first day up to {as_of.isoformat()}"
    refused = pl.concat([
        refusals(joined, pl.col("to") < pl.col("from"), "period_reversed", "to", "a last day on or after the first"),
        refusals(joined, pl.col("from") > as_of, "after_as_of", "from", future),
        refusals(joined, unknown, "unknown_site", "site_id", pl.col("site_id").replace_strict(hints, default="a site of the register", return_dtype=pl.String())),
        refusals(joined, outside & ~unknown, "outside_site_life", "from", life),
    ])  # fmt: skip
    return joined.with_columns(pl.coalesce("country", "__country").alias("country")).drop("__country", "valid_from", "valid_to"), refused


def without_repeats(spells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Spells without rows that say exactly what another says, and the places of those left out."""
    facts = [name for name in spells.columns if name not in (FILE, LINE)]
    same = spells.select(facts).is_duplicated()
    if not same.any():
        return spells, spells.select(FILE, LINE).clear()
    once = pl.concat([spells.filter(~same), spells.filter(same).sort(FILE, LINE).unique(facts, keep="first", maintain_order=True)])
    return once, spells.filter(same).join(once.select(FILE, LINE), on=[FILE, LINE], how="anti").select(FILE, LINE)


def overlapping(ordered: Ordered, spells: pl.DataFrame) -> pl.DataFrame:
    """Refusals of spells of one person that cover the same day: nobody can say which of them holds.

    Args:
        ordered: What `in_order` made of `spells`.
        spells: The spells.
    """
    rows = ordered.spells
    before = pl.col("to").shift(1)
    touches = rows.select(
        ((pl.col("__person") == pl.col("__person").shift(1)) & (before.is_null() | (pl.col("from") <= before))).fill_null(value=False)
    )
    touched = rows.filter(touches.to_series())
    if touched.is_empty():
        return _NO_REFUSALS
    concerned = rows.filter(pl.col("__person").is_in(touched["__person"].unique().implode()))
    far = pl.col("to").fill_null(date(9999, 12, 31))
    reach, following = far.cum_max().shift(1).over("__person"), pl.col("from").shift(-1).over("__person")
    clash = concerned.filter(((pl.col("from") <= reach) | (far >= following)).fill_null(value=False))
    bad = spells[clash["__row"]]
    return refusals(bad, pl.lit(value=True), "overlapping_spells", "from", "spells of one person that do not cover the same day")


def monthly(days: Sequence[date]) -> bool:
    """Whether days are month-ends without a gap."""
    series = pl.Series(sorted(days), dtype=pl.Date())
    if not (series == series.dt.month_end()).all():
        return False
    return len(series) == len(pl.date_range(series[0].replace(day=1), series[-1], "1mo", eager=True))
