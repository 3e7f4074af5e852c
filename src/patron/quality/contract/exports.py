"""The forms in which a contract can be handed out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from patron.errors import UnknownName
from patron.quality.contract.contract import Contract
from patron.quality.contract.dbt import dbt_files
from patron.quality.contract.great_expectations import great_expectations_files
from patron.quality.contract.soda import soda_files


def json_files(contract: Contract) -> dict[str, str]:
    """The checks as plain data, each with the query that finds what breaks it."""
    checks = [
        {"name": check.name, "query": check.query}
        | {key: part for key, part in asdict(check.expectation).items() if part}
        for check in contract.checks
    ]
    return {"contract.json": json.dumps({"checks": checks}, indent=2, ensure_ascii=False) + "\n"}


FORMS: Final[Mapping[str, Callable[[Contract], dict[str, str]]]] = {
    "soda": soda_files,
    "great_expectations": great_expectations_files,
    "dbt": dbt_files,
    "json": json_files,
}


def exported(contract: Contract, form: str) -> dict[str, str]:
    """The files of a form, by relative path."""
    if form not in FORMS:
        raise UnknownName("form of a contract", form, FORMS)
    return FORMS[form](contract)
