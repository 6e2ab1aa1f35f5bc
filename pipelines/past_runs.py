"""Sets of results by name, and one of them with what it was made of, read back from its folder whatever the workspace holds by now."""

import json
from datetime import date
from pathlib import Path

from esg_kpis.editions import read_editions
from esg_kpis.errors import EsgKpisError, UsageProblem, near_misses
from esg_kpis.factors import read_library
from esg_kpis.report.outputs import LATEST, MANIFEST, PREVIOUS, is_intact
from esg_kpis.restatement.runs import Run
from pipelines.kept import definitions_of
from pipelines.latest import RUN_FILE, read_result
from pipelines.received import received_of


def folder_of(out: Path, name: str) -> Path:
    """The folder of a set of results: `latest`, `previous` (the latest before it), a key, the beginning of one that no other has, or a path.

    Raises:
        UsageProblem: if there is none, or several.
    """
    pointers = {"latest": out / LATEST, "previous": out / PREVIOUS}
    if name in pointers:
        if not pointers[name].exists():
            raise UsageProblem(f"There is no {name} run.", where=str(out), mend="Run `esg-kpis run`; a run before it is kept under data/out/runs." if name == "latest" else "Only one was made here since runs remember it; name a folder under data/out/runs.")
        return pointers[name].resolve()
    if (Path(name) / RUN_FILE).is_file():
        return Path(name).resolve()
    runs = out / "runs"
    known = sorted(path.name for path in runs.iterdir() if (path / RUN_FILE).is_file()) if runs.is_dir() else []
    found = [name] if name in known else [key for key in known if name and key.startswith(name)]
    if len(found) != 1:
        what = f"There is no run '{name}'." if not found else f"Several runs begin with '{name}': {', '.join(found)}."
        raise UsageProblem(what, where=str(runs), mend=near_misses(name, known) or f"There are: latest, previous, {', '.join(known[:10])}{' …' if len(known) > 10 else ''}; or give a folder.")
    return runs / found[0]


def run_in(folder: Path) -> Run:
    """A set of results with what it was made of.

    Raises:
        EsgKpisError: if it kept no definitions, or was changed after it was written.
    """
    if not is_intact(folder):
        raise EsgKpisError("The files of this run are not as they were written.", where=str(folder), mend=f"`sha256sum --check {MANIFEST}` in its folder names them. Run it again from the same inputs; a run with the same inputs is written beside a changed one.")
    ran: dict[str, str] = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    with definitions_of(folder, ran) as root:
        editions, library = read_editions(root / "editions"), read_library(root / "factors")
    received = received_of(folder, editions, date.fromisoformat(ran["as_of"]))
    tables = (read_result(folder, name) for name in ("records", "quantities", "rejected", "factor_uses", "kpi_values"))
    computed = {item.id: item for item in editions if f"known on {item.id}" in ran}
    return Run(folder.name, {name: value for name, value in ran.items() if name != "key"}, computed, library, received, *tables)
