"""`patron doctor` and patron.doctor on whole workspaces: words, JSON, and a run that goes on from there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import patron
from patron.models.valuing.installed import value_models
from patron.settings import read_settings
from patron.sources.samples import prepare_sample
from surfaces.typed import typed


def call(*arguments: str, folder: Path, columns: int = 100) -> subprocess.CompletedProcess[str]:
    return typed(*arguments, folder=folder, settings={"COLUMNS": str(columns)})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor") / "shop"
    prepare_sample("shop", folder, customers=400, seed=3)
    return folder


def test_the_doctor_speaks_in_words_within_the_width_and_publishes_nothing(shop: Path) -> None:
    spoken = call("doctor", folder=shop)
    assert spoken.returncode == 0, spoken.stderr
    assert "Fits" in spoken.stdout
    assert "not contractual" in spoken.stdout
    assert "✓ good" in spoken.stdout
    assert "For patron.toml" in spoken.stdout
    assert max(len(line.rstrip()) for line in spoken.stdout.splitlines()) <= 100
    assert not (shop / "releases").exists()
    assert not (shop / "report.html").exists()


def test_json_says_the_same_as_python_and_stands_alone_on_stdout(shop: Path) -> None:
    facts = json.loads(call("doctor", "--json", folder=shop).stdout)
    diagnosis = patron.doctor(shop)
    assert facts["sentence"] == diagnosis.sentence
    assert [finding["id"] for finding in facts["findings"]] == [finding.id for finding in diagnosis.findings]
    assert facts["findings"][0]["measures"][0]["name"] == "days of history"


def test_the_suggested_settings_can_be_pasted_into_the_file(shop: Path, tmp_path: Path) -> None:
    diagnosis = patron.doctor(shop)
    text = (shop / "patron.toml").read_text("utf-8")
    horizon = next(line for line in diagnosis.settings if line.startswith("horizon"))
    candidates = next(line for line in diagnosis.settings if line.startswith("candidates"))
    text = text.replace("[value]", f"[value]\n{horizon}", 1) + f"\n[models]\n{candidates}\n"
    (tmp_path / "patron.toml").write_text(text, "utf-8")
    settings = read_settings(tmp_path / "patron.toml", {})
    assert settings.value.horizon == f"{diagnosis.horizon_days} days"
    assert set(settings.models.candidates) <= value_models().keys()


def test_contracts_of_a_subscription_business_are_seen(tmp_path: Path) -> None:
    prepare_sample("subscription", tmp_path, customers=300, seed=3)
    diagnosis = patron.doctor(tmp_path)
    assert diagnosis.family == "survival"
    contract = diagnosis.finding("contract")
    assert contract is not None
    assert "contractual" in contract.headline


@pytest.mark.slow
def test_a_run_after_the_doctor_goes_on_from_what_was_read(shop: Path) -> None:
    patron.doctor(shop)
    told = json.loads(call("run", "--json", folder=shop).stdout)
    assert [step["resumed"] for step in told["steps"]][:4] == [True, True, True, False]


def test_without_a_workspace_or_without_transactions_the_doctor_refuses_in_words(tmp_path: Path) -> None:
    nowhere = call("doctor", folder=tmp_path)
    assert nowhere.returncode == 2
    assert "patron init" in nowhere.stderr
    (tmp_path / "patron.toml").write_text(
        '[sources.people]\ntable = "customers"\nfiles = ["people.csv"]\n[sources.people.columns]\ncustomer_id = "id"\n',
        "utf-8",
    )
    none = call("doctor", folder=tmp_path)
    assert none.returncode == 2
    assert "no source fills the table transactions" in none.stderr
    assert "Traceback" not in none.stderr
