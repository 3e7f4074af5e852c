"""Which raw files belong together, which table each group can fill, and which are left out."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from patron.errors import BrokenContract, DataError, NothingThere
from patron.settings import Source
from patron.sources.buyers import Buyers
from patron.sources.column_looks import Check, UniqueCheck, look_at
from patron.sources.files import find_files, format_by_ending, known_endings
from patron.sources.mapping import UNIQUE_KEY, Fit, Guess, nearest_lack, possible_fits
from patron.sources.proposal import Candidate, Choice, Group, UnusedFile
from patron.sources.raw import RawFile, read_raw, sheets, sniffed
from patron.sources.sniff import Writing
from patron.tables import SOURCE_TABLES, TRANSACTIONS

SAMPLE_ROWS: Final = 50_000
# Tables that several sources may fill.
MANY: Final = ("transactions", "contacts", "engagements", "reviews")


def expanded(paths: Sequence[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir() or (glob.has_magic(str(path)) and not path.exists()):
            entry = Source.model_construct(table=TRANSACTIONS.name, files=(str(path),), columns={})
            files.update(dict.fromkeys(find_files(entry, Path())))
        elif path.is_file():
            files[path] = None
        else:
            raise NothingThere(f"There is no file {path}.", to_do="Check the name.")
    return list(files)


def as_given(paths: Sequence[Path], files: Sequence[Path]) -> tuple[str, ...]:
    """These files by the folders and globs that were given, where all of one is among them, so that new files join."""
    left = dict.fromkeys(files)
    named = []
    for path in paths:
        covered = expanded([path])
        if covered != [path] and set(covered) <= set(files):
            named.append(str(path))
            left = {file: None for file in left if file not in covered}
    return (*named, *(str(file) for file in left))


def grouped(files: Sequence[Path], choice: Choice) -> tuple[list[Group], list[UnusedFile]]:
    groups: dict[tuple[object, ...], Group] = {}
    unused: list[UnusedFile] = []
    for path in files:
        if format_by_ending(path) is None:
            unused.append(UnusedFile(path, f"its ending is none of {', '.join(known_endings())}"))
            continue
        found, misfits = _looked_at(path, choice, alone=len(files) == 1)
        unused += misfits
        for group in found:
            key = (group.columns, *_writing_key(group.reading))
            groups[key] = replace(groups[key], files=(*groups[key].files, path)) if key in groups else group
    return list(groups.values()), unused


def _looked_at(path: Path, choice: Choice, *, alone: bool) -> tuple[list[Group], list[UnusedFile]]:
    """A file, or each sheet of a workbook; what cannot be read is left out, unless it is all there is."""
    found: list[Group] = []
    unused: list[UnusedFile] = []
    refusals: list[DataError] = []
    for sheet in _sheets(path, unused, refusals):
        try:
            found.append(_group(path, choice, sheet))
        except DataError as error:
            refusals.append(error)
            unused.append(UnusedFile(path, str(error), sheet))
    if alone and refusals and not found:
        raise refusals[0]
    return found, unused


def _sheets(path: Path, unused: list[UnusedFile], refusals: list[DataError]) -> tuple[str, ...]:
    """What there is to read in a file: of a workbook its sheets, the first of which goes without its name."""
    if format_by_ending(path) != "excel":
        return ("",)
    try:
        return ("", *sheets(path)[1:])
    except DataError as error:
        refusals.append(error)
        unused.append(UnusedFile(path, str(error)))
        return ()


def _writing_key(reading: Source) -> tuple[object, ...]:
    return (reading.delimiter, reading.encoding, reading.skip_lines, reading.quote, reading.sheet)


def _group(path: Path, choice: Choice, sheet: str) -> Group:
    reading = _reading(path, choice, sheet)
    raw = read_raw(path, reading)
    sample = _sample(raw)
    if not sample.num_rows:
        raise BrokenContract(f"{path} has a header but no rows.", to_do="Export it again.")
    columns = tuple(raw.columns)
    _refuse_no_header(path, columns)
    looks = tuple(look_at(name, sample.column(i + 1).combine_chunks()) for i, name in enumerate(columns))
    example = {name: sample.column(i + 1)[0].as_py() for i, name in enumerate(columns)}
    return Group((path,), reading, columns, looks, example)


def _reading(path: Path, choice: Choice, sheet: str) -> Source:
    """Enough of a source's settings to read the file; which column is which is still open."""
    kind = format_by_ending(path)
    writing = sniffed(path, delimited=kind == "csv") if kind in ("csv", "jsonl") else Writing()
    return Source.model_construct(
        table=TRANSACTIONS.name,
        files=(str(path),),
        columns={},
        delimiter=choice.delimiter or writing.delimiter,
        encoding=choice.encoding or writing.encoding,
        skip_lines=writing.skip_lines,
        quote=writing.quote,
        sheet=sheet,
    )


