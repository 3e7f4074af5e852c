"""A file that no source describes yet, read as it seems to be written."""

from __future__ import annotations

from pathlib import Path

from patron.settings import Source
from patron.sources.files import format_of
from patron.sources.raw import RawFile, read_raw, sniffed
from patron.sources.sniff import Writing
from patron.tables import TRANSACTIONS


def read_unmapped(path: Path) -> RawFile:
    """Its columns and its rows as text. Raises UsageError for an ending that is not known, UnreadableFile as ``read_raw``."""
    kind = format_of(path, Source.model_construct(table=TRANSACTIONS.name, files=(str(path),), columns={}))
    writing = sniffed(path, delimited=kind == "csv") if kind in ("csv", "jsonl") else Writing()
    source = Source.model_construct(
        table=TRANSACTIONS.name,
        files=(str(path),),
        columns={},
        delimiter=writing.delimiter,
        encoding=writing.encoding,
        skip_lines=writing.skip_lines,
        quote=writing.quote,
    )
    return read_raw(path, source)
