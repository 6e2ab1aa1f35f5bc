"""Exactly one factor, or a reason.

A factor serves an amount when an edition's rule names its source for the measure, region and period, when its region lies on the site's chain (grid region, the
regions above it, country, GLOBAL), when its data period contains the reporting period or the rule applies it across years, and when it was published by the
knowledge date. Rules are tried in order; within a rule the nearest region wins. None or two is an error that lists what nearly matched: never a zero,
never a neighbour year in silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.editions import FactorRule, Period
from esg_kpis.errors import FactorProblem
from esg_kpis.factors.kinds import FACTORS_OF, NEVER, UNNAMED, is_of_grid
from esg_kpis.factors.library import GWP_SOURCE, Library
from esg_kpis.factors.near import no_factor, two_factors
from esg_kpis.factors.need import APART, INSTRUMENTS_SOURCE, NEEDS, Choice, Need
from esg_kpis.factors.regions import rungs_of

# ---------------------------------------------------------------- all needs at once


def choose(library: Library, rules: Sequence[FactorRule], needs: pl.DataFrame, periods: Iterable[Period], known_on: date) -> pl.DataFrame:
    """The factor of every need, without explanation where there is none.

    Args:
        library: The factors.
        rules: The edition's rules in order.
        needs: Columns of `NEEDS`; no row twice.
        periods: The periods the needs speak of.
        known_on: Factors published after this day do not exist.

    Columns: those of `needs`; `factor` (its place in `library.factors`, null where none serves), `rule` (its place in `rules`), `matches` (how many factors serve equally well:
    more than one is an error), `why` in one sentence.
    """
    numbered = needs.with_columns(pl.col("measure").replace(FACTORS_OF).alias("factor_measure")).with_row_index("need")
    rungs = rungs_of(library.regions, needs["chain"].unique().to_list(), APART)
    words = rungs.sort("chain", "rung").group_by("chain", maintain_order=True).agg(pl.col("words").str.join(" > ").alias("chain_words"))
    spans = pl.DataFrame([{"period": item.id, "first": item.first, "last": item.last} for item in periods], schema={"period": pl.String(), "first": pl.Date(), "last": pl.Date()})
    open_, won = numbered, []
    broken = {item.file for item in library.broken} | {source for source, _ in library.unreadable}
    measures, outputs = ({*needs[name].unique()} for name in ("measure", "output"))
    for place, rule in enumerate(rules):
        if rule.output not in outputs or measures.isdisjoint(rule.measures):
            continue
        speaking = open_.filter(_speaks(rule, rungs))
        if speaking.is_empty():
            continue
        offered = _offered(library, rule, known_on)
        best = _best(speaking, offered, rule, rungs, spans).join(words, on="chain", how="left", maintain_order="left")
        if rule.source in broken:  # What cannot be read might have served as well or nearer.
            best = best.join(_doubted(speaking, best, library, rule, rungs, spans), on="need", how="anti")
        passed_over = _passed_over(speaking, best, offered, library, rule, rungs, spans, known_on)
        best = best.join(passed_over, on="need", how="anti") if passed_over.height else best
        won.append(best.with_columns(pl.lit(place, dtype=pl.UInt32()).alias("rule"), _why(rule).alias("why")).select("need", "factor", "rule", "matches", "why"))
        # What cannot be read might have served: a later rule must not take its place.
        open_ = open_.join(speaking if rule.source in broken else best, on="need", how="anti").join(passed_over, on="need", how="anti")
    schema = {"need": pl.UInt32(), "factor": pl.UInt32(), "rule": pl.UInt32(), "matches": pl.UInt32(), "why": pl.String()}
    served = pl.concat(won) if won else pl.DataFrame(schema=schema)
    return numbered.join(served, on="need", how="left", maintain_order="left").drop("need", "factor_measure")


def _speaks(rule: FactorRule, rungs: pl.DataFrame) -> pl.Expr:
    """Whether a rule speaks of a need."""
    conditions = [pl.col("measure").is_in(rule.measures), pl.col("output") == rule.output]
    if "*" not in rule.gases:
        conditions.append(pl.col("gas").is_in(rule.gases))
    if rule.applies_to:
        conditions.append(pl.col("period").is_in(rule.applies_to))
    if rule.regions:
        conditions.append(pl.col("chain").is_in(rungs.filter(pl.col("region").is_in(rule.regions))["chain"].unique().implode()))
    if rule.site_kinds:
        conditions.append(pl.col("kind").is_in(rule.site_kinds))
    conditions += [_dimension(name).is_in(values) for name, values in rule.where.items()]
    return pl.all_horizontal(conditions)


def _dimension(name: str) -> pl.Expr:
    return pl.col("dimensions").str.extract(rf"(?:^|;){name}=([^;]*)").fill_null("")


def _passed_over(
    speaking: pl.DataFrame, best: pl.DataFrame, offered: pl.DataFrame, library: Library, rule: FactorRule, rungs: pl.DataFrame, spans: pl.DataFrame, known_on: date
) -> pl.DataFrame:  # fmt: skip
    """The needs for which a rule that names no kind would pass over a nearer factor because that one is of another kind: nobody said that the farther one is meant."""
    if rule.method is None and best.height:
        every = _offered(library, rule, known_on, any_kind=True)
        if every.height > offered.height:
            nearest = _best(speaking, every, rule, rungs, spans).select("need", pl.col("rung").alias("nearest"))
            return best.join(nearest, on="need").filter(pl.col("nearest") < pl.col("rung")).select("need")
    return pl.DataFrame(schema={"need": pl.UInt32()})


def _offered(library: Library, rule: FactorRule, known_on: date, *, any_kind: bool = False) -> pl.DataFrame:
    """The factors that a rule may take, whatever the need; `any_kind` of electricity, though the rule names none."""
    conditions = [
        pl.col("file") == rule.source, pl.col("measure").is_in([FACTORS_OF.get(name, name) for name in rule.measures]), pl.col("output") == rule.output, pl.col("status") != "evidence_only",
        pl.col("published") <= known_on,
    ]  # fmt: skip
    if any(is_of_grid(name, rule.output) for name in rule.measures):
        grid = pl.col("measure").str.starts_with("electricity")
        conditions.append(~(grid & pl.col("method").is_in(NEVER)))
        if rule.method is None and not any_kind:
            conditions.append(~grid | pl.col("method").is_in(UNNAMED))
    if rule.method is not None and "{" not in rule.method:
        conditions.append(pl.col("method") == rule.method)
    if rule.data_year is not None:
        conditions.append(pl.lit(rule.data_year).is_between(pl.col("data_from").dt.year(), pl.col("data_to").dt.year()))
    if rule.factor_region:
        conditions.append(pl.col("region") == rule.factor_region)
    return library.offers.filter(conditions)


def _best(speaking: pl.DataFrame, offers: pl.DataFrame, rule: FactorRule, rungs: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Per need the nearest of the factors that fit it: columns of the need, `factor`, `matches`, the factor's period and region, and the bounds of the period."""
    if rule.data_year is None:
        described = offers.select("data_from", "data_to").unique().join(spans, how="cross").filter((pl.col("data_from") <= pl.col("first")) & (pl.col("data_to") >= pl.col("last")))
        fitting, keys = offers.join(described, on=["data_from", "data_to"]), ["factor_measure", "period"]
    else:
        fitting, keys = offers, ["factor_measure"]
        speaking = speaking.join(spans, on="period", how="left", maintain_order="left")
    fitting = fitting.drop("file", "output", "status").rename({"gas": "factor_gas", "gas_in": "factor_gas_in", "measure": "factor_measure"})
    if rule.factor_region:
        met = speaking.join(fitting, on=keys).with_columns(pl.lit(0, dtype=pl.UInt32()).alias("rung"))
    else:
        on_chain = speaking.join(rungs, on="chain").join(fitting, on=[*keys, "region"])
        met = on_chain.filter((pl.col("data_from") <= pl.col("member_to")) & (pl.col("data_to") >= pl.col("member_from")))
    named = (pl.col("factor_gas") == pl.col("gas")) & ((pl.col("factor_gas_in") == "") | (pl.col("factor_gas_in") == pl.col("gas_in")))
    kept = (pl.col("factor_gas") == "*") & (pl.col("gas") == pl.col("gas_in"))
    fits = named | kept
    if rule.method is not None and "{" in rule.method:
        fits &= pl.col("method") == _filled(rule.method)
    met = met.filter(fits)
    nearest = met.filter(pl.col("rung") == pl.col("rung").min().over("need")) if met.height else met
    counted = nearest.sort("need", "factor").with_columns(pl.len().over("need").alias("matches")) if met.height else nearest.with_columns(pl.lit(0, dtype=pl.UInt32()).alias("matches"))
    return counted.unique("need", keep="first", maintain_order=True)


