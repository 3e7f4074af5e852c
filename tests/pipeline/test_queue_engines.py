"""Decisions hold on every engine: the row that was accepted, fixed or dropped is found by its content there, too."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from patron.pipeline.queue.queue import decide, undo, waiting
from pipeline.test_queue import FOREIGN, GOOD, UNREAD, WORDS, check, entry, reasons, shop, told
from warehouse.postgres_server import server_dsn

ODD = "x6,Ada,2024-03-01,0,EUR\n"


@pytest.mark.engines
def test_decisions_hold_and_are_taken_back_on_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATRON_SECRET_WAREHOUSE", server_dsn())
    folder = shop(tmp_path, GOOD + FOREIGN + WORDS + UNREAD + ODD)
    with (folder / "patron.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[warehouse]\nengine = "postgres"\nschema_prefix = "q{uuid4().hex[:12]}"\n')
    assert check(folder) == {"rows_in": 64, "accepted": 61, "duplicate": 0, "quarantined": 3}
    before = reasons(folder)
    assert before == {"ragged": 1, "unknown_currency": 1, "unparseable_number": 1, "zero_price": 1}
    ids = {reason: entry(folder, reason) for reason in before}
    decide(folder, [ids["unknown_currency"]], told("accept"))
    decide(folder, [ids["unparseable_number"]], told("fix", amount="12.00"))
    decide(folder, [ids["ragged"]], told("fix", customer_id="Chen", when="2024-03-03", amount="7"))
    decide(folder, [ids["zero_price"]], told("drop"))
    assert waiting(folder).total == 0
    assert check(folder) == {"rows_in": 64, "accepted": 63, "duplicate": 0, "quarantined": 1}
    undo(folder, list(ids.values()), because="once more", by="Emil")
    assert check(folder) == {"rows_in": 64, "accepted": 61, "duplicate": 0, "quarantined": 3}
    assert reasons(folder) == before
