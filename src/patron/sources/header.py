"""What a file's header must offer: distinct names, and every column that the source maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from patron.errors import BrokenContract, UnreadableFile
from patron.settings import Source
from patron.sources.rows import stored_name

LIKELY_DELIMITERS: Final = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_MOST_NAMES_SHOWN: Final = 40


def clean_names(header: Sequence[str]) -> list[str]:
    """Header cells without spaces around them; an unnamed column is named by its place, from 1."""
    return [name.strip("\ufeff \t\r\n\u00a0") or f"unnamed_{place}" for place, name in enumerate(header, start=1)]


def stored_columns(path: Path, header: Sequence[str]) -> tuple[str, ...]:
    """The names under which the columns are kept. Raises UnreadableFile if two differ by no more than case."""
    names = clean_names(header)
    repeated = [name for name, count in Counter(name.lower() for name in names).items() if count > 1]
    if repeated:
        same = [name for name in names if name.lower() == repeated[0]]
        raise UnreadableFile(
            str(path),
            f"the header names {len(same)} columns '{repeated[0]}' ({', '.join(same)}).",
            to_do="Give each column a name of its own (upper and lower case count as the same); a file without a header needs one.",
        )
    return tuple(stored_name(name) for name in names)


def mapped_columns(source: Source) -> tuple[str, ...]:
    """Every column of the file that a source's settings name, each once."""
    return tuple(dict.fromkeys([*_used_columns(source), *source.personal.values()]))


def taken_out(source: Source) -> frozenset[str]:
    """The columns that go into the vault and not into the tables, by the names they would be kept under."""
    return frozenset(stored_name(column) for name, column in source.personal.items() if name not in source.plain_too)


def _used_columns(source: Source) -> list[str]:
    conditions = [rule.column for rule in (source.refund_when, source.deleted_when) if rule]
    return [name for name in (*source.columns.values(), source.row_id, source.row_version, *conditions) if name]


def require_columns(path: Path, header: Sequence[str], source: Source, *, delimiter: str = "") -> None:
    """Raise BrokenContract, naming the header found, unless it has every column that the source maps."""
    names = clean_names(header)
    missing = [name for name in mapped_columns(source) if name not in names]
    if missing:
        raise _lacking(path, missing, names, _likely_delimiter(names, delimiter) if delimiter else "")


def require_kept_columns(path: Path, kept: Sequence[str], source: Source) -> None:
    """The same for a file that was read before, with the columns it was kept with: its mapping may have changed since."""
    missing = [name for name in dict.fromkeys(_used_columns(source)) if stored_name(name) not in kept]
    if missing:
        raise _lacking(path, missing, kept, "")


def _lacking(path: Path, missing: Sequence[str], names: Sequence[str], hint: str) -> BrokenContract:
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_NAMES_SHOWN])
    return BrokenContract(
        f"{path} has no column {' and no column '.join(repr(name) for name in missing)}.",
        allowed=f"Its header: {shown}{' …' if len(names) > _MOST_NAMES_SHOWN else ''}.",
        to_do=hint
        or f"{_meant(missing, names)}Mend the mapping under columns in patron.toml, or export the missing column.",
    )


def _meant(missing: Sequence[str], names: Sequence[str]) -> str:
    by_letters = {name.casefold(): name for name in names}
    close = [found[0] for name in missing if (found := get_close_matches(name.casefold(), by_letters, n=1))]
    return f"Did you mean {' and '.join(repr(by_letters[name]) for name in close)}? " if close else ""


def _likely_delimiter(names: Sequence[str], delimiter: str) -> str:
    if len(names) > 1:
        return ""
    counts = {sign: names[0].count(sign) for sign in LIKELY_DELIMITERS if sign != delimiter}
    likely = max(counts, key=lambda sign: counts[sign])
    if not counts[likely]:
        return ""
    shown = "\\t" if likely == "\t" else likely
    return f'The values seem to be separated by {LIKELY_DELIMITERS[likely]}: set delimiter = "{shown}" for this source.'
