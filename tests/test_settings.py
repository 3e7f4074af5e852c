"""patron.toml is read whole: every fault at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import NothingThere, SettingsError
from patron.settings import Settings, read_settings, sections

GOOD = """\
[value]
currency = "GBP"

[sources.sales]
table = "transactions"
files = "sales.csv"

[sources.sales.columns]
customer_id = "who"
occurred_at = "when"
amount = "how much"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "patron.toml"
    path.write_text(text, "utf-8")
    return path


def faults_of(folder: Path, text: str) -> dict[str, tuple[int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        read_settings(written(folder, text), {})
    return {fault.key: (fault.line, str(fault)) for fault in caught.value.faults}


def test_a_good_file_gives_frozen_sections_with_defaults(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, GOOD), {})
    assert settings.value.currency == "GBP"
    assert settings.sources["sales"].files == ("sales.csv",)
    assert settings.value.horizon == "auto"
    with pytest.raises(ValueError, match="frozen"):
        settings.value.currency = "EUR"  # type: ignore[misc]


def test_every_fault_is_told_at_once_with_its_line_and_what_was_allowed(tmp_path: Path) -> None:
    text = (
        GOOD.replace('currency = "GBP"', 'curency = "GBP"\nmargin_rate = 2\nhorizon = "soon"')
        + "\n[models]\nfolds = 'many'\n"
    )
    faults = faults_of(tmp_path, text)
    assert faults["value.curency"][0] == 2
    assert "Did you mean 'currency'?" in faults["value.curency"][1]
    assert faults["value.margin_rate"][0] == 3
    assert "less than or equal to 1" in faults["value.margin_rate"][1]
    assert "'90 days'" in faults["value.horizon"][1]
    assert faults["models.folds"][0] == 16
    assert "rolling origins" in faults["models.folds"][1]


def test_an_unknown_column_of_a_table_is_named_with_the_closest_known_one(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, GOOD.replace("customer_id", "customer"))
    line, told = faults["sources.sales"]
    assert line == 4
    assert "no column 'customer'" in told
    assert "Did you mean 'customer_id'?" in told


def test_a_required_column_must_be_mapped_unless_it_can_be_computed(tmp_path: Path) -> None:
    without = GOOD.replace('amount = "how much"\n', "")
    assert "needs amount" in faults_of(tmp_path, without)["sources.sales"][1]
    computed = without + 'quantity = "n"\nunit_price = "p"\n'
    assert read_settings(written(tmp_path, computed), {}).sources["sales"].columns["quantity"] == "n"


def test_broken_toml_names_the_file_and_what_is_wrong(tmp_path: Path) -> None:
    line, told = faults_of(tmp_path, "[value]\ncurrency = GBP")["TOML"]
    assert line == 2
    assert "cannot be read" in told


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match="patron init"):
        read_settings(tmp_path / "patron.toml", {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    given = {"PATRON_VALUE_CURRENCY": "SEK", "PATRON_MODELS_CANDIDATES": "bg_nbd", "PATRON_OVERRIDES_FOUR_EYES": "true"}
    settings = read_settings(written(tmp_path, GOOD), given)
    assert settings.value.currency == "SEK"
    assert settings.overrides.four_eyes is True
    assert settings.models.candidates == ("bg_nbd",)


def test_no_source_of_transactions_is_a_fault(tmp_path: Path) -> None:
    text = '[sources.people]\ntable = "customers"\nfiles = "p.csv"\n[sources.people.columns]\ncustomer_id = "id"\n'
    assert "no source fills the table transactions" in faults_of(tmp_path, text)["patron.toml"][1]


def test_every_setting_says_what_it_means() -> None:
    silent = [
        f"{section}.{key}"
        for section, kind in sections().items()
        for key, f in kind.model_fields.items()
        if not f.description
    ]
    assert silent == []
    assert set(Settings.model_fields) > set(sections())


def test_a_day_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, 'as_of = "2023-13-01"\n' + GOOD)
    assert faults["as_of"][0] == 1
    assert "no day of the calendar" in faults["as_of"][1]


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        ('[models]\nfolds = "3"', "models.folds", "'3': must be a whole number, without quotes."),
        ("[models]\nmetric = 5", "models.metric", "5: must be 'wape', 'mae', 'rmse', 'gini' or 'spearman'."),
        ("[models]\ncandidates = 5", "models.candidates", "5: must be a list, in square brackets: [ … ]."),
        ('[models]\nmax_bias = "low"', "models.max_bias", "'low': must be a number, without quotes."),
        ("[segments]\nrules = [5]", "segments.rules.0", "5: must be names with their values, in braces"),
        ('[segments.rules]\nname = "A"', "segments.rules", "write [[segments.rules]], in two pairs of brackets"),
        ('[[segments.rules]]\nname = ""', "segments.rules.0.name", "must have at least 1 character."),
        ("[warehouse]\nmemory_gb = 0.1", "warehouse.memory_gb", "0.1: must be greater than 0.25."),
    ],
)
def test_a_value_of_another_kind_is_told_in_our_words(tmp_path: Path, lines: str, key: str, words: str) -> None:
    faults = faults_of(tmp_path, f"{GOOD}{lines}\n")
    assert words in faults[key][1]
    assert "Input should" not in faults[key][1]


def test_faults_of_the_environment_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, GOOD), {"PATRON_VALUE_CURRENCY": "euro", "PATRON_VALUE_HORIZN": "90 days"})
    told = str(caught.value)
    assert "the environment's PATRON_VALUE_CURRENCY: 'euro': must be three capital letters" in told
    assert "PATRON_VALUE_HORIZN: is not a setting. Did you mean 'PATRON_VALUE_HORIZON'?" in told
    assert "line" not in told.replace("2 faults", "")
