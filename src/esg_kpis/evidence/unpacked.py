"""A pack unpacked into a workspace and computed again from the bytes on: what verification and a sample from a pack both begin with."""

import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from esg_kpis.assurance.withheld import of_people
from esg_kpis.editions import counting_of
from esg_kpis.errors import InputProblem
from esg_kpis.evidence.contents import CELLS, CONTROLS, REGISTER
from esg_kpis.evidence.form import layout
from esg_kpis.evidence.opened import Opened
from esg_kpis.evidence.people_cells import told_by
from esg_kpis.evidence.rebuilt import Rebuilt, rebuilt
from esg_kpis.evidence.received import ROLLED, Found, found_in
from esg_kpis.people import Persons, persons_of
from esg_kpis.workspace import open_workspace


def computed_again(pack: Opened, tables: Mapping[str, pl.DataFrame], people: Mapping[str, bytes] | None, place: Path) -> tuple[Rebuilt, list[Found], Persons | None]:
    """The edition computed in a folder of its own, the files it was computed from, and the rows about persons where the annex is at hand.

    Args:
        pack: A pack whose hashes, signature and layout hold.
        tables: Its tables, by path.
        people: The files of the annex, by path; None without it.
        place: An empty folder that its owner alone may look into.

    Raises:
        InputProblem: if a file has no place in a pack: it could take that of another.
    """
    if not (fits := layout(pack.files)).passed:
        raise InputProblem(f"It is not computed: {fits.wrong[0]}.", where="layout", mend="Take the pack as it was received.")
    root = place / "workspace"
    for part in ("data/raw", "editions", "factors"):
        (root / part).mkdir(parents=True)
    for name, content in pack.files.items():
        for prefix, folder in (("inputs/", "data/raw/"), ("definitions/", "")):
            if name.startswith(prefix):
                _write(root / f"{folder}{name.removeprefix(prefix)}", content)
    for name, content in (people or {}).items():
        _write(root / name, content)
    secret = place / "secret"
    secret.write_bytes(os.urandom(32).hex().encode())  # Where staff numbers come in: any secret gives the same counts.
    workspace = open_workspace(root, place / "out")
    # Where nobody was counted nothing was withheld: what is not there was not collected.
    counted = tables[CELLS].height or tables[CONTROLS].height
    told = told_by(tables[CELLS], tables[REGISTER]) if people is None and counted else None
    again = rebuilt(workspace, pack.edition, pack.known_on, pack.as_of, _stopped(tables, with_people=people is not None), secret, told)
    from_files = people is not None and not workspace.people_lock.exists()
    persons = persons_of(workspace, pack.as_of, again.ingested.sites, counting_of(again.editions), secret) if from_files else None
    return again, found_in(workspace.raw, again.tables["files"]), persons


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _stopped(tables: Mapping[str, pl.DataFrame], *, with_people: bool) -> pl.DataFrame:
    """The rejections of files that were stopped, and of readings as a whole, which are named in the pack and not enclosed."""
    named = tables["inputs.csv"].filter((pl.col("held") == "named") & (pl.col("received") == "stopped"))["path"].to_list()
    of_readings = pl.col("path").str.split("/").list.first().is_in(list(ROLLED)) & (pl.col("line") == 0)
    rejected = tables["typed/rejected.csv"].filter(pl.col("path").is_in(named) | of_readings)
    return rejected if with_people else rejected.filter(~of_people())
