"""The command line for tests, within this process: what `main` does, without the seconds in which another Python loads everything; and lines of a page, in a shell where they ask for one."""

import io
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

_FOR_A_SHELL = re.compile(r"[|&;<>$`*?~(){}\\#]")
OF_THE_MACHINE = ("ESG_KPIS_REGISTER", "ESG_KPIS_PERSON_KEY_FILE", "ESG_KPIS_KEY")
"""What somebody may have set for keys and registers of their own, and no test is to see."""


@dataclass(frozen=True)
class Done:
    """What a command line came to."""

    returncode: int
    stdout: str
    stderr: str


def esg_kpis_in(here: Path, *args: str, **environment: str) -> Done:
    """`esg-kpis` as somebody types it in a folder. What is set on this machine for keys and registers does not count."""
    from pipelines.cli import answer
    from pipelines.options import GIVEN

    out, err = io.StringIO(), io.StringIO()
    # What a command leaves in the environment, as the file of a key or Dagster's storage for the processes it starts, is taken back.
    with patch.dict(os.environ), chdir(here), redirect_stdout(out), redirect_stderr(err):
        for name in OF_THE_MACHINE:
            os.environ.pop(name, None)
        os.environ.update(environment)
        os.environ["DAGSTER_HOME"] = environment.get("DAGSTER_HOME") or os.environ.get("DAGSTER_HOME", "")
        GIVEN.update(root=None, out=None)
        code = answer(list(args))
    return Done(code, out.getvalue(), err.getvalue())


def line_in(here: Path, line: str, environment: Mapping[str, str]) -> Done:
    """One line of a page: `esg-kpis` alone in this process, all else in bash."""
    if line.startswith("esg-kpis ") and not _FOR_A_SHELL.search(line):
        return esg_kpis_in(here, *shlex.split(line)[1:], **environment)
    return in_bash(here, line, environment)


def in_bash(here: Path, line: str, environment: Mapping[str, str]) -> Done:
    """One line in a shell, with pipes that fail where a part does."""
    done = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", line], cwd=here, env=dict(environment), capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)
