"""`patron prospects` at the command line: a table within the width, JSON for machines, a file with a row per newcomer."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from patron.sources.samples import prepare_sample
from surfaces.typed import typed as patron

TERMS = ("--horizon", "90 days", "--margin-rate", "0.3", "--required-return", "0.25", "--discount-rate", "0.1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated shop that was never run."""
    folder = tmp_path_factory.mktemp("prospects") / "shop"
    prepare_sample("shop", folder, customers=700, seed=3)
    return folder


@pytest.mark.slow
def test_it_tells_values_costs_and_proof_within_the_width_and_publishes_nothing(shop: Path) -> None:
    told = patron("prospects", *TERMS, "--limit", "2", folder=shop)
    assert told.returncode == 0, told.stderr
    spoken = " ".join(told.stdout.split())
    for words in (
        "in the 90 days after the first day",
        "of which 30% is earned",
        "a year's wait costs 10%",
        "must bring 1.25",
        "All newcomers",
        "By acquisition channel",
        "By country",
        "2 more",
        "average of the country",
        "The 80% intervals of single newcomers held",
    ):
        assert words in spoken, words
    assert any(
        line.startswith(("✓ Better than", "! No better than", "✗ Worse than")) for line in told.stdout.splitlines()
    )
    assert max(len(line.rstrip()) for line in told.stdout.splitlines()) <= 100
    assert "By campaign" not in told.stdout  # nobody was contacted before coming
    assert not (shop / "releases").exists()


def test_one_attribute_as_json_with_a_file_of_newcomers(shop: Path) -> None:
    told = patron("prospects", *TERMS, "--by", "acquisition_channel", "--json", "--out", "new.csv", folder=shop)
    assert told.returncode == 0, told.stderr
    facts = json.loads(told.stdout)
    assert list(facts["groups"]) == ["acquisition_channel"]
    assert facts["terms"]["margin_rate"] == 0.3
    assert {row["verdict"] for row in facts["proof"]["rivals"]} <= {"better", "no better", "worse"}
    rows = list(csv.DictReader((shop / "new.csv").read_text("utf-8").splitlines()))
    assert len(rows) == facts["all"]["customers"]
    names = {"customer_id", "expected_value", "low", "high", "max_acquisition_cost"}
    assert names <= rows[0].keys()
    mean = sum(float(row["expected_value"]) for row in rows) / len(rows)
    assert mean == pytest.approx(facts["all"]["expected_value"], abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--horizon", "900 days"), 3, "Give a shorter --horizon"),
        (("--by", "town"), 2, "acquisition_channel, branch, campaign, category, channel, country"),
    ],
)
def test_what_cannot_be_is_refused_in_words(shop: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    told = patron("prospects", *arguments, folder=shop)
    assert told.returncode == code, told.stderr
    assert words in told.stderr
    assert "Traceback" not in told.stderr
