"""CDNOW's first 39 weeks, as the papers and as the log give them, and the values published for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from patron.models.buying.summary import Summary

WEEKS_FILE, FROM_LOG, FULL = "summary_file(2-decimal weeks)", "recomputed from log (days/7)", "cdnow full cohort 23,570"
SOURCES = [("file", WEEKS_FILE), ("sample", FROM_LOG), ("master", FULL)]


def published(conformance: Path) -> Any:
    return json.loads((conformance / "cdnow.json").read_text())


def customers(shared_data: Path, source: str, days: bool = False) -> Summary:
    """The summary file of the papers ('file'), or one made from the 'sample' or the 'master' log, in weeks or days."""
    if source == "file":
        rows = duckdb.sql(f"SELECT x, t_x, t FROM '{shared_data}/cdnow/summary.parquet'").fetchnumpy()
        return Summary(rows["x"], rows["t_x"], rows["t"], unit="week")
    rows = duckdb.sql(
        f"""SELECT count(DISTINCT date) - 1 AS x, max(date) - min(date) AS t_x, DATE '1997-09-30' - min(date) AS t
        FROM '{shared_data}/cdnow/{source}.parquet' WHERE date <= '1997-09-30' GROUP BY customer_id"""
    ).fetchnumpy()
    if days:
        return Summary(rows["x"], rows["t_x"], rows["t"], unit="day")
    return Summary(rows["x"], rows["t_x"] / 7, rows["t"] / 7, unit="week")
