"""`patron queue` as people use it: look, decide, take back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import patron
from patron.errors import UsageError
from patron.surfaces.cli.main import app
from pipeline.test_queue import FOREIGN, GOOD, WORDS, check
from pipeline.test_queue import shop as made


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop with a row in another currency twice over, and one whose amount is a word."""
    folder = made(tmp_path / "shop", GOOD + FOREIGN + FOREIGN.replace("12.00", "13.00") + WORDS)
    check(folder)
    return folder


def queue(folder: Path, *words: str, answer: str = "") -> Result:
    outcome = CliRunner().invoke(app, ["queue", *words, "-w", str(folder)], input=answer)
    if isinstance(outcome.exception, Exception):
        raise outcome.exception
    return outcome


def waiting(folder: Path) -> dict[str, int]:
    told = json.loads(queue(folder, "list", "--json").stdout)
    return {count["reason"]: count["records"] for count in told["counts"]}


def test_the_list_tells_reasons_places_and_ids(shop: Path) -> None:
    told = queue(shop, "list", "--reason", "unparseable_number").stdout
    assert "1  unparseable_number  (set aside)" in told
    assert "'twelve' is not a number" in told
    assert "a.csv, line 64; source sales" in told
    (entry,) = (
        record["entry"]
        for record in json.loads(queue(shop, "list", "--reason", "unparseable_number", "--json").stdout)["records"]
    )
    shown = queue(shop, "show", entry).stdout
    assert "amount  twelve" in shown
    assert "You may: fix, drop." in shown


def test_a_decision_is_taken_told_and_taken_back(shop: Path) -> None:
    entry = json.loads(queue(shop, "list", "--reason", "unparseable_number", "--json").stdout)["records"][0]["entry"]
    done = queue(shop, "fix", entry, "--set", "amount=12.00", "--because", "the shop said so", "--by", "Dara")
    assert done.stdout == "✓ 1 record fixed. It takes effect with the next 'patron run'.\n"
    assert "unparseable_number" not in waiting(shop)
    history = queue(shop, "history").stdout
    assert "fixed by Dara (amount = 12.00)" in history
    assert "the shop said so" in history
    assert "taken back" not in history
    assert "1 record taken back" in queue(shop, "undo", entry, "--because", "wrong shop").stdout
    assert waiting(shop)["unparseable_number"] == 1
    assert [one["verdict"] for one in json.loads(queue(shop, "history", "--json").stdout)] == ["undo", "fix"]


def test_all_of_a_reason_are_decided_on_after_their_number_and_a_yes(shop: Path) -> None:
    words = ("accept", "--all-with", "unknown_currency", "--because", "the Dollar shop")
    refused = queue(shop, *words, answer="n\n")
    assert refused.exit_code == 1
    assert "2 records wait for 'unknown_currency'." in refused.stderr
    assert waiting(shop)["unknown_currency"] == 2
    assert "2 records accepted" in queue(shop, *words, answer="y\n").stdout
    assert "unknown_currency" not in waiting(shop)
    assert check(shop)["accepted"] == 62


def test_what_is_meant_must_be_said(shop: Path) -> None:
    with pytest.raises(UsageError, match="their ids, or --all-with REASON"):
        queue(shop, "drop", "--because", "so")
    with pytest.raises(UsageError, match="needs a reason"):
        queue(shop, "drop", "--all-with", "unknown_currency", "--yes")
    with pytest.raises(UsageError, match="--set cannot read 'amount'"):
        queue(shop, "fix", "--all-with", "unknown_currency", "--yes", "--because", "so", "--set", "amount")


def test_the_queue_is_there_in_python(shop: Path) -> None:
    found = patron.queue(shop)
    (record,) = found.waiting(reason="unparseable_number").records
    found.drop(record.entry, because="nobody knows", by="Dara")
    assert found.waiting().total == 2
    assert found.show(record.entry).decisions[0].by == "Dara"
    found.undo(record.entry, because="now we know")
    assert [decision.verdict for decision in found.history()] == ["undo", "drop"]
