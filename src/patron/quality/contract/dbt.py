"""A contract as a dbt project: sources with tests, generic tests of its own, and singular tests for the rest."""

from __future__ import annotations

from typing import Final

from patron.quality.contract.contract import CURRENT, Check, Contract, meaning
from patron.quality.contract.yaml_text import yaml_text

PROJECT: Final = "patron_contract"
_BETWEEN: Final = """\
{% test patron_between(model, column_name, least=none, most=none) %}
select * from {{ model }}
where false
{% if least is not none %}or {{ column_name }} < {{ least }}{% endif %}
{% if most is not none %}or {{ column_name }} > {{ most }}{% endif %}
{% endtest %}
"""
_NOT_EMPTY: Final = """\
{% test patron_at_least(model, rows) %}
select found from (select count(*) as found from {{ model }}) as counted
where found < {{ rows }}
{% endtest %}
"""
_HOLDING: Final = {"where": f"{CURRENT} is null"}


def dbt_files(contract: Contract) -> dict[str, str]:
    """The files of the project; a profile named like it says where the tables are."""
    project = {
        "name": PROJECT,
        "version": "1.0.0",
        "config-version": 2,
        "profile": PROJECT,
        "model-paths": ["models"],
        "test-paths": ["tests"],
    }
    layers = dict.fromkeys(layer for layer, _ in contract.tables)
    sources = [
        {"name": layer, "schema": contract.schema(layer), "tables": _tables(contract, layer)} for layer in layers
    ]
    singular = {f"tests/{check.name}.sql": _singular(check) for check in contract.checks if not _generic(check)}
    return {
        "dbt_project.yml": yaml_text(project),
        "models/sources.yml": yaml_text({"version": 2, "sources": sources}),
        "tests/generic/patron_between.sql": _BETWEEN,
        "tests/generic/patron_at_least.sql": _NOT_EMPTY,
        **singular,
    }


def _tables(contract: Contract, layer: str) -> list[dict[str, object]]:
    return [_table(contract.of(layer, table), table) for of_layer, table in contract.tables if of_layer == layer]


def _table(checks: tuple[Check, ...], table: str) -> dict[str, object]:
    told = [(check, generic) for check in checks if (generic := _generic(check))]
    names = dict.fromkeys(check.expectation.columns[0] for check, _ in told if check.expectation.columns)
    columns = [
        {
            "name": name,
            "data_tests": [generic for check, generic in told if check.expectation.columns[:1] == (name,)],
        }
        for name in names
    ]
    whole = [generic for check, generic in told if not check.expectation.columns]
    made: dict[str, object] = {"name": table}
    if whole:
        made["data_tests"] = whole
    if columns:
        made["columns"] = columns
    return made


def _generic(check: Check) -> dict[str, object] | None:
    """The test beside its column, or None where it is a query of its own."""
    one = check.expectation
    if not check.is_plain or one.kind == "longest" or len(one.columns) > 1:
        return None
    if any("'" in value or "{" in value for value in one.values):  # dbt writes values into SQL as they are
        return None
    config: dict[str, object] = {"severity": "error" if one.severity == "block" else "warn"}
    config |= _HOLDING if check.layer == "silver" else {}
    kind, arguments = _words(check)
    told: dict[str, object] = {"name": check.name}
    if arguments:
        told["arguments"] = arguments
    return {kind: told | {"config": config}}


def _words(check: Check) -> tuple[str, dict[str, object]]:
    one = check.expectation
    if one.kind == "rows":
        return "patron_at_least", {"rows": int(one.least or 0)}
    if one.kind == "required":
        return "not_null", {}
    if one.kind == "unique":
        return "unique", {}
    if one.kind == "accepted":
        return "accepted_values", {"values": list(one.values)}
    bounds = {"least": one.least, "most": one.most}
    return "patron_between", {name: bound for name, bound in bounds.items() if bound is not None}


def _singular(check: Check) -> str:
    severity = "error" if check.expectation.severity == "block" else "warn"
    # Words and values are the user's own: dbt must not take signs in them for its own language.
    told = f"-- {meaning(check)}\n{check.query}".replace("{% endraw %}", "")
    return f"{{{{ config(severity='{severity}') }}}}\n{{% raw %}}\n{told}\n{{% endraw %}}\n"
