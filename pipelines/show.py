"""How results look in a terminal, at 100 columns. Reads the tables of a run; computes nothing."""

import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from esg_kpis.editions import Edition
from esg_kpis.exact import printed
from esg_kpis.ranges import months_in_words
from esg_kpis.report.outputs import changed_before
from pipelines.results import RUN_FILE
from pipelines.run import latest_of, read_result
from pipelines.show_targets import add_target

STATES = {"blocked": "blocked", "incomplete": "incomplete", "not_applicable": "n/a", "not_collected": "-", "suppressed": "(few)"}


def summary(out: Path) -> dict[str, Any]:
    """The last run in a few numbers: what is blocked, how the tie-out stands, what needs a person."""
    return {"results": str(out), **_facts(latest_of(out))}


def _facts(folder: Path) -> dict[str, Any]:
    values, ties, findings = read_result(folder, "kpi_values"), read_result(folder, "tie_out"), read_result(folder, "findings")
    rejected, fates = read_result(folder, "rejected"), read_result(folder, "record_fates")
    return {
        "kpi_values": values.height,
        "blocked": values.filter(pl.col("status") == "blocked").height,
        "incomplete": values.filter(pl.col("status") == "incomplete").height,
        "records": fates["record_id"].n_unique(),
        "rejected_records": rejected["record_id"].n_unique(),
        "tie_out": {
            edition: _counts(ties.filter(pl.col("edition") == edition), "verdict") for edition in sorted(ties["edition"].unique().to_list())
        },
        "fates": {
            edition: _counts(fates.filter(pl.col("edition") == edition), "fate") for edition in sorted(fates["edition"].unique().to_list())
        },
        "findings": _counts(findings.filter(~pl.col("passed") & pl.col("waived").is_null()), "severity"),
        "unexplained": findings.filter(
            (pl.col("check") == "tie_out") & (pl.col("severity") == "error") & pl.col("waived").is_null()
        ).height,
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in frame.group_by(column).len().sort(column).iter_rows()}


# ---------------------------------------------------------------- run


def print_run(console: Console, editions: Iterable[Edition], out: Path) -> None:
    """The KPI table of every edition, what is blocked, the tie-out, and what needs a person."""
    folder = latest_of(out)
    values, ties, findings = read_result(folder, "kpi_values"), read_result(folder, "tie_out"), read_result(folder, "findings")
    for edition in editions:
        console.print(_kpi_table(values.filter(pl.col("edition") == edition.id), ties.filter(pl.col("edition") == edition.id), edition))
    facts = _facts(folder)
    for status, title in (("blocked", "[bold red]{} blocked[/] (never shown as a number):"), ("incomplete", "[bold yellow]{} incomplete[/] (marked ~):")):
        cells = values.filter(pl.col("status") == status)
        if cells.height:
            console.print("\n" + title.format(cells.height))
            print_reasons(console, cells)
    console.print("\n[bold]Tie-out[/] (computed against printed)")
    for edition_id, verdicts in facts["tie_out"].items():
        console.print(f"  {edition_id}: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in verdicts.items()))
    print_total(console, ties)
    print_differences(console, ties)
    for edition_id, fates in facts["fates"].items():
        console.print(
            f"[bold]Records[/] {edition_id}: "
            + ", ".join(f"{count} {name}" for name, count in fates.items())
            + f" = {facts['records']} read"
        )
    counts = facts["findings"]
    console.print(
        "[bold]Findings[/]: " + (", ".join(f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items()) or "none")
    )
    for row in (
        findings.filter(
            (pl.col("severity") == "error") & ~pl.col("passed") & pl.col("waived").is_null() & ~pl.col("check").is_in(["kpi_blocked", "tie_out"])
        )
        .sort(
            pl.col("check") == "rejected_record", pl.col("subject").str.contains(", line "), "check", pl.col("subject").str.replace(r", line \d+.*", ""),
            pl.col("subject").str.extract(r", line (\d+)").cast(pl.Int64), "subject",
        )
        .head(6)
        .iter_rows(named=True)
    ):
        console.print(f"  [red]{row['check']}[/] {escape(row['subject'])}: {escape(row['observed'])}")
        console.print(f"    {escape(row['what_to_do'])}")
    if (changed := changed_before(folder, json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["key"])) is not None:
        console.print(f"[yellow]Files in {escape(str(changed))} were changed after they were written[/], so this run stands beside them, in {escape(folder.name)}.")
    console.print(f"Results: {escape(str(out))}  (kpi_values.csv, tie_out.csv, findings.csv, rejected.csv …)")


def _kpi_table(values: pl.DataFrame, ties: pl.DataFrame, edition: Edition) -> Table:
    many = values.filter(pl.col("breakdown") == "site")
    table = Table(
        title=f"{edition.rules.document} (edition {edition.id})",
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        box=None,
        header_style="bold",
    )
    table.add_column("KPI", overflow="fold", max_width=44)
    table.add_column("Unit", overflow="fold", max_width=18)
    for period in edition.periods:
        table.add_column(period, justify="right", no_wrap=True)
    verdicts = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["verdict"] for row in ties.iter_rows(named=True)}
    rows = values.filter(pl.col("breakdown") != "site").sort("kpi_id", "breakdown", "category")
    cells = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row for row in rows.iter_rows(named=True)}
    for kpi in edition.kpis.values():
        keys = dict.fromkeys((key[2], key[3]) for key in cells if key[0] == kpi.id)
        order = list(dict.fromkeys((item.name, category) for item in kpi.breakdowns for category in item.categories))
        for breakdown, category in sorted(keys, key=lambda key: (order.index(key) if key in order else len(order), key)):
            label = f"{kpi.label} (alternative)" if kpi.alternative_to else kpi.label
            name = label if breakdown == "total" else f"{label}: {category}"
            shown = [
                _cell(cells.get((kpi.id, period, breakdown, category)), verdicts.get((kpi.id, period, breakdown, category)))
                for period in edition.periods
            ]
            table.add_row(escape(name), kpi.unit, *shown)
    if many.height:
        table.caption = f"and {many.height} cells by site, in kpi_values.csv"
    table.caption = " ".join(
        part
        for part in (
            table.caption if isinstance(table.caption, str) else "",
            "= equals print   ≠ differs from print   ~ incomplete   blank: not printed   (few): too few persons to show",
        )
        if part
    )
    table.caption_justify = "left"
    return table


