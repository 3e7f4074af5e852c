"""A customer now: what the release said, moved by what came since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patron.live.basis import Basis
from patron.live.closed_form import Worth
from patron.live.holding import holding
from patron.live.money import counted
from patron.live.statistics import Known, Moved, Statistics, statistics, with_moves
from patron.settings import Value
from patron.sources.told.event import Event

DAY: Final = 86_400_000_000
TRANSACTIONS, ENGAGEMENTS = "transactions", "engagements"
MOVING: Final = (TRANSACTIONS, ENGAGEMENTS)
"""The tables whose events tell something of a customer at once."""


@dataclass(frozen=True)
class LiveCustomer:
    """A customer of whom something came since the release.

    ``statistics`` are as of ``as_of_day``. ``expected_value`` is what the closed form makes of them where it makes the release's
    scores; beside another champion it is the published value, moved by as much as the closed form moved. None, with
    ``waits_because``, where a run must come first. ``engaged_at`` is in microseconds since 1970.
    """

    customer_id: str
    is_new: bool
    events: int
    as_of_day: int
    statistics: Statistics | None
    expected_value: float | None
    probability_alive: float | None
    model: str | None
    moved_from: float | None
    engagements: int = 0
    engaged_at: int | None = None
    branch: str | None = None
    waits_because: str | None = None


def live_customer(
    basis: Basis, customer_id: str, events: Sequence[Event], published: float | None, as_of_day: int, contract: Value
) -> LiveCustomer | None:
    """What the events of a customer make of them; None where none of them came since the release.

    ``published`` is the customer's expected value in the release, None for one whom it does not have.
    """
    moves = [event for event in events if event.told_as == TRANSACTIONS]
    came, gone = holding(moves, basis.reached)
    engaged = [event for event in events if event.told_as == ENGAGEMENTS and not event.deleted]
    since = [event for event in moves if event.place > basis.reached]
    if not since and not engaged:
        return None
    known, waits = basis.known(customer_id), ""
    if gone:
        waits = "an event that the release was made from has been corrected; the next run counts it"
    elif came:
        known = with_moves(known, [moved(event, contract) for event in came])
    told = None if known is None or waits else statistics(known, as_of_day)
    worth = basis.closed_form.worth(told, as_of_day) if told and basis.closed_form else None
    before = _before(basis, customer_id)
    return LiveCustomer(
        customer_id=customer_id,
        is_new=basis.known(customer_id) is None,
        events=len(since) + len(engaged),
        as_of_day=as_of_day,
        statistics=told,
        expected_value=_value(basis, worth, before, published),
        probability_alive=worth.probability_alive if worth else None,
        model=basis.closed_form.name if worth and basis.closed_form else None,
        moved_from=published,
        engagements=len(engaged),
        engaged_at=max((event.occurred_at or 0 for event in engaged), default=None),
        branch=next((event.body["branch_id"] for event in reversed(came) if "branch_id" in event.body), None),
        waits_because=waits or _why_none(told, basis),
    )


def moved(event: Event, contract: Value) -> Moved:
    """What a told transaction counts for."""
    amount = event.body["amount"]
    order = event.body.get("order_id", f"\0{event.event_id}")  # without an order, each row is one
    is_purchase = not amount.startswith("-") and any(sign in "123456789" for sign in amount)
    return Moved(day_of_event(event), order, counted(event.body, contract), is_purchase)


def day_of_event(event: Event) -> int:
    """The day, from 1970 on in UTC, on which an event happened."""
    return (event.occurred_at or 0) // DAY


def _before(basis: Basis, customer_id: str) -> Worth | None:
    """What the closed form made of the customer on the release's own day."""
    known: Known | None = basis.known(customer_id)
    if known is None or basis.closed_form is None or basis.closed_form.makes_the_scores:
        return None
    return basis.closed_form.worth(statistics(known, basis.as_of_day), basis.as_of_day)


def _value(basis: Basis, now: Worth | None, before: Worth | None, published: float | None) -> float | None:
    if now is None or basis.closed_form is None:
        return None
    if basis.closed_form.makes_the_scores or before is None or published is None:
        return now.expected_value
    return max(0.0, round(published + now.expected_value - before.expected_value, 4))


def _why_none(told: Statistics | None, basis: Basis) -> str | None:
    if told is not None and basis.closed_form is None:
        return "the release's model has no closed form; the next run values what came"
    return None
