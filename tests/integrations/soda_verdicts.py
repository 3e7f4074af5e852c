"""Run inside an environment that holds soda-core-duckdb: scan warehouses, and print each check's verdict as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
from soda.scan import Scan


def verdicts(checks: str, warehouse: str) -> dict[str, bool]:
    scan = Scan()
    with duckdb.connect(warehouse, read_only=True) as connection:
        scan.add_duckdb_connection(connection, "patron")
        scan.set_data_source_name("patron")
        scan.add_sodacl_yaml_str(checks)
        scan.execute()
        if scan.has_error_logs():
            raise SystemExit(scan.get_error_logs_text())
        return {check["name"]: check["outcome"] == "pass" for check in scan.get_scan_results()["checks"]}


if __name__ == "__main__":
    folder, *warehouses = sys.argv[1:]
    checks = (Path(folder) / "checks.yml").read_text("utf-8")
    print(json.dumps({warehouse: verdicts(checks, warehouse) for warehouse in warehouses}))
