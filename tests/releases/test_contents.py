from __future__ import annotations

from pathlib import Path

from patron.releases.contents import Release
from patron.releases.manifest import Manifest

MANIFEST = Manifest("r", "", "", "", "", "", "retail", "EUR", "2025-12-31", 90, 3, "bg_nbd", {})


def test_the_champions_files_come_by_name_in_order(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for name in ("value.json", "buying.ubj", "bg_nbd.json", "notes.txt"):
        (tmp_path / "models" / name).write_bytes(name.encode())
    files = Release(tmp_path, MANIFEST).model_artifacts()
    assert list(files) == ["bg_nbd.json", "buying.ubj", "value.json"]
    assert files["buying.ubj"] == b"buying.ubj"


def test_a_release_without_models_has_no_files(tmp_path: Path) -> None:
    assert Release(tmp_path, MANIFEST).model_artifacts() == {}
