"""What is personal is taken out of rows where they are read: into the vault, before anything else sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import BrokenContract, UnreadableFile, UsageError
from patron.governance.state.of_workspace import state_of_workspace
from patron.governance.vault.pseudonyms import is_pseudonym
from patron.governance.vault.vault import OWN_ID, Vault, put_personal
from patron.pipeline.kept_state import needs_vault, vault_of_workspace
from patron.pipeline.landing.landed import is_sealed, reading_is_plain
from patron.pipeline.step import Run
from patron.pipeline.workspace import Workspace
from patron.settings import Settings, Source
from patron.sources.header import taken_out
from patron.sources.raw import RawBatch, RawFile, RejectedRow, stored_name
from patron.sources.typed_columns import ColumnTyper, parsing_engine
from patron.sources.typed_sql import MISSING_WORDS
from patron.tables import CUSTOMERS, FILES

_UNREADABLE_ID: Final = "\x1a"
"""Stands for an id that is none, so that its row is set aside for it as before."""
_LONGEST_VALUE: Final = 4000
_WHO: Final = " customer"  # no name of a field


@dataclass(frozen=True)
class Sealing:
    """How the rows of one source are sealed, and into which vault."""

    vault: Vault
    source: Source

    def columns(self, raw: RawFile) -> tuple[str, ...]:
        """The columns that stay."""
        return tuple(name for name in raw.columns if name not in taken_out(self.source))


@contextmanager
def opened_vault(workspace: Workspace) -> Iterator[Vault | None]:
    """The vault of a workspace, for a while; None where it needs none."""
    if not needs_vault(workspace.settings):
        yield None
        return
    state = state_of_workspace(workspace.folder, workspace.settings.server.state, workspace.credentials)
    try:
        vault = vault_of_workspace(workspace.folder, workspace.settings, workspace.credentials, state)
        try:
            yield vault
        finally:
            if vault is not None:
                vault.close()
    finally:
        state.close()


def sealing_of(vault: Vault | None, settings: Settings, source: Source) -> Sealing | None:
    """How a source's rows are sealed; None of one that tells nothing personal."""
    return Sealing(vault, source) if vault is not None and is_sealed(settings, source) else None


def sealed_changes(workspace: Workspace, source: Source, changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """What a person puts in the place of a row's texts: an id of the business as its pseudonym, where ids are replaced."""
    column = stored_name(source.columns.get("customer_id", ""))
    told = changes.get(column)
    if not told or is_pseudonym(told) or not workspace.settings.privacy.pseudonyms:
        return dict(changes)
    with opened_vault(workspace) as vault:
        if vault is None:
            return dict(changes)
        name = vault.pseudonyms.of(told.strip())
        put_personal(vault, {name: {OWN_ID: told.strip()}})
        return {**changes, column: name}


def sealed_file(raw: RawFile, sealing: Sealing) -> RawFile:
    """The same file without what is personal: its values go into the vault as the rows are read."""
    return replace(raw, columns=sealing.columns(raw), read=lambda: _sealed_batches(raw, sealing))


def refuse_plain_leftovers(run: Run) -> None:
    """Stop where rows were read before their source had personal columns or pseudonyms: they lie in the warehouse as they came."""
    known = run.warehouse.fetch(run.warehouse.table("bronze", FILES.name)).to_pylist()
    for row in known:
        source = run.settings.sources.get(row["source"])
        if source is not None and is_sealed(run.settings, source) and _is_plain(run, source, row):
            raise UsageError(
                f"{row['name']} was read before what is personal in source '{row['source']}' was declared, and lies in the "
                "warehouse in plain text.",
                allowed="A vault is begun with an empty warehouse.",
                to_do="Remove warehouse.duckdb (or drop the warehouse's schemas) and the releases, then run again: all is "
                "made anew from the files.",
            )


@contextmanager
def without_content(sealing: Sealing | None) -> Iterator[None]:
    """Has errors about a file told without words that may be its content, where that is personal."""
    try:
        yield
    except UnreadableFile as error:
        if sealing is None:
            raise
        raise UnreadableFile(error.path, _before_content(error.why), line=error.line, to_do=error.to_do) from None
    except BrokenContract as error:
        if sealing is None:
            raise
        told = "Its header is not shown: in a file without one it would be a person."
        raise BrokenContract(error.what, allowed=told, to_do=error.to_do) from None


def _before_content(why: str) -> str:
    return re.split(r"[:('\"]", why)[0].strip().rstrip(".") + "."


def _is_plain(run: Run, source: Source, file: dict[str, str]) -> bool:
    kept_personal = taken_out(source) & set(json.loads(file["columns"]))
    return bool(kept_personal) or reading_is_plain(run.settings, source, file["reading"])


def _sealed_batches(raw: RawFile, sealing: Sealing) -> Iterator[RawBatch]:
    ids = ColumnTyper(parsing_engine(), sealing.source, CUSTOMERS.column("customer_id"))
    with without_content(sealing):
        for batch in raw.batches():
            yield _sealed_batch(batch, sealing, ids)


def _sealed_batch(batch: RawBatch, sealing: Sealing, ids: ColumnTyper) -> RawBatch:
    vault, source = sealing.vault, sealing.source
    column = stored_name(source.columns["customer_id"])
    came = batch.rows.column(column).cast(pa.string())
    typed = ids.type_column(came)
    distinct = [None if text is None else vault.pseudonyms.of(text) for text in typed.distinct.to_pylist()]
    names = pa.array(distinct, pa.string()).take(typed.places)
    _put_away(sealing, batch.rows, names, typed.values)
    rows = batch.rows.select([name for name in batch.rows.schema.names if name not in taken_out(source)])
    if vault.replaces_ids:
        unreadable = pc.and_(pc.is_null(names), pc.is_valid(_said(came)))
        shown = pc.if_else(unreadable, _UNREADABLE_ID, names)
        rows = rows.set_column(rows.schema.get_field_index(column), column, shown)
    return RawBatch(rows, [_withheld(row, vault) for row in batch.rejected])


def _said(texts: pa.Array) -> pa.Array:
    """Texts, null where they say nothing."""
    plain = pc.utf8_trim_whitespace(texts)
    nothing = pc.is_in(plain, value_set=pa.array(["", *MISSING_WORDS]))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), plain)


def _put_away(sealing: Sealing, rows: pa.RecordBatch, names: pa.Array, ids: pa.Array) -> None:
    """Each customer's values of these rows, the last of each field, into the vault."""
    fields = {name: _said(rows.column(stored_name(column))) for name, column in sealing.source.personal.items()}
    if sealing.vault.replaces_ids:
        fields[OWN_ID] = ids
    whole = pa.table({_WHO: names, **{name: values.cast(pa.string()) for name, values in fields.items()}})
    last = whole.filter(pc.is_valid(whole[_WHO])).group_by(_WHO, use_threads=False)
    found = last.aggregate([(name, "last") for name in fields]).to_pydict()
    columns = [found[f"{name}_last"] for name in fields]
    personal = {
        customer: {name: text[:_LONGEST_VALUE] for name, text in zip(fields, values, strict=True) if text is not None}
        for customer, *values in zip(found[_WHO], *columns, strict=True)
    }
    put_personal(sealing.vault, {customer: values for customer, values in personal.items() if values})


def _withheld(row: RejectedRow, vault: Vault) -> RejectedRow:
    """A row that could not be read, without its content; the mark tells it from others."""
    return replace(row, raw=f"withheld: {len(row.raw)} signs, {vault.pseudonyms.mark(row.raw)}")
