"""Nothing malformed ends in a traceback or in a silent loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import PatronError
from patron.settings import Source
from patron.sources.parse import Parser
from patron.sources.raw import read_raw
from patron.tables import TRANSACTIONS
from sources.malformed_files import Malformed, malformed_files

MALFORMED = malformed_files()


def _read(path: Path, case: Malformed) -> tuple[int, list[str]]:
    """Rows in, and the reasons of those set aside."""
    source = Source.model_validate({**case.settings, "files": [str(path)]})
    raw, parser = read_raw(path, source), Parser(source, TRANSACTIONS)
    rows, reasons = 0, []
    for batch in raw.batches():
        parsed = parser.parse(batch.rows)
        assert parsed.rows.num_rows + len(parsed.rejected) == batch.rows.num_rows
        rows += batch.rows.num_rows + len(batch.rejected)
        reasons += [row.reason for row in (*batch.rejected, *parsed.rejected)]
        assert all(row.line >= 1 and row.detail for row in (*batch.rejected, *parsed.rejected))
    return rows, reasons


@pytest.mark.parametrize("name", [name for name, case in MALFORMED.items() if case.refused])
def test_it_is_refused_with_a_clear_message(name: str, tmp_path: Path) -> None:
    case = MALFORMED[name]
    path = tmp_path / case.file_name
    path.write_bytes(case.content)
    with pytest.raises(PatronError) as refusal:
        _read(path, case)
    assert len(str(refusal.value)) > 20
    assert "Traceback" not in str(refusal.value)


@pytest.mark.parametrize("name", [name for name, case in MALFORMED.items() if not case.refused])
def test_every_row_is_accounted_for(name: str, tmp_path: Path) -> None:
    case = MALFORMED[name]
    path = tmp_path / case.file_name
    path.write_bytes(case.content)
    rows, reasons = _read(path, case)
    assert rows == case.rows_in
    assert sorted(reasons) == sorted(case.reasons)


def test_there_are_at_least_sixty_malformed_files() -> None:
    assert len(MALFORMED) >= 60
