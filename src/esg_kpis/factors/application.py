"""One generic step, measure to measure: amounts of one measure become amounts of another, until no rule leads further."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from esg_kpis.amounts.build import with_ids
from esg_kpis.domains import DOMAINS, MEASURES, derived
from esg_kpis.editions import Edition, Exclusion, FactorRule, added_up
from esg_kpis.editions.boundary import MISSING
from esg_kpis.errors import FactorProblem, InternalProblem
from esg_kpis.exact import PRODUCT, product, sums
from esg_kpis.factors.doubles import without_doubles
from esg_kpis.factors.library import Library
from esg_kpis.factors.need import APART, Need, rules_of
from esg_kpis.factors.selection import choose, refusal
from esg_kpis.tables import AMOUNTS, FACTOR_USES, conform, empty

MAX_STEPS = 6
_UNITS = {name: measure.unit for name, measure in MEASURES.items()}
_MISSING = (pl.col("estimate_method") == MISSING).fill_null(value=False)
"""It stands for what was expected and did not come."""
_KEY = ["measure", "gas_in", "methane", "grid_region", "country", "kind", "period", "dimensions"]
"""What decides the factor of an amount."""
_OF_REFRIGERANTS = [measure.name for measure in DOMAINS["refrigerants"].measures]
_BIOGENIC = [name for name, measure in MEASURES.items() if measure.biogenic]


@dataclass(frozen=True)
class Applied:
    """What factors made of an edition's amounts: the derived amounts, where each factor was used, and the needs that found none."""

    derived: pl.DataFrame
    uses: pl.DataFrame
    problems: pl.DataFrame


PROBLEMS = {
    "edition": pl.String(),
    "period": pl.String(),
    "subject": pl.String(),
    "message": pl.String(),
    "amounts": pl.Int64(),
    "record_ids": pl.String(),
}


def apply_factors(base: pl.DataFrame, sites: pl.DataFrame, library: Library, edition: Edition, known_on: date) -> Applied:
    """The derived amounts of an edition.

    Args:
        base: The edition's amounts that count (`amounts` in the data dictionary); blocked ones have no quantity and stay blocked.
        sites: The register.
        library: The factors.
        edition: The edition, with its rules and exclusions.
        known_on: Factors published after this day do not exist.

    An amount that finds no factor becomes a blocked amount of the output, so that whatever adds it up is blocked as well. Excluded amounts are computed
    where a factor is known, and marked. Where all that there is of a need is what was expected and did not come, no factor is asked for: whatever needs it is incomplete, not blocked.
    """
    rules = rules_of(edition.rules)
    frontier = base.with_columns(pl.col("amount_id").alias("root")).join(sites.select("site_id", "grid_region", "country", "kind"), on="site_id", how="left").with_columns(
        pl.col("gas").fill_null("")
    )
    made: list[pl.DataFrame] = []
    problems: list[dict[str, object]] = []
    for _ in range(MAX_STEPS):
        step, failed = _step(frontier, rules, library, edition, known_on)
        problems += failed
        if step.is_empty():
            break
        made.append(step)
        frontier = step.drop("why", "quantity_in", "from_measure")
    else:
        raise InternalProblem(
            f"The rules of edition {edition.id} lead on after {MAX_STEPS} steps.", mend="Look for rules that go round in a circle."
        )
    if not made:
        return Applied(empty(AMOUNTS), empty(FACTOR_USES), _merged(problems))
    everything, doubled = without_doubles(pl.concat(made), edition)
    problems += doubled
    amounts = everything.with_columns(pl.col("gas").replace({"": None}))
    return Applied(
        conform(amounts.select(AMOUNTS.names), AMOUNTS),
        _uses(everything, library, edition),
        _merged(problems),
    )


def _merged(problems: list[dict[str, object]]) -> pl.DataFrame:
    """One row per need: the same one may arise at several steps."""
    frame = pl.DataFrame(problems, schema=PROBLEMS)
    return (
        frame.group_by("edition", "period", "subject", maintain_order=True)
        .agg(pl.col("message").first(), pl.col("amounts").sum(), pl.col("record_ids").str.join(";"))
        .sort("subject", "period")
    )


def _leads_nowhere(edition: Edition, rules: Sequence[FactorRule]) -> dict[str, list[str]]:
    """Measures, with what they ought to lead to and no chain of rules leads: emissions to CO2e, all energy to energy in coal equivalent, where the edition adds these up."""
    nowhere: dict[str, list[str]] = {}
    for output, measures in added_up(edition).items():
        leading = {output}
        for _ in rules:
            leading |= {measure for rule in rules if rule.output in leading for measure in rule.measures}
        for measure in measures - leading:
            nowhere.setdefault(measure, []).append(output)
    return nowhere


