"""A backtest for its own sake: what it measures, and that it leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import UnknownName, UsageError
from patron.models.valuing.installed import BASELINES
from patron.pipeline.inquiries.rehearsal import Choices, rehearse
from patron.pipeline.runner import RunOutcome, Watcher, run_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.reports.model_card import read_card
from patron.surfaces.notebook import backtest

OTHER = Choices(folds=1, horizon="60 days", models=("bg_nbd",), metric="gini")


def tables(folder: Path) -> dict[str, int]:
    with Workspace.at(folder).warehouse() as house:
        names = [("gold", "customer_features"), *(("work", n) for n in ("past_features", "past_outcomes", "facts"))]
        return {name: house.count(schema, name) for schema, name in names}


def test_without_choices_it_measures_what_a_run_publishes(shop: Path) -> None:
    seen: list[str] = []
    card = rehearse(shop, watcher=Watcher(done=lambda step: seen.append(f"{step.name} {step.resumed}")))
    published = read_card(load_release(shop).folder)
    assert published is not None
    assert card.study == published.study
    assert card.gate == published.gate
    assert seen[-1] == "backtest True"
    assert (card.provenance.score_digest, len(published.provenance.score_digest)) == ("", 64)


@pytest.mark.slow
def test_other_choices_are_measured_and_then_undone(shop: Path) -> None:
    before, release = tables(shop), load_release(shop).id
    card = rehearse(shop, OTHER)
    assert card.run.horizon_days == 60
    assert len(card.gate.folds) == 1
    assert card.gate.metric == "gini"
    assert card.study is not None
    assert {row.model for row in card.study.results} == {*BASELINES, "bg_nbd"}
    assert card.provenance.settings["value.horizon"] == "60 days"
    assert tables(shop) == before
    outcome = run_workspace(shop)
    assert outcome.unchanged
    assert outcome.release_id == release


@pytest.mark.slow
def test_on_a_fresh_workspace_nothing_is_published_and_a_run_goes_on_from_there(
    fresh_shop: Path, shop_outcome: RunOutcome
) -> None:
    rehearse(fresh_shop, Choices(models=("bg_nbd",)))
    assert not (fresh_shop / "releases").exists()
    rehearse(fresh_shop)
    assert not (fresh_shop / "releases").exists()
    outcome = run_workspace(fresh_shop)
    resumed = [step.name for step in outcome.steps if step.resumed]
    assert resumed[-1] == "backtest"
    assert load_release(fresh_shop).manifest.score_digest == load_release(shop_outcome.workspace).manifest.score_digest


@pytest.mark.parametrize(
    ("choices", "kind", "words"),
    [
        (Choices(metric="accuracy"), UnknownName, "accuracy"),
        (Choices(models=("bg_nbdd",)), UnknownName, "Did you mean 'bg_nbd'"),
        (Choices(horizon="soon"), UsageError, "soon"),
        (Choices(horizon="9000 days"), UsageError, "a horizon is 1 to 3650 days"),
        (Choices(folds=0), UsageError, "models.folds"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(shop: Path, choices: Choices, kind: type[UsageError], words: str) -> None:
    with pytest.raises(kind, match=words):
        rehearse(shop, choices)


def test_a_horizon_that_history_cannot_test_gives_a_card_that_claims_nothing(shop: Path) -> None:
    card = rehearse(shop, Choices(horizon="3000 days"))
    assert card.study is None
    assert not card.gate.passed
    assert not card.run.provable


def test_from_python_it_reads_as_a_page_and_holds_every_figure(shop: Path) -> None:
    found = backtest(shop, models=["bg_nbd"], folds=1)
    assert str(found).startswith("# Model card")
    assert found.card.study is not None
    overall = found.card.study.results[0].overall
    assert overall["rmse"].value is not None
    assert overall["rmse"].error is not None
    assert 0 < overall["rmse"].error < overall["rmse"].value


def test_the_release_holds_the_card_hashed_and_readable(shop_outcome: RunOutcome) -> None:
    release = load_release(shop_outcome.workspace)
    assert {"model_card.json", "model_card.md"} <= set(release.manifest.files)
    card = release.model_card()
    assert card["provenance"]["score_digest"] == release.manifest.files["scores.parquet"]
    assert card["provenance"]["data_hash"] == release.manifest.data_hash
    by = {row["by"] for row in card["study"]["slices"]}
    assert {"tier", "decile", "cohort", "country", "channel", "branch"} <= by
    assert {row["by"] for row in card["study"]["fairness"]["groups"]} == {"gender", "age", "country"}
    text = (release.folder / "model_card.md").read_text("utf-8")
    assert "## Where it is off" in text
    assert 'id="card"' in (shop_outcome.workspace / "report.html").read_text("utf-8")
