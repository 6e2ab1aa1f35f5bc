"""Runs that are killed: a process that has imported everything and forks one run an order, a small workspace with two states of its inputs, and what a reader sees."""

import fcntl
import hashlib
import json
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ingest_scenario import bill, bills_workbook, csv_of, with_part

ROOT = Path(__file__).parent.parent
SITES = "site_id,name,country,kind\nHQ,HQ,CN,office\nSH,Store,CN,store\n"
_CHANGES = ("os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "open")
"""What Python tells its audit hooks of the moments in which something changes on disk."""

Set = dict[str, str]
"""A set of results: the digest of every file, by its path in the folder."""


# ---------------------------------------------------------------- the process that runs


def serve() -> None:
    """Forks a run per line of standard input. No thread of polars may have started by then, so nothing is computed here."""
    import dagster as dg

    from pipelines.definitions import JOB, build_defs
    from pipelines.run import dagster_instance

    logging.disable()
    with tempfile.TemporaryDirectory() as folder, dagster_instance(Path(folder)) as instance:  # What Dagster imports and compiles late.
        dg.materialize([dg.asset(name="warm")(lambda: None)], instance=instance)
        build_defs(ROOT).resolve_job_def(JOB)
    logging.disable(logging.NOTSET)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(order)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(order: Mapping[str, Any]) -> None:
    """One run, in the process that is to be killed."""
    from esg_kpis.report.outputs import publish
    from pipelines.asked import Request
    from pipelines.run import execute

    os.environ["DAGSTER_HOME"] = order["home"]
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(said, stream)
    marks = os.open(order["marks"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    if order["kill_at"] or order["changes"]:
        _watch(order["out"], order["kill_at"], order["changes"])
    code = 1
    try:
        if order["staged"]:
            publish(Path(order["staged"]), Path(order["out"]), order["key"])
        else:
            execute(
                Request(Path(order["root"]), Path(order["out"])),
                lambda step, ended: os.write(marks, f"{'-' if ended else '+'}{step} {time.monotonic()}\n".encode()) and None,
            )
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        os._exit(code)


def _watch(out: str, kill_at: int, changes: str) -> None:
    """Kills this process just before the change of that number in the results folder, or writes down how many there were."""
    seen: list[str] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in _CHANGES or not any(isinstance(arg, (str, os.PathLike)) and str(arg).startswith(out) for arg in args):
            return
        seen.append(event)
        if len(seen) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if changes:
            fd = os.open(changes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(fd, f"{event} {args[0]}\n".encode())
            os.close(fd)

    sys.addaudithook(hook)


class Runner:
    """The other end of `serve`; what it needs for a moment goes to `temporary`."""

    def __init__(self, temporary: Path) -> None:
        temporary.mkdir(parents=True)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), "TMPDIR": str(temporary)}
        command = [sys.executable, "-c", "from tests.killed_scenario import serve; serve()"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def start(self, order: Mapping[str, Any]) -> int:
        """Starts a run; the id of its process."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Waits for the end; the exit code, negative for a signal."""
        return int(self._line())

    def close(self) -> None:
        """Ends it."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait()


# ---------------------------------------------------------------- the workspace


@dataclass
class Place:
    """A workspace whose inputs stand at `a` or at `b`, its results and Dagster's storage."""

    runner: Runner
    folder: Path
    root: Path

    @property
    def out(self) -> Path:
        """Its results."""
        return self.folder / "out"

    @property
    def home(self) -> Path:
        """Dagster's storage."""
        return self.folder / "dagster"

    def put(self, state: str) -> None:
        """Brings the inputs to a state: another quantity, and in `b` rows that are refused, so that names come and go too."""
        rows = [
            bill(site_id=site, period_start=f"2023-{month:02}-01", period_end=f"2023-{month:02}-28", quantity="100" if state == "a" else "250")
            for site in ("HQ", "SH")
            for month in range(1, 13)
        ]
        if state == "b":
            rows += [bill(site_id="HQ", quantity="n/a"), bill(site_id="SH", quantity="n/a")]
        path = self.root / "data" / "raw" / "energy" / "bills.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_of(*rows), encoding="utf-8")

    def order(self, *, kill_at: int = 0, changes: str = "", staged: Path | None = None, key: str = "") -> dict[str, Any]:
        """What `serve` is told: a run, or only the publishing of `staged`, killed at a change of that number or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "marks").unlink(missing_ok=True)
        files = {name: str(self.folder / name) for name in ("said", "marks", "home")}
        known = {"root": str(self.root), "out": str(self.out), "home": str(self.home), "staged": str(staged or ""), "key": key}
        return files | known | {"kill_at": kill_at, "changes": changes}

    def finish(self) -> None:
        """A run that nobody kills."""
        self.runner.start(self.order())
        assert self.runner.ended() == 0, (self.folder / "said").read_text(encoding="utf-8")

    def marks(self) -> dict[str, float]:
        """When steps started (+) and ended (-), so far."""
        path = self.folder / "marks"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        return {name: float(at) for name, at in (line.split() for line in lines)}

    def wait_for(self, mark: str, child: int) -> None:
        """Until a step starts or ends; a run that died is waited for no longer."""
        while mark not in self.marks() and alive(child):
            time.sleep(0.001)


# ---------------------------------------------------------------- what a reader sees


def set_in(folder: Path) -> Set:
    """Every file of a folder."""
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(out: Path) -> list[Path]:
    """The stable paths that lead somewhere."""
    listed = out.iterdir() if out.is_dir() else ()  # A run that is killed at once has not even made the folder.
    return sorted(path for path in listed if path.name not in ("runs", "work", "latest") and not path.name.startswith(".") and path.exists())


def stable(out: Path) -> Set:
    """What stands at the stable paths, each opened by itself."""
    found: Set = {}
    for path in names(out):
        found |= {f"{path.name}/{name}": value for name, value in set_in(path.resolve()).items()} if path.is_dir() else {path.name: digest(path)}
    return found


def left_behind(out: Path) -> list[str]:
    """What a finished run must not leave: half of something, a link that leads nowhere, a lock that is held."""
    found = [path for pattern in ("work/*", "*") for path in out.glob(pattern) if path.name.startswith("staged-") or path.suffix == ".new"]
    found += [path for path in out.iterdir() if path.is_symlink() and not path.exists()]
    with (out / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found.append(out / ".lock")
    return sorted(path.relative_to(out).as_posix() for path in found)


def states(home: Path) -> dict[str, int]:
    """How many runs Dagster shows in which state."""
    connection = sqlite3.connect(home / "runs.db")
    try:
        return dict(connection.execute("select status, count(*) from runs group by status").fetchall())
    finally:
        connection.close()


def staged(place: Path, files: Mapping[str, str]) -> Path:
    """A set that waits to be published."""
    folder = place / "out" / "work" / "staged-1"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def long_workbook(rows: int) -> bytes:
    """A workbook that takes longer to read than to make."""
    chance = random.Random(1)
    lines = [list(bill()), *(list(bill(quantity=chance.randbytes(20).hex()).values()) for _ in range(rows))]
    cells = "".join("<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in line) + "</row>" for line in lines)
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    return with_part(bills_workbook("1"), "xl/worksheets/sheet1.xml", sheet.encode())


def alive(process: int) -> bool:
    """Whether it runs, and is not only waiting to be counted as dead."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def dies(process: int, seconds: float = 5) -> bool:
    """Whether it ends soon by itself."""
    until = time.monotonic() + seconds
    while alive(process) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(process)
