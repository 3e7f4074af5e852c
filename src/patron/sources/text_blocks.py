"""A text file as blocks of UTF-8: unpacked, guarded against bombs, decoded as declared."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from patron.errors import UnreadableFile, UsageError
from patron.sources.files import compression_of

BLOCK_BYTES: Final = 16 << 20
HEAD_BYTES: Final = 4096
# A packed file may grow without limit, or by any factor, but not both: 97 KB of gzip can hold terabytes.
MAX_EXPANSION: Final = 200
MAX_EXPANDED_BYTES: Final = 256 << 20
# Stands for undecodable bytes: as UTF-8 it is invalid, so the row that holds it is found like any other bad one.
BAD_BYTES_MARK: Final = "\udcff"
BAD_BYTES_IN_UTF8: Final = BAD_BYTES_MARK.encode("utf-8", "surrogatepass")

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES: Final = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "gzip-compressed (name it .gz)"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed (name it .zst)"),
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ", "xz-compressed"),
    (b"%PDF", "a PDF"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ORC\x00", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
)

codecs.register_error("patron.mark", lambda error: (BAD_BYTES_MARK, getattr(error, "end", 0)))


@dataclass
class ExpansionGuard:
    """Counts what a packed file grows into, and refuses a bomb."""

    path: Path
    packed_bytes: int
    expanded_bytes: int = 0

    def add(self, count: int) -> None:
        """Note so many more bytes. Raises UnreadableFile beyond both MAX_EXPANSION and MAX_EXPANDED_BYTES."""
        self.expanded_bytes += count
        if self.expanded_bytes > MAX_EXPANDED_BYTES and self.expanded_bytes > MAX_EXPANSION * self.packed_bytes:
            raise UnreadableFile(
                str(self.path),
                f"its {self.packed_bytes:,} bytes expand to more than {MAX_EXPANDED_BYTES:,}, over {MAX_EXPANSION} times as much.",
                to_do="If the file is honest, unpack it first and name the unpacked file.",
            )


def text_blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The file's text as UTF-8 blocks of about 16 MB, without a byte order mark; they end anywhere.

    Undecodable bytes stay invalid UTF-8, so that the reader can find their rows. Raises UnreadableFile
    for a broken archive, a bomb, and what is plainly not text; UsageError for an unknown encoding.
    """
    codec = codec_name(encoding)
    blocks = byte_blocks(path)
    head = next(blocks, b"")
    bom, codec = _byte_order_mark(head, codec)
    if not bom:
        _refuse_other_kinds(path, head, codec)
    try:
        yield from _decoded(_with_head(head[len(bom) :], blocks), codec)
    except (
        UnicodeError
    ) as error:  # bad signs are marked; what is left is a text that does not begin as its encoding must
        raise UnreadableFile(
            str(path),
            f"it is not {codec} ({error}).",
            to_do="Export it again, or set 'encoding' of this source in patron.toml, for example to utf-16-le.",
        ) from error


def codec_name(encoding: str) -> str:
    """The codec an encoding means, by Python's own name for it. Raises UsageError for one that is no text encoding."""
    try:
        "a".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, UnicodeError) as error:
        raise UsageError(
            f"No text encoding named '{encoding}'.",
            allowed="Any that Python knows, such as utf-8, cp1252, iso8859-2, utf-16.",
            to_do="Mend 'encoding' of this source in patron.toml.",
        ) from error


def byte_blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked if its ending says it is packed."""
    packing = compression_of(path)
    guard = ExpansionGuard(path, path.stat().st_size)
    try:
        with pa.OSFile(str(path)) as file, _unpacked(file, packing) as stream:
            while block := stream.read(BLOCK_BYTES):
                if packing:
                    guard.add(len(block))
                yield block
    except (OSError, pa.ArrowException) as error:
        why = f"it is not a whole {packing} file" if packing else "reading failed"
        raise UnreadableFile(str(path), f"{why} ({error}).", to_do="Copy or export it again.") from error


def _unpacked(file: pa.NativeFile, packing: str | None) -> pa.NativeFile:
    return pa.CompressedInputStream(file, packing) if packing else file


def _with_head(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _byte_order_mark(head: bytes, codec: str) -> tuple[bytes, str]:
    """The mark the file starts with, and the codec to use: a mark is the file's own word and wins."""
    if codec.startswith(("utf-16", "utf-32")) and head.startswith(codecs.BOM_UTF8):
        return codecs.BOM_UTF8, "utf-8"
    for mark, declared in _BOMS:
        if head.startswith(mark):
            return mark, declared
    return b"", codec


def _refuse_other_kinds(path: Path, head: bytes, codec: str) -> None:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            raise UnreadableFile(
                str(path), f"it is {kind}, not text.", to_do="Name it with the ending that it deserves."
            )
    if codec.startswith(("utf-16", "utf-32")):
        return
    sample = head[:HEAD_BYTES]
    if wide := _wide_encoding(sample):
        raise UnreadableFile(
            str(path), f"every second byte is NUL: it is {wide}.", to_do=f'Set encoding = "{wide}" for this source.'
        )
    if sample.count(0) > len(sample) // 10:
        raise UnreadableFile(
            str(path),
            f"{sample.count(0)} of its first {len(sample)} bytes are NUL: it is not text.",
            to_do="Export it again as CSV.",
        )


def _wide_encoding(sample: bytes) -> str:
    """The two-byte encoding a text without a mark is in, seen by where its NUL bytes stand; '' if in none."""
    if len(sample) < 8:
        return ""
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) > len(odd) * 0.7 and even.count(0) < len(even) * 0.1:
        return "utf-16-le"
    if even.count(0) > len(even) * 0.7 and odd.count(0) < len(odd) * 0.1:
        return "utf-16-be"
    return ""


def _decoded(blocks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    if codec in ("utf-8", "utf-8-sig"):
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(codec)("patron.mark")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "surrogatepass")
    if tail := decoder.decode(b"", final=True):
        yield tail.encode("utf-8", "surrogatepass")
