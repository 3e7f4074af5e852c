"""The child's side: it reads the files it is told to, and answers with columns, rows and refusals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa

from patron.errors import PatronError, UnreadableFile
from patron.settings import Condition, Source
from patron.sources.excel_file import sheet_names
from patron.sources.formats import read_here
from patron.sources.isolated.frames import ANSWER, BATCH, DONE, ERROR, batch_parts, error_body, write_frame
from patron.sources.isolated.limits import Limits, give_up_powers
from patron.sources.rows import RawBatch
from patron.sources.sniff import sniff

MOST_THREADS: Final = 4  # each takes address space, of which there is little


def main() -> None:
    """Answer requests, a line of JSON each, until there are no more."""
    limits = Limits(**json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)  # whatever a library prints must not stand among the answers
    pa.set_cpu_count(min(MOST_THREADS, pa.cpu_count()))
    pa.set_io_thread_count(2)
    readings: dict[int, Iterator[RawBatch]] = {}
    give_up_powers(limits)
    for line in sys.stdin.buffer:
        _answer(json.loads(line), readings, answers, limits)


def _answer(
    request: dict[str, Any], readings: dict[int, Iterator[RawBatch]], answers: BinaryIO, limits: Limits
) -> None:
    path, number = str(request["path"]), int(request["reading"])
    try:
        os.chdir(request["folder"])  # the path means what it means to the one who asks, also after a change of folder
        _DO[request["do"]](request, readings, answers)
    except PatronError as error:
        write_frame(answers, ERROR, number, error_body(error))
    except (MemoryError, pa.ArrowMemoryError):
        readings.pop(number, None)
        write_frame(answers, ERROR, number, error_body(_too_large(path, limits)))
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    except BaseException as error:  # noqa: BLE001 - a library's panic is no Exception; whatever a file provokes ends here, in words
        readings.pop(number, None)
        write_frame(answers, ERROR, number, error_body(_broken(path, error)))


def _open(request: dict[str, Any], readings: dict[int, Iterator[RawBatch]], answers: BinaryIO) -> None:
    raw = read_here(Path(request["path"]), _source(request["source"]))
    readings[request["reading"]] = raw.batches()
    write_frame(answers, ANSWER, request["reading"], json.dumps(raw.columns).encode("utf-8", "surrogatepass"))


def _source(told: dict[str, Any]) -> Source:
    """The parent's source as it was: also one that only says how a file is written, which no check would pass."""
    rules = {name: Condition(**told[name]) for name in ("refund_when", "deleted_when") if told[name]}
    return Source.model_construct(**{**told, **rules})


def _next(request: dict[str, Any], readings: dict[int, Iterator[RawBatch]], answers: BinaryIO) -> None:
    reading = readings.get(request["reading"])
    batch = next(reading, None) if reading is not None else None
    if batch is None:
        write_frame(answers, DONE, request["reading"])
    else:
        write_frame(answers, BATCH, request["reading"], *batch_parts(batch))


def _close(request: dict[str, Any], readings: dict[int, Iterator[RawBatch]], _answers: BinaryIO) -> None:
    """Forget a reading; there is no answer, so that nobody waits for one."""
    readings.pop(request["reading"], None)


def _sniff(request: dict[str, Any], _readings: dict[int, Iterator[RawBatch]], answers: BinaryIO) -> None:
    writing = sniff(Path(request["path"]), delimited=request["delimited"])
    write_frame(answers, ANSWER, request["reading"], json.dumps(asdict(writing)).encode())


def _sheets(request: dict[str, Any], _readings: dict[int, Iterator[RawBatch]], answers: BinaryIO) -> None:
    names = json.dumps(sheet_names(Path(request["path"])))
    write_frame(answers, ANSWER, request["reading"], names.encode("utf-8", "surrogatepass"))


_DO: Final = {"open": _open, "next": _next, "close": _close, "sniff": _sniff, "sheets": _sheets}


def _too_large(path: str, limits: Limits) -> UnreadableFile:
    return UnreadableFile(
        path,
        f"reading it takes more than {limits.memory_gb:g} GB of memory.",
        to_do="Split it, export CSV or Parquet in smaller row groups, or raise reading.memory_gb in patron.toml.",
    )


def _broken(path: str, error: BaseException) -> UnreadableFile:
    words = (str(error).splitlines() or [""])[0][:200]
    return UnreadableFile(
        path, f"its content breaks the reader ({type(error).__name__}: {words}).", to_do="Copy or export it again."
    )


if __name__ == "__main__":
    main()
