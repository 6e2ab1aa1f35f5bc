"""What the tests of the register share: keys, numbers, entries in memory, and writers that are processes of their own."""

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.register import Effect, Entry, Keys, Restatement, Statement, TrustedKey, open_register, signed
from esg_kpis.register.entry import entry_after
from tests.conftest import REPOSITORY

PREPARER, REVIEWER, APPROVER, STRANGER, BOTH = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in range(1, 6))
KEYS = Keys(
    (
        TrustedKey(PREPARER.public_key(), ("preparer",), "preparer"),
        TrustedKey(REVIEWER.public_key(), ("reviewer",), "reviewer"),
        TrustedKey(APPROVER.public_key(), ("approver",), "approver"),
        TrustedKey(BOTH.public_key(), ("preparer", "reviewer"), "both"),
    )
)
HEADER = "kpi_id,period,breakdown,category,value,printed,unit,status,reason\n"
ROLE = {"prepared": "preparer", "reviewed": "reviewer", "locked": "approver", "restated": "approver"}
HOLDER = {"prepared": PREPARER, "reviewed": REVIEWER, "locked": APPROVER, "restated": APPROVER}
KILLED = -signal.SIGKILL
PLAIN = "2024-04-09T10:00:00Z"


def numbers(value: str = "100") -> bytes:
    """What is approved, one cell of it."""
    return f"{HEADER}scope_1,2023,total,All,{value}.000000000000000000,{value},tCO2e,ok,\n".encode()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ONE, TWO = digest(numbers("100")), digest(numbers("106"))
KEPT = {ONE: numbers("100"), TWO: numbers("106")}


def said(action: str, of: str = ONE, *, edition: str = "2023", period: str = "2023", role: str = "", at: str = PLAIN, note: str = "", lock: int = 0) -> Statement:
    """A statement; `lock` is the entry that a restatement opens."""
    effect = Effect("scope_1", "total", "All", "tCO2e", "100", "106", "6", "6", beyond=True)
    again = Restatement("a bill was misread", "error", lock, TWO, (effect,), 0) if action == "restated" else None
    return Statement(action, edition, period, of, role or ROLE[action], "", at, note, {"key": "run"}, {"ok": 1}, again)


def chained(*steps: tuple[Statement, Ed25519PrivateKey] | Statement) -> list[Entry]:
    """Entries in memory, whether the rules allow them or not."""
    entries: list[Entry] = []
    for step in steps:
        statement, key = step if isinstance(step, tuple) else (step, HOLDER[step.action])
        last = (entries[-1].sequence, entries[-1].hash) if entries else (0, "0" * 64)
        entries.append(entry_after(*last, statement.digest, signed(statement, last, key)))
    return entries


def append(place: str | Path, statement: Statement, key: Ed25519PrivateKey | None = None, content: bytes | None = None, keys: Keys = KEYS) -> Entry:
    """Appends to a register as the commands do."""
    with open_register(place) as register, register.turn() as turn:
        envelope = signed(statement, (turn.head.sequence, turn.head.hash), key or HOLDER[statement.action])
        return turn.append(envelope, KEPT[statement.digest] if content is None else content, keys)


def with_key(old: Ed25519PrivateKey, **changes: object) -> Keys:
    """KEYS, one of which is otherwise."""
    return Keys(tuple(replace(key, **changes) if key.id == TrustedKey(old.public_key(), (), "").id else key for key in KEYS.trusted))  # type: ignore[arg-type]


# ---------------------------------------------------------------- writers


def write(place: str, number: str, count: int, told: Path) -> None:
    """Appends `count` entries, each told in a file as soon as it is acknowledged."""
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for turn in range(count):
        entry = append(place, said("prepared", edition=f"edition {number}", note=f"{number}-{turn}"))
        os.write(file, f"{entry.sequence} {entry.hash} {number}-{turn}\n".encode())


def die_within_turn(place: str) -> None:
    """Writes an entry and is killed before the turn ends."""
    with open_register(place) as register, register.turn() as turn:
        turn.append(signed(said("prepared", edition="lost"), (turn.head.sequence, turn.head.hash), PREPARER), numbers(), KEYS)
        os.kill(os.getpid(), signal.SIGKILL)


def serve(place: str, writers: int, count: int, folder: str, turn: int = 0) -> None:
    """Forks the writers, which cost an import each otherwise, tells their ids, and waits for them; exit code 1 if one failed by itself."""
    children = []
    for number in range(writers):
        child = os.fork()
        if not child:
            code = 1
            try:
                write(place, f"{number}" if not turn else f"{turn}.{number}", count, Path(folder) / f"{number}.told")
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    print(*children, flush=True)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(any(code not in (0, -signal.SIGKILL) for code in codes))


def in_python(call: str) -> subprocess.Popen[str]:
    """A process that calls something of this module."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY)))}
    command = [sys.executable, "-c", f"from tests import register_scenario as scenario; scenario.{call}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY)


def acknowledged(folder: Path) -> dict[str, tuple[int, str]]:
    """What writers were told, by note: sequence number and hash. A last line that was cut off by a kill was not told."""
    found = {}
    for path in folder.glob("*.told"):
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
            sequence, own, note = line.split(" ", 2)
            found[note] = (int(sequence), own)
    return found
