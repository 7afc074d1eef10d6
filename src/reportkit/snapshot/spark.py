"""Spark as the engine: it reads the frozen files in place, on this machine or on its cluster."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reportkit.errors import EngineError
from reportkit.fetch.databases import line
from reportkit.fetch.secrets import find, redact
from reportkit.model.engine import Engine
from reportkit.model.secret import PLACES
from reportkit.snapshot.backends import Frozen, Table

WHERE = "params/organisation.yaml: engine"
HOSTS = re.compile(r"([\w.-]+):(\d+)")
CONNECT = 10.0  # seconds
HASHED = 1 << 30  # bytes of a file that one task of Spark still reads whole
QUIET = {
    "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF",
    "spark.sql.session.timeZone": "UTC",
}  # fmt: skip
HERE = {  # a Spark of this process is heard by this machine alone
    "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "1",
}  # fmt: skip


class Spark:
    """Ibis on a Spark session of this process; started when first asked."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine, self.root = engine, root

    @property
    def local(self) -> bool:
        """Whether it runs in this process, and not on a cluster."""
        return self.engine.master.startswith("local")

    @cached_property
    def connection(self) -> Any:
        """Ibis on the session. Raises EngineError."""
        engine = self.engine
        usable(engine)
        import ibis
        from pyspark.sql import SparkSession

        if self.local:
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master(engine.master).appName("reportkit")
        settings = {**QUIET, **(HERE if self.local else {}), **engine.settings}
        for name, value in settings.items():
            builder = builder.config(name, self._plain(value))
        try:
            return ibis.pyspark.connect(builder.getOrCreate())
        except Exception as error:  # noqa: BLE001  # whatever Java says
            raise fault(f"Spark at {engine.master} does not start: {said(error)}.") from None

    def table(self, frozen: Frozen) -> Table:
        """The file, read in place: where the workers see it. Raises EngineError where they do not, or see another."""
        path = self._path(frozen)
        connection = self.connection
        try:
            if self.engine.extracts:
                self._same(frozen, path)
            return connection.read_parquet(path, table_name=frozen.name)
        except EngineError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever Java says
            raise fault(
                f"Spark cannot read {path}: {said(error)}. Write under `extracts` where its workers see the folder "
                "extracts/."
            ) from None

    def ready(self, all_of_them: Sequence[Frozen]) -> None:  # noqa: ARG002  # each process has a session of its own
        """Raises EngineError where no session could be had; none is started, for a notebook's own would not be warmer."""
        usable(self.engine)

    def keep(self, made: Table) -> Table:
        """The table, held by Spark as long as the session lasts."""
        return made.cache()

    def close(self) -> None:
        """Forget the session; it ends with the process, for others here may still use it."""
        self.__dict__.pop("connection", None)

    def _path(self, frozen: Frozen) -> str:
        quarter = frozen.path.parent.name
        if self.engine.extracts:
            return f"{self.engine.extracts.rstrip('/')}/{quarter}/{frozen.path.name}"
        return str(frozen.path.resolve())

    def _same(self, frozen: Frozen, path: str) -> None:
        """Raises EngineError where what Spark sees is not the frozen file: by its hash, or the length of a huge one."""
        from pyspark.sql import functions

        size = frozen.path.stat().st_size
        found = self.connection._session.read.format("binaryFile").load(path)  # noqa: SLF001  # Ibis hands it out nowhere
        seen = functions.sha2("content", 256) if size <= HASHED else functions.col("length").cast("string")
        rows = found.select(seen.alias("seen")).collect()
        if [row["seen"] for row in rows] != [frozen.sha256 if size <= HASHED else str(size)]:
            raise fault(
                f"{path} is not the frozen extract's {frozen.path.name}; copy extracts/{frozen.path.parent.name} there "
                "again."
            )

    def _plain(self, value: Any) -> str:
        secret = isinstance(value, str) and PLACES.fullmatch(value)
        plain = find(value, self.root, WHERE) if secret else value
        return str(plain).lower() if isinstance(plain, bool) else str(plain)


def usable(engine: Engine) -> None:
    """Raises EngineError where there is no Spark or no Java, or nobody answers at the master's address.

    Spark itself would try for minutes.
    """
    if find_spec("pyspark") is None:
        raise fault("Apache Spark is not installed; install it with pip install 'reportkit[spark]'.")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise fault("Spark needs Java, and there is none; install a Java runtime (17 or later).")
    if not engine.master.startswith("spark://"):
        return
    hosts = HOSTS.findall(engine.master)
    for host, port in hosts:
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT).close()
        except OSError:
            continue
        return
    raise fault(f"nobody answers at {engine.master}; is the Spark master running?")


def fault(text: str) -> EngineError:
    """An error of Spark, without any secret: master and paths are told as params say them."""
    return EngineError(redact(text), where=WHERE)


def said(error: Exception) -> str:
    """What Java says, its first line and without the words of the bridge to it."""
    text = str(error).strip()
    first = next((part for part in text.splitlines() if part and "An error occurred while calling" not in part), text)
    return line(RuntimeError(first.lstrip(": ")))
