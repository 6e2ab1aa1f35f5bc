"""Verification of a pack: hashes and signature, then everything computed again from the files enclosed, and compared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from esg_kpis.assurance.approved import approved_digest
from esg_kpis.editions import Edition
from esg_kpis.errors import EsgKpisError, InputProblem
from esg_kpis.evidence.annex import opened_annex
from esg_kpis.evidence.compared import tables_compared
from esg_kpis.evidence.contents import CELLS, REGISTER, TABLES
from esg_kpis.evidence.form import layout, made_again
from esg_kpis.evidence.lines import lines_of
from esg_kpis.evidence.opened import Opened, opened_pack
from esg_kpis.evidence.pack import REGISTER_EXPORT, approvals_in
from esg_kpis.evidence.people_cells import about_people
from esg_kpis.evidence.rebuilt import Rebuilt
from esg_kpis.evidence.second import by_duckdb
from esg_kpis.evidence.tables import as_csv, from_csv
from esg_kpis.evidence.unpacked import computed_again
from esg_kpis.evidence.verdict import Check, Verification
from esg_kpis.kpis.alike import made_of
from esg_kpis.people import Persons
from esg_kpis.register import Entry, Exported, problems_of, read_export, restatements, state_of, why_void
from esg_kpis.tables import KPI_VALUES, RESTATEMENTS

_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """How a pack is to be verified.

    Attributes:
        trusted: Fingerprint of the key that is trusted; None for the key inside.
        annex: The encrypted people files, if they are at hand.
        identities: What the file of the secret key says that opens them.
        code: Digests of the code that verifies, by the names of environment.json.
    """

    trusted: str | None = None
    annex: bytes | None = None
    identities: str = ""
    code: Mapping[str, str] = field(default_factory=dict)


def verified(content: bytes, asked: Asked) -> Verification:
    """Everything that can be said of a pack. What its hashes or its signature do not hold is not looked into any further.

    Raises:
        InputProblem: if the annex cannot be opened, or is not the one of the pack.
    """
    pack, checks = opened_pack(content, asked.trusted)
    if pack is None:
        return Verification(checks=tuple(checks))
    checks += [_code(pack, asked.code), layout(pack.files)]
    people = _annex(pack, asked)
    if not checks[-1].passed:
        return Verification(pack.edition, pack.period, pack.fingerprint, checks=tuple(checks))
    try:
        tables = {path: from_csv(pack.files.get(path, b""), table, path) for path, table in TABLES.items()}
        with TemporaryDirectory(prefix="esg-kpis-verify-") as place:  # Its owner alone may look into it.
            again, found, persons = computed_again(pack, tables, people, Path(place))
        checks.append(made_again(pack, tables, again.edition.rules.document, same_code=_same_code(pack, asked.code)))
        checks += tables_compared(tables, again, pack.period, found, with_people=people is not None, has_annex=pack.annex_digest is not None)
        checks += [_dates(pack, again), *_approvals(pack, tables[REGISTER])]
        computed = engines(pack, tables, again, persons, with_people=people is not None)
    except Exception as problem:  # A pack may hold anything: whatever goes wrong with it, it is not verified.
        told = str(problem) if isinstance(problem, EsgKpisError) else f"{type(problem).__name__}: {problem}"[:300]
        stopped = Check("recomputation", passed=False, seen="it stopped", wrong=(told,))
        return Verification(pack.edition, pack.period, pack.fingerprint, checks=(*checks, stopped))
    excused = _excused(tables, again.edition, computed) if people is None and pack.annex_digest is not None else lambda _: False
    lines = lines_of(tables[REGISTER], computed, excused)
    return Verification(pack.edition, pack.period, pack.fingerprint, _which_people(tables, people), tuple(checks), lines)


def engines(pack: Opened, tables: Mapping[str, pl.DataFrame], again: Rebuilt, persons: Persons | None, *, with_people: bool) -> dict[str, pl.DataFrame]:
    """What each engine computes of the pack's edition and period, by its name: the key of `kpi_values`, and those of its columns that the engine knows.

    `tables` are those of the pack by path, `again` what the library made of the files enclosed, `persons` the rows of the annex, `with_people` whether it is at hand. Each engine stands in every line, and all must agree.
    """
    return {"library": again.values.filter(pl.col("period") == pack.period), "duckdb": by_duckdb(tables, again, pack.known_on, pack.as_of, pack.period, persons, with_people=with_people)}


# ---------------------------------------------------------------- computed again


def _annex(pack: Opened, asked: Asked) -> Mapping[str, bytes] | None:
    if asked.annex is None:
        return None
    if pack.annex_digest is None:
        raise InputProblem("This pack has no annex: no people files were read.", where="--annex", mend="Leave it out.")
    return opened_annex(asked.annex, asked.identities, pack.annex_digest)


# ---------------------------------------------------------------- what is not known without the annex


def _cell(row: _Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KPI_VALUES.key)


def _excused(tables: Mapping[str, pl.DataFrame], edition: Edition, computed: Mapping[str, pl.DataFrame]) -> Callable[[_Row], bool]:
    """Whether a cell of the register is one that the annex alone can show. What may be excused follows from the definitions, never from what the pack says of itself.

    A cell about people without a number, or of which a sum is withheld, where no engine has a number either; and one that may rest on estimates per head, where DuckDB, which takes
    these as they are stated, has the register's figure.
    """
    cells = tables[CELLS]
    partly = {*cells.filter(pl.col("withheld").is_not_null()).select(KPI_VALUES.key).unique().iter_rows()}
    by_head = {measure for rule in edition.rules.estimate if rule.method == "per_head" for measure in rule.measures}
    targets = {cell.kpi_id: target.kpi for target in edition.targets for cell in (target.published_as, target.progress_as) if cell is not None}
    numbers = {name: {_cell(row): (row["value"], row["printed"]) for row in frame.iter_rows(named=True)} for name, frame in computed.items()}

    def excused(row: _Row) -> bool:
        kpi, cell = edition.kpis.get(row["kpi_id"]) or edition.kpis.get(targets.get(row["kpi_id"]) or ""), _cell(row)
        if kpi is None:
            return False
        told = {name: found.get(cell, (None, None)) for name, found in numbers.items()}
        if by_head & made_of(kpi, edition) and told["duckdb"] == (row["value"], row["printed"]):
            return True
        hidden = about_people(kpi, edition) and (row["value"] is None or cell in partly or row["kpi_id"] not in edition.kpis)
        return hidden and all(number == (None, None) for number in told.values())

    return excused


def _which_people(tables: Mapping[str, pl.DataFrame], people: Mapping[str, bytes] | None) -> str:
    if people is not None:
        return f"the people files of the annex ({len(people)} files)"
    cells = tables[CELLS]
    if cells.is_empty():
        return "none: no KPI that is shown rests on people"
    gone = cells.height - cells["withheld"].null_count()
    return f"the sums in {CELLS}, without the people files: {cells.height - gone} of {cells.height} are told" + (f", {gone} are withheld and need the annex" if gone else "")


# ---------------------------------------------------------------- beside the KPIs


def _code(pack: Opened, code: Mapping[str, str]) -> Check:
    """By which code the pack was made, and by which it is verified. Another version is no fault: the figures say whether it matters."""
    same = _same_code(pack, code)
    return Check("code", passed=True, seen="the same version of the code as the pack's" if same else "another version of the code than the pack's; what it computes is compared all the same")


def _same_code(pack: Opened, code: Mapping[str, str]) -> bool:
    return bool(code) and dict(code) == pack.ran.get("code", {})


def _dates(pack: Opened, again: Rebuilt) -> Check:
    """The dates are those that the editions enclosed imply: another day of knowledge, or another last day of data, is a what-if."""
    wrong = [] if pack.known_on == again.edition.rules.knowledge_date else [f"environment.json says known on {pack.known_on}, and the edition {again.edition.rules.knowledge_date}"]
    latest = max(edition.rules.knowledge_date for edition in again.editions)
    wrong += [] if pack.as_of == latest else [f"environment.json says data up to {pack.as_of}, and the editions enclosed {latest}"]
    return Check("dates", not wrong, f"known on {pack.known_on}, data up to {pack.as_of}", tuple(wrong))


def _approvals(pack: Opened, register: pl.DataFrame) -> Iterable[Check]:
    """A check per approval: an entry of the register enclosed that stands, over the digest of the cells as they are in the register of KPIs; and one of that register as a whole."""
    if REGISTER_EXPORT not in pack.files:
        return
    held = read_export(pack.files[REGISTER_EXPORT], REGISTER_EXPORT)
    digest = approved_digest(register, pack.edition, pack.period)
    for row in approvals_in(pack.files).iter_rows(named=True):
        entry = next((entry for entry in held.entries if entry.envelope == pack.files[row["file"]]), None)
        wrong = [*_not_standing(held, entry, pack)]
        if not row["signed_by"]:
            wrong.append("no key enclosed signed it")
        if digest not in row["subject_sha256"].split(";"):
            wrong.append(f"it approves other figures: its digest is {row['subject_sha256']}, and that of the register {digest}")
        what = f"{row['action']} as {row['role']} at {row['at']}, " if row["action"] else ""
        yield Check(row["file"], not wrong, f"{what}signed by {row['signed_by'] or 'nobody known'}; compare the fingerprint", tuple(wrong))
    yield _chain(pack, held, digest)


def _not_standing(held: Exported, entry: Entry | None, pack: Opened) -> Iterable[str]:
    if entry is None:
        yield f"it is none of the entries of {REGISTER_EXPORT}"
        return
    said = entry.statement
    if (said.edition, said.period) != (pack.edition, pack.period):
        yield f"it is about {said.period} of edition {said.edition}"
    if said.action not in ("prepared", "reviewed", "locked"):
        yield f"it is no approval but '{said.action}'"
    if why := why_void(held.entries, entry, held.keys):
        yield f"it does not count: {why}"


def _chain(pack: Opened, held: Exported, digest: str) -> Check:
    """The register as a whole: its chain and signatures, and where the period stands in it. A later entry may void one; that is no fault of the chain."""
    wrong = [str(problem) for problem in problems_of(held.entries, held.keys, held.approved, held.head)]
    told = as_csv(restatements(held.entries).filter(pl.col("edition") == pack.edition), RESTATEMENTS)
    wrong += [] if pack.files.get("restatements.csv") == told else ["restatements.csv says otherwise"]
    state = state_of(held.entries, held.keys, pack.edition, pack.period, digest)
    return Check(REGISTER_EXPORT, not wrong, f"{len(held.entries)} entries in one chain; the period is {state.word}{f': {state.reason}' if state.reason else ''}", tuple(wrong))
