"""A contract as Soda checks (SodaCL): for `soda scan -d <data source> checks.yml`."""

from __future__ import annotations

from patron.quality.contract.contract import CURRENT, Check, Contract
from patron.quality.contract.yaml_text import yaml_text

_HOLDING = "holding"


def soda_files(contract: Contract) -> dict[str, str]:
    """The one file of checks."""
    body: dict[str, object] = {}
    for layer, table in contract.tables:
        dataset = f"{contract.schema(layer)}.{table}"
        if layer == "silver":
            body[f"filter {dataset} [{_HOLDING}]"] = {"where": f"{CURRENT} IS NULL"}
        filtered = f"{dataset} [{_HOLDING}]" if layer == "silver" else dataset
        body[f"checks for {filtered}"] = [_check(check) for check in contract.of(layer, table)]
    return {"checks.yml": yaml_text(body)}


def _check(check: Check) -> dict[str, object]:
    one = check.expectation
    column = ", ".join(one.columns)
    told: dict[str, object] = {"name": check.name}
    if check.is_plain and one.kind == "rows":
        return {f"row_count >= {int(one.least or 0)}": told}
    if check.is_plain and one.kind == "required":
        return {f"missing_count({column}) = 0": told}
    if check.is_plain and one.kind == "unique" and len(one.columns) == 1:
        return {f"duplicate_count({column}) = 0": told}
    if check.is_plain and one.kind in ("range", "accepted", "longest"):
        return {f"invalid_count({column}) = 0": told | _valid(check)}
    return {"failed rows": told | {"fail query": check.query}}


def _valid(check: Check) -> dict[str, object]:
    one = check.expectation
    if one.kind == "accepted":
        return {"valid values": list(one.values)}
    if one.kind == "longest":
        return {"valid max length": int(one.most or 0)}
    bounds = {"valid min": one.least, "valid max": one.most}
    return {name: bound for name, bound in bounds.items() if bound is not None}
