"""What a profile suggests, in words: what is the case, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Final

from patron.quality.profile.findings import Advice, ColumnProfile, Dates, Numbers, Shift, TableProfile, Texts
from patron.quality.profile.looks import PERSONAL

_ORDER: Final = ("mend", "look", "know")
_NEARLY_EMPTY: Final = 0.99
_MUCH_MISSING: Final = 0.2
_NEARLY_CONSTANT: Final = 0.995
_NEARLY_KEY: Final = 0.999
_ODD_SHAPE: Final = 0.05
_FAR: Final = 20.0
_FEW_NEGATIVES: Final = 0.02
_MANY_ZEROS: Final = 0.2
_SAME: Final = 0.98
_MOST_PAIRS: Final = 6
_PLACEHOLDERS: Final = frozenset({-1, 99, 999, 9999, 99999, 999999, -99, -999, -9999})
_PLACEHOLDER_SHARE: Final = 0.005
_PLACEHOLDER_DAYS: Final = ("1900-01-01", "1970-01-01", "1753-01-01", "1899-12-30", "9999-12-31", "2099-12-31")
_LEAST_ROWS: Final = 20


def advice(profile: TableProfile, today: date, mixed_decimals: Collection[str] = ()) -> tuple[Advice, ...]:
    """Suggestions on a table, what should be mended first."""
    found = list(_on_table(profile))
    for column in profile.columns:
        found += _on_filling(column)
        found += _on_unread(column, mixed=column.name in mixed_decimals)
        if column.given and column.rows >= _LEAST_ROWS:
            found += _on_values(column, today)
        if column.shift is not None:
            found += _on_shift(column.name, column.shift)
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.level)))


def _on_table(profile: TableProfile) -> Iterator[Advice]:
    if not profile.rows:
        yield Advice("mend", "", "the table holds no rows", "Find out whether the feed broke.")
    if profile.equal_rows:
        yield Advice(
            "look",
            "",
            f"{profile.equal_rows:,} rows are equal to another in every column",
            "Find out whether they are repeats; a row id would tell.",
        )
    for key in [key for key in profile.keys if profile.column(key[0]).declared != "id"][:3]:
        alone = len(key) == 1
        yield Advice(
            "know",
            key[0] if alone else "",
            "looks like a key: no two rows share it" if alone else f"{' and '.join(key)} make a key together",
            "Declare it as row_id, or as the id that it is: then repeats and corrections can be told.",
        )
    yield from _on_pairs(profile)


def _on_pairs(profile: TableProfile) -> Iterator[Advice]:
    """The strongest pairs that tell the same, each once, and how many more there are."""
    same = {frozenset((pair.one, pair.other)): pair for pair in profile.pairs[::-1] if abs(pair.strength) >= _SAME}
    strongest = sorted(same.values(), key=lambda pair: (-abs(pair.strength), pair.one, pair.other))
    for pair in strongest[:_MOST_PAIRS]:
        measure = {"pearson": "Pearson", "spearman": "Spearman", "cramers_v": "Cramér's V"}[pair.measure]
        yield Advice(
            "know",
            pair.one,
            f"tells the same as {pair.other} ({measure} {pair.strength:.2f})",
            "Use one of them in a model, not both.",
        )
    if len(strongest) > _MOST_PAIRS:
        more = len(strongest) - _MOST_PAIRS
        yield Advice("know", "", f"{more} more pairs of columns tell the same", "They stand among what goes together.")


def _on_filling(column: ColumnProfile) -> Iterator[Advice]:
    if not column.rows:
        return
    share = column.missing_share
    if share == 1:
        yield Advice("mend", column.name, "is empty in every row", "Leave it out, or have the source fill it.")
    elif share >= _NEARLY_EMPTY:
        yield Advice(
            "mend", column.name, f"is {_share(share)} empty", "Leave it out, or find out why it is hardly ever filled."
        )
    elif share >= _MUCH_MISSING:
        yield Advice(
            "look", column.name, f"is empty in {_share(share)} of the rows",
            "Find out whether empty means 'none' or 'not known'; nothing is filled in for it.",
        )  # fmt: skip
    if column.distinct == 1 and column.given > 1:
        yield Advice(
            "know", column.name, f"always says '{column.top[0].value}'", "It tells nothing apart: leave it out."
        )
    elif column.top and column.given >= _LEAST_ROWS and column.top[0].rows >= _NEARLY_CONSTANT * column.given:
        yield Advice(
            "know", column.name,
            f"says '{column.top[0].value}' in {_share(column.top[0].rows / column.given)} of the rows that it is given in",
            "Too few others to learn from: look at those rows.",
        )  # fmt: skip


def _on_unread(column: ColumnProfile, *, mixed: bool) -> Iterator[Advice]:
    if mixed:
        yield Advice(
            "mend", column.name, "is written with a decimal comma in some rows and a decimal point in others",
            "Have it exported in one way: 1,500 can be read as both.",
        )  # fmt: skip
    if column.unread:
        examples = ", ".join(f"'{text}'" for text in column.unread_examples)
        such = f", such as {examples}" if examples else ""
        yield Advice(
            "mend", column.name, f"holds {column.unread:,} values that are no {column.seen}{such}",
            "Correct them in the source; rows with such a value are set aside where the column is needed.",
        )  # fmt: skip


def _on_values(column: ColumnProfile, today: date) -> Iterator[Advice]:
    if _NEARLY_KEY * column.given <= column.distinct < column.given == column.rows:
        yield Advice(
            "look", column.name,
            f"is different in all rows but {column.given - column.distinct:,}", "If it should be a key, look at those rows.",
        )  # fmt: skip
    yield from _on_placeholders(column)
    if column.numbers is not None:
        yield from _on_numbers(column, column.numbers)
    if column.texts is not None:
        yield from _on_texts(column, column.texts)
    if column.dates is not None:
        yield from _on_dates(column, column.dates, today)


def _on_placeholders(column: ColumnProfile) -> Iterator[Advice]:
    """Values that tools and people write for 'not known', where they stand apart from all others."""
    if column.numbers is None:
        return
    low, high = column.numbers.quantiles["0.25"], column.numbers.quantiles["0.75"]
    for value in column.top:
        number = float(value.value)
        apart = number < 0 <= column.numbers.quantiles["0.05"] or number > max(5 * high, high + 5 * (high - low))
        if number in _PLACEHOLDERS and apart and value.rows >= _PLACEHOLDER_SHARE * column.given:
            yield Advice(
                "look",
                column.name,
                f"says {number:g} in {value.rows:,} rows, far from all else",
                "Is that a number, or 'not known'?",
            )


def _on_numbers(column: ColumnProfile, numbers: Numbers) -> Iterator[Advice]:
    high, low = numbers.quantiles["0.99"], numbers.quantiles["0.01"]
    if high > 0 and numbers.most > _FAR * high:
        yield Advice(
            "look", column.name, f"reaches {numbers.most:,.6g}, {numbers.most / high:,.0f} times what 99 % stay below",
            "Look at the largest; one order in another unit would look so.",
        )  # fmt: skip
    if low < 0 and numbers.least < _FAR * low:
        yield Advice(
            "look", column.name, f"goes down to {numbers.least:,.6g}, far below what 99 % stay above",
            "Look at the smallest: a cancellation of something huge?",
        )  # fmt: skip
    if 0 < numbers.negatives < _FEW_NEGATIVES * column.given:
        yield Advice(
            "look", column.name, f"is negative in {numbers.negatives:,} rows", "Refunds? Then say so with refund_when."
        )
    if _MANY_ZEROS * column.given < numbers.zeros < column.given:
        yield Advice(
            "look", column.name, f"is zero in {_share(numbers.zeros / column.given)} of the rows",
            "Find out whether zero means 'nothing' or 'not known'.",
        )  # fmt: skip


def _on_texts(column: ColumnProfile, texts: Texts) -> Iterator[Advice]:
    if texts.holds in PERSONAL:
        yield Advice("know", column.name, f"holds {texts.holds}: personal data", "Map it only if you need it.")
    if texts.padded:
        yield Advice(
            "know",
            column.name,
            f"has spaces around {texts.padded:,} values",
            "Patron takes them off; other tools may not.",
        )
    if texts.variants:
        shown = "; ".join(" = ".join(same) for same in texts.variants[:3])
        more = f" and {len(texts.variants) - 3} more" if len(texts.variants) > 3 else ""
        yield Advice("look", column.name, f"spells the same in several ways: {shown}{more}", "Agree on one spelling.")
    odd = [one for one in texts.patterns[1:] if one.share < _ODD_SHAPE]
    if texts.patterns and texts.patterns[0].share >= 1 - _ODD_SHAPE and odd:
        main = texts.patterns[0]
        yield Advice(
            "look", column.name, f"looks like {main.example} in {_share(main.share)} of the rows, but also like {odd[0].example}",
            "Look at those that differ.",
        )  # fmt: skip


def _on_dates(column: ColumnProfile, dates: Dates, today: date) -> Iterator[Advice]:
    if dates.last > today.isoformat():
        yield Advice(
            "mend",
            column.name,
            f"reaches into the future, to {dates.last}",
            "Look at its format: day and month may be swapped.",
        )
    for value in column.top:
        if value.value[:10] in _PLACEHOLDER_DAYS and value.rows > 1:
            yield Advice(
                "look",
                column.name,
                f"says {value.value[:10]} in {value.rows:,} rows",
                "That is how tools write 'not known'.",
            )
    for gap in dates.gaps[:2]:
        yield Advice(
            "look", column.name, f"has no row for {gap.days:,} days between {gap.after} and {gap.before}",
            "Closed, or is a file missing?",
        )  # fmt: skip
    if len(dates.months) >= 3 and column.given >= 1000:
        yield from _on_last_month(column.name, dates)


def _on_last_month(name: str, dates: Dates) -> Iterator[Advice]:
    earlier = sorted(month.rows for month in dates.months[:-1])
    usual = earlier[len(earlier) // 2]
    if dates.last[8:] >= "25" and dates.months[-1].rows < 0.3 * usual:
        yield Advice(
            "look", name, f"thins out: {dates.months[-1].rows:,} rows in {dates.months[-1].value}, where {usual:,} are usual",
            "Is the last export whole?",
        )  # fmt: skip
    elif dates.last[8:] < "25":
        yield Advice(
            "know", name, f"stops on {dates.last}, within a month", "Its last month is not whole: compare it with none."
        )


def _on_shift(name: str, shift: Shift) -> Iterator[Advice]:
    if shift.moved:
        yield Advice(
            "look", name, f"is spread otherwise in the newest batch than before (index {shift.index:.2f}, where {shift.index_limit:.2f} may be chance)",
            "Look at what changed in the source.",
        )  # fmt: skip
    if shift.missing_now - shift.missing_before > 0.05:
        yield Advice(
            "mend", name, f"is empty in {_share(shift.missing_now)} of the newest batch, and was in {_share(shift.missing_before)} before",
            "Ask who exports it.",
        )  # fmt: skip
    if shift.new_values:
        told = ", ".join(f"'{value.value}'" for value in shift.new_values[:3])
        yield Advice(
            "know", name, f"has values in the newest batch that never came before: {told}", "New, or misspelt?"
        )
    if shift.gone_values:
        told = ", ".join(f"'{value.value}'" for value in shift.gone_values[:3])
        yield Advice(
            "look", name, f"lacks values in the newest batch that used to come: {told}", "Is a part of it missing?"
        )


def _share(part: float) -> str:
    """A share in whole per cents, but never 100 % of what is not all."""
    if 0.99 < part < 1:
        return f"{min(part, 0.9999):.2%}".replace("%", " %")
    return f"{part:.0%}".replace("%", " %") if part >= 0.01 else f"{part:.1%}".replace("%", " %")
