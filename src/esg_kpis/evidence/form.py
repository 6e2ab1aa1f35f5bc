"""The form of a pack: every file has its place, every table is written in the one way it can be, and what is made of other files is made again.

What holds no figure can mislead as well: a second register under a name in capitals, a README with another fingerprint, a decimal written in another way.
"""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from esg_kpis.assurance.approved import approved_digest
from esg_kpis.evidence.contents import CONTROLS, JUDGED, REGISTER, TABLES
from esg_kpis.evidence.datapackage import datapackage_of
from esg_kpis.evidence.environment import ENVIRONMENT
from esg_kpis.evidence.manifest import BESIDE
from esg_kpis.evidence.opened import Opened
from esg_kpis.evidence.pack import REGISTER_EXPORT, approvals_in
from esg_kpis.evidence.readme import ANNEX, readme
from esg_kpis.evidence.tables import as_csv, from_csv
from esg_kpis.evidence.verdict import Check
from esg_kpis.tables import PACK_APPROVALS

_FIXED = {*TABLES, *JUDGED, *BESIDE, "README.md", "datapackage.json", ENVIRONMENT, ANNEX, "approvals.csv", "restatements.csv", REGISTER_EXPORT}
_PLACES = re.compile(r"inputs/.+|definitions/(editions|factors)/.+|approvals/[0-9a-f]+\.json|keys/[\w.-]+\.pem")
_DEEP = 100
_RUNS_ON = re.compile(r"(?:- ){60}| {400}")


def layout(files: Mapping[str, bytes]) -> Check:
    """Whether each file has a place in the layout, no two are told apart by capitals only, and no text is nested deeper than a reader of it may follow."""
    wrong = [f"{name} has no place in a pack" for name in sorted(files) if name not in _FIXED and not _PLACES.fullmatch(name)]
    alike: dict[str, list[str]] = {}
    for name in sorted(files):
        alike.setdefault(name.casefold(), []).append(name)
    wrong += [f"{' and '.join(names)} are one file on some systems" for names in alike.values() if len(names) > 1]
    wrong += [f"{name} is nested too deeply" for name in sorted(files) if name.endswith((".yaml", ".toml", ".json", ".jsonl")) and _too_deep(files[name])]
    if REGISTER_EXPORT not in files:
        wrong += [f"{name} stands without {REGISTER_EXPORT}" for name in sorted(files) if name.startswith(("approvals", "restatements"))]
    return Check("layout", not wrong, f"{len(files)} files, each in its place", tuple(wrong))


def made_again(pack: Opened, tables: Mapping[str, pl.DataFrame], document: str, *, same_code: bool) -> Check:
    """Whether tables are written in the one way that `as_csv` writes them, and README, descriptor and the list of approvals are those of the other files.

    Another version of the code may word README and descriptor otherwise: then they are not compared, but for the fingerprint, and the check says so.

    Args:
        pack: The pack.
        tables: Its tables, by path.
        document: The document that the edition is of.
        same_code: Whether the code that verifies is that which packed.
    """
    files = pack.files
    wrong = [f"{path} is not written as a pack writes it" for path, table in TABLES.items() if as_csv(tables[path], table) != files[path]]
    wrong += [f"{path} is not written as a pack writes it" for path, table in JUDGED.items() if as_csv(from_csv(files[path], table, path), table) != files[path]]
    figures = {
        "cells": tables[REGISTER].height, "files": sum(name.startswith("inputs/") for name in files), "records": tables["record_fates.csv"].height, "people files": tables[CONTROLS].height,
    }  # fmt: skip
    said = {"approved_sha256": approved_digest(tables[REGISTER], pack.edition, pack.period), "document": document}
    wrong += [f"the statement says {name} {pack.said.get(name)}, and the pack {value}" for name, value in said.items() if pack.said.get(name) != value]
    made = {"README.md": readme(pack.edition, pack.period, document, pack.fingerprint, figures)}
    before = {name: content for name, content in files.items() if name not in (*BESIDE, "datapackage.json")}
    made["datapackage.json"] = datapackage_of(before, pack.edition, pack.period, document)
    if not same_code:
        made = {}
        wrong += [] if pack.fingerprint.encode() in files["README.md"] else ["README.md names another fingerprint"]
    if any(name.startswith("approvals") for name in files):
        made["approvals.csv"] = as_csv(approvals_in(files), PACK_APPROVALS)
    wrong += [f"{name} is not that of the other files" for name, content in made.items() if files.get(name) != content]
    aside = "" if same_code else "; README.md and datapackage.json are of another version of the code and not compared"
    return Check("form", not wrong, f"{len(TABLES) + len(JUDGED)} tables as they are written{''.join(f', {name} made again' for name in made)}{aside}", tuple(wrong))


def _too_deep(content: bytes) -> bool:
    text = content.decode(errors="replace")
    return max(_depths(text), default=0) > _DEEP or _RUNS_ON.search(text) is not None


def _depths(text: str) -> Iterator[int]:
    depth = 0
    for found in re.finditer(r"[\[\]{}]", text):
        depth += 1 if found[0] in "[{" else -1
        yield depth
