"""What is wrong with a factor library, or worth knowing, found in the library alone: overlaps, gaps, revisions, outliers, values that cannot be, and what refers to nothing."""

import re
from collections.abc import Callable, Container
from datetime import date

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.factors.kinds import METHODS
from esg_kpis.factors.library import Factor, Library
from esg_kpis.factors.plausible import far_gwps, negatives, not_their_parents, slips, terms_of
from esg_kpis.factors.series import SERIES, LibraryFinding, clusters, gaps, outliers, revisions, series_of, told

SEVERITIES = ("error", "warning", "note")

KINDS: dict[str, str] = {
    "unreadable": "Rows that cannot be read",
    "overlap": "Factors of one source that no rule can tell apart",
    "region_overlap": "Regions that lie in two on one day",
    "parent": "Derived factors made from what is not there",
    "derived": "Derived factors that are not what their parents give",
    "negative": "Values below zero of what is never taken off",
    "outlier": "Values too far from those of other sources",
    "slip": "Values of another size than all others of their kind",
    "gwp": "GWPs too far from those of every other set",
    "blend": "Gases of blends without a GWP",
    "source": "Sources that hold nothing, or whose dates contradict each other",
    "gap": "Days that a series leaves out",
    "region_gap": "Days on which a region lies in nothing",
    "revised": "Values that a later source revised",
    "method": "Methods of electricity of no known kind",
    "gwp_set": "Gases that a GWP set lacks",
}
"""The kinds of findings, in the order a person should read them within a severity."""

_LIKE_AN_ID = re.compile(r"(?<![\w./-])[a-z]\w*(?:-[\w.]+)+")


def library_findings(library: Library, gwp_sets: Container[str] | None = None) -> list[LibraryFinding]:
    """All that is found, worst first, then by kind and subject.

    Args:
        library: The library.
        gwp_sets: The GWP sets that editions and their lenses use, where they are known: what another set lacks is a note.
    """
    frame = series_of(library)
    checks: tuple[Callable[[], list[LibraryFinding]], ...] = (
        lambda: _unreadable(library), lambda: _overlaps(library, frame), lambda: _regions(library), lambda: _parents(library), lambda: not_their_parents(library), lambda: negatives(library),
        lambda: outliers(library, frame), lambda: slips(library), lambda: far_gwps(library), lambda: _sources(library),
        lambda: gaps(library, frame), lambda: revisions(library, frame), lambda: _methods(library), lambda: _gwp_sets(library, gwp_sets),
    )  # fmt: skip
    order = list(KINDS)
    return sorted(
        (row for check in checks for row in check()), key=lambda row: (SEVERITIES.index(row.severity), order.index(row.kind), row.subject, row.factor_ids, row.message)
    )


def parents_of(factor: Factor) -> list[str]:
    """The ids that the parents of a factor name: all terms of a sum (`0.5 x a-om + 0.5 x a-bm`); of any other formula the words with a hyphen that begin small."""
    return [term.factor_id for term in terms_of(factor)] or [name.rstrip(".") for name in _LIKE_AN_ID.findall(factor.parents or "")]


def _unreadable(library: Library) -> list[LibraryFinding]:
    return [LibraryFinding("unreadable", "error", source, (), text, f"Mend it in factors/{source}.csv.") for source, text in library.unreadable]


def _overlaps(library: Library, frame: pl.DataFrame) -> list[LibraryFinding]:
    key = ["source", *SERIES]
    grouped = clusters(frame.filter(~pl.col("evidence")), key).filter(pl.len().over("cluster") > 1)
    rows = []
    for part in grouped.partition_by("cluster", maintain_order=True):
        factors = [library.factors[place] for place in part["factor"]]
        ids = tuple(factor.factor_id for factor in factors[:6])
        periods = "; ".join(f"{factor.factor_id} {factor.data_period}" for factor in factors[:6])
        more = f"; and {len(factors) - 6} more" if len(factors) > 6 else ""
        rows.append(
            LibraryFinding(
                "overlap", "error", f"{factors[0].source_id}: {told(factors[0])}, {ids[0]}", ids, f"{len(factors)} factors describe the same days: {periods}{more}.",
                "Give them different periods or methods, or make one evidence_only. Where a rule meets two, what needs them is blocked.",
            )
        )  # fmt: skip
    return rows


def _regions(library: Library) -> list[LibraryFinding]:
    schema = {"region": pl.String(), "parent": pl.String(), "start": pl.Date(), "end": pl.Date()}
    frame = pl.DataFrame([(item.region, item.parent, item.valid_from, item.valid_to) for item in library.regions], schema=schema, orient="row")
    grouped = clusters(frame.unique().sort("region", "start", "end", "parent"), ["region"])
    rows = []
    for part in grouped.filter(pl.col("parent").n_unique().over("cluster") > 1).partition_by("cluster", maintain_order=True):
        lies = "; ".join(f"in {parent} from {start} to {end}" for parent, start, end in part.select("parent", "start", "end").iter_rows())
        rows.append(
            LibraryFinding(
                "region_overlap", "error", f"{part['region'][0]} from {part['start'][0]}", (), f"It lies {lies}.",
                "End the one before the other begins (factors/regions.csv): else the choice of a factor depends on the order of the rows.",
            )
        )  # fmt: skip
    reached = pl.col("end").cum_max().shift(1).over("region")
    holes = grouped.with_columns((reached + pl.duration(days=1)).alias("from"), (pl.col("start") - pl.duration(days=1)).alias("to")).filter(reached.is_not_null() & (pl.col("from") <= pl.col("to")))
    for name, first, last in holes.select("region", "from", "to").iter_rows():
        rows.append(
            LibraryFinding("region_gap", "note", f"{name} from {first}", (), f"It lies in no region from {first} to {last}.", "Add a row to factors/regions.csv, unless it was part of none.")
        )
    return rows


