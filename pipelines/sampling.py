"""What `esg-kpis sample` asks of the library: a sample of one cell of the last results, and a filled paper against it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from esg_kpis.assurance.trace import formula
from esg_kpis.editions import Edition
from esg_kpis.errors import EsgKpisError, InputProblem, InternalProblem, UsageProblem
from esg_kpis.evidence.contents import CELLS, CONTROLS, REGISTER, TABLES
from esg_kpis.evidence.opened import opened_pack
from esg_kpis.evidence.tables import from_csv
from esg_kpis.evidence.unpacked import computed_again
from esg_kpis.exact import plain, printed, rounded
from esg_kpis.factors import Library
from esg_kpis.files import read_source
from esg_kpis.report.outputs import for_people, write_whole
from esg_kpis.report.working_paper import paper_as_csv, paper_as_xlsx
from esg_kpis.sampling import Behind, Drawn, Evaluated, Ought, Plan, check_samplable, drawn, drawn_omissions, evaluate, items_of
from esg_kpis.sampling.evaluate import OWN, PACK, RESULTS, Rate
from esg_kpis.sampling.omissions import origins_of
from esg_kpis.sampling.paper import About, counted
from esg_kpis.sampling.population import amounts_of
from esg_kpis.sampling.project import Limit
from esg_kpis.sampling.taken_back import taken_back, things_of
from esg_kpis.tables import KPI_VALUES
from pipelines.last_run import last_run
from pipelines.latest import latest_first, latest_of, read_result

_PAPERS = {".xlsx": paper_as_xlsx, ".csv": paper_as_csv}
_OF_PACK = {"record_fates": "record_fates.csv", "estimates": "estimates.csv", "quantities": "typed/quantities.csv", "coverage": "typed/coverage.csv", "sites": "typed/sites.csv"}
"""Where a pack holds the tables that a sample needs."""


@dataclass(frozen=True)
class Figures:
    """What a sample is drawn from: one edition of the last results, or of a pack. `run` is the key of the results; `signed` says of a pack who signed it."""

    edition: Edition
    library: Library
    values: pl.DataFrame
    amounts: pl.DataFrame
    sites: pl.DataFrame
    table: Callable[[str], pl.DataFrame]
    lineage: Callable[[pl.DataFrame], pl.DataFrame]
    run: str
    signed: str = ""


@dataclass(frozen=True)
class Sampled:
    """A sample with what the edition and the run say of its cell. `signed` says of a pack that it was drawn from who signed it."""

    drawn: Drawn
    omissions: pl.DataFrame
    about: About
    signed: str = ""


def of_run(root: Path, out: Path, edition: str) -> Figures:
    """An edition of the last results.

    Raises:
        EsgKpisError: if there are none, or factors or editions have changed since.
        UsageProblem: if they do not hold the edition.
    """
    ran = last_run(root, out, edition)
    return Figures(ran.edition, ran.inputs.library, ran.table("kpi_values"), ran.edition_amounts, ran.sites, ran.table, ran.lineage, ran.ran["key"])


def of_pack(path: Path) -> Figures:
    """The edition and period of an evidence pack: figures, lineage, fates and what was received by its signed tables; the places of the records, and which measure leads to which, by the files enclosed.

    Raises:
        InputProblem: if it cannot be read, or hashes or signature do not hold.
    """
    if not path.is_file():
        raise InputProblem("There is no such file.", where=str(path), mend="Check its path.")
    pack, checks = opened_pack(path.read_bytes(), None)
    if pack is None:
        wrong = next((text for check in checks for text in check.wrong), "it lacks what a pack holds")
        raise InputProblem(f"Nothing is drawn from this pack, since its hashes or signature do not hold: {wrong}", where=str(path), mend="Take the pack as it was received, or ask for it again; `esg-kpis verify` says more.")
    try:
        tables = {place: from_csv(pack.files.get(place, b""), TABLES[place], place) for place in (*_OF_PACK.values(), REGISTER, "lineage.csv", "inputs.csv", "typed/rejected.csv", CELLS, CONTROLS)}
        with TemporaryDirectory(prefix="esg-kpis-sample-") as place:  # Its owner alone may look into it.
            again, _, _ = computed_again(pack, tables, None, Path(place))
    except EsgKpisError:
        raise
    except Exception as problem:  # A pack may hold anything.
        raise InputProblem(f"It cannot be computed again: {type(problem).__name__}: {str(problem)[:200]}", where=str(path), mend="`esg-kpis verify` says more.") from None
    of_table = {name: tables[place] for name, place in _OF_PACK.items()} | {"records": again.tables["records"]}
    signed = next(check.seen for check in checks if check.name == "signature")

    def lineage(cells: pl.DataFrame) -> pl.DataFrame:
        return tables["lineage.csv"].join(cells, on=list(KPI_VALUES.key), how="semi", maintain_order="left")

    return Figures(again.edition, again.inputs.library, tables[REGISTER], again.tables["edition_amounts"], of_table["sites"], lambda name: of_table[name], lineage, str(pack.ran["run_key"]), signed)


def period_of(figures: Figures) -> str:
    """The period of the figures of a pack, which hold one."""
    return str(figures.values["period"][0])


def check_of_pack(figures: Figures, edition: str | None, period: str | None) -> None:
    """Refuses an edition or period that the pack is not of.

    Raises:
        UsageProblem: if it is of another.
    """
    for option, asked, held in (("--edition", edition, figures.edition.id), ("--period", period, period_of(figures))):
        if asked is not None and asked != held:
            raise UsageProblem(f"The pack is of {held}, not of {asked}.", where=option, mend="Leave it out, or give the pack of that edition and period.")


def sampled(root: Path, out: Path, plan: Plan) -> Sampled:
    """The sample of a plan, from the last results; see `sampled_of`."""
    return sampled_of(of_run(root, out, plan.checked().edition), plan)


def sampled_of(figures: Figures, plan: Plan) -> Sampled:
    """The sample of a plan.

    Raises:
        UsageProblem: if there is no such cell, or no sample can be drawn from it.
    """
    kpi, at = figures.edition.kpi_named(plan.checked().kpi_id), figures.edition.period_named(plan.period)
    cells = figures.values.filter((pl.col("kpi_id") == plan.kpi_id) & (pl.col("period") == plan.period))
    cell = cells.filter((pl.col("breakdown") == plan.breakdown) & (pl.col("category") == plan.category))
    if cell.is_empty():
        known = ", ".join(f"{breakdown}={category}" for breakdown, category in cells.select("breakdown", "category").head(12).iter_rows())
        raise UsageProblem(f"Edition {plan.edition} has no {plan.kpi_id} for {plan.period}, {plan.breakdown}={plan.category}.", where="--category", mend=f"It has: {known or 'nothing of that period'}.")
    row, lineage = cell.row(0, named=True), figures.lineage(cell)
    check_samplable(kpi, row, lineage)
    records, estimates = figures.table("records"), figures.table("estimates")
    factors = {factor.factor_id: factor for factor in figures.library.factors}
    try:
        items = items_of(row, Behind(lineage, figures.amounts, records, figures.table("quantities"), estimates, figures.sites, factors))
    except InternalProblem as problem:
        if not figures.signed:
            raise
        raise InputProblem(f"The lineage of the pack does not make its register: {problem.what}", where=problem.where, mend="`esg-kpis verify` says more.") from None
    zeros = tuple(item for item, amount in zip(items["item_id"], amounts_of(items), strict=True) if not amount)
    measures = {measure for amounts in kpi.amounts for measure in amounts.measure}
    ought = Ought(figures.table("coverage"), figures.sites, records, figures.table("record_fates"), origins_of(figures.amounts, measures), at.first, at.last, zeros, estimates)
    label = f"{kpi.label} ({kpi.id}), {plan.period}, {plan.breakdown}={plan.category}"
    about = About(label, " ".join(kpi.text.split()), formula(kpi), figures.edition.rules.document, kpi.unit, row["decimals"], row["printed"], row["status"], figures.run)
    return Sampled(drawn(items, plan), drawn_omissions(ought, plan), about, figures.signed)


def edition_with(out: Path, kpi: str, period: str) -> str:
    """The latest edition of the last results that has a KPI for a period.

    Raises:
        UsageProblem: if none has.
    """
    folder = latest_of(out)
    values = read_result(folder, "kpi_values").filter((pl.col("kpi_id") == kpi) & (pl.col("period") == period))
    found = latest_first(folder, values["edition"].unique().to_list())
    if not found:
        raise UsageProblem(f"No edition of the last run has {kpi} for {period}.", mend="`esg-kpis table` shows what there is.")
    return found[0]


def write_paper(found: Sampled, to: Path, *, force: bool) -> None:
    """Writes the working paper, XLSX or CSV by its name.

    Raises:
        UsageProblem: if the name ends otherwise, its folder is not there, or the file is.
    """
    check_target(to, tuple(_PAPERS), force=force)
    write_whole(to, _PAPERS[to.suffix.lower()](found.drawn, found.omissions, found.about))


def check_target(to: Path, suffixes: Sequence[str], *, force: bool) -> None:
    """Refuses a file that must not be written.

    Raises:
        UsageProblem: if it is there and not to be replaced, or cannot be there.
    """
    if to.suffix.lower() not in suffixes:
        raise UsageProblem(f"'{to.name}' is no {' or '.join(suffix[1:].upper() for suffix in suffixes)} file by its name.", where="--to", mend=f"End it in {' or '.join(suffixes)}.")
    if not to.parent.is_dir():
        raise UsageProblem("There is no such folder.", where=str(to.parent), mend="Make it first.")
    if to.is_dir() or (to.exists() and not force):
        raise UsageProblem("There is such a file already.", where=str(to), mend="It may hold somebody's answers. Give another name, or --force to replace it.")


def judged(root: Path, out: Path, path: Path, *, paper_only: bool, pack: Path | None = None) -> tuple[Evaluated, Plan, str, int]:
    """A filled paper, its plan, and the unit and decimals of its cell.

    Args:
        root: The workspace.
        out: Where the last results are.
        path: The paper.
        paper_only: Whether the sample is drawn again from the population in the paper instead of the last results.
        pack: The evidence pack that it is drawn again from instead of them.

    Raises:
        InputProblem: if it cannot be read.
        UsageProblem: if the pack is of another edition or period.
    """
    if not path.exists():
        raise InputProblem("There is no such file.", where=str(path), mend="Name the working paper that `esg-kpis sample … --to FILE` wrote.")
    filled = taken_back(read_source(path.resolve().parent, path.resolve()))
    if pack is not None:
        figures = of_pack(pack)
        check_of_pack(figures, filled.plan.edition, filled.plan.period)
        found = sampled_of(figures, filled.plan)
    elif not paper_only:
        try:
            found = sampled(root, out, filled.plan)
        except EsgKpisError as problem:
            raise with_other_ways(problem) from problem
    if pack is not None or not paper_only:
        return evaluate(found.drawn, found.omissions, filled, PACK if pack is not None else RESULTS), filled.plan, found.about.unit, found.about.decimals
    if filled.items is None:
        raise UsageProblem("A CSV does not hold the population.", where=str(path), mend="Leave --paper-only out, or use the XLSX.")
    unit = next(iter(filled.sample["unit"].unique(maintain_order=True)), "")
    return evaluate(drawn(filled.items, filled.plan), things_of(filled), filled, OWN), filled.plan, unit, 2


def with_other_ways(problem: EsgKpisError) -> EsgKpisError:
    """What is wrong with the results, and how a paper is evaluated without them."""
    ways = "To evaluate the paper without results: --paper-only, which draws again from its own fourth sheet; or --pack, with the evidence pack."
    return type(problem)(problem.what, where=problem.where, mend=f"{problem.mend} {ways}".strip())


def sample_as_json(found: Sampled) -> dict[str, Any]:
    """A sample for other programs: what `4 Population` says of the items that are examined, and the things drawn from lists."""
    sample = found.drawn
    return {
        "plan": sample.plan.as_texts(), "about": asdict(found.about), "value": plain(rounded(sample.value)), "items": sample.population.height,
        "interval": None if sample.interval is None else plain(sample.interval), "start": None if sample.start is None else plain(sample.start),
        "parts": {part: {"items": items, "taken": taken} for part, (items, taken) in sample.sizes.items()},
        "sample": sample.sample.to_dicts(), "omissions": found.omissions.to_dicts(), "signed": found.signed or None,
    }  # fmt: skip


def as_json(found: Evaluated, plan: Plan, unit: str) -> dict[str, Any]:
    """A result for other programs; amounts as texts of 18 decimals."""
    return {
        "conclusion": found.conclusion, "reasons": list(found.reasons), "unit": unit, "plan": plan.as_texts(), "tolerable": _kept(found.tolerable), "overstatement": _limit(found.over), "understatement": _limit(found.under),
        "taken_for_rounding": _kept(found.rounding), "omissions": [asdict(rate) | {"upper": plain(rate.upper), "tolerable": _kept(rate.tolerable)} for rate in found.rates],
        "omitted_amount": _kept(found.omitted_amount), "omitted": [asdict(item) | {"amount": None if item.amount is None else _kept(item.amount)} for item in found.omitted], "notes": list(found.notes),
        "problems": [asdict(problem) for problem in found.problems],
    }  # fmt: skip


def write_result(found: Evaluated, plan: Plan, unit: str, to: Path, *, force: bool) -> None:
    """Writes a result as JSON or CSV.

    Raises:
        UsageProblem: as `check_target`.
    """
    check_target(to, (".json", ".csv"), force=force)
    said = as_json(found, plan, unit)
    if to.suffix.lower() == ".json":
        write_whole(to, (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode())
        return
    rows = [(f"{name}.{inner}", str(value)) for name in ("plan", "overstatement", "understatement") for inner, value in (said[name] or {}).items()]
    rows = [("conclusion", found.conclusion), *(("reason", reason) for reason in found.reasons), ("unit", unit), ("tolerable", said["tolerable"]), *rows, ("taken_for_rounding", said["taken_for_rounding"])]
    rows += [(f"omissions.{rate.name}", _rate_in_words(rate)) for rate in found.rates]
    rows += [("omitted_amount", said["omitted_amount"]), *((f"omitted.{item.name}.{item.thing_id}", "no amount" if item.amount is None else _kept(item.amount)) for item in found.omitted)]
    rows += [("note", note) for note in found.notes] + [("problem", str(problem)) for problem in found.problems]
    write_whole(to, for_people(pl.DataFrame(rows, schema=["what", "value"], orient="row")).write_csv(include_bom=True).encode())


def _kept(value: Fraction) -> str:
    return plain(rounded(value))


def _limit(limit: Limit | None) -> dict[str, Any] | None:
    if limit is None:
        return None
    said = {name: _kept(getattr(limit, name)) for name in ("known", "projected", "most_likely", "basic", "allowance")}
    return {"errors": limit.errors, **said, "upper": None if limit.upper is None else _kept(limit.upper)}


# ---------------------------------------------------------------- print


def print_sampled(terminal: Console, found: Sampled, to: Path | None) -> None:
    """The sample in short."""
    sample, about = found.drawn, found.about
    terminal.print(escape(f"{about.label}: {about.printed} {about.unit}; {counted(sample.population.height, 'item')}, which add up to it to the last digit."))
    if found.signed:
        terminal.print(f"Drawn from a pack whose hashes and signature hold, {found.signed}. What it says is believed here; `esg-kpis verify` computes it again.", markup=False)
    if sample.interval is not None and sample.start is not None:
        terminal.print(f"Interval {printed(Fraction(sample.interval), 1)} {about.unit} ({plain(sample.interval)}), random start {plain(sample.start)}, seed {sample.plan.seed}.", markup=False)
    for part, (items, taken) in sample.sizes.items():
        terminal.print(f"  {part or 'all'}: {taken} of {counted(items, 'item')}", markup=False)
    for name, size, taken in found.omissions.select("list", "size", "taken").unique(maintain_order=True).iter_rows():
        terminal.print(f"  omissions, {name}: {taken} of {size}", markup=False)
    terminal.print(escape(f"Written to {to}. Fill in the yellow columns, then: esg-kpis sample evaluate {to}") if to else "Nothing was written: --to paper.xlsx writes the working paper.")


def print_evaluated(terminal: Console, found: Evaluated, unit: str, decimals: int) -> None:
    """The result in lines: problems first."""
    for problem in found.problems:
        terminal.print(str(problem), markup=False)
    for name, limit in (("Overstatement", found.over), ("Understatement", found.under)):
        if limit is not None:
            upper = "no limit can be given" if limit.upper is None else f"upper limit {printed(limit.upper, decimals)}"
            parts = f"found where all was examined {printed(limit.known, decimals)}, projected {printed(limit.projected, decimals)}, basic precision {printed(limit.basic, decimals)}, allowance {printed(limit.allowance, decimals)}"
            terminal.print(f"{name}: {counted(limit.errors, 'item')}; {parts}; most likely {printed(limit.most_likely, decimals)}, {upper} {unit}", markup=False)
    for rate in found.rates:
        terminal.print(f"Omissions, {rate.name}: {_rate_in_words(rate)}", markup=False)
    for item in found.omitted:
        terminal.print(f"  left out, {item.thing_id}: {'no amount was given' if item.amount is None else f'{printed(item.amount, decimals)} {unit}'}", markup=False)
    if any(item.amount is not None for item in found.omitted):
        terminal.print(f"Known to be omitted: {printed(found.omitted_amount, decimals)} {unit}, tolerable misstatement {printed(found.tolerable, decimals)} {unit}. It counts as known understatement above.", markup=False)
    for note in found.notes:
        terminal.print(note, markup=False)
    why = f" ({counted(len(found.problems), 'line')})" if found.problems else f": {'; '.join(found.reasons)}" if found.reasons else ""
    terminal.print(f"Tolerable {printed(found.tolerable, decimals)} {unit}: {found.conclusion}{why}.", markup=False)


def _rate_in_words(rate: Rate) -> str:
    whole = "all of the list" if rate.examined == rate.size else f"{rate.size:,} in the list"
    return f"{rate.omitted:,} omitted among {rate.examined:,} examined ({whole}); upper limit {_percent(Fraction(rate.upper))} % of the list, tolerable {_percent(rate.tolerable)} %"


def _percent(share: Fraction) -> str:
    """A share in percent, rounded up to two decimals at most: 4.951 % is no 4.95 %."""
    text = plain(rounded(Fraction(ceil(share * 10_000), 100), 2))
    return text.rstrip("0").rstrip(".") if "." in text else text
