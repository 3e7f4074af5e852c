"""Which currency a workspace's transactions are in, as far as they tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from patron.sources.proposal import Candidate, Choice
from patron.tables import TRANSACTIONS

DEFAULT_CURRENCY: Final = "EUR"
SYMBOLS: Final = {"£": "GBP", "€": "EUR", "₹": "INR", "₺": "TRY", "₩": "KRW"}


def contract_currency(chosen: Sequence[Candidate], choice: Choice) -> tuple[str, list[str]]:
    """The contract's currency: as given, else as the transactions say, else the euro, with a note."""
    told = _currencies_told(chosen)
    if choice.currency:
        others = sorted(told - {choice.currency})
        note = f"the transactions are in {', '.join(others)}, the currency given is {choice.currency}: rows in another currency are set aside"
        return choice.currency, [note] if others else []
    if len(told) == 1:
        return next(iter(told)), []
    if told:
        return sorted(told)[0], [
            f"the transactions name {len(told)} currencies ({', '.join(sorted(told))}); only one can be counted"
        ]
    return DEFAULT_CURRENCY, [f"no column names a currency: {DEFAULT_CURRENCY} is assumed"]


def _currencies_told(chosen: Sequence[Candidate]) -> set[str]:
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
