"""What is installed where: the two lock files, the extras, and what each target of the Makefile asks for."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

LOCKS = ("requirements.lock", "requirements-spark.lock")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)(.*?)(?: \\)?\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)*)", flags=re.MULTILINE)


def lock(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def asked(target: str, path: str = "") -> str:
    """What `make` would do for a target on a machine that has nothing yet, with what is found on `path`."""
    make = shutil.which("make") or "make"
    return subprocess.run([make, "--dry-run", "--always-make", target], cwd=REPOSITORY, env={"PATH": path}, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_is_pinned_with_hashes_and_none_names_a_registry(name: str) -> None:
    pinned = PINNED.findall(lock(name))

    assert len(pinned) == len(re.findall(r"^[a-z]", lock(name), flags=re.MULTILINE)) > 10
    assert [package for package, _, _, hashes in pinned if not hashes] == []
    assert re.findall(r"://|index-url|find-links|trusted-host", lock(name)) == []


def test_both_locks_pin_the_same_versions() -> None:
    first, second = (dict[str, set[tuple[str, str]]](), dict[str, set[tuple[str, str]]]())
    for found, name in zip((first, second), LOCKS, strict=True):
        for package, version, _marker, hashes in PINNED.findall(lock(name)):
            found.setdefault(package, set()).add((version, hashes))
    shared = first.keys() & second.keys()

    assert {"pyarrow", "grpcio", "numpy", "pandas", "protobuf"} <= shared
    assert [package for package in shared if first[package] != second[package]] == []
    assert second.keys() - shared == {"googleapis-common-protos", "grpcio-status", "py4j", "pyspark", "zstandard"}


def test_the_second_lock_is_for_the_extra_of_spark_connect() -> None:
    extras = PROJECT["project"]["optional-dependencies"]

    assert PROJECT["dependency-groups"]["spark"] == extras["spark-connect"]
    assert extras["spark"] == [extras["spark-connect"][0].replace("[connect]", "")]
    assert set(extras["delta"]) < set(extras["dev"])


@pytest.mark.parametrize(("target", "with_java", "without"), [("run", False, False), ("lint", False, False), ("ui", False, False), ("test", True, False), ("bench", True, True)])
def test_spark_is_installed_for_benchmarks_and_where_there_is_java_for_tests(tmp_path: Path, target: str, with_java: bool, without: bool) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "java").chmod(0o755)
    told = [asked(target, path) for path in (str(tmp_path), "")]

    assert [("-r requirements.lock" in said, "-r requirements-spark.lock" in said) for said in told] == [(True, with_java), (True, without)]
