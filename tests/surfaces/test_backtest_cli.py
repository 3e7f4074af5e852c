"""`patron backtest` at the command line: tables on stdout, JSON for machines, a card where it is wanted, nothing published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from patron.sources.samples import prepare_sample
from surfaces.typed import typed as patron


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated shop that was never run."""
    folder = tmp_path_factory.mktemp("backtest") / "shop"
    prepare_sample("shop", folder, customers=300, seed=3)
    return folder


def test_it_prints_figures_with_errors_and_verdicts_and_publishes_nothing(shop: Path) -> None:
    told = patron("backtest", "--model", "bg_nbd", "--folds", "1", "--card", "card.md", folder=shop)
    assert told.returncode == 0, told.stderr
    for words in ("bg_nbd", "±", "RMSE decides", "Slices", "Groups", "Chances", "Leaks", "Nothing was published."):
        assert words in told.stdout, words
    assert "Test the models on the past" in told.stderr
    assert (shop / "card.md").read_text("utf-8").startswith("# Model card")
    assert not (shop / "releases").exists()


def test_json_is_the_whole_card_and_all_that_stands_on_stdout(shop: Path) -> None:
    told = patron("backtest", "--model", "bg_nbd", "--folds", "1", "--card", "card.json", "--json", folder=shop)
    card = json.loads(told.stdout)
    assert card == json.loads((shop / "card.json").read_text("utf-8"))
    assert card["study"]["results"][0]["overall"]["wape"]["error"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "bgnbd"), "Did you mean 'bg_nbd'"),
        (("--metric", "r2"), "gini, mae, rmse, spearman, wape"),
        (("--horizon", "long"), "is not a period"),
    ],
)
def test_choices_that_cannot_be_are_refused_in_words(shop: Path, arguments: tuple[str, ...], words: str) -> None:
    told = patron("backtest", *arguments, folder=shop)
    assert told.returncode == 2
    assert words in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.slow
def test_a_release_names_its_card_and_what_it_found(shop: Path) -> None:
    assert patron("run", folder=shop, settings={"PATRON_MODELS_CANDIDATES": "bg_nbd"}).returncode == 0
    told = patron("release", "show", folder=shop)
    assert "model_card.md" in told.stdout
    assert "slices" in told.stdout
