"""A million rows of 50,000 distinct measures, regions and months, each of which finds its factor: what `bench.py` measures of the choice."""

from calendar import monthrange
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.editions import FactorRule, Period
from esg_kpis.factors import Factor, Library
from esg_kpis.factors.selection import choose

ROWS, MEASURES, REGIONS, MONTHS = 1_000_000, ("electricity_purchased", "heat_purchased"), 500, 50
KNOWN_ON = date(2030, 1, 1)
_UNITS = {"electricity_purchased": "kg/kWh", "heat_purchased": "kg/MJ"}
RULES = (FactorRule(id="grid", measures=MEASURES, output="emission_gas", gases=("CO2",), source="authority"),)


def periods() -> list[Period]:
    """Fifty months."""
    months = [(2020 + number // 12, number % 12 + 1) for number in range(MONTHS)]
    return [Period(id=f"{year}-{month:02}", first=date(year, month, 1), last=date(year, month, monthrange(year, month)[1])) for year, month in months]


def library() -> Library:
    """A factor for each measure, region and month: 50,000."""
    factors = [
        Factor(
            factor_id=f"{measure}-{region}-{period.id}", source_id="authority", measure=measure, output="emission_gas", gas_in="", gas="CO2", region=f"R{region:03}", method="average",
            value=Decimal("0.5"), unit=_UNITS[measure], uncertainty=None, gwp_set=None, data_from=period.first, data_to=period.last, published=date(2025, 1, 1), status="selectable",
            parents=None, grade="A", page="1", note="", multiplier=Fraction(1, 2),
        )
        for measure in MEASURES for region in range(REGIONS) for period in periods()
    ]  # fmt: skip
    made = Library(tuple(factors), {}, {"authority": {}})
    made.offers  # noqa: B018  (a run reads its library once)
    return made


def rows() -> pl.DataFrame:
    """The rows, in no order."""
    number = pl.int_range(ROWS, eager=True).to_frame("n").select(
        pl.lit(list(MEASURES)).list.get(pl.col("n") % len(MEASURES)).alias("measure"),
        pl.format("R{}", ((pl.col("n") // len(MEASURES)) % REGIONS).cast(pl.String).str.zfill(3)).alias("region"),
        ((pl.col("n") // (len(MEASURES) * REGIONS)) % MONTHS).alias("month"),
    )  # fmt: skip
    names = [period.id for period in periods()]
    return number.with_columns(pl.col("month").replace_strict(dict(enumerate(names)), return_dtype=pl.String()).alias("period")).drop("month").sample(fraction=1, shuffle=True, seed=1)


def selected(frame: pl.DataFrame, known: Library, months: list[Period]) -> pl.DataFrame:
    """Each row with its factor, the rule that chose it and why."""
    needs = frame.select("measure", "region", "period").unique().select(
        "measure", pl.lit("emission_gas").alias("output"), pl.lit("").alias("gas_in"), pl.lit("CO2").alias("gas"), pl.col("region").alias("chain"), pl.lit("office").alias("kind"),
        "period", pl.lit("").alias("dimensions"),
    )  # fmt: skip
    answers = choose(known, RULES, needs, months, KNOWN_ON).select("measure", pl.col("chain").alias("region"), "period", "factor", "rule", "matches", "why")
    return frame.join(answers, on=["measure", "region", "period"], how="left")


def table_of(known: Library) -> pl.DataFrame:
    """The same factors as a table that somebody has already made sure to hold one row per measure, region and month."""
    return pl.DataFrame(
        {
            "measure": [item.measure for item in known.factors], "region": [item.region for item in known.factors],
            "period": [f"{item.data_from.year}-{item.data_from.month:02}" for item in known.factors], "factor": list(range(len(known.factors))),
        }
    )  # fmt: skip
