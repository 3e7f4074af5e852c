"""Malformed files through the whole run: a clear refusal, or quarantine with reasons; nothing half-done is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from patron.errors import PatronError
from patron.pipeline.inquiries.quarantine import quarantined_rows
from patron.pipeline.runner import run_workspace
from sources.malformed_files import Malformed, malformed_files

MALFORMED = malformed_files()
# One of each way to end, for the quick tests; all of them are run where time allows.
QUICK = [name for name, case in MALFORMED.items() if case.refused][:3] + [
    name for name, case in MALFORMED.items() if not case.refused and case.reasons
][:3]


def workspace(folder: Path, case: Malformed) -> Path:
    (folder / case.file_name).write_bytes(case.content)
    settings = {**case.settings, "files": [case.file_name]}
    columns = settings.pop("columns")
    lines = ["[quality]", "quarantine_limit = 1.0", "[sources.sales]"]
    lines += [f"{key} = {_toml(value)}" for key, value in settings.items()]
    lines += ["[sources.sales.columns]", *(f"{key} = {_toml(value)}" for key, value in dict(columns).items())]
    (folder / "patron.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def ends_well(folder: Path, case: Malformed) -> None:
    workspace(folder, case)
    try:
        totals = run_workspace(folder).totals
    except PatronError as refusal:
        assert len(str(refusal)) > 20
        assert not (folder / "releases").exists()
        assert (
            case.refused
            or not case.rows_in
            or any(words in str(refusal) for words in ("nobody to value", "transactions.rows: 0 rows"))
        ), str(refusal)
        return
    assert not case.refused
    assert totals["rows_in"] == case.rows_in == totals["accepted"] + totals["duplicate"] + totals["quarantined"]
    reasons, _ = quarantined_rows(folder, 1)
    assert sorted(name for name, count in reasons.items() for _ in range(count)) == sorted(case.reasons)


@pytest.mark.parametrize("name", QUICK)
def test_a_malformed_file_ends_in_a_refusal_or_in_quarantine(name: str, tmp_path: Path) -> None:
    ends_well(tmp_path, MALFORMED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", MALFORMED)
def test_every_malformed_file_ends_in_a_refusal_or_in_quarantine(name: str, tmp_path: Path) -> None:
    ends_well(tmp_path, MALFORMED[name])
