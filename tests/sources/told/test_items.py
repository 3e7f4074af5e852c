"""What is told is parsed at the door, or refused with the reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from patron.sources.told.event import TOLD_TABLES
from patron.sources.told.items import ItemRefused, Terms, event_of, item_schema

TERMS = Terms("EUR", date(2000, 1, 1), datetime(2026, 11, 1, 12, tzinfo=UTC))
BOUGHT: dict[str, Any] = {  # Any: JSON
    "event_id": "1", "customer_id": "ann", "occurred_at": "2026-10-31T23:30:00-02:00", "amount": 10.5,
}  # fmt: skip


def told(told_as: str = "transactions", **changes: Any) -> Any:  # Any: an event
    return event_of(told_as, BOUGHT | changes, TERMS)


def test_equal_values_make_one_content_however_they_are_written() -> None:
    one = told(amount=10.5, quantity="2")
    for other in (
        told(amount="10.50", quantity=2),
        told(amount="10.5000", quantity="2.0", occurred_at="2026-11-01T01:30:00"),
    ):
        assert (other.content, other.body) == (one.content, {"amount": "10.5", "quantity": "2"})
    assert told(amount=10.51).content != one.content
    assert told(amount=100).body == {"amount": "100"}
    assert told(amount="-0.00").body == {"amount": "0"}
    assert one.occurred_at == int(datetime(2026, 11, 1, 1, 30, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "NaN"}, "amount"), ({"amount": float("inf")}, "amount"), ({"amount": "1e40"}, "amount"),
        ({"amount": 10**12}, "trillion"), ({"amount": None}, "amount: missing"), ({"amount": "1.00001"}, "amount"),
        ({"occurred_at": 1790000000}, "text such as"), ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "2026-11-01T12:05:01Z"}, "not happened yet"), ({"occurred_at": None}, "occurred_at: missing"),
        ({"occurred_at": "1999-12-31"}, "quality.earliest"), ({"currency": "USD"}, "EUR"), ({"version": 0}, "version"),
        ({"version": "2"}, "version"), ({"event_id": ""}, "event_id"), ({"event_id": "a\0b"}, "event_id"),
        ({"customer_id": "x" * 201}, "customer_id"), ({"customer_id": "\ud800"}, "customer_id"), ({"deleted": 1}, "deleted"),
        ({"FutureRevenue": 5}, "FutureRevenue"), ({"row_id": "7"}, "row_id"), ({"known_at": "2026-10-31"}, "known_at"),
    ],
)  # fmt: skip
def test_what_cannot_be_believed_is_refused_by_its_field(changes: dict[str, Any], words: str) -> None:  # Any: JSON
    with pytest.raises(ItemRefused, match=words):
        told(**changes)


@pytest.mark.parametrize("item", [None, 5, "text", [], {}])
def test_what_is_no_item_is_refused(item: object) -> None:
    with pytest.raises(ItemRefused):
        event_of("transactions", item, TERMS)


def test_clocks_may_be_five_minutes_ahead() -> None:
    assert told(occurred_at="2026-11-01T12:04:59Z").occurred_at


def test_a_deletion_needs_its_id_and_customer_only() -> None:
    gone = event_of("transactions", {"event_id": "1", "customer_id": "ann", "version": 2, "deleted": True}, TERMS)
    assert (gone.deleted, gone.body, gone.version) == (True, {}, 2)


def test_each_table_tells_its_own_columns() -> None:
    click = {"event_id": "1", "customer_id": "ann", "occurred_at": "2026-10-31", "kind": "click", "value": 3}
    assert event_of("engagements", click, TERMS).body == {"kind": "click", "value": "3"}
    who = {"event_id": "1", "customer_id": "ann", "birth_date": "1980-02-29", "country": "CH"}
    assert event_of("customers", who, TERMS).body == {"birth_date": "1980-02-29", "country": "CH"}
    contact = {
        "event_id": "1",
        "customer_id": "ann",
        "campaign_id": "c",
        "held_out": True,
        "contacted_at": "2026-10-31T10:00:00",
    }
    assert event_of("contacts", contact, TERMS).body["held_out"] == "true"
    with pytest.raises(ItemRefused, match="customer_id"):
        event_of("customers", {"event_id": "1"}, TERMS)
    for table in TOLD_TABLES:
        assert item_schema(table)["additionalProperties"] is False
