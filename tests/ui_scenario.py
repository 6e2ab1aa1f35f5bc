"""The Dagster UI over a workspace that was run: for the browser tests and for the pictures in the docs."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.ports import free_port
from tests.scenario import edition_folder, factor_row, gwp_row, kpi, library_folder

STARTS_WITHIN = 180
"""Seconds that a slow machine may take to start the web server."""


PICTURE = "![x](http://example.invalid/x.png)"
"""What would be a picture from elsewhere, if a page took it for Markdown."""


def workspace_with_a_refused_row(root: Path, unknown: str = PICTURE) -> Path:
    """One site, three bills and one KPI; one of the bills is of a site that nobody knows."""
    for folder in ("data/raw/sites", "data/raw/water"):
        (root / folder).mkdir(parents=True)
    (root / "data/raw/sites/sites.csv").write_text("site_id,name,country,kind\nHQ,HQ,CN,office\n", encoding="utf-8")
    bills = f"site_id,month,document,tap\nHQ,2023-01,B-1,5\nHQ,2023-02,B-2,7\n{unknown},2023-03,B-3,6\n"
    (root / "data/raw/water/bills.csv").write_text(bills, encoding="utf-8")
    (root / "data/raw/water/_format.toml").write_text(_FORMAT, encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(root, [kpi("tap", "tonne", "water_tap", breakdowns=[{"name": "site", "each": "site_id"}])])
    return root


_FORMAT = """
format_version = 1
[[file]]
glob = "*.csv"
[[file.feed]]
domain = "water"
[[file.feed.quantity]]
measure = "water_tap"
column = "tap"
unit = "m3"
"""


@contextmanager
def served(root: Path, out: Path, home: Path, log: Path) -> Iterator[str]:
    """The UI as `esg-kpis ui` opens it, on a free port of this machine; its address. All its processes are ended at the end.

    Args:
        root: The workspace.
        out: Its results.
        home: Dagster's storage.
        log: File for what the server says.

    Raises:
        TimeoutError: if it does not answer, with what it said.
    """
    port = free_port()
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1", "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"}
    command = [sys.executable, "-m", "pipelines.cli", "--root", str(root), "--out", str(out), "ui", "--port", str(port)]
    with log.open("wb") as said, subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=said, stderr=said, start_new_session=True) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/server_info", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            _end(server)


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"The UI does not answer:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ends the server and what it started: first politely, so that each ends its own, then for good."""
    for word, patience in ((signal.SIGINT, 15), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(server.pid, word)
            server.wait(patience)
