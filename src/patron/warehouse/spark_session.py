"""The Spark session: one per process, started when it is first needed, quiet, and without the network.

Java starts once and takes seconds, so a session stays for the next warehouse that asks for the same cluster and memory;
each warehouse has names and settings of its own in it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from patron.errors import UsageError
from patron.settings import WarehouseSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG: Final = "spark.log"
SPILL: Final = "spill"
_LOCAL_CLUSTER: Final = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]")
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    # A moment has no zone, here as in the other engines.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # A sum that overflows is an error, not a NULL that vanishes in the next sum.
    "spark.sql.ansi.enabled": "true",
    # Otherwise ${…} in a customer's data would be replaced when it stands in a query.
    "spark.sql.variable.substitute": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.debug.maxToStringFields": "1000",
    # Folders of a table are listed here: a job of its own to list a few hundred takes longer.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}


@dataclass(frozen=True)
class _Wanted:
    """What makes two sessions the same."""

    master: str
    memory: int


_running: dict[_Wanted, tuple[SparkSession, Path]] = {}
"""The session of this process, and the folder it spills to: Java knows only one."""


def session_for(settings: WarehouseSettings, folder: Path) -> SparkSession:
    """A session of one's own on the running Spark, started if it must be; it spills and logs under ``folder``.

    Raises UsageError where pyspark or Java is missing.
    """
    wanted = _Wanted(settings.master or f"local[{settings.threads or '*'}]", int(settings.memory_gb * 1024))
    session, spill = _running.get(wanted, (None, folder))
    if session is None or session.sparkContext._jsc is None or not spill.exists():
        _stop_others()
        shutil.rmtree(folder / SPILL, ignore_errors=True)  # of a run that was killed
        session = _started(wanted, folder)
        _running[wanted] = (session, folder)
    own = session.newSession()
    for name, value in _SETTINGS.items():
        own.conf.set(name, value)
    return own


def _stop_others() -> None:
    for session, _ in _running.values():
        session.stop()
    _running.clear()


def _started(wanted: _Wanted, folder: Path) -> SparkSession:
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            'warehouse.engine = "spark" needs the package pyspark, which is not installed.',
            to_do="Run: pip install 'patron[spark]'",
        ) from error
    # Python's own variable: there is no setting for the interpreter that a local Spark runs functions in.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("patron")
    for name, value in _options(wanted, folder).items():
        builder = builder.config(name, value)
    try:
        with _stderr_into(folder / LOG):
            session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        if error.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
        raise UsageError(
            f"Java could not be started, and Spark runs in it. {folder / LOG} holds what it said.",
            allowed="Spark 4 needs Java 17 or 21.",
            to_do="Install Java (on Debian: apt install openjdk-17-jre-headless), or point JAVA_HOME at one.",
        ) from error
    _silence_told_twice()
    return session


def _silence_told_twice() -> None:
    """Errors are raised, and told in our words; pyspark prints them as JSON besides."""
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).setLevel("CRITICAL")


def _options(wanted: _Wanted, folder: Path) -> dict[str, str]:
    cluster = _LOCAL_CLUSTER.fullmatch(wanted.master)
    options = {
        "spark.master": wanted.master,
        "spark.driver.memory": f"{wanted.memory}m",
        # Executors of a local cluster get the memory that their workers were given; they would wait for more for ever.
        "spark.executor.memory": f"{cluster[3] if cluster else wanted.memory}m",
        "spark.local.dir": str(folder.resolve() / SPILL),
        "spark.sql.warehouse.dir": str(folder.resolve() / SPILL),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        # Results are asked for whole or streamed from files; Spark need not guess how many are too many.
        "spark.driver.maxResultSize": "0",
    }
    if cluster:
        # All of its executors are waited for: who comes late would find the first work done.
        options |= {"spark.cores.max": str(int(cluster[1]) * int(cluster[2]))}
        options |= {"spark.scheduler.minRegisteredResourcesRatio": "1.0"}
    if wanted.master.startswith("local"):
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return options


@contextmanager
def _stderr_into(path: Path) -> Iterator[None]:
    """Whatever is started inside talks to this file: Java's greetings belong neither to results nor to progress."""
    sys.stderr.flush()
    kept = os.dup(2)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
