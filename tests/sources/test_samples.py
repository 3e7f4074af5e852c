"""The door to all samples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from patron.errors import UnknownName
from patron.settings import read_settings
from patron.sources.samples import SAMPLES, prepare_sample


@pytest.mark.parametrize("name", ["shop", "bank", "subscription"])
def test_a_simulated_world_becomes_a_workspace(name: str, tmp_path: Path) -> None:
    path = prepare_sample(name, tmp_path / "new" / "folder", customers=40, seed=3)
    settings = read_settings(path, {})
    assert path.name == "patron.toml"
    assert all((path.parent / file).is_file() for source in settings.sources.values() for file in source.files)


def test_an_unknown_sample_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=f"No sample named 'grocer'. Known: {', '.join(sorted(SAMPLES))}"):
        prepare_sample("grocer", tmp_path)


def test_listing_samples_loads_no_heavy_library() -> None:
    code = (
        "import sys, patron.sources.samples; print(sorted({'numpy', 'pyarrow', 'duckdb', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert done.stdout.strip() == "[]"


def _environment() -> dict[str, str]:
    source = Path(__file__).parents[2] / "src"
    return {"PYTHONPATH": str(source), "PATH": ""}