def _step(
    frontier: pl.DataFrame, rules: Sequence[FactorRule], library: Library, edition: Edition, known_on: date
) -> tuple[pl.DataFrame, list[dict[str, object]]]:
    nowhere = _leads_nowhere(edition, rules)
    asked = {measure for rule in rules for measure in rule.measures} | set(nowhere)
    named = frontier.filter(pl.col("measure").is_in(list(asked))).with_columns(_gas_in().alias("gas_in"), _methane(edition).alias("methane"))
    keys = named.group_by(_KEY).agg((~_MISSING).any().alias("came")).sort(_KEY)
    targets = _targets(keys, rules, library)
    lost = [
        {"measure": measure, "output": output, "gas_in": gas_in, "gas": "", "lost": True}
        for measure, gas_in in keys.select("measure", "gas_in").unique().sort("measure", "gas_in").rows() for output in nowhere.get(measure, ())
    ]  # fmt: skip
    ways = pl.DataFrame([*targets, *lost], schema={"measure": pl.String(), "output": pl.String(), "gas_in": pl.String(), "gas": pl.String(), "lost": pl.Boolean()})
    wanted = keys.join(ways, on=["measure", "gas_in"], maintain_order="left_right")
    if wanted.is_empty():
        return pl.DataFrame(), []
    chosen = _chosen(wanted, rules, library, edition, known_on)
    problems: list[dict[str, object]] = []
    texts: dict[int, str] = {}
    for row in chosen.filter(pl.col("factor").is_null() | (pl.col("matches") > 1) | (pl.col("output") == derived.EMISSION_CO2E)).iter_rows(named=True):
        problem = _refused(row, rules, library, edition, known_on)
        if problem is not None and row["excluded_here"] is None:
            texts[row["way"]] = str(problem)
            if row["came"] and row["kind"] is not None:
                problems += _problem(named, row, edition.id, problem)
    refused = pl.DataFrame({"way": list(texts), "missing": list(texts.values())}, schema={"way": pl.UInt32(), "missing": pl.String()})
    return _products(named, chosen.join(refused, on="way", how="left", maintain_order="left"), rules, library, edition), problems


def _targets(keys: pl.DataFrame, rules: Sequence[FactorRule], library: Library) -> list[dict[str, object]]:
    """What the edition wants from each measure and gas: `*` keeps the gas, or parts a blend into the gases that the rule's source says it is made of."""
    targets: dict[tuple[str, str, str, str], None] = {}
    for measure, gas_in in keys.select("measure", "gas_in").unique().sort("measure", "gas_in").rows():
        for rule in rules:
            if measure in rule.measures:
                for wanted in rule.gases:
                    for gas in (library.parts_of(rule.source, measure, gas_in) or [gas_in]) if wanted == "*" else [wanted]:
                        targets[(measure, rule.output, gas_in, gas)] = None
    return [{"measure": measure, "output": output, "gas_in": gas_in, "gas": gas, "lost": False} for measure, output, gas_in, gas in targets]


def _chosen(wanted: pl.DataFrame, rules: Sequence[FactorRule], library: Library, edition: Edition, known_on: date) -> pl.DataFrame:
    """`wanted` with `way` (its number), the factor chosen, the rule and why, and `excluded_here`: why the edition leaves out what it leads to."""
    chain = pl.concat_list("grid_region", "country").list.drop_nulls().list.unique(maintain_order=True).list.join(APART)
    as_needs = wanted.with_columns(
        chain.fill_null("").alias("chain"), pl.col("kind").fill_null("").alias("kind_named"),
        # Of methane the GWP may depend on where its carbon comes from.
        pl.when((pl.col("output") == derived.EMISSION_CO2E) & (pl.col("gas") == "CH4")).then("methane").otherwise("gas").alias("valued"),
    ).with_row_index("way")  # fmt: skip
    is_gwp = (pl.col("measure") == derived.EMISSION_GAS) & (pl.col("output") == derived.EMISSION_CO2E)
    needs = as_needs.select(
        "measure", "output", pl.when(is_gwp).then("valued").otherwise("gas_in").alias("gas_in"), pl.col("valued").alias("gas"), "chain", pl.col("kind_named").alias("kind"), "period",
        "dimensions",
    )  # fmt: skip
    distinct = needs.unique(maintain_order=True)
    answers = choose(library, rules, distinct, edition.periods.values(), known_on)
    columns = [needs[name].alias(f"need_{name}") for name in needs.columns]
    joined = as_needs.with_columns(columns).join(
        answers.rename({name: f"need_{name}" for name in needs.columns}), on=[f"need_{name}" for name in needs.columns], how="left", maintain_order="left"
    )
    excluded = [
        next((item.text for item in edition.rules.exclusion if _excludes(item, measure, output, gas, period, said, library, lost=lost)), None)
        for measure, output, gas, period, said, lost in joined.select("measure", "output", "gas", "period", "dimensions", "lost").iter_rows()
    ]
    return joined.with_columns(pl.Series("excluded_here", excluded, dtype=pl.String()))


