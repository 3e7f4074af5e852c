"""Run inside an environment that holds great_expectations: validate warehouses, and print each check's verdict as JSON."""

from __future__ import annotations

import json
import logging
import sys
from enum import Enum
from pathlib import Path

import great_expectations as gx
from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

logging.disable(logging.CRITICAL)


class Kept(str, Enum):  # noqa: UP042 - Python 3.10 may run it
    """GX reads a result after it has let go of the connection, which leaves DuckDB's empty; so it must keep it."""

    DUCKDB = "duckdb"


engine._PERSISTED_CONNECTION_DIALECTS = (*engine._PERSISTED_CONNECTION_DIALECTS, Kept.DUCKDB)


def verdicts(folder: Path, warehouse: str) -> dict[str, bool]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql("patron", connection_string=f"duckdb:///{warehouse}")
    found: dict[str, bool] = {}
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        suite = gx.ExpectationSuite(name=told["name"], expectations=told["expectations"])
        batch = source.add_query_asset(told["name"], query=told["meta"]["query"])
        for result in batch.add_batch_definition_whole_table("whole").get_batch().validate(suite).results:
            if "'raised_exception': True" in str(result.exception_info):
                raise SystemExit(f"{result.expectation_config.meta}: {result.exception_info}")
            found[result.expectation_config.meta["check"]] = bool(result.success)
    return found


if __name__ == "__main__":
    folder, *warehouses = sys.argv[1:]
    told = {warehouse: verdicts(Path(folder), warehouse) for warehouse in warehouses}
    print("\n" + json.dumps(told))
