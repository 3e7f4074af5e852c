"""Run inside an environment that holds dbt-duckdb: run dbt's tests on warehouses, and print each verdict as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner


def verdicts(folder: str, warehouse: str) -> dict[str, bool]:
    os.environ["PATRON_CONTRACT_WAREHOUSE"] = warehouse
    done = dbtRunner().invoke(
        ["--quiet", "--no-use-colors", "test", "--project-dir", folder, "--profiles-dir", folder, "--threads", "1"]
    )
    if done.result is None:
        raise SystemExit(str(done.exception))
    return {result.node.name: str(result.status) == "pass" for result in done.result.results}


if __name__ == "__main__":
    folder, *warehouses = sys.argv[1:]
    profile = Path(folder) / "profiles.yml"
    profile.write_text(
        "patron_contract:\n  target: here\n  outputs:\n    here:\n      type: duckdb\n"
        "      path: \"{{ env_var('PATRON_CONTRACT_WAREHOUSE') }}\"\n",
        "utf-8",
    )
    sys.stdout, told = sys.stderr, sys.stdout
    found = {warehouse: verdicts(folder, warehouse) for warehouse in warehouses}
    print("\n" + json.dumps(found), file=told)
