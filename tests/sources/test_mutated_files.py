"""Whatever a file has become: its rows are accounted for, or it is refused in words; nothing breaks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from patron.errors import PatronError
from patron.pipeline.judging.intake import totals
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.settings import Source
from patron.sources.parse import Parser
from patron.sources.raw import read_raw
from patron.tables import TRANSACTIONS
from sources.mutated_files import GoodFile, good_files, mutated

GOOD = good_files()
BLOCKS, FILES_OF_A_BLOCK = 20, 500


def _source(good: GoodFile, name: str) -> Source:
    return Source.model_validate({"table": "transactions", "files": [name], "columns": good.columns, **good.options})


def _fate(path: Path, source: Source) -> str:
    """'read' when every row is accounted for, 'refused' when the file is, in words."""
    try:
        raw, parser = read_raw(path, source), Parser(source, TRANSACTIONS)
        for batch in raw.batches():
            parsed = parser.parse(batch.rows)
            assert parsed.rows.num_rows + len(parsed.rejected) == batch.rows.num_rows
            assert all(row.line >= 1 and row.reason and row.detail for row in (*batch.rejected, *parsed.rejected))
    except PatronError as refusal:
        # Refused by a reader that knew why; a reader that broke would say so in these words.
        assert "breaks the reader" not in str(refusal), str(refusal)
        assert "ended the process" not in str(refusal), str(refusal)
        assert len(str(refusal)) > 20
        return "refused"
    return "read"


def _fates(seeds: range, folder: Path) -> Counter[str]:
    fates: Counter[str] = Counter()
    for seed in seeds:
        good = GOOD[seed % len(GOOD)]
        name, content = mutated(good, seed)
        path = folder / str(seed) / name
        path.parent.mkdir()
        path.write_bytes(content)
        fates[_fate(path, _source(good, str(path)))] += 1
    return fates


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.name)
def test_the_good_files_are_good(good: GoodFile, tmp_path: Path) -> None:
    path = tmp_path / good.name
    path.write_bytes(good.content)
    source = _source(good, str(path))
    batches = list(read_raw(path, source).batches())
    assert sum(Parser(source, TRANSACTIONS).parse(batch.rows).rows.num_rows for batch in batches) == 40


def test_a_hundred_mutated_files_are_read_to_the_row_or_refused(tmp_path: Path) -> None:
    fates = _fates(range(100), tmp_path)
    assert fates["read"] > 20
    assert fates["refused"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_ten_thousand_mutated_files_are_read_to_the_row_or_refused(block: int, tmp_path: Path) -> None:
    begin = 1000 + block * FILES_OF_A_BLOCK
    fates = _fates(range(begin, begin + FILES_OF_A_BLOCK), tmp_path)
    assert fates.total() == FILES_OF_A_BLOCK
    assert min(fates["read"], fates["refused"]) > FILES_OF_A_BLOCK // 10


def _balanced(folder: Path, seed: int) -> str:
    """Ingest and check one mutated file in a workspace; 'balanced' or 'refused'."""
    good = GOOD[seed % len(GOOD)]
    name, content = mutated(good, seed)
    folder.mkdir()
    (folder / name).write_bytes(content)
    options = {"table": "transactions", "files": [name], **good.options}
    lines = ["[quality]", "quarantine_limit = 1.0", "[sources.sales]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    lines += ["[sources.sales.columns]", *(f"{key} = {json.dumps(value)}" for key, value in good.columns.items())]
    (folder / "patron.toml").write_text("\n".join(lines) + "\n", "utf-8")
    try:
        with opened_run(folder, Watcher()) as run:
            run_until(run, "check", Watcher())
            told = totals(run)
    except PatronError as refusal:
        assert len(str(refusal)) > 20
        return "refused"
    assert told.rows_in == told.accepted + told.duplicate + told.quarantined
    assert told.rows_in > 0
    return "balanced"


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_rows_in_are_accepted_duplicate_and_quarantined_or_the_file_is_refused(block: int, tmp_path: Path) -> None:
    fates = Counter(_balanced(tmp_path / str(seed), seed) for seed in range(block * 20, block * 20 + 20))
    assert fates.total() == 20
