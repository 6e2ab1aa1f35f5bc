"""What processes that were killed left in the folders of work. Folders in which somebody still writes begin with a point."""

import shutil
from contextlib import suppress
from pathlib import Path

_A_DAY = 86_400


def forget_abandoned(folder: Path, just_written: Path) -> None:
    """Takes away the unfinished that was left a day or more ago, by the clock of the disk: that of what was written just now."""
    with suppress(OSError):
        now = just_written.stat().st_mtime
        for place in folder.glob(".*"):
            if place.stat().st_mtime < now - _A_DAY:
                shutil.rmtree(place, ignore_errors=True)
