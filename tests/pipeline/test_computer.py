"""A container's bounds count, not the machine's that lends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patron.pipeline.capacity.computer import memory_bytes, processors

NOWHERE = Path("there is no such folder")


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows tells neither")
def test_without_bounds_it_is_all_the_machine_has() -> None:
    assert 1 <= processors(NOWHERE) <= (os.cpu_count() or 1)
    assert memory_bytes(NOWHERE) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows tells neither")
@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_bound_on_memory_counts_unless_it_is_more_than_there_is(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("1000000\n")
    assert memory_bytes(tmp_path) == 1_000_000
    (tmp_path / name).write_text(f"{2**62}\n")
    assert memory_bytes(tmp_path) == memory_bytes(NOWHERE)


@pytest.mark.parametrize(
    ("text", "at_most"), [("100000 100000\n", 1), ("10000 100000\n", 1), ("max 100000\n", 10_000), ("what\n", 10_000)]
)
def test_a_bound_on_processors_counts(text: str, at_most: int, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert processors(tmp_path) == min(processors(NOWHERE), at_most)
