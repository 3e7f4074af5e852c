"""A contract as other tools read it: names of schemas, and words and values that cannot become code."""

from __future__ import annotations

import pytest

from patron.quality.contract.contract import Contract, contract_of
from patron.quality.contract.exports import exported
from patron.quality.expectations import Expectation

EVIL = "first line\nSELECT 1 AS evil {{ env_var('HOME') }}"
CHECKS = (
    Expectation("silver", "transactions", "required", ("customer_id",)),
    Expectation("silver", "transactions", "accepted", ("channel",), values=("Men's", "{{ 1 }}"), words=EVIL),
    Expectation("silver", "transactions", "required", ("amount",), allowed_share=0.1, words=EVIL),
    Expectation("gold", "scores", "type", ("expected_value",)),
)


@pytest.mark.parametrize("form", ["dbt", "great_expectations", "soda"])
@pytest.mark.parametrize(("dialect", "prefix"), [("duckdb", ""), ("postgres", "shop_")])
def test_every_table_is_called_as_the_engine_calls_it(form: str, dialect: str, prefix: str) -> None:
    told = "\n".join(exported(contract_of(CHECKS, dialect, prefix), form).values())
    assert f"{prefix}silver" in told
    assert f"{prefix}gold" in told
    if prefix:
        for layer in ("silver", "gold"):
            assert f"FROM {layer}." not in told
            assert f'"{layer}"."' not in told
            assert f"schema: {layer}\n" not in told


def test_in_dbt_a_users_own_words_and_values_are_text() -> None:
    files = exported(Contract(contract_of(CHECKS).checks), "dbt")
    singular = {name: text for name, text in files.items() if name.startswith("tests/") and "generic" not in name}
    assert len(singular) == 3, "values with a quote in them are no accepted_values"
    for text in singular.values():
        config, raw = text.split("{% raw %}")
        assert config.count("{{") == 1
        assert raw.rstrip().endswith("{% endraw %}")
    told = [line for text in singular.values() for line in text.splitlines() if "AS evil" in line]
    assert told
    assert all(line.startswith("-- first line SELECT 1") for line in told)
    assert "env_var" not in files["models/sources.yml"]
