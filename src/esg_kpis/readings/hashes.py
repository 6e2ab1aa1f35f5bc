"""Digests of large files. A file that nothing was done to since is not read again for its digest."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path


def state_of(path: Path) -> str:
    """Size, time of change, number and last change of any kind of a file: another for whatever replaced it, and for one that was moved away and back."""
    facts = path.stat()
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino} {facts.st_ctime_ns}"


class Hashes:
    """SHA-256 of files, remembered in a folder."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "hashes.json"
        self.known: dict[str, list[str]] = {}
        self.seen: dict[str, list[str]] = {}
        with suppress(OSError, ValueError, AttributeError, TypeError):
            self.known = {str(path): [str(state), str(digest)] for path, (state, digest) in json.loads(self.place.read_text(encoding="utf-8")).items()}

    def of(self, path: Path) -> str:
        """The digest of a file."""
        state = state_of(path)
        before = self.known.get(str(path))
        if before is not None and before[0] == state:
            digest = before[1]
        else:
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        self.seen[str(path)] = [state, digest]
        return digest

    def remember(self) -> None:
        """Writes what was seen, and what is known of other files that are still there, beside its place and then there in one step."""
        kept = {path: told for path, told in self.known.items() if path not in self.seen and Path(path).exists()}
        if kept | self.seen == self.known:
            return
        fresh = self.place.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self.place.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(kept | self.seen, sort_keys=True), encoding="utf-8")
            fresh.replace(self.place)
