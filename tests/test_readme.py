"""The README's Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=["journey", "models"])
def test_a_python_block_of_the_readme_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["Ada", "Bruno", "Chen", "Dara", "Emil"]
    rows = [f"{names[n % 5]},2024-{1 + n % 9:02d}-{1 + n % 28:02d},{10 + n % 13}.00" for n in range(200)]
    (tmp_path / "orders.csv").write_text("\n".join(["customer_id,order_date,amount", *rows]) + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(README), "exec"), {})  # noqa: S102 - the README itself


def test_the_readme_shows_a_journey_of_about_ten_lines() -> None:
    journey = [line for line in BLOCKS[0].splitlines() if line.strip() and not line.startswith("#")]
    assert len(journey) <= 10
    assert "patron.run" in BLOCKS[0]


def test_the_blocks_of_the_models_page_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = README.parent / "docs" / "models.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)  # noqa: S102 - the page itself
    assert names["contract"].params == pytest.approx({"alpha": 0.668, "beta": 3.806}, abs=0.002)  # type: ignore[attr-defined]
    assert (tmp_path / "frequencies.svg").stat().st_size > 1000
