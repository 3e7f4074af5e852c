"""The parts of the dbt package that repeat what is declared elsewhere: sources with their columns, tests and words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from patron.features.catalogue import FEATURES
from patron.tables import ALL_TABLES, SOURCE_TABLES, Column, Table, silver_columns

OPTIONAL: Final = tuple(table for table in SOURCE_TABLES if table.name != "transactions")
_FEATURE_TABLE: Final = Table(
    "customer_features",
    "gold",
    ("customer_id",),
    "Each customer described as of the day of the scores; a feature whose source is not mapped is absent.",
    (
        Column("customer_id", "id", "who", required=True),
        Column("as_of_day", "day", "the day as of which everything is known", required=True),
        *(
            Column(feature.name, "real", f"{feature.meaning}: {feature.formula} ({feature.window})")
            for feature in FEATURES
        ),
    ),
)
_HEAD: Final = "# Written by 'python docs/generate.py' from src/patron/tables/; a test holds it to that.\n"


def dbt_pages() -> dict[str, str]:
    """Each generated file of the dbt package, by its path in it."""
    return {"models/sources.yml": _sources(), "models/columns.md": _words()}


def _gold() -> tuple[Table, ...]:
    return (*(table for table in ALL_TABLES if table.layer == "gold"), _FEATURE_TABLE)


def _sources() -> str:
    lines = [_HEAD, "version: 2", "", "sources:"]
    silver = "What can be believed: rows that were parsed, judged and accepted; corrected rows stay, marked."
    for name, meaning, tables in (
        ("silver", silver, SOURCE_TABLES),
        ("gold", "What is published of customers.", _gold()),
    ):
        lines += [
            f"  - name: {name}",
            f"    description: {_text(meaning)}",
            """    database: "{{ var('patron_database') or target.database }}\"""",
            f"""    schema: "{{{{ var('patron_schemas_begin') }}}}{name}\"""",
            "    tables:",
        ]
        lines += [line for table in tables for line in _table(table)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"      - name: {table.name}"
    yield f"        description: {_text(table.meaning)}"
    if table in OPTIONAL:
        yield f"""        config: {{enabled: "{{{{ '{table.name}' in var('patron_tables') }}}}"}}"""
    if len(table.key) > 1 and table.layer == "gold":
        yield "        data_tests:"
        yield f"          - unique_together: {{arguments: {{columns: [{', '.join(table.key)}]}}}}"
    yield "        columns:"
    for column in silver_columns(table) if table in SOURCE_TABLES else table.columns:
        yield from _column(table, column)


def _column(table: Table, column: Column) -> Iterator[str]:
    yield f"          - name: {column.name}"
    yield f"            description: {_text(column.meaning)}"
    tests = _tests(table, column)
    if tests:
        yield f"            data_tests: [{', '.join(tests)}]"


def _tests(table: Table, column: Column) -> list[str]:
    found = ["not_null"] if column.required else []
    if table.layer == "gold" and table.key == (column.name,):
        found.append("unique")
    if column.kind == "share":
        found.append("between: {arguments: {low: 0, high: 1}}")
    return found


def _words() -> str:
    """A block of words for each column of the gold tables, which the models' own columns refer to."""
    lines = [f"<!-- {_HEAD[2:].strip()} -->"]
    for table in (*_gold(), *SOURCE_TABLES):
        for column in table.columns:
            lines += ["", f"{{% docs patron_{table.name}_{column.name} %}}", column.meaning, "{% enddocs %}"]
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
