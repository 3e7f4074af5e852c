"""Which declared table a file's columns fit, and which column is which, with a confidence for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from patron.sources.column_looks import ColumnLook
from patron.sources.column_names import (
    ENGAGEMENT_WORDS,
    NAMES,
    PARTLY,
    PURCHASE_WORDS,
    name_score,
    names_other_days,
    plain_name,
)
from patron.tables import TRANSACTIONS, Column, Table, source_table

LEAST_CONFIDENCE: Final = 0.5
# How sure it is that the only column of days says when, if its name does not.
ONLY_DAY: Final = 0.55
# The order in which tables are tried: those that need more come first.
ORDER: Final = (
    "transactions",
    "engagements",
    "contacts",
    "campaigns",
    "subscriptions",
    "customers",
    "reviews",
    "products",
    "branches",
)
# What a table needs beyond its required columns to be worth reading: one column of each group.
_NEEDS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "transactions": (("customer_id",),),
    "engagements": (("customer_id",),),
    "reviews": (("rating", "text"), ("customer_id", "product_id")),
    "campaigns": (("campaign_name", "started_on", "ended_on", "channel"),),
    "subscriptions": (("plan", "price", "period", "ended_on"),),
    "customers": (
        (
            "acquired_on",
            "birth_date",
            "gender",
            "country",
            "region",
            "postcode",
            "branch_id",
            "acquisition_channel",
            "plan",
        ),
    ),
    "products": (("product_name", "category", "brand"),),
    "branches": (("branch_name", "region", "country"),),
}
# The tables whose key must be unique in the file, and that key.
UNIQUE_KEY: Final = {
    "campaigns": "campaign_id",
    "customers": "customer_id",
    "products": "product_id",
    "branches": "branch_id",
}


@dataclass(frozen=True)
class Guess:
    """A declared column and the source's column that seems to be it."""

    column: str
    source_column: str
    confidence: float


@dataclass(frozen=True)
class Fit:
    """A table that a file can fill, and how."""

    table: Table
    guesses: tuple[Guess, ...]

    @property
    def places(self) -> dict[str, str]:
        """Patron's column = the source's column."""
        return {guess.column: guess.source_column for guess in self.guesses}


def possible_fits(looks: Sequence[ColumnLook], profile: str) -> list[Fit]:
    """The tables that these columns can fill, the most demanding first; what must be unique is not yet checked."""
    fits = [Fit(source_table(name), _guesses(source_table(name), looks, profile)) for name in ORDER]
    enough = [fit for fit in fits if _is_enough(fit)]
    return [fit for fit in enough if fit.table is not TRANSACTIONS or not _is_engagement_log(enough, looks)]


def _is_engagement_log(fits: Sequence[Fit], looks: Sequence[ColumnLook]) -> bool:
    """Whether what happened is told by words such as open and click: then a column called value is no money."""
    log = next((fit for fit in fits if fit.table.name == "engagements"), None)
    if log is None:
        return False
    kinds = next(look for look in looks if look.name == log.places["kind"])
    words = {part for value in kinds.values for part in plain_name(value).split("_")}
    return bool(words & ENGAGEMENT_WORDS) and not words & PURCHASE_WORDS


def nearest_lack(looks: Sequence[ColumnLook], profile: str) -> str:
    """What a file lacks to be transactions, in words."""
    have = {guess.column for guess in _guesses(TRANSACTIONS, looks, profile)}
    wants = {"customer_id": "who bought", "occurred_at": "when", "amount": "how much"}
    lacks = [
        words
        for column, words in wants.items()
        if column not in have and not (column == "amount" and {"quantity", "unit_price"} <= have)
    ]
    return f"no column says {' or '.join(lacks)}" if lacks else "its columns fit no table for certain"


def _is_enough(fit: Fit) -> bool:
    have = set(fit.places)
    required = set(fit.table.required) - ({"amount"} if {"quantity", "unit_price"} <= have else set())
    return required <= have and all(have & set(group) for group in _NEEDS.get(fit.table.name, ()))