def _doubted(speaking: pl.DataFrame, best: pl.DataFrame, library: Library, rule: FactorRule, rungs: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The needs for which a row of the rule's source that could not be read may lie on the rung of the factor found, or nearer."""
    schema = dict.fromkeys(("measure", "output", "gas_in", "gas", "region", "method"), pl.String()) | dict.fromkeys(("data_from", "data_to"), pl.Date())
    rows = [{name: getattr(item, name) for name in schema} for item in library.broken if item.file == rule.source]
    table = pl.DataFrame(rows, schema=schema).rename({name: f"broken_{name}" for name in ("output", "gas_in", "gas", "measure")})
    if rule.method is not None and "{" not in rule.method:
        table = table.filter(pl.col("method").is_in(["", rule.method]))
    if rule.data_year is not None:
        table = table.filter(pl.lit(rule.data_year).is_between(pl.col("data_from").dt.year(), pl.col("data_to").dt.year()))
    found = best.select("need", pl.col("rung").alias("found_at"))
    asked = speaking.select("need", "factor_measure", "output", "gas_in", "gas", "chain", "period").join(found, on="need").join(spans, on="period", how="left")
    met = asked.join(table, how="cross").join(rungs.select("chain", "region", "rung"), on=["chain", "region"], how="left")

    def same(broken: str, own: str) -> pl.Expr:
        return (pl.col(broken) == "") | (pl.col(broken) == pl.col(own))

    near = (pl.col("region") == rule.factor_region) if rule.factor_region else (pl.col("rung") <= pl.col("found_at")).fill_null(value=False)
    in_time = pl.lit(value=True) if rule.data_year is not None else (pl.col("data_from") <= pl.col("first")) & (pl.col("data_to") >= pl.col("last"))
    gas = same("broken_gas", "gas") | (pl.col("broken_gas") == "*") | ((pl.col("broken_gas_in") != "") & (pl.col("broken_gas_in") == pl.col("gas_in")))
    fits = [same("broken_measure", "factor_measure"), same("broken_output", "output"), same("broken_gas_in", "gas_in"), gas, (pl.col("region") == "") | near, in_time]
    return met.filter(pl.all_horizontal(fits)).select("need").unique()


def _filled(method: str) -> pl.Expr:
    """A method with the amount's own words in its braces: `{equipment}_upper` is `chiller_upper` for a chiller."""
    parts: list[pl.Expr] = []
    rest = method
    while rest:
        before, brace, rest = rest.partition("{")
        parts.append(pl.lit(before))
        if brace:
            name, _, rest = rest.partition("}")
            parts.append(_dimension(name))
    return pl.concat_str(parts)


def _why(rule: FactorRule) -> pl.Expr:
    own = pl.concat_str(pl.lit("region "), "region", pl.lit(", by edition rule whatever the site's"))
    near = pl.concat_str(pl.lit("region "), "region", pl.lit(", on the site's chain "), "chain_words")
    period = pl.concat_str(pl.lit("describes "), "data_words")
    when = period
    if rule.data_year is not None:
        outside = (pl.col("data_from") > pl.col("first")) | (pl.col("data_to") < pl.col("last"))
        when = pl.when(outside).then(pl.concat_str(pl.lit(f"data year {rule.data_year} applied to "), "period", pl.lit(" by edition rule"))).otherwise(period)
    if rule.source == GWP_SOURCE:
        when = pl.concat_str(pl.lit("GWP set "), "method")
    if rule.source == INSTRUMENTS_SOURCE:
        return pl.lit("the rate that the instrument conveys, by the market-based method of the edition")
    return pl.concat_str(when, pl.lit("; "), own if rule.factor_region else near, pl.lit("; published "), pl.col("published").cast(pl.String), pl.lit(f"; rule {rule.id}"))


# ---------------------------------------------------------------- one need, explained


def select(library: Library, rules: Sequence[FactorRule], need: Need, *, known_on: date, gwp_set: str) -> Choice:
    """The one factor that serves `need`.

    Raises:
        FactorProblem: if no rule speaks of the need, none of the rules finds a factor, or one finds two; the message lists the near misses.
    """
    found = select_each(library, rules, [need], known_on=known_on, gwp_set=gwp_set)[0]
    if isinstance(found, FactorProblem):
        raise found
    return found


def select_each(library: Library, rules: Sequence[FactorRule], needs: Sequence[Need], *, known_on: date, gwp_set: str) -> list[Choice | FactorProblem]:
    """The one factor that serves each of some needs, no two of them the same, or why none does. All are looked for at once, in the time of one."""
    rows = choose(library, rules, pl.DataFrame([need.row() for need in needs], schema=NEEDS), {need.period.id: need.period for need in needs}.values(), known_on)
    found: list[Choice | FactorProblem] = []
    for need, row in zip(needs, rows.iter_rows(named=True), strict=True):
        problem = refusal(library, rules, need, row, known_on=known_on, gwp_set=gwp_set)
        found.append(Choice(library.factors[row["factor"]], rules[row["rule"]].id, row["why"]) if problem is None else problem)
    return found


def refusal(library: Library, rules: Sequence[FactorRule], need: Need, row: Mapping[str, int | None], *, known_on: date, gwp_set: str) -> FactorProblem | None:
    """Why a row of `choose` gives a need no factor; None where it gives one."""
    if row["factor"] is None or row["rule"] is None:
        return no_factor(library, rules, need, known_on)
    factor, rule = library.factors[row["factor"]], rules[row["rule"]]
    if (row["matches"] or 0) > 1:
        return two_factors(library, rule, need, known_on)
    if need.output == derived.EMISSION_CO2E and factor.gwp_set != gwp_set:
        return FactorProblem(
            f"{factor.factor_id} is in CO2e by {factor.gwp_set or 'no named GWP set'}, the edition by {gwp_set}.",
            where=str(need),
            mend="Two GWP sets never stand in one total. Use a factor by gas, or one of the edition's set.",
        )
    return None