def _cell(row: dict[str, Any] | None, verdict: str | None) -> str:
    if row is None:
        return ""
    if row["printed"] is None:
        return f"[red]{STATES[row['status']]}[/]" if row["status"] == "blocked" else STATES.get(row["status"], "")
    whole, _, decimals = row["printed"].partition(".")
    number = f"{int(whole):,}" if whole.lstrip("-") != "0" else whole
    mark = {"equal": " [green]=[/]", "stated": " [green]=[/]", "differs": " [yellow]≠[/]"}.get(verdict or "", "  ")
    if row["status"] == "incomplete":
        mark = " [yellow]~[/]"
    return number + (f".{decimals}" if decimals else "") + mark


def print_reasons(console: Console, cells: pl.DataFrame) -> None:
    """Cells of one status, by the reason for it."""
    by_reason = cells.group_by("edition", "reason", maintain_order=True).agg(pl.col("kpi_id").unique(maintain_order=True))
    for row in by_reason.head(8).iter_rows(named=True):
        console.print(f"  {row['edition']}: {', '.join(row['kpi_id'][:6])}{' …' if len(row['kpi_id']) > 6 else ''}")
        console.print(f"    {escape(row['reason'] or '')}")
    if by_reason.height > 8:
        console.print(f"  … and {by_reason.height - 8} more reasons: kpi_values.csv")


def print_differences(console: Console, ties: pl.DataFrame, most: int = 12) -> None:
    """The printed cells that are not reproduced, with the difference and why."""
    off = ties.filter(pl.col("verdict").is_in(["differs", "not_computed", "blocked"]) & pl.col("published").is_not_null()).sort(
        "edition", "kpi_id", "period", "category"
    )
    said: set[str] = set()
    for row in off.head(most).iter_rows(named=True):
        place = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
        computed = row["computed"] if row["computed"] is not None else row["verdict"].replace("_", " ")
        console.print(
            f"  [yellow]{row['edition']} {row['kpi_id']}{escape(place)} {row['period']}[/]: printed {row['published']}, computed {computed} {row['unit']}"
        )
        why = row["explanation"] or "No explanation is known: this is a defect of the data, the edition, or the report."
        console.print(f"    {escape(why) if why not in said else '(as above)'}")
        said.add(why)
    if off.height > most:
        console.print(f"  … and {off.height - most} more: esg-kpis tie-out, or tie_out.csv")


# ---------------------------------------------------------------- check