def _refused(row: dict[str, Any], rules: Sequence[FactorRule], library: Library, edition: Edition, known_on: date) -> FactorProblem | None:
    """Why a way has no factor; None where it has one, or where the site is not known and what rests on it is blocked already."""
    if row["lost"]:
        to = "emissions" if row["output"] == derived.EMISSION_CO2E else row["output"]
        return FactorProblem(f"No rule of the edition leads from {row['measure']} to {to}.", mend="Add [[factor_rule]]s, or an [[exclusion]] that names the measure.")
    if row["kind"] is None and row["factor"] is None:
        return None
    need = Need(
        row["measure"], row["output"], row["need_gas"], tuple(row["chain"].split(APART)), row["kind"] or "", edition.periods[row["period"]], row["need_gas_in"],
        _said(row["dimensions"]),
    )  # fmt: skip
    return refusal(library, rules, need, row, known_on=known_on, gwp_set=edition.rules.gwp_set)


def _said(dimensions: str) -> dict[str, str]:
    """What stands beside an amount, by name."""
    return dict(part.split("=", 1) for part in dimensions.split(";") if part)


def _gas_in() -> pl.Expr:
    """The gas of an amount: its own, or the refrigerant that stands in its dimensions."""
    named = pl.col("dimensions").str.extract(r"(?:^|;)refrigerant=([^;]+)").fill_null("")
    return pl.when(pl.col("measure").is_in(_OF_REFRIGERANTS)).then(named).otherwise(pl.col("gas").fill_null(""))


def _methane(edition: Edition) -> pl.Expr:
    """The gas by which CH4 of an amount is valued."""
    if edition.rules.methane == "one_value":
        return pl.lit("CH4")
    return pl.when(pl.col("origin").is_in(_BIOGENIC)).then(pl.lit("CH4 nonfossil")).otherwise(pl.lit("CH4 fossil"))


def _products(named: pl.DataFrame, chosen: pl.DataFrame, rules: Sequence[FactorRule], library: Library, edition: Edition) -> pl.DataFrame:
    facts = library.offers.select("factor", pl.Series("new_factor_id", [factor.factor_id for factor in library.factors], dtype=pl.String()), "lead", pl.col("method").alias("new_method"))
    by_place = pl.DataFrame({"rule": range(len(rules)), "new_rule_id": [rule.id for rule in rules]}, schema={"rule": pl.UInt32(), "new_rule_id": pl.String()})
    table = chosen.select(*_KEY, "came", "output", "gas", "factor", "rule", "why", "missing", "excluded_here").join(facts, on="factor", how="left").join(by_place, on="rule", how="left")
    # A year's rate of what is in equipment tells of a year; of what never came nothing is known, and no factor is asked for.
    years = {name: Decimal(period.months) / 12 for name, period in edition.periods.items()}
    known = pl.col("missing").is_null() & pl.col("factor").is_not_null()
    table = table.rename({"gas": "out_gas"}).with_columns(
        pl.when(known).then("lead").when(~pl.col("came")).then(pl.lit(0).cast(PRODUCT)).alias("lead"),
        pl.when("came").then("missing").alias("missing"), *(pl.when(known).then(name).alias(name) for name in ("new_factor_id", "new_rule_id", "why", "new_method")),
        pl.col("period").replace_strict(years, default=None, return_dtype=PRODUCT).alias("years"),
    )  # fmt: skip
    joined = named.drop("gas").join(table.drop("came"), on=_KEY, how="inner", nulls_equal=True, maintain_order="left")
    group = pl.col("out_gas").replace_strict(library.gas_groups, default=None, return_dtype=pl.String())
    grouped = pl.when((pl.col("out_gas") == "CO2") & pl.col("origin").is_in(_BIOGENIC)).then(pl.lit(derived.CO2_BIOGENIC)).otherwise(group)
    exact = product(pl.col("quantity"), pl.col("lead"))
    made = joined.with_columns(
        pl.col("amount_id").alias("parent_amount_id"),
        pl.col("quantity").alias("quantity_in"), pl.col("measure").alias("from_measure"),
        pl.when(pl.col("nature") == "stock").then(product(exact, pl.col("years"))).otherwise(exact).alias("quantity"),
        pl.col("output").alias("measure"),
        pl.lit("flow").alias("nature"),
        pl.col("out_gas").alias("gas"),
        grouped.alias("gas_group"),
        pl.col("new_factor_id").alias("factor_id"),
        pl.col("new_rule_id").alias("rule_id"),
        pl.coalesce(pl.col("new_method").replace({"": None}), "method").alias("method"),
        pl.when(pl.col("output") == derived.EMISSION_CO2E).then(pl.lit(edition.rules.gwp_set)).alias("gwp_set"),
        pl.col("output").replace_strict(_UNITS, return_dtype=pl.String()).alias("unit"),
        pl.when(grouped.is_in(derived.BESIDE_SCOPES)).then(pl.lit(derived.OUTSIDE)).otherwise("scope").alias("scope"),
        pl.when(pl.col("scope") == "2").then(pl.coalesce("basis", _basis(edition))).alias("basis"),
        pl.coalesce("excluded", "excluded_here").alias("excluded"),
        pl.coalesce("blocked", "missing").alias("blocked"),
    )
    identified = with_ids(made, ("parent_amount_id", "measure", "gas", "period", "edition"))
    return identified.select(*AMOUNTS.names, "grid_region", "country", "kind", "why", "quantity_in", "from_measure", "root")


