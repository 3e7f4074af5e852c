"""Look at raw files and propose which table each fills, which column is which, and how they are written."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from patron.errors import AmbiguousData, BrokenContract, DataError, NothingThere, UsageError
from patron.settings import Condition, Source
from patron.sources.column_looks import ColumnLook, DateCheck, PrefixCheck, UniqueCheck, ValueCount, look_at, run_checks
from patron.sources.column_names import plain_name
from patron.sources.date_formats import ISO, decide
from patron.sources.files import find_files, format_by_ending, known_endings
from patron.sources.mapping import UNIQUE_KEY, Fit, Guess, nearest_lack, possible_fits
from patron.sources.number_signs import NumberSigns, agreed_signs, is_ambiguous
from patron.sources.raw import RawFile, read_raw
from patron.sources.sniff import Writing, sniff
from patron.tables import TRANSACTIONS

PROFILES: Final = ("retail", "bank", "subscription")
SAMPLE_ROWS: Final = 50_000
DEFAULT_CURRENCY: Final = "EUR"
SYMBOLS: Final = {"£": "GBP", "€": "EUR", "₹": "INR", "₺": "TRY", "₩": "KRW"}
_REFUND_WORDS: Final = frozenset(
    "refund refunds return returns returned credit_note creditnote storno retoure ruckgabe rueckgabe gutschrift remboursement "
    "retour avoir devolucion reembolso reso rimborso vratka dobropis zwrot".split()
)
_CANCEL_WORDS: Final = frozenset("cancelled canceled cancellation cancel void voided failed refunded storniert annule cancelado annullato".split())
_KIND_NAMES: Final = frozenset("type kind transaction_type order_type line_type row_type art typ tipo record_type".split())
_STATE_NAMES: Final = frozenset("status state order_status financial_status payment_status".split())


@dataclass(frozen=True)
class ProposedColumn:
    """A declared column, the source's column that seems to be it, how sure that is (0 to 1), and a value of it."""

    name: str
    source_column: str
    confidence: float
    example: str


