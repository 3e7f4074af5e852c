"""`patron lineage` as people use it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patron.errors import UnknownName
from patron.sources.samples import prepare_sample
from patron.surfaces.cli.main import app


@pytest.fixture(scope="module")
def unrun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with its patron.toml, in which nothing has run: lineage needs no more."""
    folder = tmp_path_factory.mktemp("lineage")
    prepare_sample("shop", folder, customers=60, seed=1)
    return folder


def told(*words: str) -> str:
    outcome = CliRunner().invoke(app, ["lineage", *words])
    if outcome.exception:
        raise outcome.exception
    return outcome.stdout


def test_a_column_is_followed_back_to_the_files_own_columns(unrun: Path) -> None:
    lines = told("segments.tier", "--depth", "0", "-w", str(unrun)).splitlines()
    assert lines[0].startswith("gold.segments.tier")
    assert lines[1].startswith("  gold.scores.expected_value  (computed)")
    assert any(line.strip() == "orders: line_total  (copied)" for line in lines)


def test_unless_asked_it_goes_a_few_steps_and_tells_where_it_begins(unrun: Path) -> None:
    lines = told("segments.tier", "-w", str(unrun)).splitlines()
    assert max(len(line) - len(line.lstrip()) for line in lines) == 2 * 4
    assert re.fullmatch(r"… and \d+ more further back: --depth 0 shows them all", lines[-2])
    assert lines[-1].startswith("It all begins with: ")
    assert "orders: line_total" in lines[-1]
    whole_table = told("gold.scores", "-w", str(unrun)).splitlines()
    assert max(len(line) - len(line.lstrip()) for line in whole_table) == 2


def test_a_source_column_is_followed_to_what_is_made_of_it(unrun: Path) -> None:
    lines = told("orders: line_total", "--downstream", "--depth", "0", "-w", str(unrun)).splitlines()
    assert lines[0] == "orders: line_total"
    assert any("gold.scores.value_high  (learnt)" in line for line in lines)


def test_filters_are_told_when_they_are_asked_for(unrun: Path) -> None:
    plain = told("order_parts.gross", "--depth", "0", "-w", str(unrun))
    assert "filtered" not in plain
    assert "silver.transactions.superseded_at  (filtered)" in told("order_parts.gross", "--filters", "-w", str(unrun))


def test_json_gives_the_edges_of_the_tree(unrun: Path) -> None:
    edges = json.loads(told("segments.tier", "--json", "-w", str(unrun)))
    assert {edge["to"]["column"] for edge in edges} > {"tier", "expected_value", "amount"}
    assert edges[0]["from"] == {"layer": "gold", "table": "scores", "column": "expected_value"}


def test_without_a_column_the_tables_are_listed(unrun: Path) -> None:
    assert re.search(
        r"gold\.segments  \(\d+ columns\)\n    from gold\.customer_features, gold\.scores", told("-w", str(unrun))
    )


def test_an_unknown_column_is_refused_with_those_that_look_like_it(unrun: Path) -> None:
    with pytest.raises(UnknownName, match=r"No column named 'scores\.expected_valu'.*Did you mean"):
        told("scores.expected_valu", "-w", str(unrun))


def test_the_picture_holds_everything_and_asks_the_network_for_nothing(unrun: Path, tmp_path: Path) -> None:
    page = tmp_path / "lineage.html"
    assert told("gold.scores.expected_value", "--html", str(page), "-w", str(unrun)).startswith(
        "gold.scores.expected_value"
    )
    text = page.read_text("utf-8")
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)", text)
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    columns = {c["id"]: f"{t['layer']}.{t['name']}.{c['name']}" for t in data["tables"] for c in t["columns"]}
    assert columns[data["chosen"]] == "gold.scores.expected_value"
    assert len(data["stages"]) == 6
    assert {end for edge in data["edges"] for end in edge[:2]} <= set(columns)


def test_a_column_whose_name_would_end_the_script_cannot(tmp_path: Path) -> None:
    prepare_sample("shop", tmp_path, customers=60, seed=1)
    settings = tmp_path / "patron.toml"
    text = settings.read_text("utf-8")
    settings.write_text(
        text.replace('quantity = "quantity"', 'quantity = "</script><script>alert(1)</script>"'), "utf-8"
    )
    page = tmp_path / "page.html"
    told("--html", str(page), "-w", str(tmp_path))
    assert page.read_text("utf-8").count("</script>") == 2
