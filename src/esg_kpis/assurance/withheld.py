"""What of findings tells of people: shown where only figures may be seen that give no small group back."""

from collections.abc import Sequence

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.domains import DOMAINS

NOT_SHOWN = "(withheld: it tells of people)"
PEOPLE_CHECKS = ("people_lock", "roll_forward", "unknown_word", "uncovered", "people_unfinished", "people_ahead", "people_outlier", "movement_uncounted", "not_stated")
"""Checks of which what was observed counts persons, or names rows of persons."""
PER_HEAD = "per_head"
"""The method of estimates, and the kind of anomalies, that go by how many persons a site has."""
_FOLDERS = tuple(domain.name for domain in DOMAINS.values() if domain.counted)


def of_people(path: str = "path") -> pl.Expr:
    """Whether a row is about a file of persons."""
    return pl.any_horizontal(pl.lit(value=False), *(pl.col(path).str.starts_with(f"{folder}/") for folder in _FOLDERS))


def tells_heads(estimates: pl.DataFrame, values: pl.DataFrame) -> tuple[str, ...]:
    """The editions that have estimates per head beside figures that are hidden: with the rate, such an estimate says how many heads its site has."""
    by_head = estimates.filter(pl.col("method") == PER_HEAD)["edition"].unique()
    return tuple(values.filter((pl.col("status") == "suppressed") & pl.col("edition").is_in(by_head.implode()))["edition"].unique().sort())


def of_heads(every: pl.DataFrame, estimates: pl.DataFrame, hidden_in: Sequence[str]) -> pl.Series:
    """Which amounts rest on an estimate per head in an edition that hides groups: with the rate, each says how many heads its site has.

    Args:
        every: Amounts of editions.
        estimates: The estimates among them, with what they rest on.
        hidden_in: The editions that `tells_heads` names.
    """
    marks = pl.Series([False], dtype=pl.Boolean()).new_from_index(0, every.height)
    if not hidden_in:
        return marks
    own = estimates.filter(pl.col("edition").is_in(list(hidden_in)))
    rests_on = own.select("edition", "amount_id", pl.col("basis_amount_ids").str.split(";").alias("before")).explode("before")
    found = own.filter(pl.col("method") == PER_HEAD).select("edition", "amount_id")
    while True:
        # What is made from an amount that tells of heads, and an estimate that rests on one, tell of them too.
        found = pl.concat([found, rests_on.join(found.rename({"amount_id": "before"}), on=["edition", "before"], how="semi").select("edition", "amount_id")]).unique()
        ids = found.with_columns(pl.lit(value=True).alias("hit"))
        hits = [every.select("edition", pl.col(name).alias("amount_id")).join(ids, on=["edition", "amount_id"], how="left", maintain_order="left")["hit"].fill_null(value=False) for name in ("amount_id", "parent_amount_id")]
        marked = hits[0] | hits[1]
        if marked.sum() == marks.sum():
            return marked
        marks, found = marked, pl.concat([found, every.filter(marked).select("edition", "amount_id")]).unique()


def without_shares(column: str, where: pl.Expr) -> pl.Expr:
    """A sentence of a table without how large a part was estimated, or received: of a total that is shown, that is the estimate."""
    less = pl.col(column).str.replace(r"[\d.]+ % is estimated, more than ([\d.]+ %)", "more than ${1} is estimated").str.replace(r"; received by quantity: .*$", "")
    return pl.when(where).then(less).otherwise(pl.col(column))


def findings_told(findings: pl.DataFrame, anomalies: pl.DataFrame, controls: pl.DataFrame, heads_in: Sequence[str] = ()) -> pl.DataFrame:
    """Findings; those that count persons without what they observed, and in editions of `heads_in` those that say how much was estimated per head."""
    heads = anomalies.filter(pl.col("kind") == PER_HEAD)["subject"].unique().to_list()
    records = controls["record_id"].unique().to_list()
    on_record = pl.any_horizontal(pl.lit(value=False), *(pl.col("record_ids").str.contains(name, literal=True) for name in records))
    per_head = (pl.col("check") == "anomaly") & pl.any_horizontal(pl.lit(value=False), *(pl.col("subject").str.starts_with(name) for name in heads))
    by_head = (pl.col("check") == "estimated") & pl.col("observed").str.contains(PER_HEAD, literal=True) & pl.col("edition").is_in(list(heads_in))
    about = pl.col("check").is_in(PEOPLE_CHECKS) | per_head | by_head | of_people("subject") | on_record | pl.col("subject").is_in(OF_PEOPLE)
    gone = about & ~pl.col("passed")
    return findings.with_columns(observed=without_shares("observed", pl.lit(bool(heads_in)) & pl.col("edition").is_in(["", *heads_in]))).with_columns(
        pl.when(gone).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("observed")).alias("observed"), pl.when(~gone).then(pl.col("difference")).alias("difference"),
        pl.when(gone & (pl.col("check") == "anomaly")).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("expected")).alias("expected"),
    )  # fmt: skip
