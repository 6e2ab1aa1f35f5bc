"""One Spark for all tests that need one: started by the first of them, ended with its processes after the last."""

import contextlib
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.ports import free_port


def lacking() -> str | None:
    """Why there is no Spark here; None where there is."""
    if find_spec("pyspark") is None:
        return "PySpark is not installed: `make test` installs requirements-spark.lock where there is Java"
    if shutil.which("java") is None:
        return "Spark needs Java, and there is no `java` on the path (Debian: default-jre-headless)"
    return None


@contextlib.contextmanager
def spark_in(place: Path) -> Iterator[Any]:
    """A session of two threads that listens on the loopback address only, writes into `place` alone and is gone with its Java process afterwards.

    It is a Spark Connect server too, at `connect_url`.
    """
    from pyspark import SparkContext
    from pyspark.logger import PySparkLogger
    from pyspark.sql import SparkSession

    port = free_port()
    said = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={place} -Dderby.system.home={place / 'derby'} -Duser.timezone=UTC",
        "spark.local.dir": str(place / "local"),
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(place / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("esg-kpis tests")
    for name, value in said.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):  # each refused value is a page of JSON on standard error, and is raised all the same
        PySparkLogger.getLogger(name).setLevel("CRITICAL")
    gateway = SparkContext._gateway
    try:
        yield session
    finally:
        session.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(60)
        SparkContext._gateway = SparkContext._jvm = None


def connect_url(session: Any) -> str:  # noqa: ANN401
    """Where a session of `spark_in` takes Spark Connect clients."""
    return f"sc://127.0.0.1:{session.conf.get('spark.connect.grpc.binding.port')}"