def _parents(library: Library) -> list[LibraryFinding]:
    known = {factor.factor_id for factor in library.factors}
    rows = []
    for factor in library.factors:
        gone = [name for name in dict.fromkeys(parents_of(factor)) if name not in known]
        if gone:
            rows.append(
                LibraryFinding(
                    "parent", "error", factor.factor_id, (factor.factor_id,), f"It is made from {', '.join(gone)}, which the library does not have: {factor.parents}.",
                    "Mend the id, or add the factor; as evidence_only where no rule may take it.",
                )
            )  # fmt: skip
    return rows


def _sources(library: Library) -> list[LibraryFinding]:
    used = {factor.source_id for factor in library.factors}
    broken = {source for source, _ in library.unreadable}
    rows = []
    unused = sorted(name for name in library.sources if name not in used and not broken & {name, "gwp"})
    if unused:
        named = f"{', '.join(unused[:5])}{f' and {len(unused) - 5} more' if len(unused) > 5 else ''}"
        rows.append(LibraryFinding("source", "note", "without factors", (), f"sources.csv names {len(unused)} without a factor here: {named}.", "Add their CSV files, or take the rows out of sources.csv."))
    for name, source in library.sources.items():
        if not source["retrieved"]:
            continue
        try:
            late = date.fromisoformat(source["published"]) > date.fromisoformat(source["retrieved"])
        except ValueError:
            rows.append(
                LibraryFinding("source", "warning", f"{name}: retrieved", (), f"'{source['retrieved']}' is no date.", "Write the day of retrieval as 2023-12-31 (factors/sources.csv).")
            )
            continue
        if late:
            rows.append(
                LibraryFinding(
                    "source", "warning", f"{name}: published", (), f"It was retrieved on {source['retrieved']}, before it was published on {source['published']}.",
                    "Mend the one that is wrong (factors/sources.csv): editions see a source from its day of publication on.",
                )
            )  # fmt: skip
    return rows


def _methods(library: Library) -> list[LibraryFinding]:
    unknown: dict[str, list[str]] = {}
    for factor in library.factors:
        emits = factor.output in (derived.EMISSION_GAS, derived.EMISSION_CO2E) and factor.measure.startswith("electricity")
        if emits and factor.method and factor.method not in METHODS:
            unknown.setdefault(factor.method, []).append(factor.factor_id)
    return [
        LibraryFinding(
            "method", "note", name, tuple(sorted(ids)), f"Nothing says whether '{name}' is an average, marginal or of a residual mix; a rule without a method does not take it: {_some(ids)}.",
            f"Use one of {', '.join(METHODS)}, or name it as the method of the rule which is to take it.",
        )
        for name, ids in unknown.items()
    ]  # fmt: skip


def _gwp_sets(library: Library, used: Container[str] | None) -> list[LibraryFinding]:
    sets: dict[str, set[str]] = {}
    blends: dict[str, set[str]] = {}
    for factor in library.factors:
        if factor.measure == derived.EMISSION_GAS and factor.output == derived.EMISSION_CO2E:
            sets.setdefault(factor.gwp_set or "", set()).add(factor.gas)
        elif factor.gas_in:
            blends.setdefault(factor.gas_in, set()).add(factor.gas)
    every = {gas for gases in sets.values() for gas in gases}
    rows = []
    for name, gases in sets.items():
        parts = sorted({part for made_of in blends.values() for part in made_of} - gases)
        if parts:
            of = sorted(blend for blend, made_of in blends.items() if made_of - gases)
            rows.append(
                LibraryFinding(
                    "blend", "warning" if used is None or name in used else "note", name, (), f"It has no GWP of {', '.join(parts)}, so that {', '.join(of)} cannot be counted by {'its' if len(of) == 1 else 'their'} gases.",
                    "Add the GWPs to factors/gwp.csv, or let no edition with blends use the set." if used is None or name in used else "Nothing, while no edition uses the set. Before one does, add the GWPs to factors/gwp.csv.",
                )
            )  # fmt: skip
        lacking = sorted(every - gases)
        if lacking:
            message = f"It has {len(gases)} gas{'es' if len(gases) != 1 else ''} and lacks {len(lacking)} that other sets have: {', '.join(lacking)}."
            rows.append(LibraryFinding("gwp_set", "note", name, (), message, "Add those that the report of the set gives. What meets one that is missing is blocked."))
    return rows


def _some(ids: list[str]) -> str:
    return f"{', '.join(sorted(ids)[:4])}{f' and {len(ids) - 4} more' if len(ids) > 4 else ''}"
