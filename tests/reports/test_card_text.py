"""The model card: complete in Markdown, whole through JSON, and plain in its verdicts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from patron.errors import DamagedRelease
from patron.reports import card_story as told
from patron.reports.card_text import card_markdown
from patron.reports.model_card import FairnessPart, Measured, ModelCard, Study, read_card
from reports.fake_release import shop_card, shop_release


def study() -> Study:
    found = shop_card().study
    assert found
    return found


def with_study(**changes: object) -> ModelCard:
    return replace(shop_card(), study=replace(study(), **changes))  # type: ignore[arg-type]  # fields of a study


def test_a_card_survives_its_json_and_is_read_from_a_release(tmp_path: Path) -> None:
    assert ModelCard.from_json(shop_card().to_json()) == shop_card()
    assert read_card(shop_release(tmp_path, customers=50)) == shop_card()
    assert read_card(tmp_path / "older") is None


@pytest.mark.parametrize("text", ["", "{}", '{"run": 3}'])
def test_a_file_that_holds_no_card_is_damage(text: str) -> None:
    with pytest.raises(DamagedRelease, match="does not hold a model card"):
        ModelCard.from_json(text)


def test_the_page_has_every_part_and_only_whole_tables() -> None:
    page = card_markdown(shop_card())
    assert re.findall("^## (.*)$", page, re.M) == [
        "What it is for",
        "What it learnt from",
        "How it was chosen",
        "How good it was",
        "Where it is off",
        "Whom it serves",
        "Chances of a purchase",
        "Intervals",
        "Search for leaks",
        "What the values depend on",
        "Limits",
        "To make it again",
    ]
    for table in re.findall(r"(?:^\|.*\|$\n?)+", page, re.M):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert not re.search(r"\bnan\b|None", page)


def test_every_figure_stands_with_its_error() -> None:
    page = card_markdown(shop_card())
    for words in (
        "£1,412 ± 71",
        "61% ± 3",
        "0.71 ± 0.04",
        "+4% ± 0.2",
        "£291 ± 15",
        "£141 ± 60 worse",
        "ab" * 32,
        "seed 7",
    ):
        assert words in page


def test_a_card_without_a_backtest_claims_nothing() -> None:
    page = card_markdown(replace(shop_card(), study=None, coverage=()))
    assert "nothing here has been measured" in page
    assert "How good it was" not in page
    assert "The intervals have not been measured." in page


def test_a_gap_within_two_errors_is_called_chance() -> None:
    close = [replace(row, behind_champion=Measured(50.0, 60.0)) for row in study().results[1:]]
    card = with_study(results=(study().results[0], *close))
    assert told.gap_words(card, close[0]) == "£50.00 ± 60.00 worse, within chance"
    assert told.models_finding(card) == "4 other models are within chance of the champion"
    assert told.models_finding(shop_card()) == "Every other model is behind by more than chance"


def test_the_worst_slices_are_named_or_said_not_to_be() -> None:
    assert told.worst_sentence(shop_card()) == (
        "Of 4 slices, 2 are off by a tenth or more beyond what chance alone would show; the worst: Country France: "
        "predicted 42% below what came (± 9.0)."
    )
    assert "none is off" in told.worst_sentence(with_study(worst_slices=()))


@pytest.mark.parametrize(
    ("standing", "words"),
    [("beyond", "Not served alike"), ("within", "no group is placed more than"), ("unsure", "too few customers")],
)
def test_fairness_is_a_plain_verdict(standing: Literal["beyond", "within", "unsure"], words: str) -> None:
    card = with_study(fairness=replace(study().fairness, standing=standing))
    assert words in told.fairness_sentence(card)
    assert "no source tells gender" in told.fairness_sentence(card)
    assert any(verdict.question == "Are groups served alike?" for verdict in told.card_verdicts(card))


def test_groups_that_were_not_judged_are_said_not_to_be() -> None:
    assert "No group was declared" in told.fairness_sentence(with_study(fairness=FairnessPart(0.2, "within")))
    lone = FairnessPart(0.2, "within", (), ("country",), (), ("country",))
    card = with_study(fairness=lone)
    assert told.fairness_sentence(card) == ("No declared group could be judged. Not judged: too few groups of country.")
    assert [v.level for v in told.card_verdicts(card) if v.question == "Are groups served alike?"] == ["untested"]


def test_the_leak_receipt_names_what_was_searched_and_refused() -> None:
    assert told.leak_sentence(shop_card()).endswith("refused: oracle.")
    clean = replace(shop_card(), gate=replace(shop_card().gate, refused=()))
    assert told.leak_sentence(clean).endswith("none looks at the future.")