def print_check(console: Console, files: pl.DataFrame, records: pl.DataFrame, rejected: pl.DataFrame, observations: pl.DataFrame, missing: pl.DataFrame) -> None:
    """The files read, the rows rejected, the days of which nothing came, and what else was seen."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("File", "Encoding", "Records", "Rejected", "Status"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Records", "Rejected") else "left")
    counts = {(path, sheet): count for path, sheet, count in rejected.filter(pl.col("line") > 0).group_by("path", "sheet").agg(pl.col("record_id").n_unique()).iter_rows()}
    for row in files.iter_rows(named=True):
        table.add_row(escape(": ".join(part for part in (row["path"], row["sheet"]) if part)), row["encoding"], str(row["records"]), str(counts.get((row["path"], row["sheet"]), 0)), row["status"])
    console.print(table)
    for row in rejected.sort(pl.col("line") > 0, "path", "sheet", "line", "rule").head(20).iter_rows(named=True):
        console.print(f"[red]rejected[/] {escape(row['message'])}  ({row['rule']})")
    if rejected.height > 20:
        console.print(f"… and {rejected.height - 20} more")
    for row in observations.filter(~pl.col("passed")).head(20).iter_rows(named=True):
        console.print(f"[yellow]{row['check']}[/] {escape(row['subject'])}: {escape(row['observed'])}")
    gaps = missing.sort("basis", "measure", "site_id", "month", descending=[True, False, False, False]).partition_by("basis", "measure", "site_id", maintain_order=True)
    for part in gaps[:20]:
        by = "the register of meters expects it" if part["basis"][0] == "register" else "it lies between records of the meter"
        console.print(f"[yellow]missing[/] {part['measure'][0]} at {escape(part['site_id'][0])}: {part['missing'].sum()} days of {months_in_words(part['month'])}; {by}")
    if len(gaps) > 20:
        console.print(f"… and {len(gaps) - 20} more sites and measures with days missing: coverage.csv of a run")
    console.print(f"{records.height} records in {files.height} files, {rejected['record_id'].n_unique()} rejected.")


# ---------------------------------------------------------------- trace, tie-out, factors


def two_decimals(number: Decimal | None) -> str:
    """A number as a person reads it; nothing where there is none."""
    return "" if number is None else printed(Fraction(number), 2)


def print_trace(console: Console, walk: dict[str, Any], rows: int) -> None:
    """A walk from a cell to its records."""
    cell, definition, tie = walk["cell"], walk["definition"], walk["tie_out"]
    place = "" if cell["breakdown"] == "total" else f", {cell['breakdown']}={cell['category']}"
    value = f"{cell['printed']} {cell['unit']}" if cell["printed"] is not None else f"{cell['status']}: {cell['reason']}"
    tree = Tree(
        f"[bold]{escape(definition['label'])}[/] {cell['period']}{escape(place)} ({escape(definition['document'])}): [bold]{escape(value)}[/]"
    )
    if cell["value"] is not None:
        tree.add(
            f"unrounded {cell['value']} {cell['unit']}; status {cell['status']}{f' ({escape(reason)})' if (reason := cell['reason']) else ''}; estimated share {cell['estimated_share']}"
            + (f", printed {tie['published']}: {tie['verdict']}" if tie and tie["published"] else "")
        )
    if tie and tie["explanation"]:
        tree.add(escape(tie["explanation"]))
    tree.add(f"definition: {escape(definition['text'])} [dim]({escape(definition['source'])})[/]")
    tree.add(f"formula: {escape(definition['formula'])}")
    for doubt in walk["uncertainty"]:
        known = f"± {two_decimals(doubt['percent'])} % (95 % interval)" if doubt["percent"] is not None else f"{doubt['status'].replace('_', ' ')}: {doubt['reason']}"
        most = "; ".join(f"{item['source']} {two_decimals(item['contribution_percent'])} % of it" for item in walk["uncertainty_sources"])
        tree.add(escape(f"uncertainty: {known}{f', mostly {most}' if most else ''}"))
    for lens in walk["lenses"]:
        tree.add(escape(f"through {lens['lens']}: {two_decimals(lens['lens_value']) or lens['lens_status']} {lens['unit']}, a difference of {two_decimals(lens['difference']) or 'unknown size'}"))
    if "target" in walk:
        add_target(tree, walk["target"])
    for part in walk["parts"]:
        branch = tree.add(
            f"[bold]{part['kpi_id']}[/] {'= ' + part['value'] + ' ' + part['unit'] if part['value'] is not None else 'is blocked,'} from {part['amounts']} amounts"
        )
        if part["per_factor"]:
            branch.add(escape(part["per_factor"]))
        amounts = branch.add("amounts, added up by site and factor, largest first")
        for group in part["groups"][:rows]:
            gas = f" {group['gas']}" if group["gas"] else ""
            number = (
                "blocked: " + group["blocked"]
                if group["blocked"]
                else f"{group['quantity']} {group['unit']} = {group['in_kpi_unit']} {part['unit']}"
            )
            way = f", by {group['way']}" if group["way"] else ""
            amounts.add(escape(f"{group['site_id']}  {group['origin']}{gas}: {number}  ({group['amounts']} amounts{way})"))
        _more(amounts, len(part["groups"]), rows)
        if part["factors"]:
            factors = branch.add("factors")
            for factor in part["factors"][: rows * 2]:
                leaf = factors.add(
                    escape(
                        f"{factor['factor_id']} = {factor['value']} {factor['unit']} {factor['gas']}  [{factor['grade']}] {factor['source']}"
                    )
                )
                leaf.add(escape(f"why: {factor['why']}; used for sites in {', '.join(factor['regions'])}"))
                if factor["parents"]:
                    leaf.add(escape(f"derived: {factor['parents']}"))
            _more(factors, len(part["factors"]), rows * 2)
        _add_estimates(branch, part, rows)
        _add_records(branch.add(f"records ({len(part['records'])})"), part["records"], rows)
    console.print(tree)


def _add_estimates(branch: Tree, part: dict[str, Any], rows: int) -> None:
    """What was estimated, with its basis down to the records, and what is missing."""
    if part["estimates"]:
        estimates = branch.add(f"estimates ({len(part['estimates'])})")
        for row in part["estimates"][:rows]:
            meter = f" meter {row['meter_id']}" if row["meter_id"] else ""
            what = f"{row['site_id']}{meter} {row['month']}: {row['quantity']} {row['unit']} of {row['measure']} for {row['days']} days by {row['method']} ({row['rule']})"
            leaf = estimates.add(escape(what))
            leaf.add(escape(f"basis: {row['basis']}"))
            _add_records(leaf.add(f"records behind the basis ({len(row['records'])})"), row["records"], rows)
        _more(estimates, len(part["estimates"]), rows)
    if part["missing"]:
        missing = branch.add(f"expected and not received in full ({len(part['missing'])} site months)")
        for row in part["missing"][:rows]:
            missing.add(escape(f"{row['site_id']} {row['month']}: {row['measure']}"))
        _more(missing, len(part["missing"]), rows)


def _add_records(branch: Tree, records: list[dict[str, Any]], rows: int) -> None:
    for record in records[:rows]:
        sheet = f", sheet {record['sheet']}" if record["sheet"] else ""
        place = f"line {record['line']}" if record["line"] else "the file as a whole (people_controls.csv)"
        branch.add(escape(f"{record['path']}{sheet}, {place}: {record['received']}"))
    _more(branch, len(records), rows)


def _more(branch: Tree, total: int, shown: int) -> None:
    if total > shown:
        branch.add(f"[dim]… and {total - shown} more (--rows 0 shows all)[/]")


def print_tie_out(console: Console, frame: pl.DataFrame, *, every: bool) -> None:
    """The tie-out, by default only what is not equal."""
    for edition in sorted(frame["edition"].unique().to_list()):
        own = frame.filter(pl.col("edition") == edition)
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _counts(own, "verdict").items())
        console.print(f"[bold]{edition}[/]: {own['published'].drop_nulls().len()} printed figures; {counts}")
        if every:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for name in ("KPI", "Period", "Category", "Published", "Computed", "Verdict"):
                table.add_column(name, justify="right" if name in ("Published", "Computed") else "left", overflow="fold")
            for row in own.iter_rows(named=True):
                table.add_row(
                    row["kpi_id"],
                    row["period"],
                    escape(row["category"]),
                    row["published"] or "",
                    row["computed"] or "",
                    row["verdict"].replace("_", " "),
                )
            console.print(table)
        print_differences(console, own, most=50)
        print_stated(console, own)
    print_total(console, frame)


def print_total(console: Console, ties: pl.DataFrame) -> None:
    """What became of all printed figures: each is in one of these numbers."""
    figures = ties.filter(pl.col("published").is_not_null())
    total = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _counts(figures, "verdict").items())
    unexplained = figures.filter(pl.col("verdict").is_in(["differs", "not_computed", "blocked"]) & ~pl.col("explained")).height
    console.print(f"[bold]All {figures.height} printed figures[/]: {total}; {unexplained or 'none'} without an explanation")


def print_stated(console: Console, ties: pl.DataFrame) -> None:
    """The printed cells that are inputs by nature, with the document that states them."""
    stated = ties.filter(pl.col("verdict") == "stated").sort("explanation", "kpi_id", "period", "category")
    for (where,), own in stated.group_by("explanation", maintain_order=True):
        console.print(f"  [dim]{escape(str(where))}[/]")
        for row in own.iter_rows(named=True):
            place = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
            console.print(f"    {row['kpi_id']}{escape(place)} {row['period']}: {row['published']} {row['unit']}")
