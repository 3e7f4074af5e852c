"""Any raw file, read in this process by the way it is written. Only the reading child calls it on files of others."""

from __future__ import annotations

from pathlib import Path

from patron.settings import Source
from patron.sources.csv_file import read_csv
from patron.sources.excel_file import read_excel
from patron.sources.files import format_of
from patron.sources.jsonl_file import read_jsonl
from patron.sources.parquet_file import read_parquet
from patron.sources.rows import RawFile

_READERS = {"csv": read_csv, "parquet": read_parquet, "jsonl": read_jsonl, "excel": read_excel}


def read_here(path: Path, source: Source) -> RawFile:
    """A file's columns and its rows as text, every row accounted for.

    Raises UnreadableFile if it is not what it claims to be and BrokenContract if a mapped column is
    missing; bad rows are not errors but come with their line and reason.
    """
    return _READERS[format_of(path, source)](path, source)
