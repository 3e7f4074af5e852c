"""JSON lines: objects become rows, with the digits as they were written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from patron.errors import BrokenContract
from patron.sources import jsonl_file
from sources.reading import read


def write(folder: Path, *lines: str) -> Path:
    path = folder / "orders.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_values_become_text_and_keep_their_digits(tmp_path: Path) -> None:
    line = '{"order_id": 17850, "customer_id": "Zo\\u00eb", "date": "", "amount": 2.50, "paid": true, "note": null, "lines": [1.0, {"a": "é"}]}'
    rows, rejected = read(write(tmp_path, line))
    assert rows == [
        {
            "line": 1,
            "order_id": "17850",
            "customer_id": "Zoë",
            "date": None,
            "amount": "2.50",
            "paid": "true",
            "note": None,
            "lines": '[1.0,{"a":"é"}]',
        }
    ]
    assert not rejected


def test_lines_are_numbered_as_they_stand(tmp_path: Path) -> None:
    good = json.dumps({"order_id": "O1", "customer_id": "Anna", "date": "d", "amount": 1})
    rows, rejected = read(write(tmp_path, good, "", "{", good))
    assert [row["line"] for row in rows] == [1, 4]
    assert [(row.line, row.reason, row.raw) for row in rejected] == [(3, "not_json", "{")]


def test_a_mapped_key_that_comes_late_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_file, "LINES_FOR_KEYS", 1)
    path = write(
        tmp_path, '{"date": "d", "amount": 1}', '{"date": "d", "amount": 1, "customer_id": "Anna", "order_id": "O"}'
    )
    assert [row["customer_id"] for row in read(path)[0]] == [None, "Anna"]


def test_a_mapped_key_that_never_comes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenContract, match="no column 'customer_id'"):
        read(write(tmp_path, '{"date": "d", "amount": 1, "order_id": "O"}'))