def _sample(raw: RawFile) -> pa.Table:
    """The first 50,000 rows, or as many as there are."""
    batches, rows = [], 0
    for batch in raw.batches():
        batches.append(batch.rows)
        rows += batch.rows.num_rows
        if rows >= SAMPLE_ROWS:
            break
    if not batches:
        return pa.table({"line": pa.array([], pa.int64()), **{name: pa.array([], pa.string()) for name in raw.columns}})
    return pa.Table.from_batches(batches).slice(0, SAMPLE_ROWS)


def _refuse_no_header(path: Path, columns: Sequence[str]) -> None:
    values = [name for name in columns if name.replace(".", "", 1).replace("-", "").isdigit()]
    if len(values) * 2 >= len(columns):
        raise BrokenContract(
            f"{path} seems to have no header: its first line reads {', '.join(columns[:8])}.",
            allowed="The first line names the columns.",
            to_do="Add a line with the columns' names.",
        )


def candidates(groups: Sequence[Group], choice: Choice) -> tuple[list[Candidate], list[UnusedFile]]:
    found: list[Candidate] = []
    misfits: list[UnusedFile] = []
    for group in groups:
        candidate = _candidate(group, choice)
        if candidate:
            found.append(candidate)
        else:
            why = f"it fits no table: {nearest_lack(group.looks, choice.profile)}"
            misfits += _left_out(group, why)
    return found, misfits


def _candidate(group: Group, choice: Choice) -> Candidate | None:
    """The first table that the group fits, once what must be unique is checked in the whole of its files."""
    fits = possible_fits(group.looks, choice.profile)
    keys = {fit.places[UNIQUE_KEY[fit.table.name]] for fit in fits if fit.table.name in UNIQUE_KEY}
    for fit in fits:
        if fit.table is TRANSACTIONS:
            keys |= {fit.places[name] for name in ("row_id", "customer_id") if name in fit.places}
    checks = {key: UniqueCheck(key) for key in sorted(keys)}
    rows = show_whole(group, list(checks.values()))
    unique = {key for key, check in checks.items() if check.unique}
    for fit in fits:
        key = UNIQUE_KEY.get(fit.table.name)
        if key and fit.places[key] not in unique:
            continue
        if fit.table is TRANSACTIONS and fit.places["customer_id"] in unique and _rather_customers(fit, fits):
            continue
        return Candidate(group, _with_row_id_settled(fit, unique), rows)
    return None


def _rather_customers(fit: Fit, fits: Sequence[Fit]) -> bool:
    """Whether a file that names each customer once, and no order, lists customers and not what they bought."""
    names_orders = {"order_id", "row_id"} & set(fit.places)
    return not names_orders and any(other.table.name == "customers" for other in fits)


def _with_row_id_settled(fit: Fit, unique: set[str]) -> Fit:
    """A row id that is repeated somewhere in the file marks orders instead."""
    row = next((guess for guess in fit.guesses if guess.column == "row_id"), None)
    if fit.table is not TRANSACTIONS or row is None or row.source_column in unique:
        return fit
    others = tuple(guess for guess in fit.guesses if guess.column != "row_id")
    if "order_id" in fit.places:
        return Fit(fit.table, others)
    return Fit(fit.table, (Guess("order_id", row.source_column, row.confidence), *others))


def show_whole(group: Group, checks: Sequence[Check]) -> int:
    """Show all rows of all files to the checks; gives the number of rows."""
    rows = 0
    for path in group.files:
        for batch in read_raw(path, group.reading).batches():
            for check in checks:
                check.add(batch.rows)
            rows += batch.rows.num_rows
    return rows


def _left_out(group: Group, why: str) -> list[UnusedFile]:
    return [UnusedFile(path, why, group.reading.sheet) for path in group.files]


def chosen(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[UnusedFile]]:
    """All candidates of a table that many files fill, and of each other table the one that tells the most."""
    kept: list[Candidate] = []
    left: list[UnusedFile] = []
    buyers = Buyers([c for c in candidates if c.fit.table is TRANSACTIONS], show_whole)
    for candidate in sorted(candidates, key=lambda c: (-buyers.named_alike(c), -len(c.fit.guesses), -c.rows)):
        name = candidate.fit.table.name
        twin = next((c for c in kept if c.fit.table.name == name), None)
        if name not in MANY and twin is not None:
            why = f"it fills {name}, as {twin.group.files[0].name} does, which tells more"
        elif linked := buyers.linked(candidate):
            kept.append(linked)
            continue
        else:
            why = f"it names {name} by '{candidate.fit.places['customer_id']}', transactions by '{buyers.names}', and they share no value"
        left += _left_out(candidate.group, why)
    return sorted(kept, key=lambda c: SOURCE_TABLES.index(c.fit.table)), left
