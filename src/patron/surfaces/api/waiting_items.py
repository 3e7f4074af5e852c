"""Everything that waits for a person in a scope: customers of the release, and records that the last run left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from patron.governance.reviews.review import Item, Review, reviews_of
from patron.governance.state.opened import now_in_microseconds
from patron.quality.decision_log import logged_decisions
from patron.quality.decisions import Decision
from patron.quality.waiting_file import WaitingRecord, WaitingRecords, read_waiting
from patron.reports.served.view import View
from patron.reports.served.waiting import WaitingCustomer, waiting_customers
from patron.surfaces.api.routes.accounts import moment
from patron.surfaces.api.serving import Serving

RECORD: Final = "record"
OF_CUSTOMERS: Final = ("confirm", "dismiss")
OF_RECORDS: Final = ("accept", "drop")


@dataclass(frozen=True)
class Waits:
    """Something that waits, with what the state knows of it; ``decided`` is the queue's own decision on a record."""

    item: Item
    thing: WaitingCustomer | WaitingRecord
    review: Review
    decided: Decision | None = None

    @property
    def is_open(self) -> bool:
        return self.decided is None if isinstance(self.thing, WaitingRecord) else not self.review.is_decided

    @property
    def value(self) -> float | None:
        return None if isinstance(self.thing, WaitingRecord) else self.thing.value

    @property
    def may(self) -> tuple[str, ...]:
        """What can be decided over the API."""
        if isinstance(self.thing, WaitingRecord):
            return tuple(verdict for verdict in OF_RECORDS if verdict in self.thing.may)
        return OF_CUSTOMERS

    def is_overdue(self, days: int) -> bool:
        return self.is_open and self.review.is_overdue(days, now_in_microseconds())

    def place(self, days: int) -> tuple[int, int, str]:
        """Where it stands in a list: the first that is due first, then what is most."""
        return self.review.due_at(days), -round((self.value or 0.0) * 100), self.item.id

    def told(self, days: int) -> dict[str, Any]:  # Any: JSON
        return {
            "id": self.item.id,
            "kind": self.item.kind,
            "subject": self.item.subject,
            "why": _why(self.thing),
            "value": self.value,
            "status": "open" if self.is_open else "decided",
            "owner": self.review.owner,
            "first_seen": moment(self.review.first_seen),
            "due_at": moment(self.review.due_at(days)),
            "overdue": self.is_overdue(days),
            "may": list(self.may) if self.is_open else [],
            **self._decision(),
        }

    def _decision(self) -> dict[str, str | None]:
        if self.decided is not None:
            at = moment(int(self.decided.decided_at.timestamp() * 1e6))
            one = self.decided
            return {"verdict": one.verdict, "because": one.because, "decided_by": one.by, "decided_at": at}
        at_or_none = None if self.review.decided_at is None else moment(self.review.decided_at)
        words = {name: getattr(self.review, name) for name in ("verdict", "because", "decided_by")}
        return words | {"decided_at": at_or_none}


def everything_waiting(serving: Serving, view: View) -> list[Waits]:
    """What waits in a scope, in the order of a list. Records are of the whole business: who is held to branches sees none."""
    settings = serving.reviews
    found: list[tuple[Item, WaitingCustomer | WaitingRecord]] = [
        (Item(one.kind, one.customer_id, one.about), one)
        for one in waiting_customers(view, most=settings.most_of_a_kind, least_change=settings.least_change)
    ]
    last: dict[str, Decision] = {}
    left = read_waiting(serving.workspace) if view.is_whole else None
    if left:
        last = _decided_since(serving, left)
        found += [(Item(RECORD, one.entry, _undone(last.get(one.entry))), one) for one in left.records]
    decided = {entry: one for entry, one in last.items() if one.verdict != "undo"}
    reviews = reviews_of(serving.state, [item for item, _ in found])
    waits = [Waits(item, thing, reviews[item.id], decided.get(item.subject)) for item, thing in found]
    return sorted(waits, key=lambda one: one.place(settings.due_days))


def _decided_since(serving: Serving, left: WaitingRecords) -> dict[str, Decision]:
    """What was last decided, or taken back, on records since the run that left them."""
    return {one.entry: one for one in logged_decisions(serving.workspace) if one.decided_at > left.written_at}


def _undone(last: Decision | None) -> str:
    """What a decision on a record is about: one that was taken back does not stand for the next."""
    return f"undone {last.number}" if last is not None and last.verdict == "undo" else "as it came"


def _why(thing: WaitingCustomer | WaitingRecord) -> str:
    if isinstance(thing, WaitingCustomer):
        return thing.why
    return f"{thing.reason}: {thing.detail} ({thing.source}, {thing.file}, line {thing.line})"
