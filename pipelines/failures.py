"""What a command ends with when it cannot do what was asked: one message that says what, where and what next, and an exit code."""

import errno
import os
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator

import typer
from rich.padding import Padding
from rich.text import Text

from esg_kpis.errors import EsgKpisError, InternalProblem, UsageProblem
from pipelines.options import Terminal, print_json

INTERRUPTED = 130
"""What typer makes of Ctrl-C."""
WIDTH = 100
INTERRUPTED_IN_A_STEP = "DagsterExecutionInterruptedError"
_STANDS = "Results are published as a whole or not at all: the last ones stand."
_OF_THE_MACHINE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), ("There is no space left to write.", "Make room, or give a folder on another disk with --out.")),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), ("It may not be written or read by this user.", "Mend its permissions, or give another folder with --out.")),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), ("A file stands where a folder is needed.", "Move the file, or give another folder with --out.")),
    errno.EISDIR: ("It is a folder, and a file is needed.", "Name a file in it."),
    errno.ENOENT: ("There is no such file or folder.", "Check the path; a folder to write to must be there."),
    errno.EMFILE: ("Too many files are open.", "Raise the limit (ulimit -n), and run it again."),
}  # fmt: skip


def stopped() -> EsgKpisError:
    """What is said after Ctrl-C."""
    return EsgKpisError("Stopped on request.", mend="Run the command again when you like: results are published as a whole or not at all.")


def known(error: BaseException) -> EsgKpisError | None:
    """An error as one of ours, with a way out; None for one that nobody foresaw."""
    for cause in _chain(error):
        if isinstance(cause, EsgKpisError):
            return cause
        if isinstance(cause, KeyboardInterrupt) or type(cause).__name__ == INTERRUPTED_IN_A_STEP:
            return stopped()
        if isinstance(cause, typer.TyperException):
            return _usage(cause)
        if isinstance(cause, typer.Abort):
            return stopped()
        if (number := _number(cause)) is not None:
            what, mend = _OF_THE_MACHINE.get(number, (f"{os.strerror(number)}.", "Mend it, and run the command again."))
            return EsgKpisError(what, where=str(getattr(cause, "filename", None) or ""), mend=mend)
        if isinstance(cause, sqlite3.OperationalError) and re.search("full|disk I/O|readonly|unable to open", str(cause)):
            return EsgKpisError(f"A database cannot be written: {cause}.", mend=f"Make room and see to permissions; DAGSTER_HOME (default: .dagster of the workspace) says where runs are logged. {_STANDS}")
    return None


def _number(error: BaseException) -> int | None:
    """The number the machine gives to what went wrong; what writes tables tells it in words only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    told = re.search(r"\(os error (\d+)\)", str(error)) if isinstance(error, OSError) or type(error).__module__.startswith("polars") else None
    return int(told[1]) if told else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from; what was left out on purpose stays out."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _usage(error: typer.TyperException) -> UsageProblem:
    """Wrong usage as typer found it: with what was meant, where it is near, and how the command is used."""
    what, mend = error.format_message(), ""
    what, near, options = what.partition(" (Possible options: ")
    if near:
        mend = f"Did you mean {options.removesuffix(')').replace(', ', ' or ')}? "
    what, near, command = what.partition(" Did you mean ")
    if near:
        mend = f"Did you mean {command} "
    context = getattr(error, "ctx", None)
    if context is not None:
        mend += f"{' '.join(context.get_usage().split())}; `{context.command_path} --help` explains."
    else:
        mend += "`esg-kpis --help` lists the commands."
    return UsageProblem(what if what.endswith(".") else f"{what}.", mend=mend)


def report(error: BaseException, *, as_json: bool) -> int:
    """Says what is wrong, on standard output for programs and on standard error for people; the exit code. Of an error that nobody foresaw the traceback is shown, for the report of it."""
    found = known(error)
    if found is None:
        traceback.print_exception(error, file=sys.stderr)
        found = InternalProblem(f"{type(error).__name__}: {error}", mend=f"This is a fault of esg-kpis. {_STANDS} Please report it with the lines above.")
    if as_json:
        print_json({"error": found.what, "where": found.where, "mend": found.mend} | ({"details": found.details} if found.details else {}))
    else:
        _print(found)
    return found.exit_code


def _print(error: EsgKpisError) -> None:
    """One thought a line. Into a pipe a line stays a line; in a terminal its parts stay together."""
    console = Terminal(stderr=True, highlight=False)
    wide = not console.is_terminal
    width = 10**6 if wide else min(WIDTH, console.width)
    console.width = width
    head = f"Error: {error.where + ': ' if error.where else ''}{error.what}"
    console.print(Text(head, style="bold red"), soft_wrap=wide)
    for line in error.details:
        console.print(Padding(Text(line), (0, 0, 0, 4), expand=False), soft_wrap=wide)
    if error.mend:
        console.print(Padding(Text(error.mend), (0, 0, 0, 2), expand=False), soft_wrap=wide)


def hush() -> None:
    """Whoever read the output has gone (`| head`): nothing more is written, and Python does not complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
