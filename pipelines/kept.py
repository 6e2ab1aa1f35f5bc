"""What a run was made of beside its tables: a copy of its editions and factors, from which an older run is read again when they have changed since."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from esg_kpis.errors import EsgKpisError
from esg_kpis.report.outputs import digest_of
from esg_kpis.workspace import Workspace

DEFINITIONS = "definitions.zip"
_PARTS = ("editions", "factors")
_DAY = (1980, 1, 1, 0, 0, 0)


def keep(workspace: Workspace, folder: Path) -> None:
    """Writes the editions and factors of a workspace to `definitions.zip`. Not compressed: compressed bytes depend on the version of the library that makes them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for part, place in zip(_PARTS, (workspace.editions, workspace.factors), strict=True):
            for path in sorted(path for path in place.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(f"{part}/{path.relative_to(place).as_posix()}", _DAY)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                archive.writestr(entry, path.read_bytes())
    (folder / DEFINITIONS).write_bytes(buffer.getvalue())


@contextmanager
def definitions_of(folder: Path, ran: dict[str, str]) -> Iterator[Path]:
    """A folder with the editions and factors that a run was made of, for as long as it is needed.

    Raises:
        EsgKpisError: if the run kept none, or what it kept is not what it was made of.
    """
    archive = folder / DEFINITIONS
    if not archive.is_file():
        raise EsgKpisError(
            "The run kept no copy of its editions and factors.", where=str(folder),
            mend=f"It was made before runs did. Put editions and factors as they were then (run.json names their digests) into a workspace, run that, and compare with the new run's folder; or run again now: from then on {DEFINITIONS} is kept.",
        )  # fmt: skip
    with TemporaryDirectory() as place:
        try:
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(place)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise EsgKpisError(f"{DEFINITIONS} cannot be read: {error}.", where=str(folder), mend="Its manifest.sha256 says which files of the run were changed.") from error
        root = Path(place)
        for part in _PARTS:
            if digest_of(root / part) != ran[part]:
                raise EsgKpisError(f"The {part} kept in {DEFINITIONS} are not those of the run.", where=str(folder), mend="Its manifest.sha256 says which files of the run were changed.")
        yield root
