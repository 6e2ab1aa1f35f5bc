"""A real PostgreSQL on loopback, for as long as a test needs it. It refuses to run as root; then another user of the machine runs it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.ports import free_port

PASSWORD = "a-password-that-nobody-prints"  # noqa: S105
_USER = "tester"
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def programs() -> Path:
    """The folder of initdb and postgres, the newest there is."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/local/pgsql").glob("bin"), *(Path(found).resolve().parent for found in [shutil.which("initdb")] if found)]
    there = [place for place in places if (place / "initdb").exists() and (place / "postgres").exists()]
    if not there:
        pytest.fail("The register is tested on a real PostgreSQL, and none is installed: apt-get install postgresql")
    return max(there, key=lambda place: int("".join(filter(str.isdigit, place.parent.name)) or 0))


class Server:
    """A cluster in a folder of its own, and its process group."""

    def __init__(self) -> None:
        self.programs = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="register-pg-", dir=MEMORY))
        self._as: dict[str, Any] = {"cwd": self.folder, "start_new_session": True}
        if os.getuid() == 0:
            names = {user.pw_name: user for user in pwd.getpwall()}
            user = names.get("postgres") or names["nobody"]
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._made()
        self.port, self._process = 0, None
        self.start()

    def _made(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        command = [self.programs / "initdb", "-D", self.folder / "data", "-U", _USER, "-E", "UTF8", "--auth=scram-sha-256", f"--pwfile={secret}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment, **self._as)
        assert done.returncode == 0, done.stderr

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)}

    def url(self, database: str = "postgres") -> str:
        """Where it is reached, with its password."""
        return f"postgresql://{_USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Starts it on a free port, and waits until it answers."""
        for _ in range(5):
            self.port = free_port()
            with (self.folder / "log").open("ab") as log:
                command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-h", "127.0.0.1", "-k", ""]
                self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment, **self._as)
            if self._answers():
                return
        pytest.fail(f"PostgreSQL did not start: {(self.folder / 'log').read_text(encoding='utf-8')[-2000:]}")

    def _answers(self) -> bool:
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def database(self, name: str) -> str:
        """A new database; its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
        return self.url(name)

    def crash(self) -> None:
        """Kills every process of it at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ends it, and takes away its folder."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
        shutil.rmtree(self.folder)
