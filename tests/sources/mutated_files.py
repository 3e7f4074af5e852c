"""Good files, and what bit rot, half transfers, editors and malice make of them: endlessly many, by a seed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from sources.malformed_files import COLUMNS, HEADER, workbook

ROWS: Final = tuple(
    f"O{n},Kundin Ä{n % 7},2024-{n % 12 + 1:02d}-{n % 28 + 1:02d} 1{n % 10}:30:00,{n * 1.37:.2f}" for n in range(1, 41)
)
# What mutations put in: signs that mean something to one format or another.
_TOKENS: Final = tuple(
    token if isinstance(token, bytes) else token.encode()
    for token in (
        ",", ";", "\t", '"', '""', "'", "\n", "\r", "\r\n", "\n\n", "\\", "\\n", "{", "}", "[", "]", ":", "null",
        "NaN", "1e309", "-0", "9" * 400, "0x1F", "=1+1", "2024-13-45", "0000-00-00", "\u2028", "\u202e", "\ufeff", "ß" * 50,
        b"\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x80", b"\xed\xa0\x80", b"\xf5\x90", b"PAR1", b"PK\x03\x04",
        b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"../../etc/passwd", b"\x1a", b"\x7f", b"A" * 5000,
    )
)  # fmt: skip


@dataclass(frozen=True)
class GoodFile:
    """A file with forty good rows, how its text is packed, and the settings it is read with."""

    name: str
    text: bytes
    packed: Callable[[bytes], bytes]
    options: dict[str, object]

    @property
    def content(self) -> bytes:
        return self.packed(self.text)

    @property
    def columns(self) -> dict[str, str]:
        return COLUMNS


def good_files() -> tuple[GoodFile, ...]:
    """One of each way that Patron reads."""
    comma = ("\n".join((HEADER, *ROWS)) + "\n").encode()
    semicolon = comma.replace(b",", b";").replace(b".", b",")
    quoted = "\r\n".join('"' + line.replace(",", '","') + '"' for line in (HEADER, *ROWS)).encode("cp1252")
    return (
        GoodFile("orders.csv", comma, bytes, {}),
        GoodFile("orders.csv", semicolon, bytes, {"delimiter": ";", "decimal": ","}),
        GoodFile("orders.txt", quoted, bytes, {"encoding": "cp1252"}),
        GoodFile("orders.csv", comma, _utf16, {"encoding": "utf-16"}),
        GoodFile("orders.csv.gz", comma, lambda text: gzip.compress(text, mtime=0), {}),
        GoodFile("orders.csv.zst", comma, zstandard.compress, {}),
        GoodFile("orders.jsonl", _json_lines(), bytes, {}),
        GoodFile("orders.parquet", comma, _parquet, {}),
        GoodFile("orders.xlsx", comma, lambda text: workbook(_cells(text)), {}),
    )


def _utf16(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").encode("utf-16")


def _cells(text: bytes) -> list[list[str]]:
    """Lines of four cells, whatever has become of the text; signs that XML cannot hold are left out."""
    lines = text.decode("utf-8", "replace").splitlines()
    rows = [(line.split(",") + [""] * 4)[:4] for line in lines]
    return [
        ["".join(sign for sign in cell if sign >= " " and sign not in "<&\ufffe\uffff") for cell in row] for row in rows
    ]


def _json_lines() -> bytes:
    names = HEADER.split(",")
    lines = (",".join(f'"{name}":"{cell}"' for name, cell in zip(names, row.split(","), strict=True)) for row in ROWS)
    return "".join("{" + line + "}\n" for line in lines).encode()


def _parquet(text: bytes) -> bytes:
    rows = _cells(text) or [["", "", "", ""]]
    columns = [pa.array(column, pa.string()) for column in zip(*rows[1:], strict=True)] or [
        pa.array([], pa.string())
    ] * 4
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=rows[0]), sink)
    return sink.getvalue()


def mutated(good: GoodFile, seed: int) -> tuple[str, bytes]:
    """The file after one to three mutations, and its name (now and then one with the ending of another format)."""
    rng = np.random.default_rng([seed, len(good.text)])
    # Inside a packed file damage is damaged text; outside, a damaged archive.
    content = good.packed(_damaged(good.text, rng)) if rng.random() < 0.7 else _damaged(good.content, rng)
    endings = ("csv", "jsonl", "parquet", "xlsx", "csv.gz", "csv.zst", "xls", "ods", "txt")
    name = f"orders.{endings[int(rng.integers(len(endings)))]}" if rng.random() < 0.04 else good.name
    return name, content


def _damaged(content: bytes, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.integers(1, 4))):
        content = _MUTATIONS[int(rng.integers(len(_MUTATIONS)))](content, rng) or b"\n"
    return content


def _span(content: bytes, rng: np.random.Generator, most: int) -> tuple[int, int]:
    begin = int(rng.integers(len(content)))
    return begin, min(len(content), begin + int(rng.integers(1, most)))


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    for place in rng.integers(len(content), size=int(rng.integers(1, 9))):
        damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def _overwrite(content: bytes, rng: np.random.Generator) -> bytes:
    begin, end = _span(content, rng, 32)
    return content[:begin] + rng.bytes(end - begin) + content[end:]


def _insert(content: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(len(content) + 1))
    return content[:place] + _TOKENS[int(rng.integers(len(_TOKENS)))] + content[place:]


def _delete(content: bytes, rng: np.random.Generator) -> bytes:
    begin, end = _span(content, rng, 200)
    return content[:begin] + content[end:]


def _truncate(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]


def _repeat(content: bytes, rng: np.random.Generator) -> bytes:
    begin, end = _span(content, rng, 400)
    return content[:end] + content[begin:end] * int(rng.integers(1, 4)) + content[end:]


def _swap(content: bytes, rng: np.random.Generator) -> bytes:
    begin, end = _span(content, rng, 300)
    return content[end:] + content[begin:end] + content[:begin]


def _shuffle_lines(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    return b"\n".join(lines[place] for place in rng.permutation(len(lines)))


_MUTATIONS: Final[tuple[Callable[[bytes, np.random.Generator], bytes], ...]] = (
    _flip, _flip, _overwrite, _overwrite, _insert, _insert, _insert, _delete, _delete, _truncate, _repeat, _repeat,
    _swap, _shuffle_lines,
)  # fmt: skip
