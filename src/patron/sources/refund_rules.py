"""How an export marks cancellations and refunds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from patron.settings import Condition
from patron.sources.candidates import show_whole
from patron.sources.column_looks import Check, PrefixCheck, ValueCount
from patron.sources.column_names import plain_name
from patron.sources.proposal import Candidate, Choice

_REFUND_WORDS: Final = frozenset(
    [
        "refund",
        "refunds",
        "return",
        "returns",
        "returned",
        "credit_note",
        "creditnote",
        "storno",
        "retoure",
        "ruckgabe",
        "rueckgabe",
        "gutschrift",
        "remboursement",
        "retour",
        "avoir",
        "devolucion",
        "reembolso",
        "reso",
        "rimborso",
        "vratka",
        "dobropis",
        "zwrot",
    ]
)
_CANCEL_WORDS: Final = frozenset(
    [
        "cancelled",
        "canceled",
        "cancellation",
        "cancel",
        "void",
        "voided",
        "failed",
        "refunded",
        "storniert",
        "annule",
        "cancelado",
        "annullato",
    ]
)
_KIND_NAMES: Final = frozenset(
    ["type", "kind", "transaction_type", "order_type", "line_type", "row_type", "art", "typ", "tipo", "record_type"]
)
_STATE_NAMES: Final = frozenset(["status", "state", "order_status", "financial_status", "payment_status"])


def refund_rule(candidate: Candidate, choice: Choice) -> tuple[Condition | None, list[str]]:
    if choice.profile == "bank":
        return None, []
    places = candidate.fit.places
    value = places.get("quantity") or places.get("amount")
    states = [
        ValueCount(name)
        for name in candidate.group.columns
        if plain_name(name) in _KIND_NAMES | _STATE_NAMES and name not in places.values()
    ]
    prefix = PrefixCheck(places["order_id"], value) if "order_id" in places and value else None
    checks: list[Check] = [*states, *([prefix] if prefix else [])]
    if checks:
        show_whole(candidate.group, checks)
    rule, notes = _rule_by_word(states)
    if prefix and (found := prefix.refund_prefix()):
        letters, rows = found
        told = (
            f"{plain_name(places['order_id']).split('_')[0]}s starting with {letters} are cancellations: {rows:,} rows"
        )
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
            notes.append(
                f"'{column.column}' holds {' and '.join(words)} ({rows:,} rows): they count as sales unless you leave them out of the export"
            )
    return rule, notes
