"""Where the folders of a Spark warehouse lie: on a disk of this computer, or anywhere that Hadoop's file systems reach."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PART: Final = "part-00000.parquet"
_PATTERN_SIGNS: Final = re.compile(r"([\\*?\[\]{}])")


def literally(url: str) -> str:
    """An address to read from, in which no sign stands for others: Spark would take [a] for a pattern."""
    return _PATTERN_SIGNS.sub(r"\\\1", url)


class Folders(Protocol):
    """Folders of Parquet files under one root, known by their path from there: schema/table/version."""

    def url(self, folder: str) -> str:
        """How Spark names the folder."""

    def place(self, file: Path, folder: str) -> None:
        """Move a Parquet file of this computer into a new folder."""

    def files(self, folder: str, scratch: Path) -> Iterator[Path]:
        """The folder's Parquet files on this computer, in order; one that had to be copied to ``scratch`` is there until the next is asked for."""

    def rows(self, folder: str) -> int:
        """How many rows were written to the folder."""

    def remove(self, folder: str) -> None:
        """Remove the folder, if it is there."""

    def all(self) -> frozenset[str]:
        """Every folder under the root."""


class LocalFolders(Folders):
    """Folders on a disk of this computer, or on one that every executor sees under the same path."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def url(self, folder: str) -> str:
        return f"file://{(self._root / folder).resolve().as_posix()}"  # Hadoop takes a path as it is: as_uri would escape it

    def place(self, file: Path, folder: str) -> None:
        target = self._root / folder
        target.mkdir(parents=True)
        shutil.move(file, target / PART)

    def files(self, folder: str, scratch: Path) -> Iterator[Path]:  # noqa: ARG002 nothing has to be copied
        yield from sorted((self._root / folder).glob("*.parquet"))

    def rows(self, folder: str) -> int:
        return sum(pq.read_metadata(file).num_rows for file in (self._root / folder).glob("*.parquet"))

    def remove(self, folder: str) -> None:
        shutil.rmtree(self._root / folder, ignore_errors=True)

    def all(self) -> frozenset[str]:
        return frozenset(path.relative_to(self._root).as_posix() for path in self._root.glob("*/*/*") if path.is_dir())


class HadoopFolders(Folders):
    """Folders behind an address such as hdfs://… or s3a://…, by the file systems that Spark itself is given."""

    def __init__(self, root: str, session: SparkSession) -> None:
        self._root, self._session = root.rstrip("/"), session
        # The JVM's own classes have no Python types.
        self._jvm: Any = session._jvm
        self._files: Any = self._path("").getFileSystem(session.sparkContext._jsc.hadoopConfiguration())

    def url(self, folder: str) -> str:
        return f"{self._root}/{folder}"

    def place(self, file: Path, folder: str) -> None:
        self._files.mkdirs(self._path(folder))
        self._files.moveFromLocalFile(
            self._jvm.org.apache.hadoop.fs.Path(f"file://{file.resolve().as_posix()}"), self._path(f"{folder}/{PART}")
        )

    def files(self, folder: str, scratch: Path) -> Iterator[Path]:
        names = sorted(status.getPath().getName() for status in self._files.listStatus(self._path(folder)))
        for number, name in enumerate(name for name in names if name.endswith(".parquet")):
            copy = scratch / f"{folder.replace('/', '-')}-{number}.parquet"
            local = self._jvm.org.apache.hadoop.fs.Path(f"file://{copy.resolve().as_posix()}")
            self._files.copyToLocalFile(False, self._path(f"{folder}/{name}"), local, True)
            try:
                yield copy
            finally:
                copy.unlink(missing_ok=True)

    def rows(self, folder: str) -> int:
        return self._session.read.parquet(literally(self.url(folder))).count()

    def remove(self, folder: str) -> None:
        self._files.delete(self._path(folder), True)

    def all(self) -> frozenset[str]:
        found = self._files.globStatus(self._jvm.org.apache.hadoop.fs.Path(f"{literally(self._root)}/*/*/*")) or []
        return frozenset("/".join(status.getPath().toString().split("/")[-3:]) for status in found)

    def _path(self, folder: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(self.url(folder))