def _guesses(table: Table, looks: Sequence[ColumnLook], profile: str) -> tuple[Guess, ...]:
    """Each declared column takes the source column that fits it best, and none takes another's."""
    ranked = sorted(
        (
            (_score(table, column, look, profile), -number, -place, column, look)
            for number, column in enumerate(table.columns)
            for place, look in enumerate(looks)
        ),
        key=lambda entry: entry[:3],
        reverse=True,
    )
    taken: dict[str, Guess] = {}
    used: set[str] = set()
    for score, _, _, column, look in ranked:
        if score >= LEAST_CONFIDENCE and column.name not in taken and look.name not in used:
            taken[column.name] = Guess(column.name, look.name, round(score, 2))
            used.add(look.name)
    if table is TRANSACTIONS and "occurred_at" not in taken and (only := _only_day(looks, used)):
        taken["occurred_at"] = Guess("occurred_at", only.name, ONLY_DAY)
    chosen = _prices_settled(taken, looks) if table is TRANSACTIONS else taken
    return tuple(chosen[name] for name in table.names if name in chosen)


def _only_day(looks: Sequence[ColumnLook], used: set[str]) -> ColumnLook | None:
    """The one column of days, whatever it is called, unless its name says that they are other days."""
    occurred = TRANSACTIONS.column("occurred_at")
    days = [look for look in looks if look.filled and look.name not in used and _evidence(occurred, look)]
    return days[0] if len(days) == 1 and not names_other_days(days[0].name) else None


def _score(table: Table, column: Column, look: ColumnLook, profile: str) -> float:
    """Name times evidence; 0 where the values deny the name."""
    if not look.filled:
        return 0.0
    name = name_score(table.name, column.name, look.name)
    if column.name == "occurred_at" and name <= PARTLY and names_other_days(look.name):
        return 0.0
    if profile == "bank" and column.name == "customer_id" and plain_name(look.name).startswith("account"):
        name = min(name + 0.1, 0.99)
    return name * _evidence(column, look)


def _evidence(column: Column, look: ColumnLook) -> float:
    match column.kind:
        case "moment" | "date":
            return 1.0 if look.is_day and not (look.is_number and look.date_formats[0] != "%Y%m%d") else 0.0
        case "money" | "quantity":
            return 1.0 if look.is_number else 0.0
        case "id":
            return _evidence_of_id(look)
        case "flag":
            return 1.0 if look.distinct <= 2 else 0.0
        case _:
            return 0.0 if look.is_day and not look.is_number else 1.0


def _evidence_of_id(look: ColumnLook) -> float:
    """Ids are words or whole numbers, never fractions, days or nested objects."""
    if any(value[:1] in "{[" for value in look.values):
        return 0.0
    if look.is_day and not look.is_number:
        return 0.0
    return 1.0 if look.is_whole_number or not look.is_number else 0.3


def _prices_settled(taken: Mapping[str, Guess], looks: Sequence[ColumnLook]) -> dict[str, Guess]:
    """A column called just 'price' is a unit price beside a quantity, and the amount where there is none."""
    chosen = dict(taken)
    price, amount = chosen.get("unit_price"), chosen.get("amount")
    if price and "quantity" not in chosen:
        del chosen["unit_price"]
        if amount is None:
            chosen["amount"] = Guess("amount", price.source_column, round(price.confidence * 0.8, 2))
    elif amount and not price and "quantity" in chosen and _only_a_price(amount):
        del chosen["amount"]
        chosen["unit_price"] = Guess("unit_price", amount.source_column, amount.confidence)
    return _ids_settled(chosen, looks)


def _only_a_price(guess: Guess) -> bool:
    name = plain_name(guess.source_column)
    return name in NAMES["transactions"]["unit_price"].split()


def _ids_settled(taken: Mapping[str, Guess], looks: Sequence[ColumnLook]) -> dict[str, Guess]:
    """An id called a transaction's marks the row where it is unique, and the order where it is not."""
    chosen = dict(taken)
    by_name = {look.name: look for look in looks}
    row, order = chosen.get("row_id"), chosen.get("order_id")
    if row and not by_name[row.source_column].unique:
        del chosen["row_id"]
        if order is None:
            chosen["order_id"] = Guess("order_id", row.source_column, row.confidence)
    return chosen
