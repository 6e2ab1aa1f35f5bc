"""One generic step, measure to measure: amounts of one measure become amounts of another, until no rule leads further."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from esg_kpis.amounts.build import with_ids
from esg_kpis.domains import MEASURES, derived
from esg_kpis.domains.refrigerants import REFRIGERANTS
from esg_kpis.editions import Edition, Exclusion, FactorRule, added_up
from esg_kpis.editions.boundary import MISSING
from esg_kpis.errors import FactorProblem, InternalProblem
from esg_kpis.exact import PRODUCT, PRODUCT_SCALE, as_decimal, product, sums
from esg_kpis.factors.library import Library
from esg_kpis.factors.selection import Choice, Need, rules_of, select
from esg_kpis.tables import AMOUNTS, FACTOR_USES, conform, empty

MAX_STEPS = 6
_NOTHING = dict.fromkeys(("factor_id", "rule_id", "why", "lead", "method"))
_UNITS = {name: measure.unit for name, measure in MEASURES.items()}
_MISSING = (pl.col("estimate_method") == MISSING).fill_null(value=False)
"""It stands for what was expected and did not come."""
_NEED = ["measure", "gas", "grid_region", "country", "kind", "period"]


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
    frontier = base.join(sites.select("site_id", "grid_region", "country", "kind"), on="site_id", how="left").with_columns(
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
        frontier = step.drop("why", "quantity_in")
    else:
        raise InternalProblem(
            f"The rules of edition {edition.id} lead on after {MAX_STEPS} steps.", mend="Look for rules that go round in a circle."
        )
    if not made:
        return Applied(empty(AMOUNTS), empty(FACTOR_USES), _merged(problems))
    everything = pl.concat(made)
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


def _targets(rules: Sequence[FactorRule], measure: str, gas: str, library: Library) -> list[tuple[str, str]]:
    """(output, gas) pairs the edition wants from a measure; a refrigerant keeps its gas."""
    targets: dict[tuple[str, str], None] = {}
    for rule in rules:
        if measure in rule.measures:
            for wanted in rule.gases:
                targets[(rule.output, gas if wanted == "*" else wanted)] = None
    return list(targets)


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
    named = frontier.with_columns(_gas_of_refrigerant().alias("gas"))
    nowhere = _leads_nowhere(edition, rules)
    lookups: list[dict[str, object]] = []
    problems: list[dict[str, object]] = []
    came = {tuple(key.values()) for key in named.filter(~_MISSING).select(_NEED).unique().iter_rows(named=True)}
    for key in named.select(_NEED).unique().sort(_NEED).iter_rows(named=True):
        nothing_came = tuple(key.values()) not in came
        for output in nowhere.get(key["measure"], ()):
            lookup = {**key, **_NOTHING, "output": output, "out_gas": "", "missing": None, "excluded_here": None}
            if nothing_came:
                lookups.append({**lookup, "lead": Decimal(0)})
                continue
            excluded = next((item.text for item in edition.rules.exclusion if key["measure"] in item.measures and not item.gases and output in (item.outputs or [output])), None)
            to = "emissions" if output == derived.EMISSION_CO2E else output
            message = f"No rule of the edition leads from {key['measure']} to {to}. Add [[factor_rule]]s, or an [[exclusion]] that names the measure."
            lookups.append({**lookup, "missing": None if excluded else message, "excluded_here": excluded})
            if excluded is None:
                problems += _problem(named, key, output, "", edition.id, FactorProblem(message))
        for output, gas in _targets(rules, key["measure"], key["gas"], library):
            lookup = {
                **key,
                "output": output,
                "out_gas": gas,
                "factor_id": None,
                "rule_id": None,
                "why": None,
                "lead": None,
                "method": None,
                "missing": None,
            }
            excluded = next(
                (item.text for item in edition.rules.exclusion if _excludes(item, key["measure"], output, gas, key["period"], library)),
                None,
            )
            if key["kind"] is not None:
                try:
                    choice = _choose(key, output, gas, rules, library, edition, known_on)
                    lookup |= {
                        "factor_id": choice.factor.factor_id, "rule_id": choice.rule, "why": choice.why, "method": choice.factor.method or None,
                        "lead": as_decimal(choice.factor.multiplier, PRODUCT_SCALE),
                    }  # fmt: skip
                except FactorProblem as problem:
                    if nothing_came:
                        lookup["lead"] = Decimal(0)
                    elif excluded is None:
                        lookup["missing"] = str(problem)
                        problems += _problem(named, key, output, gas, edition.id, problem)
            lookups.append({**lookup, "excluded_here": excluded})
    if not lookups:
        return pl.DataFrame(), problems
    return _products(named, lookups, library, edition), problems


def _choose(
    key: dict[str, str], output: str, gas: str, rules: Sequence[FactorRule], library: Library, edition: Edition, known_on: date
) -> Choice:
    chain = tuple(dict.fromkeys((key["grid_region"], key["country"])))
    need = Need(key["measure"], output, gas, chain, key["kind"], edition.periods[key["period"]])
    return select(library, rules, need, known_on=known_on, gwp_set=edition.rules.gwp_set)


def _gas_of_refrigerant() -> pl.Expr:
    """The gas of an amount: its own, or for a refill the refrigerant that stands in its dimensions."""
    named = pl.col("dimensions").str.extract(r"(?:^|;)refrigerant=([^;]+)").fill_null("")
    refill = (pl.col("measure") == "refrigerant_refill") & named.is_in(list(REFRIGERANTS))
    return pl.when(refill).then(named).otherwise(pl.col("gas").fill_null(""))


def _products(frontier: pl.DataFrame, lookups: list[dict[str, object]], library: Library, edition: Edition) -> pl.DataFrame:
    schema = dict.fromkeys(
        [*_NEED, "output", "out_gas", "factor_id", "rule_id", "why", "method", "missing", "excluded_here"], pl.String()
    ) | {"lead": PRODUCT}
    table = pl.DataFrame(lookups, schema=schema).rename({name: f"new_{name}" for name in ("factor_id", "rule_id", "method")})
    joined = frontier.join(table, on=_NEED, how="inner", nulls_equal=True, maintain_order="left")
    made = joined.with_columns(
        pl.col("amount_id").alias("parent_amount_id"),
        pl.col("quantity").alias("quantity_in"),
        product(pl.col("quantity"), pl.col("lead")).alias("quantity"),
        pl.col("output").alias("measure"),
        pl.col("out_gas").alias("gas"),
        pl.col("out_gas").replace_strict(library.gas_groups, default=None, return_dtype=pl.String()).alias("gas_group"),
        pl.col("new_factor_id").alias("factor_id"),
        pl.col("new_rule_id").alias("rule_id"),
        pl.coalesce("new_method", "method").alias("method"),
        pl.when(pl.col("output") == derived.EMISSION_CO2E).then(pl.lit(edition.rules.gwp_set)).alias("gwp_set"),
        pl.col("output").replace_strict(_UNITS, return_dtype=pl.String()).alias("unit"),
        pl.when(pl.col("scope") == "2").then(pl.lit("location")).alias("basis"),
        pl.coalesce("excluded", "excluded_here").alias("excluded"),
        pl.coalesce("blocked", "missing").alias("blocked"),
    )
    identified = with_ids(made, ("parent_amount_id", "measure", "gas", "period", "edition"))
    return identified.select(*AMOUNTS.names, "grid_region", "country", "kind", "why", "quantity_in")


def _excludes(item: Exclusion, measure: str, output: str, gas: str, period: str, library: Library) -> bool:
    return (
        (not item.measures or measure in item.measures)
        and (not item.outputs or output in item.outputs)
        and (not item.gases or gas in item.gases or library.gas_groups.get(gas, "") in item.gases)
        and (not item.periods or period in item.periods)
    )


def _problem(
    frontier: pl.DataFrame, key: dict[str, str], output: str, gas: str, edition: str, problem: FactorProblem
) -> list[dict[str, object]]:
    here = frontier.filter(pl.all_horizontal(pl.col(name).eq_missing(pl.lit(key[name], dtype=pl.String())) for name in _NEED))
    if here["blocked"].is_not_null().all():
        return []  # What is blocked already needs no factor.
    records = [name for name in here["record_id"].unique().sort().to_list() if name]  # An estimate has no record.
    subject = f"{output}{' ' + gas if gas else ''} from {key['measure']} in {key['country']}, {key['grid_region']}, {key['kind']}"
    row: dict[str, object] = {
        "edition": edition,
        "period": key["period"],
        "subject": subject,
        "message": str(problem),
        "amounts": here.height,
        "record_ids": ";".join(records),
    }
    return [row]


def _uses(made: pl.DataFrame, library: Library, edition: Edition) -> pl.DataFrame:
    facts = {factor.factor_id: factor for factor in library.factors}

    def of_factor(values: dict[str, str]) -> pl.Expr:
        return pl.col("factor_id").replace_strict(values, return_dtype=pl.String())

    used = made.filter(pl.col("factor_id").is_not_null() & pl.col("quantity").is_not_null() & ~_MISSING).with_columns(
        of_factor({key: fact.measure for key, fact in facts.items()}).alias("from_measure")
    )
    by = ["factor_id", "from_measure", "measure", "gas", "grid_region", "period", "rule_id", "why"]
    counted = used.group_by(by).agg(pl.len().cast(pl.Int64()).alias("amounts"))
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
