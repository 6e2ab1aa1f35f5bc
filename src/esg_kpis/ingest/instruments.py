"""The ledger of contractual instruments, from the records of the `instruments` domain. What an edition makes of a claim is decided there."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.errors import UnitProblem
from esg_kpis.exact import FACTOR, FACTOR_SCALE, QUANTITY, QUANTITY_SCALE, as_decimal
from esg_kpis.ingest.numbers import read_dates, read_numbers
from esg_kpis.ingest.rejections import REJECTION, rejections
from esg_kpis.tables import INSTRUMENTS, empty
from esg_kpis.units import multiplier

_DAY = "a day such as 2023-12-31"
MOST = 3
"""Kilograms of CO2 per kWh that no electricity exceeds: lignite emits about 1.2."""


def instrument_rows(bases: Sequence[pl.DataFrame], bad: pl.Series, sites: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The ledger, and the rejections of its records: at no known site, a volume or a rate that is no number, below zero or of a wrong unit, days that cannot be read.

    Columns: as `instruments` in the data dictionary. Records in `bad` are left out.
    """
    if not bases:
        return empty(INSTRUMENTS), pl.DataFrame(schema=REJECTION)
    base = pl.concat(bases).filter(~pl.col("record_id").is_in(bad.implode()))
    days = {name: read_dates(base[name], "YMD", "") for name in ("retired_on", "claimed_from", "claimed_to")}
    numbers = {name: read_numbers(base[name]) for name in ("volume", "emission_rate")}
    rows = base.with_columns(
        *(day.alias(f"__{name}") for name, day in days.items()),
        *(read["value"].alias(f"__{name}") for name, read in numbers.items()),
        *(read["wrong"].alias(f"__{name}_wrong") for name, read in numbers.items()),
        *(pl.Series(f"__{name}_lead", _leads(base[f"{name}_unit"], unit), dtype=pl.Object) for name, unit in (("volume", "kWh"), ("emission_rate", "kg/kWh"))),
    )
    problems = [rejections(rows, ~pl.col("site_id").is_in(sites["site_id"].implode()), "unknown_site", "site_id", pl.col("site_id"), "a site of the register")]
    for name, least, told in (("volume", "0.000000001", "a volume above zero"), ("emission_rate", "0", "a rate of zero or more")):
        value = pl.col(f"__{name}")
        problems += [
            rejections(rows, pl.col(f"__{name}_wrong") | value.is_null(), "number", name, pl.col(name), "a number such as 1234.5", "1234.5"),
            rejections(rows, value < Decimal(least), "negative", name, pl.col(name), told),
            rejections(rows, pl.lit(pl.Series([lead is None for lead in rows[f"__{name}_lead"]], dtype=pl.Boolean())), "unit", f"{name}_unit", pl.col(f"{name}_unit"), "MWh or kWh" if name == "volume" else "t/MWh or kg/kWh"),
        ]  # fmt: skip
    per_kwh = pl.Series([None if value is None or lead is None else Fraction(value) * lead for value, lead in zip(rows["__emission_rate"], rows["__emission_rate_lead"], strict=True)], dtype=pl.Object)
    high = pl.Series([rate is not None and rate > MOST for rate in per_kwh], dtype=pl.Boolean())
    co2e = pl.col("emission_rate_unit").str.to_lowercase().str.contains("co2e") & (pl.col("__emission_rate") != 0)
    problems += [
        rejections(rows, pl.lit(high), "too_large", "emission_rate", pl.col("emission_rate") + pl.lit(" ") + pl.col("emission_rate_unit"), f"at most {MOST} kg/kWh: no plant emits more", f"{MOST} kg/kWh"),
        rejections(rows, co2e, "unit", "emission_rate_unit", pl.col("emission_rate_unit"), "t/MWh or kg/kWh of CO2, not of CO2e"),
    ]
    for name in days:
        problems.append(rejections(rows, (pl.col(name) != "") & pl.col(f"__{name}").is_null(), "date", name, pl.col(name), _DAY, "2023-12-31"))
    claimed = {"claimed_from": pl.coalesce("__claimed_from", "start"), "claimed_to": pl.coalesce("__claimed_to", "end")}
    problems.append(rejections(rows, claimed["claimed_to"] < claimed["claimed_from"], "period_reversed", "claimed_to", pl.col("claimed_to"), "a last day on or after the first"))
    wrong = pl.concat(problems)
    kept = rows.filter(~pl.col("record_id").is_in(wrong["record_id"].implode()))
    exact = {
        name: [as_decimal(Fraction(value) * lead, scale) for value, lead in zip(kept[f"__{name}"], kept[f"__{name}_lead"], strict=True)]
        for name, scale in (("volume", QUANTITY_SCALE), ("emission_rate", FACTOR_SCALE))
    }
    ledger = kept.select(
        "site_id", "instrument", "instrument_kind", "registry", "market", "energy_source", pl.Series("volume", exact["volume"], dtype=QUANTITY), pl.Series("emission_rate", exact["emission_rate"], dtype=FACTOR),
        pl.col("start").alias("vintage_from"), pl.col("end").alias("vintage_to"), pl.col("__retired_on").alias("retired_on"), "retired_for",
        *(day.alias(name) for name, day in claimed.items()), "record_id",
    )  # fmt: skip
    return ledger.sort("market", "registry", "instrument", "record_id"), wrong


def _leads(units: pl.Series, wanted: str) -> list[Fraction | None]:
    """How many of the wanted unit one of each is; None where it does not measure the same."""
    known: dict[str, Fraction | None] = {}
    for unit in units.unique().to_list():
        try:
            known[unit] = multiplier(unit, wanted)
        except UnitProblem:
            known[unit] = None
    return [known[unit] for unit in units]