@dataclass(frozen=True)
class ProposedSource:
    """One source: its name, its settings, its columns, one of its rows, and what is worth knowing in words."""

    name: str
    source: Source
    files: tuple[Path, ...]
    columns: tuple[ProposedColumn, ...]
    example: dict[str, str | None]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class UnusedFile:
    """A file that is left out, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Proposal:
    """What a patron.toml would say, before it is written."""

    profile: str
    currency: str
    sources: tuple[ProposedSource, ...]
    unused: tuple[UnusedFile, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Choice:
    """What the user has said already, and need not be found out."""

    profile: str
    date_format: str | None
    currency: str | None
    delimiter: str | None
    encoding: str | None
    decimal: str | None
    timezone: str


@dataclass(frozen=True)
class _Group:
    """Files with the same columns, written alike."""

    files: tuple[Path, ...]
    reading: Source
    columns: tuple[str, ...]
    looks: tuple[ColumnLook, ...]
    example: dict[str, str | None]


@dataclass(frozen=True)
class _Candidate:
    """A group of files and the table it is to fill."""

    group: _Group
    fit: Fit
    rows: int


def propose(
    paths: Sequence[Path],
    profile: str,
    *,
    date_format: str | None = None,
    currency: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    timezone: str = "UTC",
) -> Proposal:
    """Propose the sources that these files, globs and folders can be.

    What is given as an argument is taken as it is. Raises AmbiguousData where dates or numbers can be read in two ways,
    NothingThere for a path that names no file, and BrokenContract where no file holds transactions.
    """
    if profile not in PROFILES:
        raise UsageError(f"No profile named '{profile}'.", allowed=f"Known: {', '.join(PROFILES)}.")
    choice = _Choice(profile, date_format, currency, delimiter, encoding, decimal, timezone)
    groups, unused = _grouped(_expanded(paths), choice)
    candidates, misfits = _candidates(groups, choice)
    chosen, left = _chosen(candidates)
    unused += misfits + left
    if not any(candidate.fit.table is TRANSACTIONS for candidate in chosen):
        raise _no_transactions(groups, unused, choice)
    sources = _named([_proposed(candidate, choice) for candidate in chosen])
    found, notes = _currency(chosen, choice)
    return Proposal(profile, found, tuple(sources), tuple(unused), tuple(notes))


# Files


def _expanded(paths: Sequence[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir() or glob.has_magic(str(path)) and not path.exists():
            entry = Source.model_construct(table=TRANSACTIONS.name, files=(str(path),), columns={})
            files.update(dict.fromkeys(find_files(entry, Path())))
        elif path.is_file():
            files[path] = None
        else:
            raise NothingThere(f"There is no file {path}.", to_do="Check the name.")
    return list(files)


def _grouped(files: Sequence[Path], choice: _Choice) -> tuple[list[_Group], list[UnusedFile]]:
    groups: dict[tuple[object, ...], _Group] = {}
    unused: list[UnusedFile] = []
    for path in files:
        if format_by_ending(path) is None:
            unused.append(UnusedFile(path, f"its ending is none of {', '.join(known_endings())}"))
            continue
        try:
            group = _looked_at(path, choice)
        except DataError as error:
            if len(files) == 1:
                raise
            unused.append(UnusedFile(path, str(error)))
            continue
        key = (group.columns, *_writing_key(group.reading))
        groups[key] = replace(groups[key], files=(*groups[key].files, path)) if key in groups else group
    return list(groups.values()), unused


def _writing_key(reading: Source) -> tuple[object, ...]:
    return (reading.delimiter, reading.encoding, reading.skip_lines, reading.quote)


def _looked_at(path: Path, choice: _Choice) -> _Group:
    reading = _reading(path, choice)
    raw = read_raw(path, reading)
    sample = _sample(raw)
    if not sample.num_rows:
        raise BrokenContract(f"{path} has a header but no rows.", to_do="Export it again.")
    columns = tuple(raw.columns)
    _refuse_no_header(path, columns)
    looks = tuple(look_at(name, sample.column(i + 1).combine_chunks()) for i, name in enumerate(columns))
    example = {name: sample.column(i + 1)[0].as_py() for i, name in enumerate(columns)}
    return _Group((path,), reading, columns, looks, example)


def _reading(path: Path, choice: _Choice) -> Source:
    """Enough of a source's settings to read the file; which column is which is still open."""
    kind = format_by_ending(path)
    writing = sniff(path, delimited=kind == "csv") if kind in ("csv", "jsonl") else Writing()
    return Source.model_construct(
        table=TRANSACTIONS.name,
        files=(str(path),),
        columns={},
        delimiter=choice.delimiter or writing.delimiter,
        encoding=choice.encoding or writing.encoding,
        skip_lines=writing.skip_lines,
        quote=writing.quote,
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


# Tables


def _candidates(groups: Sequence[_Group], choice: _Choice) -> tuple[list[_Candidate], list[UnusedFile]]:
    found: list[_Candidate] = []
    misfits: list[UnusedFile] = []
    for group in groups:
        candidate = _candidate(group, choice)
        if candidate:
            found.append(candidate)
        else:
            why = f"it fits no table: {nearest_lack(group.looks, choice.profile)}"
            misfits += [UnusedFile(path, why) for path in group.files]
    return found, misfits


def _candidate(group: _Group, choice: _Choice) -> _Candidate | None:
    """The first table that the group fits, once what must be unique is checked in the whole of its files."""
    fits = possible_fits(group.looks, choice.profile)
    keys = {fit.places[UNIQUE_KEY[fit.table.name]] for fit in fits if fit.table.name in UNIQUE_KEY}
    for fit in fits:
        if fit.table is TRANSACTIONS:
            keys |= {fit.places[name] for name in ("row_id", "customer_id") if name in fit.places}
    checks = {key: UniqueCheck(key) for key in sorted(keys)}
    rows = _whole(group, list(checks.values()))
    unique = {key for key, check in checks.items() if check.unique}
    for fit in fits:
        key = UNIQUE_KEY.get(fit.table.name)
        if key and fit.places[key] not in unique:
            continue
        if fit.table is TRANSACTIONS and fit.places["customer_id"] in unique and _also_customers(fits) and rows > 1:
            continue
        return _Candidate(group, _with_row_id_settled(fit, unique), rows)
    return None


def _also_customers(fits: Sequence[Fit]) -> bool:
    return any(fit.table.name == "customers" for fit in fits)


def _with_row_id_settled(fit: Fit, unique: set[str]) -> Fit:
    """A row id that is repeated somewhere in the file marks orders instead."""
    row = next((guess for guess in fit.guesses if guess.column == "row_id"), None)
    if fit.table is not TRANSACTIONS or row is None or row.source_column in unique:
        return fit
    others = tuple(guess for guess in fit.guesses if guess.column != "row_id")
    if "order_id" in fit.places:
        return Fit(fit.table, others)
    return Fit(fit.table, (Guess("order_id", row.source_column, row.confidence), *others))


def _whole(group: _Group, checks: Sequence[UniqueCheck | DateCheck | PrefixCheck | ValueCount]) -> int:
    """Show all rows of all files to the checks; gives the number of rows."""
    rows = 0
    for path in group.files:
        for batch in read_raw(path, group.reading).batches():
            run_checks(checks, [batch.rows])
            rows += batch.rows.num_rows
    return rows


def _chosen(candidates: Sequence[_Candidate]) -> tuple[list[_Candidate], list[UnusedFile]]:
    """All transactions and contacts, and of each other table the candidate that tells the most."""
    kept: list[_Candidate] = []
    left: list[UnusedFile] = []
    customer_names = {c.fit.places["customer_id"] for c in candidates if c.fit.table is TRANSACTIONS}
    for candidate in sorted(candidates, key=lambda c: (-_linked(c, customer_names), -len(c.fit.guesses), -c.rows)):
        name = candidate.fit.table.name
        twin = next((c for c in kept if c.fit.table.name == name), None)
        if name in ("transactions", "contacts") or twin is None:
            if _linked(candidate, customer_names) or not customer_names:
                kept.append(candidate)
                continue
            why = f"it names {name} by '{candidate.fit.places['customer_id']}', transactions by '{', '.join(sorted(customer_names))}'"
        else:
            why = f"it fills {name}, as {twin.group.files[0].name} does, which tells more"
        left += [UnusedFile(path, why) for path in candidate.group.files]
    order = [table for table in ("transactions", "customers", "products", "branches", "campaigns", "contacts", "subscriptions")]
    return sorted(kept, key=lambda c: order.index(c.fit.table.name)), left


def _linked(candidate: _Candidate, customer_names: set[str]) -> bool:
    """Whether a file that names customers does so as the transactions do (or names none)."""
    name = candidate.fit.places.get("customer_id")
    return name is None or plain_name(name) in {plain_name(known) for known in customer_names}


def _no_transactions(groups: Sequence[_Group], unused: Sequence[UnusedFile], choice: _Choice) -> BrokenContract:
    found = "; ".join(
        f"{group.files[0].name} has the columns {', '.join(group.columns[:20])} ({nearest_lack(group.looks, choice.profile)})"
        for group in groups
    )
    refused = "; ".join(f"{entry.path.name}: {entry.why}" for entry in unused if not any(entry.path in g.files for g in groups))
    return BrokenContract(
        f"None of the files holds transactions. Found: {found or 'nothing readable'}{'; ' + refused if refused else ''}.",
        allowed="Needed in one file: a column for who (such as customer_id), one for when (order_date), and one for how much (amount), or quantity and unit_price.",
        to_do="Add the file that holds them; or write patron.toml by hand, naming your columns.",
    )


# Details of one source


def _proposed(candidate: _Candidate, choice: _Choice) -> ProposedSource:
    group, fit = candidate.group, candidate.fit
    looks = {look.name: look for look in group.looks}
    signs = _signs(group, fit, looks, choice)
    date_format, notes = _date_format(group, fit, looks, choice)
    refund, more = _refund_rule(candidate, choice) if fit.table is TRANSACTIONS else (None, [])
    notes += more + _writing_notes(group, signs) + _amount_notes(fit)
    places = fit.places
    row_id = places.pop("row_id", "")
    if row_id:
        notes.append(f"'{row_id}' is unique in all {candidate.rows:,} rows: a row that comes again with it is a repeat or a correction")
    source = Source(
        table=fit.table.name,
        files=tuple(str(path) for path in group.files),
        delimiter=group.reading.delimiter,
        quote=group.reading.quote,
        encoding=group.reading.encoding,
        skip_lines=group.reading.skip_lines,
        decimal=signs.decimal,
        thousands=signs.thousands,
        date_format=date_format,
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


def _of_kinds(fit: Fit, *kinds: str) -> list[str]:
    return [guess.source_column for guess in fit.guesses if fit.table.column(guess.column).kind in kinds]


def _signs(group: _Group, fit: Fit, looks: dict[str, ColumnLook], choice: _Choice) -> NumberSigns:
    if format_by_ending(group.files[0]) == "parquet":
        return NumberSigns()
    columns = [looks[name] for name in _of_kinds(fit, "money", "quantity")]
    signs = agreed_signs(look.signs for look in columns)
    if choice.decimal in (".", ","):
        fitting = [s for look in columns for s in look.signs if s.decimal == choice.decimal]
        return fitting[0] if fitting else NumberSigns(choice.decimal)
    for look in columns:
        if is_ambiguous(look.values):
            example = next(value for value in look.values if "," in value)
            raise AmbiguousData(
                f"{group.files[0]}: '{example}' in column '{look.name}' can be read as thousands and as a decimal fraction, and the column does not tell which.",
                allowed="decimal = ',' or decimal = '.' with thousands = ','.",
                to_do="Write patron.toml with the sign that is meant, or export numbers without signs between thousands.",
            )
    return signs


def _date_format(
    group: _Group, fit: Fit, looks: dict[str, ColumnLook], choice: _Choice
) -> tuple[str, list[str]]:
    """The one date format of the source's date columns, found in the whole of them."""
    columns = [looks[name] for name in _of_kinds(fit, "moment", "date")]
    if not columns:
        return ISO, []
    if choice.date_format and not all(look.date_formats == (ISO,) for look in columns):
        return choice.date_format, []
    found = {look.name: _format_of(group, look) for look in columns}
    leading = found[columns[0].name]
    notes = [
        f"'{name}' is written as {other}, unlike '{columns[0].name}' ({leading}): leave it out, or export it alike"
        for name, other in found.items()
        if other != leading
    ]
    return leading, notes


def _format_of(group: _Group, look: ColumnLook) -> str:
    readings = {form.replace("%B", "%b"): form for form in look.date_formats}
    if len(readings) == 1:
        return look.date_formats[0]
    check = DateCheck(look.name, tuple(readings.values()))
    _whole(group, [check])
    return decide(f"{group.files[0]}, column '{look.name}'", dict(check.counts), check.rows, check.example)


def _refund_rule(candidate: _Candidate, choice: _Choice) -> tuple[Condition | None, list[str]]:
    if choice.profile == "bank":
        return None, []
    places = candidate.fit.places
    value = places.get("quantity") or places.get("amount")
    states = [ValueCount(name) for name in candidate.group.columns if plain_name(name) in _KIND_NAMES | _STATE_NAMES and name not in places.values()]
    prefix = PrefixCheck(places["order_id"], value) if "order_id" in places and value else None
    checks = [*states, *([prefix] if prefix else [])]
    if checks:
        _whole(candidate.group, checks)
    rule, notes = _rule_by_word(states)
    if prefix and (found := prefix.refund_prefix()):
        letters, rows = found
        told = f"{plain_name(places['order_id']).split('_')[0]}s starting with {letters} are cancellations: {rows:,} rows"
        return rule or Condition(column=places["order_id"], starts_with=letters), [*notes, told]
    return rule, notes


def _rule_by_word(columns: Sequence[ValueCount]) -> tuple[Condition | None, list[str]]:
    rule, notes = None, []
    for column in columns:
        refunds = sorted(word for word in column.counts if plain_name(word) in _REFUND_WORDS)
        cancelled = sorted(word for word in column.counts if plain_name(word) in _CANCEL_WORDS)
        if refunds and plain_name(column.column) in _KIND_NAMES and rule is None:
            rows = sum(column.counts[word] for word in refunds)
            rule = Condition(column=column.column, equals=tuple(refunds))
            notes.append(f"rows whose '{column.column}' is {' or '.join(refunds)} are refunds: {rows:,} rows")
        elif cancelled or refunds:
            words = [*cancelled, *refunds]
            rows = sum(column.counts[word] for word in words)
            notes.append(f"'{column.column}' holds {' and '.join(words)} ({rows:,} rows): they count as sales unless you leave them out of the export")
    return rule, notes


def _writing_notes(group: _Group, signs: NumberSigns) -> list[str]:
    notes = []
    if group.reading.encoding == "cp1252":
        notes.append("the text is not UTF-8 and is read as cp1252 (Western European); if names look wrong, set another encoding")
    if signs.decimal == ",":
        notes.append("numbers are written with a decimal comma")
    return notes


def _amount_notes(fit: Fit) -> list[str]:
    if fit.table is not TRANSACTIONS or "amount" in fit.places:
        return []
    return [f"the amount of a row is {fit.places['quantity']} × {fit.places['unit_price']}"]


def _currency(chosen: Sequence[_Candidate], choice: _Choice) -> tuple[str, list[str]]:
    """The contract's currency: as given, else as the transactions say, else the euro, with a note."""
    told = _currencies_told(chosen)
    if choice.currency:
        others = sorted(told - {choice.currency})
        note = f"the transactions are in {', '.join(others)}, the currency given is {choice.currency}: rows in another currency are set aside"
        return choice.currency, [note] if others else []
    if len(told) == 1:
        return next(iter(told)), []
    if told:
        return sorted(told)[0], [f"the transactions name {len(told)} currencies ({', '.join(sorted(told))}); only one can be counted"]
    return DEFAULT_CURRENCY, [f"no column names a currency: {DEFAULT_CURRENCY} is assumed"]


def _currencies_told(chosen: Sequence[_Candidate]) -> set[str]:
    told: set[str] = set()
    for candidate in chosen:
        if candidate.fit.table is not TRANSACTIONS:
            continue
        places = candidate.fit.places
        looks = {look.name: look for look in candidate.group.looks}
        if "currency" in places:
            told |= {value for value in looks[places["currency"]].values if len(value) == 3 and value.isupper()}
        for name in ("amount", "unit_price"):
            if name in places:
                signs = {sign for value in looks[places[name]].values[:200] for sign in value if sign in SYMBOLS}
                told |= {SYMBOLS[sign] for sign in signs}
    return told


