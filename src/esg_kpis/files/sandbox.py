"""A process of its own for what is packed or a workbook, with a limit on memory and on time. A file that breaks it is stopped, and nothing else is.

It ends with the process that started it, however that ends: it waits for the next file at a pipe that then closes, and while it is busy with one a signal ends it.
Only bytes of files and plain tables cross the border: JSON for what is said, Arrow for rows.
"""

import atexit
import fcntl
import io
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import IO, Any

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.files.header import RepeatedColumn
from esg_kpis.files.read import kind_of, read_sheets, unpacked
from esg_kpis.files.sheet import Reading, Sheet
from esg_kpis.files.source import MEGABYTE, Source

MEMORY = 4096 * MEGABYTE
"""Address space of the process: Python and its libraries, the unpacked file, and its cells as text."""
SECONDS = 300
_TABLES = ("rows", "merged", "formulas")
_HEAD = struct.Struct("<Q")


def open_packed(source: Source) -> list[Source]:
    """`read.unpacked`, in the sandbox where there is anything to unpack."""
    if kind_of(source) not in ("gzip", "zip"):
        return [source]
    answer, parts = _asked("unpacked", source, Reading())
    return [replace(source, content=part, member=item["member"], wrapped=item["wrapped"]) for item, part in zip(answer["sources"], parts, strict=True)]


def open_sheets(source: Source, reading: Reading) -> list[Sheet]:
    """`read.read_sheets`, in the sandbox unless the file is plain text."""
    if kind_of(source) == "text":
        return read_sheets(source, reading)
    answer, parts = _asked("read_sheets", source, reading)
    tables = iter([pl.read_ipc_stream(io.BytesIO(part)) for part in parts])
    sheets = []
    for item in answer["sheets"]:
        told: dict[str, Any] = item | {"ragged": [tuple(row) for row in item["ragged"]], "unread": tuple(item["unread"])} | {name: next(tables) for name in _TABLES}
        sheets.append(Sheet(source, **told))
    return sheets


# ---------------------------------------------------------------- this side


class _Worker:
    """The process, started when it is first needed and again after a file broke it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.lifeline = -1

    def ask(self, request: bytes, content: bytes) -> list[bytes] | None:
        """The parts of the answer; None if the process ended over it."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.stop()
                self.process = self._started()
            process = self.process
            assert process.stdin is not None
            assert process.stdout is not None
            alarm = threading.Timer(SECONDS, process.kill)
            alarm.start()
            try:
                _write(process.stdin, [request, content])
                return _read(process.stdout)
            except (OSError, EOFError):
                self.stop()
                return None
            finally:
                alarm.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(entry for entry in sys.path if entry)
        theirs, self.lifeline = os.pipe()
        command = [sys.executable, "-c", f"from esg_kpis.files.sandbox import serve; serve({theirs}, {MEMORY})"]
        environment = {**os.environ, "PYTHONPATH": paths, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, pass_fds=(theirs,))
        finally:
            os.close(theirs)

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # What was not sent yet has nobody to read it.
                        pipe.close()
            self.process = None
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1


_WORKER = _Worker()
atexit.register(_WORKER.stop)


def stop() -> None:
    """Ends the process, if it runs."""
    _WORKER.stop()


def _asked(what: str, source: Source, reading: Reading) -> tuple[dict[str, Any], list[bytes]]:
    request = json.dumps({"what": what, "source": _named(source), "reading": asdict(reading) | {"names": sorted(reading.names)}})
    parts = _WORKER.ask(request.encode(), source.content)
    if parts is None:
        raise _too_much(source, MEMORY)
    answer = json.loads(parts[0])
    if problem := answer.get("problem"):
        if "columns" in problem:
            raise RepeatedColumn(problem["twice"], problem["columns"], problem["where"])
        raise InputProblem(problem["what"], where=problem["where"], mend=problem["mend"])
    return answer, parts[1:]


def _named(source: Source) -> dict[str, str]:
    return {"path": source.path, "sha256": source.sha256, "member": source.member, "wrapped": source.wrapped}


def _too_much(source: Source, memory: int) -> InputProblem:
    return InputProblem(
        f"It takes more than {memory // MEGABYTE} MB of memory or {SECONDS} seconds to open.", where=source.where,
        mend="Split it, delete what lies far below or beside the table, or send CSV.",
    )  # fmt: skip


# ---------------------------------------------------------------- that side


def end_with(lifeline: int) -> None:
    """Makes a signal end this process when the other end of a pipe closes, which the kernel does for a process that is killed.

    It needs no thread and no interpreter, which a reader of workbooks may hold for minutes. Where the signal is ignored (macOS), the alarm of `serve` remains.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # It closed before this was in force.
        os._exit(0)


def serve(lifeline: int, memory: int) -> None:
    """Answers until the other side hangs up, in at most `memory` bytes."""
    end_with(lifeline)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What a library prints must not be taken for an answer.
    while True:
        try:
            request, content = _read(asked)
        except EOFError:
            return
        signal.alarm(SECONDS)
        answer = _answered(json.loads(request), content, memory)
        signal.alarm(0)
        _write(answers, answer)


def _answered(request: dict[str, Any], content: bytes, memory: int) -> list[bytes]:
    source = Source(content=content, **request["source"])
    told = request["reading"]
    reading = Reading(**told | {"names": frozenset(told["names"])})
    try:
        if request["what"] == "unpacked":
            inside = unpacked(source)
            return [json.dumps({"sources": [_named(item) for item in inside]}).encode(), *(item.content for item in inside)]
        sheets = read_sheets(source, reading)
    except RepeatedColumn as problem:
        return [json.dumps({"problem": {"twice": problem.twice, "columns": problem.columns, "where": problem.where}}).encode()]
    except InputProblem as problem:
        return [json.dumps({"problem": {"what": problem.what, "where": problem.where, "mend": problem.mend}}).encode()]
    except MemoryError:
        said_of = _too_much(source, memory)
        return [json.dumps({"problem": {"what": said_of.what, "where": said_of.where, "mend": said_of.mend}}).encode()]
    said = [{name: value for name, value in vars(sheet).items() if name not in (*_TABLES, "source")} for sheet in sheets]
    return [json.dumps({"sheets": said}).encode(), *(_as_bytes(getattr(sheet, name)) for sheet in sheets for name in _TABLES)]


def _as_bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()


# ---------------------------------------------------------------- the border


def _write(pipe: IO[bytes], parts: Sequence[bytes]) -> None:
    pipe.write(_HEAD.pack(len(parts)))
    for part in parts:
        pipe.write(_HEAD.pack(len(part)))
        pipe.write(part)
    pipe.flush()


def _read(pipe: IO[bytes]) -> list[bytes]:
    def exactly(size: int) -> bytes:
        content = pipe.read(size)
        if len(content) < size:
            raise EOFError
        return content

    return [exactly(_HEAD.unpack(exactly(_HEAD.size))[0]) for _ in range(_HEAD.unpack(exactly(_HEAD.size))[0])]
