"""A contract as Great Expectations suites (GX 1): one per table, for a query asset of its rows that hold now."""

from __future__ import annotations

import json

from patron.quality.contract.contract import CURRENT, Check, Contract, meaning


def great_expectations_files(contract: Contract) -> dict[str, str]:
    """One suite per table, as GX reads and writes them."""
    return {
        f"{layer}_{table}.json": json.dumps(_suite(contract, layer, table), indent=2) + "\n"
        for layer, table in contract.tables
    }


def _suite(contract: Contract, layer: str, table: str) -> dict[str, object]:
    holding = f" WHERE {CURRENT} IS NULL" if layer == "silver" else ""
    return {
        "name": f"patron_{layer}_{table}",
        "expectations": [_expectation(check) for check in contract.of(layer, table)],
        # The query of the asset that the suite is for.
        "meta": {"query": f"SELECT * FROM {contract.schema(layer)}.{table}{holding}"},  # noqa: S608 - names of our own tables
    }


def _expectation(check: Check) -> dict[str, object]:
    kind, arguments = _plain(check) if check.is_plain else _by_query(check)
    return {
        "type": kind,
        "kwargs": arguments,
        "meta": {"check": check.name, "meaning": meaning(check), "severity": check.expectation.severity},
    }


def _plain(check: Check) -> tuple[str, dict[str, object]]:
    one = check.expectation
    if one.kind == "rows":
        return "expect_table_row_count_to_be_between", {"min_value": int(one.least or 0)}
    if one.kind == "unique" and len(one.columns) > 1:
        return _by_query(check)
    column = {"column": one.columns[0]}
    if one.kind == "required":
        return "expect_column_values_to_not_be_null", dict(column)
    if one.kind == "unique":
        return "expect_column_values_to_be_unique", dict(column)
    if one.kind == "accepted":
        return "expect_column_values_to_be_in_set", column | {"value_set": list(one.values)}
    if one.kind == "longest":
        return "expect_column_value_lengths_to_be_between", column | {"max_value": int(one.most or 0)}
    return "expect_column_values_to_be_between", column | {"min_value": one.least, "max_value": one.most}


def _by_query(check: Check) -> tuple[str, dict[str, object]]:
    return "unexpected_rows_expectation", {
        "unexpected_rows_query": check.query,
        "description": meaning(check),
    }
