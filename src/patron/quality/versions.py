"""Versions of a row: the highest holds, whatever the order or the files in which they come.

Silver keeps one row of each version of a key that it was told, those that do not hold with the time from
which they did not. What holds follows from that set alone:

- the highest version holds, unless it says that the row is gone, or was told in two ways;
- a version told in two ways (equal version, different content) is a conflict: the row that came first stays in
  silver but does not hold, the others are quarantined, and nothing holds until a higher version comes.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from patron.quality.repeats import CONFLICT, CORRECTION, DUPLICATE, FRESH, fingerprint
from patron.warehouse.portable import agreeing

EARLIER = "earlier"  # believed and kept, but does not hold: older than what is known, contradicted, or a deletion
CLOSES = "closes"
_FOUND = ("_content", "_least", "_most", "_place", "_first", "_top", "_newest", "_same")


def sorted_by_version(rows: ir.Table, held: ir.Table, key: Sequence[str], content: Sequence[str]) -> ir.Table:
    """The rows with ``fate`` (fresh, correction, earlier, duplicate or conflict) and ``closes``.

    ``held`` are all rows that silver keeps, also those that no longer hold. ``closes`` is true where what holds for
    the row's key must stop holding. Both tables have row_version; rows that may be deletions have is_deleted.
    """
    told = _against_held(_within_file(rows, key, content), held, key, content)
    newer = told._newest.isnull() | (told.row_version > told._newest)
    first_told = told._same.isnull() & (told._place == 0)
    holds = newer & (told.row_version == told._top) & (told._least == told._most) & ~told.is_deleted
    fate = ibis.cases(
        (first_told & holds & told._newest.notnull(), CORRECTION),
        (first_told & holds, FRESH),
        (first_told, EARLIER),
        (told._content == ibis.coalesce(told._same, told._first), DUPLICATE),
        else_=CONFLICT,
    )
    told = told.mutate(fate=fate)
    contradicts = (told.row_version == told._newest) & (told.fate == CONFLICT)
    closes = told._newest.notnull() & ((told.row_version > told._newest) | contradicts)
    return told.mutate(**{CLOSES: closes.fill_null(False)}).drop(*_FOUND)


def _within_file(rows: ir.Table, key: Sequence[str], content: Sequence[str]) -> ir.Table:
    """Each row with the key's highest version in the file, and how its own version is told there."""
    if "is_deleted" not in rows.columns:
        rows = rows.mutate(is_deleted=ibis.literal(False))
    told = rows.mutate(_content=_told_as(rows, content))
    by_key = [told[name] for name in key]
    version = ibis.window(group_by=[*by_key, told.row_version])
    in_file = ibis.window(group_by=[*by_key, told.row_version], order_by=told.line)
    told = told.mutate(
        _top=told.row_version.max().over(ibis.window(group_by=by_key)),
        _least=told._content.min().over(version),
        _most=told._content.max().over(version),
        _place=ibis.row_number().over(in_file),
    )
    first = (told._place == 0).ifelse(told._content, ibis.null("string"))
    return told.mutate(_first=first.max().over(ibis.window(group_by=[*(told[name] for name in key), told.row_version])))


def _against_held(told: ir.Table, held: ir.Table, key: Sequence[str], content: Sequence[str]) -> ir.Table:
    """Each row with the key's newest version known so far, and what its own version said."""
    known = held.mutate(**{f"_held_{name}": held[name] for name in key}, _same=_told_as(held, content))
    held_name = {name: f"_held_{name}" for name in key}
    names = list(held_name.values())
    newest = known.group_by(names).aggregate(_newest=known.row_version.max())
    told = told.left_join(newest, agreeing(told, newest, held_name)).drop(*names)
    same = known.select(*names, "_same", _held_version=known.row_version)
    alike = [told.row_version == same._held_version, *agreeing(told, same, held_name)]
    return told.left_join(same, alike).drop(*names, "_held_version")


def _told_as(rows: ir.Table, content: Sequence[str]) -> ir.StringValue:
    """What a version says, as one text; all deletions say the same."""
    return rows.is_deleted.fill_null(False).ifelse(ibis.literal("deleted"), fingerprint(rows, content))
