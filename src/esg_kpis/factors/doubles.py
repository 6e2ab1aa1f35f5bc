"""No amount leads to the same gas, or to CO2e, by two ways: rules that do so are told apart by nobody but their author."""

import polars as pl

from esg_kpis.domains import DOMAINS, derived
from esg_kpis.editions import Edition
from esg_kpis.exact import PRODUCT

_OF_REFRIGERANTS = [measure.name for measure in DOMAINS["refrigerants"].measures]


def without_doubles(made: pl.DataFrame, edition: Edition) -> tuple[pl.DataFrame, list[dict[str, object]]]:
    """What factors made, with emissions blocked that an amount leads to by two ways, and a problem for each pair of rules.

    Args:
        made: Derived amounts with `root` (the amount they go back to) and `from_measure`.
        edition: The edition.

    Two ways are: two rules to the mass of one gas; a rule to CO2e beside another one to CO2e or to a gas; of a refrigerant, emissions of the refrigerant as such beside those of a balance. The two methods of Scope 2
    are no two ways. What the edition excludes does not count.
    """
    counting = made.filter(pl.col("excluded").is_null())
    gases = counting.filter(pl.col("measure") == derived.EMISSION_GAS)
    direct = counting.filter((pl.col("measure") == derived.EMISSION_CO2E) & (pl.col("from_measure") != derived.EMISSION_GAS))
    way = pl.concat_str("rule_id", pl.lit(" from "), "from_measure")
    either = pl.concat([gases.select("root", "basis", "gas", way.alias("way"), "from_measure", "origin"), direct.select("root", "basis", pl.lit("CO2e").alias("gas"), way.alias("way"), "from_measure", "origin")])
    of_a_gas = _several(either, ["root", "basis", "gas"], "way")
    beside_gases = _several(either.join(direct.select("root", "basis").unique(), on=["root", "basis"], how="semi", nulls_equal=True), ["root", "basis"], "way").with_columns(pl.lit(None, dtype=pl.String()).alias("gas"))
    balanced = either.filter(pl.col("origin").is_in(_OF_REFRIGERANTS))
    of_balances = _several(balanced, ["root", "basis"], "from_measure").join(_ways(balanced, ["root", "basis"]), on=["root", "basis"], nulls_equal=True).with_columns(pl.lit(None, dtype=pl.String()).alias("gas"))
    doubled = pl.concat([frame.select("root", "basis", "gas", "ways") for frame in (of_a_gas, beside_gases, of_balances)]).unique(["root", "basis", "gas"], keep="first", maintain_order=True)
    if doubled.is_empty():
        return made, []
    named = doubled.with_columns(pl.concat_str(pl.lit("two rules of the edition lead to the same emission: "), "ways").alias("twice"))
    whole = named.filter(pl.col("gas").is_null()).select("root", "basis", "twice")
    single = named.filter(pl.col("gas").is_not_null()).select("root", "basis", "gas", pl.col("twice").alias("twice_gas"))
    emission = pl.col("measure").is_in([derived.EMISSION_GAS, derived.EMISSION_CO2E])
    told = made.join(whole.unique(["root", "basis"]), on=["root", "basis"], how="left", nulls_equal=True, maintain_order="left").join(
        single, on=["root", "basis", "gas"], how="left", nulls_equal=True, maintain_order="left"
    )
    twice = pl.when(emission).then(pl.coalesce("twice", "twice_gas"))
    blocked = told.with_columns(
        pl.coalesce("blocked", twice).alias("blocked"), pl.when(twice.is_null()).then("quantity").otherwise(pl.lit(None, dtype=PRODUCT)).alias("quantity")
    ).drop("twice", "twice_gas")
    return blocked, _problems(made.join(named.select("root", "basis", "twice").unique(["root", "basis"]), on=["root", "basis"], nulls_equal=True), edition)


def _ways(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return frame.group_by(by).agg(pl.col("way").unique().sort().str.join(", ").alias("ways"))


def _several(frame: pl.DataFrame, by: list[str], column: str) -> pl.DataFrame:
    """The groups with more than one value of a column, with their ways in words where the column is that of the ways."""
    several = frame.group_by(by).agg(pl.col(column).n_unique().alias("count")).filter(pl.col("count") > 1).drop("count")
    return several.join(_ways(frame, by), on=by, nulls_equal=True).sort(by) if column == "way" else several.sort(by)


def _problems(emissions: pl.DataFrame, edition: Edition) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for part in emissions.sort("period", "origin", "twice", "record_id").partition_by("period", "origin", "twice", maintain_order=True):
        first = part.row(0, named=True)
        ids = part["record_id"].unique(maintain_order=True).to_list()
        message = f"{first['twice'].capitalize()}. Take one of them out, or part them by `where`, `regions`, `site_kinds`, or an [[exclusion]]."
        rows.append(
            {
                "edition": edition.id, "period": first["period"], "subject": f"emissions from {first['origin']} by two ways", "message": f"edition.toml: {message}", "amounts": part["root"].n_unique(),
                "record_ids": ";".join(name for name in ids if name),
            }
        )  # fmt: skip
    return rows
