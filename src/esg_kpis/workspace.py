"""The folder a run works on: `data/raw`, `factors`, `editions`, and where the results go."""

from dataclasses import dataclass
from pathlib import Path

from esg_kpis.errors import InputProblem


@dataclass(frozen=True)
class Workspace:
    """The paths of one workspace. Nothing else in the library knows where things lie."""

    root: Path
    out: Path

    @property
    def raw(self) -> Path:
        """What was sent, a folder per domain."""
        return self.root / "data" / "raw"

    @property
    def people_lock(self) -> Path:
        """Counts of people that were locked, and outlive the files they were counted from."""
        return self.root / "data" / "locked" / "people"

    @property
    def sheets(self) -> Path:
        """Sheets of workbooks as they were read, so that only files whose bytes changed are opened again. May be deleted at any time."""
        return self.out / "work" / "sheets"

    @property
    def readings(self) -> Path:
        """Months of meter readings as they were rolled up, so that only months are computed again that changed. May be deleted at any time."""
        return self.out / "work" / "readings"

    @property
    def register(self) -> Path:
        """The register of approvals where it is kept in the workspace, the keys that are trusted, and the head as it was noted last."""
        return self.root / "data" / "register"

    @property
    def factors(self) -> Path:
        """The factor library."""
        return self.root / "factors"

    @property
    def editions(self) -> Path:
        """The editions, a folder each."""
        return self.root / "editions"


def open_workspace(root: Path, out: Path | None = None) -> Workspace:
    """The workspace at `root`; results go to `out`, or to its `data/out`.

    Raises:
        InputProblem: if a part of it is missing.
    """
    root = root.resolve()
    for part in ("data/raw", "factors", "editions"):
        if not (root / part).is_dir():
            raise InputProblem(
                f"There is no folder '{part}'.",
                where=str(root),
                mend="Give the workspace with --root; it holds data/raw, factors and editions.",
            )
    return Workspace(root, (out or root / "data" / "out").resolve())


def check_names(workspace: Workspace) -> None:
    """Every file of a workspace has a name that can be written down: records, results and the report name their files.

    Raises:
        InputProblem: if a name is not in UTF-8, as of files that were unpacked from an old archive.
    """
    for folder in (workspace.raw, workspace.factors, workspace.editions):
        for path in sorted(folder.rglob("*")):
            try:
                path.name.encode()
            except UnicodeEncodeError:
                shown = path.name.encode(errors="surrogateescape").decode("ascii", errors="backslashreplace")
                raise InputProblem(f"The name of '{shown}' is not in UTF-8.", where=str(workspace.root), mend=f"Rename it; it lies in {path.parent.name}.") from None