def _basis(edition: Edition) -> pl.Expr:
    """The basis of a Scope 2 amount that has none: in an edition with both methods, what no instrument can cover counts in both."""
    market = edition.rules.market_based
    return pl.lit("location") if market is None else pl.when(pl.col("origin").is_in(market.load)).then(pl.lit("location")).otherwise(pl.lit("both"))


def _excludes(item: Exclusion, measure: str, output: str, gas: str, period: str, said: str, library: Library, *, lost: bool) -> bool:
    if item.where:
        words = _said(said)
        if not all(words.get(name, "") in values for name, values in item.where.items()):
            return False
    if lost:
        return measure in item.measures and not item.gases and output in (item.outputs or [output]) and (not item.periods or period in item.periods)
    return (
        (not item.measures or measure in item.measures)
        and (not item.outputs or output in item.outputs)
        and (not item.gases or gas in item.gases or library.gas_groups.get(gas, "") in item.gases)
        and (not item.periods or period in item.periods)
    )


def _problem(frontier: pl.DataFrame, row: dict[str, Any], edition: str, problem: FactorProblem) -> list[dict[str, object]]:
    here = frontier.filter(pl.all_horizontal(pl.col(name).eq_missing(pl.lit(row[name], dtype=pl.String())) for name in _KEY))
    if here["blocked"].is_not_null().all():
        return []  # What is blocked already needs no factor.
    records = [name for name in here["record_id"].unique().sort().to_list() if name]  # An estimate has no record.
    gas = row["gas"]
    subject = f"{row['output']}{' ' + gas if gas else ''} from {row['measure']} in {row['country']}, {row['grid_region']}, {row['kind']}"
    return [{"edition": edition, "period": row["period"], "subject": subject, "message": str(problem), "amounts": here.height, "record_ids": ";".join(records)}]


def _uses(made: pl.DataFrame, library: Library, edition: Edition) -> pl.DataFrame:
    facts = {factor.factor_id: factor for factor in library.factors}

    def of_factor(values: dict[str, str]) -> pl.Expr:
        return pl.col("factor_id").replace_strict(values, return_dtype=pl.String())

    used = made.filter(pl.col("factor_id").is_not_null() & pl.col("quantity").is_not_null() & ~_MISSING)
    by = ["factor_id", "from_measure", "measure", "gas", "grid_region", "period", "rule_id"]
    counted = used.group_by(by).agg(pl.len().cast(pl.Int64()).alias("amounts"), pl.col("why").min())
    totals = sums(used, by, "quantity").join(sums(used, by, "quantity_in"), on=by).join(counted, on=by)
    return conform(
        totals.select(
            pl.lit(edition.id).alias("edition"), "factor_id", pl.col("from_measure").alias("measure"), pl.col("measure").alias("output"), "gas",
            pl.col("grid_region").alias("region"), "period", pl.col("rule_id").alias("rule"), "why", "amounts", "quantity_in",
            of_factor({key: fact.data_period for key, fact in facts.items()}).alias("data_period"),
            of_factor({key: fact.published.isoformat() for key, fact in facts.items()}).alias("published"),
            pl.col("from_measure").replace_strict(_UNITS, return_dtype=pl.String()).alias("unit_in"),
            pl.col("quantity").alias("quantity_out"), pl.col("measure").replace_strict(_UNITS, return_dtype=pl.String()).alias("unit_out"),
        ),
        FACTOR_USES,
    )  # fmt: skip
