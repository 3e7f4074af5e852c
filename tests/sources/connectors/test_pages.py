"""docs/sources.md and docs/plugins.md say what is so: settings that are taken, every option, an example that runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from patron.settings import read_settings
from patron.sources.connectors.checked import option_faults
from patron.sources.connectors.installed import connector_named, connector_names

DOCS = Path(__file__).resolve().parents[3] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.S)


@pytest.mark.parametrize("text", blocks("sources.md", "toml"))
def test_every_example_of_settings_is_taken(text: str, tmp_path: Path) -> None:
    (tmp_path / "patron.toml").write_text(text, "utf-8")
    assert read_settings(tmp_path / "patron.toml", {}, option_faults).sources


def test_every_connector_and_each_of_its_options_is_named() -> None:
    page = (DOCS / "sources.md").read_text("utf-8")
    for name in connector_names():
        assert f'connector = "{name}"' in page
        for option in connector_named(name).options.model_fields:
            assert f"`{option}`" in page or f"\n{option} = " in page, f"{name}: {option}"


def test_the_example_of_a_connector_passes_the_test_kit_as_it_stands() -> None:
    space: dict[str, Any] = {"__name__": "patron_crm"}
    for text in blocks("plugins.md", "python"):
        exec(compile(text, "plugins.md", "exec", dont_inherit=True), space)  # noqa: S102 - our own page
    space["test_it_keeps_the_rules"]()
