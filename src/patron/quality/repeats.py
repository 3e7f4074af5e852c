"""Repeats and corrections: which rows of a file are new, already held, corrections, or in conflict.

Rows with a key (a declared row id, or the key of a table such as customers) are told apart by it. Rows without
one are never dropped one by one: a till scans the same article twice. Only when most of a *file* is already
there does Patron suspect a file that overlaps an earlier one, and then it asks (``repeated_rows``).
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from patron.warehouse.portable import agreeing

FRESH, DUPLICATE, CORRECTION, CONFLICT = "fresh", "duplicate", "correction", "conflict"


def sorted_by_key(rows: ir.Table, held: ir.Table, key: Sequence[str], content: Sequence[str]) -> ir.Table:
    """The rows with ``fate``: fresh, duplicate, correction or conflict.

    Within the file, rows of one key that differ are in conflict (none can be believed over the other) and equal
    ones are duplicates after the first. Against ``held`` (the rows that hold now), equal content is a duplicate
    and different content a correction.
    """
    told = rows.mutate(_content=fingerprint(rows, content))
    same_key = ibis.window(group_by=[told[name] for name in key])
    told = told.mutate(
        _least=told._content.min().over(same_key),
        _most=told._content.max().over(same_key),
        _place=ibis.row_number().over(ibis.window(group_by=[told[name] for name in key], order_by=told.line)),
    )
    known = held.select(**{f"_held_{name}": held[name] for name in key}, _held_content=fingerprint(held, content))
    told = told.left_join(known, agreeing(told, known, {name: f"_held_{name}" for name in key}))
    fate = ibis.cases(
        (told._least != told._most, CONFLICT),
        (told._place > 0, DUPLICATE),
        (told._held_content == told._content, DUPLICATE),
        (told._held_content.notnull(), CORRECTION),
        else_=FRESH,
    )
    return told.mutate(fate=fate).drop(
        "_content", "_least", "_most", "_place", "_held_content", *[f"_held_{name}" for name in key]
    )


def repeated_share(rows: ir.Table, held: ir.Table) -> ir.FloatingScalar:
    """The share of rows whose content is already held, counting copies."""
    marked = _with_repeats(rows, held)
    return marked.count(where=marked.is_repeat).cast("float64") / marked.count().cast("float64")


def sorted_by_content(rows: ir.Table, held: ir.Table) -> ir.Table:
    """The rows with ``fate`` where a row is a duplicate if as many copies of it are already held."""
    marked = _with_repeats(rows, held)
    return marked.mutate(fate=marked.is_repeat.ifelse(DUPLICATE, FRESH)).drop("is_repeat")


def _with_repeats(rows: ir.Table, held: ir.Table) -> ir.Table:
    copies = held.group_by("row_hash").aggregate(_copies=held.count()).rename(_held_hash="row_hash")
    numbered = rows.mutate(_place=ibis.row_number().over(ibis.window(group_by=rows.row_hash, order_by=rows.line)))
    joined = numbered.left_join(copies, numbered.row_hash == copies._held_hash)
    repeat = (joined._place < joined._copies).fill_null(False)
    return joined.mutate(is_repeat=repeat).drop("_place", "_copies", "_held_hash")


def fingerprint(rows: ir.Table, content: Sequence[str]) -> ir.StringValue:
    """All of a row's content as one text; each part begins with its length, so no two contents look alike."""
    whole = ibis.literal("")
    for name in content:
        part = rows[name].cast("string")
        whole = whole + (part.length().cast("string") + ":" + part).fill_null("-")
    return whole
