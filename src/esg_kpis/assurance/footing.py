"""Footing of what was printed: do the printed parts add up to the printed whole, within what rounding allows?"""

from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.editions import Edition, Kpi
from esg_kpis.exact import printed
from esg_kpis.ingest.numbers import read_numbers


def footing_rows(figures: pl.DataFrame, edition: Edition) -> list[dict[str, str | bool]]:
    """One finding per printed whole whose parts are all printed.

    `footing.parts` of a KPI names the KPIs that add up to it, or `kpi/breakdown/*` for the categories of one. Each of the n parts and the whole may be
    off by half a unit of its last digit; a larger gap is no rounding.

    Keys: subject, period, passed, observed, expected, difference.
    """
    numbers = figures.with_columns(read_numbers(figures["value_as_printed"].str.strip_suffix("%"))["value"].alias("number"))
    rows = []
    for kpi in edition.kpis.values():
        for period in edition.periods:
            whole = _printed(numbers, kpi.id, "total", period)
            parts = [_printed(numbers, *_part(name), period) for name in (kpi.footing.parts if kpi.footing else ())]
            if kpi.footing and whole.height and all(part.height for part in parts):
                rows.append(_row(kpi, period, whole, pl.concat(parts)))
    return rows


def _part(name: str) -> tuple[str, str]:
    kpi_id, _, breakdown = name.removesuffix("/*").partition("/")
    return kpi_id, breakdown or "total"


def _printed(numbers: pl.DataFrame, kpi_id: str, breakdown: str, period: str) -> pl.DataFrame:
    return numbers.filter((pl.col("kpi_id") == kpi_id) & (pl.col("breakdown") == breakdown) & (pl.col("period") == period))


def _row(kpi: Kpi, period: str, whole: pl.DataFrame, parts: pl.DataFrame) -> dict[str, str | bool]:
    both = pl.concat([whole, parts])
    decimals = int(both["decimals"].to_list()[0])
    slack = sum((Fraction(1, 2 * 10 ** int(places)) for places in both["decimals"]), Fraction(0))
    total = sum((Fraction(number) for number in parts["number"]), Fraction(0))
    shown = parts["value_as_printed"].to_list()
    terms = " + ".join(shown) if len(shown) <= 12 else f"{' + '.join(shown[:3])} … ({len(shown)} parts)"
    printed_whole = Fraction(Decimal(whole["number"].item()))
    gap = total - printed_whole
    return {
        "subject": f"printed {kpi.id}", "period": period, "passed": abs(gap) <= slack,
        "observed": f"parts add up to {printed(total, decimals)} {kpi.unit}: {terms}",
        "expected": f"{whole['value_as_printed'].item()} {kpi.unit}, give or take {printed(slack, decimals + 1)} of rounding",
        "difference": printed(gap, decimals),
    }  # fmt: skip
