"""Look at raw files and propose which table each fills, which column is which, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from patron.errors import BrokenContract, UsageError
from patron.settings import Source
from patron.sources.candidates import as_given, candidates, chosen, expanded, grouped
from patron.sources.column_looks import ColumnLook
from patron.sources.currency import contract_currency
from patron.sources.mapping import Fit, Guess, nearest_lack
from patron.sources.number_signs import NumberSigns
from patron.sources.proposal import Candidate, Choice, Group, Proposal, ProposedColumn, ProposedSource, UnusedFile
from patron.sources.refund_rules import refund_rule
from patron.sources.value_formats import date_format as written_dates
from patron.sources.value_formats import number_signs
from patron.tables import TRANSACTIONS

__all__ = ["Proposal", "ProposedColumn", "ProposedSource", "UnusedFile", "propose"]

PROFILES: Final = ("retail", "bank", "subscription")
_MOST_FILES_TOLD: Final = 5
_MOST_COLUMNS_TOLD: Final = 12


def propose(
    paths: Sequence[Path],
    profile: str,
    *,
    date_format: str | None = None,
    currency: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: Literal[".", ","] | None = None,
    timezone: str = "UTC",
) -> Proposal:
    """Propose the sources that these files, globs and folders can be.

    What is given as an argument is taken as it is. Raises AmbiguousData where dates or numbers can be read in two ways,
    NothingThere for a path that names no file, and BrokenContract where no file holds transactions.
    """
    if profile not in PROFILES:
        raise UsageError(f"No profile named '{profile}'.", allowed=f"Known: {', '.join(PROFILES)}.")
    choice = Choice(profile, date_format, currency, delimiter, encoding, decimal, timezone)
    groups, unused = grouped(expanded(paths), choice)
    found, misfits = candidates(groups, choice)
    kept, left = chosen(found)
    unused += misfits + left
    if not any(candidate.fit.table is TRANSACTIONS for candidate in kept):
        raise _no_transactions(groups, unused, choice)
    sources = _named([_proposed(candidate, choice, paths) for candidate in kept])
    money, notes = contract_currency(kept, choice)
    return Proposal(profile, money, tuple(sources), tuple(unused), tuple(notes))


def _no_transactions(groups: Sequence[Group], unused: Sequence[UnusedFile], choice: Choice) -> BrokenContract:
    found = "; ".join(
        f"{group.files[0].name} has the columns {', '.join(group.columns[:_MOST_COLUMNS_TOLD])} ({nearest_lack(group.looks, choice.profile)})"
        for group in groups[:_MOST_FILES_TOLD]
    )
    refused = "; ".join(
        f"{entry.name}: {entry.why}" for entry in unused if not any(entry.path in g.files for g in groups)
    )
    return BrokenContract(
        f"None of the files holds transactions. Found: {found or 'nothing readable'}{'; ' + refused if refused else ''}.",
        allowed="Needed in one file: a column for who (such as customer_id), one for when (order_date), and one for how much (amount), or quantity and unit_price.",
        to_do="Add the file that holds them; or write patron.toml by hand, naming your columns.",
    )


def _proposed(candidate: Candidate, choice: Choice, paths: Sequence[Path]) -> ProposedSource:
    group, fit = candidate.group, candidate.fit
    looks = {look.name: look for look in group.looks}
    signs = number_signs(group, fit, looks, choice)
    written, notes = written_dates(group, fit, looks, choice)
    refund, more = refund_rule(candidate, choice) if fit.table is TRANSACTIONS else (None, [])
    notes += more + _writing_notes(group, signs) + _amount_notes(fit) + list(candidate.notes)
    places = fit.places
    row_id = places.pop("row_id", "")
    if row_id:
        notes.append(
            f"'{row_id}' is unique in all {candidate.rows:,} rows: a row that comes again with it is a repeat or a correction"
        )
    source = Source(
        table=fit.table.name,
        files=as_given(paths, group.files),
        delimiter=group.reading.delimiter,
        quote=group.reading.quote,
        encoding=group.reading.encoding,
        skip_lines=group.reading.skip_lines,
        sheet=group.reading.sheet,
        decimal=signs.decimal,
        thousands=signs.thousands,
        date_format=written,
        timezone=choice.timezone,
        row_id=row_id,
        refund_when=refund,
        columns=places,
    )
    columns = tuple(_column(guess, looks[guess.source_column]) for guess in fit.guesses)
    return ProposedSource(fit.table.name, source, group.files, columns, group.example, tuple(notes))


def _column(guess: Guess, look: ColumnLook) -> ProposedColumn:
    return ProposedColumn(guess.column, guess.source_column, guess.confidence, look.values[0] if look.values else "")


def _named(sources: Sequence[ProposedSource]) -> list[ProposedSource]:
    """Sources named for their tables; the second of a table gets a number."""
    seen: dict[str, int] = {}
    named = []
    for source in sources:
        seen[source.name] = count = seen.get(source.name, 0) + 1
        named.append(replace(source, name=source.name if count == 1 else f"{source.name}_{count}"))
    return named


def _writing_notes(group: Group, signs: NumberSigns) -> list[str]:
    notes = []
    if group.reading.encoding == "cp1252":
        notes.append(
            "the text is not UTF-8 and is read as cp1252 (Western European); if names look wrong, set another encoding"
        )
    if signs.decimal == ",":
        notes.append("numbers are written with a decimal comma")
    return notes


def _amount_notes(fit: Fit) -> list[str]:
    if fit.table is not TRANSACTIONS or "amount" in fit.places:
        return []
    return [f"the amount of a row is {fit.places['quantity']} × {fit.places['unit_price']}"]
