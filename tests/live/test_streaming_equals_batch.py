"""Streaming equals batch: events told one by one give the statistics and the scores that a full run over them gives."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from patron import run
from patron.governance.state.opened import FILE_NAME, now_in_microseconds, open_state
from patron.live.closed_form import PROCESSES, closed_form_of
from patron.live.now import LiveValues
from patron.live.statistics import Statistics
from patron.live.value import DAY
from patron.periods import day_number
from patron.releases.contents import Release, load_release
from patron.settings import FILE_NAME as SETTINGS_FILE
from patron.settings import read_settings
from patron.sources.told.event import Event
from patron.sources.told.log import keep

LAST_DAY = date(2026, 6, 30)
SETTINGS = """
[value]
horizon = "90 days"
[quality]
history = "warn"
[sources.orders]
table = "transactions"
files = "orders.csv"
columns = { customer_id = "who", occurred_at = "when", amount = "amount", order_id = "order" }
[sources.told]
table = "transactions"
connector = "told"
options = { table = "transactions" }
row_id = "event_id"
row_version = "version"
deleted_when = { column = "deleted", equals = ["yes"] }
columns = { customer_id = "customer_id", occurred_at = "occurred_at", amount = "amount", order_id = "order_id" }
"""


def write_history(folder: Path) -> None:
    """Orders of 400 customers over eighteen months."""
    rng = random.Random(1)  # noqa: S311
    rows = ["who,when,amount,order"]
    for customer in range(400):
        day = date(2025, 1, 1) + timedelta(days=rng.randrange(300))
        for order in range(1 + int(rng.expovariate(0.3))):
            rows.append(f"c{customer:04},{day},{rng.uniform(5, 90):.2f},o{customer}-{order}")
            day = min(day + timedelta(days=rng.randrange(1, 60)), LAST_DAY)
    (folder / "orders.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / SETTINGS_FILE).write_text(SETTINGS, "utf-8")


def told_events() -> list[Event]:
    """Purchases, refunds, corrections and deletions of customers old and new, late and repeated, in no order."""
    rng = random.Random(5)  # noqa: S311
    told = []
    for number in range(3_000):
        when = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, tzinfo=UTC)
        when += timedelta(
            days=rng.randrange(1, 20) - rng.choice((0, 0, 1, 3, 10, 100, 300)), seconds=rng.randrange(86_400)
        )
        moment = int(when.timestamp()) * 1_000_000
        body = {"amount": f"{rng.choice((1, 1, 1, -1)) * rng.uniform(1, 60):.2f}"}
        if rng.random() < 0.5:
            body["order_id"] = f"n{number}"
        event = Event("transactions", f"e{number}", f"c{rng.randrange(420):04}", body, moment)
        told.append(event)
        if rng.random() < 0.3:
            told.append(event)
        if rng.random() < 0.1:
            body = body | {"amount": f"{rng.uniform(1, 60):.2f}"}
            told.append(Event("transactions", event.event_id, event.customer_id, body, moment + DAY, version=2))
        if rng.random() < 0.05:
            told.append(Event("transactions", event.event_id, event.customer_id, {}, moment, version=3, deleted=True))
    rng.shuffle(told)
    return told


@pytest.mark.slow
def test_events_give_what_a_full_run_over_them_gives(tmp_path: Path) -> None:
    write_history(tmp_path)
    run(tmp_path)
    before = load_release(tmp_path)
    assert before.manifest.champion in PROCESSES
    events = told_events()
    state = open_state(f"sqlite:///{tmp_path / FILE_NAME}")
    for begin in range(0, len(events), 100):
        with state.changing() as connection:
            keep(connection, events[begin : begin + 100], now_in_microseconds())
    live = LiveValues(state, read_settings(tmp_path / SETTINGS_FILE).value)
    live.make_ready(before)
    published = dict(
        zip(*(before.scores()[name].to_pylist() for name in ("customer_id", "expected_value")), strict=True)
    )
    streamed = {one: live.of(before, one, published.get(one)) for one in {event.customer_id for event in events}}
    state.close()
    run(tmp_path)
    after = load_release(tmp_path)
    assert after.id != before.id
    batch = statistics_in(after)
    closed_form, as_of = closed_form_of(before), day_number(date.fromisoformat(after.manifest.as_of))
    assert closed_form is not None
    for customer, found in streamed.items():
        assert found is not None
        assert (found.as_of_day, found.statistics) == (as_of, batch[customer]), customer
        assert found.expected_value == pytest.approx(closed_form.worth(batch[customer], as_of).expected_value, abs=1e-9)


def statistics_in(release: Release) -> dict[str, Statistics]:
    names = tuple(Statistics.__dataclass_fields__)
    rows = release.features().select(["customer_id", *names]).to_pylist()
    return {row["customer_id"]: Statistics(**{name: row[name] for name in names}) for row in rows}
