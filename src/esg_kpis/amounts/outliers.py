"""Outliers: quantities far from their meter's own history, and among them those that a slip of the unit explains. Flagged for a person, never rejected.

A quantity is compared as its rate: quantity in the canonical unit over days of its period. Its usual rate is the median of the other records of the same
measure, site, meter, dimensions and column. Distances are ratios, so that twice and half are equally far. The median of the ratios max(r/m, m/r) is the MAD of
logarithms, and a number of MADs is a power of it: no logarithm is taken, and no binary float. polars' own median of decimals is a float, so medians are
picked by rank.

Source: B. Iglewicz and D. C. Hoaglin, How to Detect and Handle Outliers, ASQC 1993 (modified z-score 0.6745 d / MAD above 3.5); C. Leys et al., Detecting
outliers: do not use standard deviation around the mean, use absolute deviation around the median, J. Exp. Soc. Psychology 49 (2013) 764-766. The limits below
that do not follow from these were set by simulated meters (tests/test_outliers.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import polars as pl

from esg_kpis.exact import PRODUCT, plain

OUTLIER = {name: pl.String() for name in ("record_id", "column", "flag", "observed", "expected", "ratio", "what_to_do")}

METER = ["measure", "site_id", "meter_id", "dimensions", "column"]
"""What has a history of its own. Records without meter of one site form one."""

LEAST_OTHERS = 5
"""Other records needed. The median of five stands while two of them are wrong; with fewer, who is the outlier is a matter of opinion."""

SPREADS = 5
"""MADs, of logarithms, that are far: modified z-score 3.4. Iglewicz and Hoaglin say 3.5, which is 5.2 MADs; Leys et al. say 3 x 1.4826 = 4.4. A whole power is exact."""

LEAST_RATIO = Decimal(5)
"""Never far below this ratio: the floor of the spread for meters that hardly vary. Doubling and halving have causes that no file shows; five times is 1.38^5."""

GAP = Decimal(10)
"""Far in any case, if a factor of ten around nothing lies between it and the rest. Finds slips of strongly seasonal meters, whose spread forgives a hundred times."""

MOST_OUTLIERS, MOST_SLIPS = (1, 4), (1, 2)
"""Shares of a history on one side. A quarter, such as a year of four, is another way of running; what is a thousandfold off is flagged up to a half (the unit was changed)."""

LEAST_SEASON = 3
"""Months of other years that say what is usual in a season. Nothing is flagged that most other years have within a month in the calendar (LEAST_RATIO); what is
a thousandfold off must be seen in two of them, for a slip may happen twice."""

_LIMIT, _FARTHEST = Decimal(10) ** 13, Decimal(10) ** 8
"""Rates and ratios above are taken to be these, so that 38 digits hold every step. Nothing real comes near; their order still tells."""

_WHOLE, _RATIO = pl.Decimal(38, 0), pl.Decimal(38, 6)
_FOUR = Context(prec=4, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Slip:
    """A known mistake: the factor it makes, and what probably happened.

    Attributes:
        factor: Times too much, or too little.
        tolerance: Largest ratio between what was seen and the factor: wide where nothing else makes so much, narrow where use may. Factors never overlap.
        above: The cause of a quantity that is too large.
        below: The cause of one that is too small.
        units: Canonical units in which it happens; empty for all.
    """

    factor: Decimal
    tolerance: Decimal
    above: str
    below: str
    units: tuple[str, ...] = ()

    @property
    def least(self) -> Decimal:
        """The smallest ratio it explains."""
        return self.factor / self.tolerance

    @property
    def most(self) -> Decimal:
        """The largest."""
        return self.factor * self.tolerance


SLIPS = (
    Slip(Decimal("3.6"), Decimal("1.1"), "MJ sent as kWh?", "kWh sent as MJ?", ("kWh", "MJ")),
    Slip(Decimal(10), Decimal("1.5"), "a digit too many?", "a digit lost?"),
    Slip(Decimal(100), Decimal("1.5"), "a decimal mark lost (cents, hundredths)?", "divided by a hundred (a percentage)?"),
    Slip(Decimal(1_000), Decimal(3), "{small} sent as {kilo}, or a decimal mark read as thousands separator?", "{kilo} sent as {small}, or a thousands separator read as decimal mark?"),
    Slip(Decimal(10_000), Decimal(3), "{unit} sent as 万{unit}?", "万{unit} sent as {unit}?"),
    Slip(Decimal(1_000_000), Decimal(3), "{small} sent as {mega}?", "{mega} sent as {small}?"),
)  # fmt: skip

THOUSANDFOLD = Decimal(300)
"""From here on a ratio is one of a thousandfold: 1,000 over the largest tolerance, in round numbers."""

_THOUSANDS = {"kWh": ("kWh", "MWh", "GWh"), "MJ": ("MJ", "GJ", "TJ"), "t": ("kg", "t", "thousand t"), "kg": ("kg", "t", "thousand t")}
"""Canonical unit -> the unit that is probably meant, a thousand and a million of it."""

_HINTS = {"first": " It is the first record of the meter: moving in may look like this.", "short": " The meter has no year before: a first season may look like this."}


def outliers_of(quantities: pl.DataFrame) -> pl.DataFrame:
    """The quantities that are far from the history of their meter.

    Flows with dates above zero, duplicates left out, of meters with six such records or more. A zero is a month in which nothing ran, a negative one is for the
    check `negative`: neither is flagged, and neither is part of a history.

    Args:
        quantities: accepted ones, as the table `quantities`.

    Columns: `record_id`, `column`; `flag` (unit_slip or outlier); `observed` (as received, and per day in the canonical unit); `expected` (per day: the median of
    the other records of the meter, where half of them lie, the season in other years); `ratio` (observed over the median); `what_to_do`. All text.

    Grain: one flagged quantity, sorted by `record_id` and `column`.
    """
    rated = _rated(quantities)
    energy = rated.select(pl.col("unit").is_in(SLIPS[0].units)).to_series()
    far = _far(_usual(rated.select("row", "meter", "n", "from", "rate", energy.alias("energy")))).join(rated.drop("meter", "n", "from", "rate"), on="row")
    judged = _judged(_seasons(far, rated))
    shown = judged.join(_spans(judged, rated), on="meter").sort("record_id", "column")
    return pl.DataFrame([_told(row) for row in shown.iter_rows(named=True)], schema=OUTLIER)


def _rated(quantities: pl.DataFrame) -> pl.DataFrame:
    """Quantities that make a history.

    Columns added: `row`; `meter`, the number of the history, `n` records in it, `from` where it begins among all in order of meters; `rate` (canonical unit per
    day); `month` (of its middle, months since the year 0).
    """
    days = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    counted = (pl.col("nature") == "flow") & pl.col("excluded").is_null() & (pl.col("quantity") > 0) & (days > 0)
    canonical = quantities.filter(counted).with_columns(pl.col("canonical").alias("quantity")).filter(pl.col("quantity") > 0)
    # The part of a month that rests on estimated readings stands beside the measured part: neither more nor less than usual by itself.
    measured = canonical.filter(~pl.col("estimated")).select(*METER, "start", "end").unique()
    part = canonical.filter("estimated").join(measured, on=[*METER, "start", "end"], how="semi", nulls_equal=True).select("record_id", "column")
    canonical = canonical.join(part, on=["record_id", "column"], how="anti", nulls_equal=True)
    middle = pl.col("start") + pl.duration(days=(days - 1) // 2)
    rated = canonical.with_columns(
        (pl.min_horizontal("quantity", pl.lit(_LIMIT).cast(canonical.schema["quantity"])).cast(PRODUCT) / days.cast(_WHOLE)).alias("rate"),
        (middle.dt.year().cast(pl.Int64()) * 12 + middle.dt.month().cast(pl.Int64()) - 1).alias("month"),
    )
    meters = rated.group_by(METER).agg(pl.len().cast(pl.Int64()).alias("n")).filter(pl.col("n") > LEAST_OTHERS).with_row_index("meter")
    meters = meters.with_columns((pl.col("n").cum_sum() - pl.col("n")).alias("from"))
    joined: pl.DataFrame = rated.join(meters, on=METER, nulls_equal=True).with_row_index("row")
    return joined


def _usual(rated: pl.DataFrame) -> pl.DataFrame:
    """Rates in order within their meter, with what is usual.

    Columns added: `usual` (median of the others); `distance` from it as a ratio; `gap`, the largest ratio between two neighbouring rates on the way from the middle
    of the meter; `spread`, the median distance of the meter; `fence`, the distance from which it is far.
    """
    ordered = rated.sort("meter", "rate").with_row_index("at").with_columns((pl.col("at").cast(pl.Int64()) - pl.col("from")).alias("rank"))
    others = pl.col("n") - 1

    def other(place: pl.Expr) -> pl.Series:
        return ordered["rate"].gather(ordered.select(pl.col("from") + place + (place >= pl.col("rank")).cast(pl.Int64())).to_series())

    ordered = ordered.with_columns(
        ((other((others - 1) // 2) + other(others // 2)) / pl.lit(2).cast(_WHOLE)).alias("usual"),
        pl.when(pl.col("rank") > 0).then(pl.col("rate").shift(1)).otherwise(pl.col("rate")).alias("below"),
    ).with_columns(_ratio("rate", "usual").alias("distance"), _ratio("rate", "below").alias("step"))
    one, upper = _constant(Decimal(1)), pl.col("rank") * 2 >= pl.col("n")
    next_step = pl.when(pl.col("rank") < others).then(pl.col("step").shift(-1)).otherwise(one)
    ordered = ordered.with_columns(pl.when(upper).then("step").otherwise(one).alias("up"), pl.when(upper).then(one).otherwise(next_step).alias("down"))
    gap = pl.max_horizontal(pl.col("up").cum_max().over("meter"), pl.col("down").cum_max(reverse=True).over("meter"))
    return ordered.with_columns(gap.alias("gap")).join(_spreads(ordered), on="meter", maintain_order="left").drop("at", "rank", "below", "step", "up", "down")


def _spreads(ordered: pl.DataFrame) -> pl.DataFrame:
    """The median distance per meter. Columns: `meter`; `spread` (1 or more); `tight` (the spread to the power of SPREADS), `fence` (the same, at least LEAST_RATIO)."""
    sizes = ordered.filter(pl.col("rank") == 0)
    distances = ordered.select("meter", "distance").sort("meter", "distance")["distance"]
    low, high = (distances.gather(sizes.select(pl.col("from") + place).to_series()) for place in ((pl.col("n") - 1) // 2, pl.col("n") // 2))
    spreads = sizes.select("meter", ((low + high) / pl.lit(2).cast(_WHOLE)).cast(_RATIO).alias("spread"))
    held = pl.min_horizontal("spread", _constant(Decimal(40)))  # 40^5 is the farthest.
    power = held
    for _ in range(SPREADS - 1):
        power = power * held
    return spreads.with_columns(power.alias("tight"), pl.max_horizontal(power, _constant(LEAST_RATIO)).alias("fence"))


def _ratio(one: str, other: str) -> pl.Expr:
    """The larger of two rates over the smaller, to 6 decimals, at most the farthest. Rounding to 6 takes away what 24 decimals of a rate cannot hold."""
    high, low = pl.max_horizontal(one, other), pl.min_horizontal(one, other)
    farthest = pl.min_horizontal(low, pl.lit(_LIMIT / _FARTHEST).cast(PRODUCT)) * pl.lit(_FARTHEST).cast(PRODUCT)
    return (pl.min_horizontal(high, farthest) / low).cast(_RATIO)


def _far(usual: pl.DataFrame) -> pl.DataFrame:
    """The rates that are far from the others: by the spread, by a gap, or by the factor of energy units in a meter that hardly varies.

    Columns added: `near`, whether nothing but such a factor makes it far.
    """
    distance, energy = pl.col("distance"), SLIPS[0]
    by_gap = (pl.col("gap") >= GAP) & (distance > LEAST_RATIO)
    by_energy = distance.is_between(energy.least, energy.most) & (pl.col("tight") < energy.least) & pl.col("energy")
    return usual.filter((distance > pl.col("fence")) | by_gap | by_energy).with_columns((distance <= LEAST_RATIO).alias("near"))


def _constant(number: Decimal) -> pl.Expr:
    return pl.lit(number).cast(_RATIO)


def _seasons(far: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """`far` with its season: the months of other years, at most one off in the calendar. A month with several records counts with their median.

    Columns added: `season` (median of these months; null when they are fewer than LEAST_SEASON); `years` that have any, and `alike`, those that have one nearer to
    the record than LEAST_RATIO, and nearer than halfway to the usual.
    """
    asked = far.select("row", "meter", "month", pl.col("rate").alias("own"), "distance", pl.lit([-1, 0, 1]).alias("off")).explode("off", empty_as_null=True)
    asked = asked.with_columns(((pl.col("month") + pl.col("off")) % 12).alias("calendar"))
    place = ["meter", "calendar"]
    months = rated.select("meter", pl.col("month").alias("other"), (pl.col("month") % 12).alias("calendar"), "rate").join(asked, on=place, how="semi")
    pairs = asked.join(months.group_by(*place, "other").agg(_middle("rate")), on=place).filter((pl.col("other") - pl.col("month")).abs() >= 11)
    ratio, year = _ratio("own", "rate"), pl.col("other") - pl.col("month") - pl.col("off")
    near = (ratio <= LEAST_RATIO) & (ratio * ratio <= pl.col("distance"))
    seasons = pairs.with_columns(near.alias("near"), year.alias("year")).group_by("row").agg(
        pl.when(pl.len() >= LEAST_SEASON).then(_middle("rate")).alias("season"),
        pl.col("year").n_unique().cast(pl.Int64()).alias("years"),
        pl.col("year").filter("near").n_unique().cast(pl.Int64()).alias("alike"),
    )  # fmt: skip
    return far.join(seasons, on="row", how="left").with_columns(pl.col("years", "alike").fill_null(0))


def _spans(far: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """From when to when the meters of `far` have records. Columns: `meter`, `first` (day), `months` (from the first to the last)."""
    asked = rated.join(far.select("meter").unique(), on="meter", how="semi")
    return asked.group_by("meter").agg(pl.col("start").min().alias("first"), (pl.col("month").max() - pl.col("month").min()).alias("months"))


def _middle(column: str) -> pl.Expr:
    """The median of a group; of an even number the mean of the two in the middle."""
    ordered, last = pl.col(column).sort(), pl.len().cast(pl.Int64()) - 1
    return ((ordered.get(last // 2) + ordered.get((last + 1) // 2)) / pl.lit(2).cast(_WHOLE)).alias(column)


def _judged(far: pl.DataFrame) -> pl.DataFrame:
    """What of the far is flagged: what its season does not explain, and what does not happen too often to be an outlier.

    Columns added: `reference` (season, else usual); `off`, the ratio to it; `above` it or below; `slip` (place in SLIPS; null for an outlier); `large`.
    """
    referred = far.with_columns(pl.coalesce("season", "usual").alias("reference"))
    referred = referred.with_columns(_ratio("rate", "reference").alias("off"), (pl.col("rate") > pl.col("reference")).alias("above"))
    slip = pl.lit(None, dtype=pl.Int64())
    for place, known in enumerate(SLIPS):
        off = pl.max_horizontal("off", _constant(known.factor)) / pl.min_horizontal("off", _constant(known.factor))
        alone = pl.col("gap") * pl.col("gap") >= min(known.factor, GAP * GAP)
        kind = pl.col("unit").is_in(known.units) if known.units else pl.lit(value=True)
        fits = kind & alone & (off <= known.tolerance)
        slip = pl.when(fits).then(pl.lit(place, dtype=pl.Int64())).otherwise(slip)
    judged = referred.with_columns(slip.alias("slip"), (pl.col("distance") >= THOUSANDFOLD).alias("large"))
    every_year = (pl.col("alike") * 2 > pl.col("years")) & (~pl.col("large") | (pl.col("alike") > 1))
    judged = judged.filter(~every_year)
    often = pl.len().over("meter", pl.col("rate") > pl.col("usual")).cast(pl.Int64())
    seldom = pl.when("large").then(often * MOST_SLIPS[1] < pl.col("n") * MOST_SLIPS[0]).otherwise(
        often * MOST_OUTLIERS[1] < pl.col("n") * MOST_OUTLIERS[0]
    )  # fmt: skip
    return judged.filter(seldom & (pl.col("slip").is_not_null() | ~pl.col("near")))


def _told(row: Mapping[str, Any]) -> dict[str, str]:
    """A flagged quantity in words."""
    rate, usual, spread, unit = row["rate"], row["usual"], row["spread"], row["unit"]
    season = "" if row["season"] is None else f"; {_shown(row['season'])} in this season of other years"
    times = _shown(_FOUR.divide(max(rate, usual), min(rate, usual)))
    return {
        "record_id": row["record_id"],
        "column": row["column"],
        "flag": "outlier" if row["slip"] is None else "unit_slip",
        "observed": f"{row['received']} {row['received_unit']}: {_shown(rate)} {unit} a day",
        "expected": f"{_shown(usual)} {unit} a day, the median of {row['n'] - 1} others, half within "
        f"{_shown(_FOUR.divide(usual, spread))} to {_shown(_FOUR.multiply(usual, spread))}{season}",
        "ratio": f"{times} times" if rate > usual else f"1/{times}",
        "what_to_do": _advice(row),
    }


def _advice(row: Mapping[str, Any]) -> str:
    """What a person is to ask, with the cause that is likely."""
    hint = _HINTS["first"] if row["start"] == row["first"] else _HINTS["short"] if row["months"] <= 12 else ""
    if row["slip"] is None:
        return f"Ask whether number, unit and dates are right; it was counted as received.{hint}"
    known, unit = SLIPS[row["slip"]], row["unit"]
    small, kilo, mega = _THOUSANDS.get(unit, (unit, f"thousand {unit}", f"million {unit}"))
    cause = (known.above if row["above"] else known.below).format(unit=unit, small=small, kilo=kilo, mega=mega)
    size = f"{_shown(known.factor)} times" if row["above"] else f"1/{_shown(known.factor)} of"
    return f"About {size} {'the usual' if row['season'] is None else 'the season in other years'}: {cause} It was counted as received.{hint}"


def _shown(number: Decimal) -> str:
    """Four digits and thousands commas."""
    whole, _, decimals = plain(_FOUR.plus(number)).partition(".")
    return f"{int(whole):,}" + (f".{decimals}" if decimals else "")
