"""What lies below the place of a table. Links are followed as long as they stay within data/raw; nothing is passed over but what nobody sent."""

from collections.abc import Iterator
from pathlib import Path

from esg_kpis.errors import InputProblem


def files_below(place: Path, raw: Path | None = None) -> Iterator[tuple[Path, Path]]:
    """Every file below a place, or the place itself if it is one, and where it really lies. Folders that are named like files of data are given too, for who reads them to refuse.

    Spark and others put what is not data, or not yet, into files and folders whose names begin with a point or a line: these are left out.

    Args:
        place: File or folder.
        raw: Folder that no link may lead out of. None if that was looked at before.

    Raises:
        InputProblem: if a link leads out of `raw`, nowhere, or back to a folder that it lies in.
        OSError: if a folder cannot be listed.
    """
    home = None if raw is None else raw.resolve()
    yield from _below(place, place.resolve(), (), place, home)


def _below(path: Path, real: Path, above: tuple[Path, ...], place: Path, home: Path | None) -> Iterator[tuple[Path, Path]]:
    if path.is_symlink() or path == place:
        where = "/".join(path.parts[path.parts.index("readings") :]) if "readings" in path.parts else path.name
        if home is not None and not real.is_relative_to(home):
            raise InputProblem("The link leads out of data/raw.", where=where, mend="Copy the files here, or mount them.")
        if not path.exists():
            raise InputProblem("The link leads nowhere.", where=where, mend="Copy the files here, or take it away.")
        if real in above:
            raise InputProblem("The link leads back to a folder that it lies in.", where=where, mend="Take it away.")
    if not path.is_dir():
        yield path, real
        return
    if path.suffix and path != place:
        yield path, real
    for item in sorted(path.iterdir()):
        if not item.name.startswith((".", "_")):
            yield from _below(item, item.resolve() if item.is_symlink() else real / item.name, (*above, real), place, home)
