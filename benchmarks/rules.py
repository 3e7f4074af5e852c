"""How long rules of the user's own take to be counted on a release's Parquet.

    python benchmarks/rules.py 1000000

writes features, scores and segments of that many customers (seeded, every feature of the catalogue, in the order of
customers as releases have it), and prints how long one query takes that counts four nested rules over all three
tables, and how long a single rule takes: the first time, the best and the middle of ten turns, and the time that the
processors worked, which does not change with what else is at work. Two threads, 3 GB.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import perf_counter, process_time

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from patron.features.catalogue import FEATURES
from patron.releases.table_file import write_table
from patron.segment_terms import SegmentRule
from patron.segments.rfm import RFM_NAMES
from patron.segments.rules import RuleCount, count_rules, described_customers, read_counts, rule_memberships
from patron.segments.tiers import TIERS

TURNS = 10
WHERES: dict[str, dict[str, object]] = {
    "Sleeping regulars": {
        "all": [
            {"column": "orders", "at_least": 5},
            {
                "any": [
                    {"column": "days_since_last_purchase", "above": 90},
                    {"column": "probability_alive", "below": 0.3},
                ]
            },
            {"not": {"column": "tier", "is": "low"}},
        ]
    },
    "Rising": {
        "all": [
            {"column": "value_trend_90d", "above": 0.6},
            {"any": [{"column": "value_90d", "at_least": 50}, {"column": "orders_90d", "between": [3, 8]}]},
            {"column": "rfm_segment", "in": ["Champions", "Loyal", "Promising"]},
        ]
    },
    "Bargain hunters": {
        "all": [
            {"column": "discount_share", "above": 0.3},
            {"not": {"any": [{"column": "refund_share", "above": 0.5}, {"column": "mean_rating", "missing": True}]}},
        ]
    },
    "Due soon": {
        "any": [
            {"column": "next_purchase_to", "at_most": "2026-02-01"},
            {"all": [{"column": "gap_ratio", "above": 1}, {"not": {"column": "confidence", "is": "low"}}]},
        ]
    },
}


def main(customers: int) -> None:
    rules = [
        SegmentRule.model_validate_json(json.dumps({"name": name, "where": where}), strict=True)
        for name, where in WHERES.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        write_release(Path(folder), customers)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
        print(f"{customers:,} customers, {len(FEATURES)} features, {size:,.0f} MB of Parquet")
        connection = ibis.duckdb.connect(threads=2, memory_limit="3GB")
        paths = [str(Path(folder) / f"{name}.parquet") for name in ("scores", "features", "segments")]
        scores, *others = (connection.read_parquet(path) for path in paths)
        timed("four nested rules", scores, others, rules)
        timed("one nested rule", scores, others, rules[:1])
        begun = perf_counter()
        members = connection.to_pyarrow(rule_memberships(described_customers(scores, others, rules), rules).count())
        print(f"memberships of four rules: {perf_counter() - begun:.2f} s for {members.as_py():,} rows")


def timed(title: str, scores: ir.Table, others: Sequence[ir.Table], rules: Sequence[SegmentRule]) -> None:
    seconds = []
    counts: tuple[RuleCount, ...] = ()
    started = process_time()
    for _ in range(TURNS + 1):
        begun = perf_counter()
        counts = read_counts(rules, count_rules(described_customers(scores, others, rules), rules).to_pyarrow())
        seconds.append(perf_counter() - begun)
    first, *turns = seconds
    worked = (process_time() - started) / len(seconds)
    print(
        f"{title}: first {first:.2f} s, best {min(turns):.2f} s, median {statistics.median(turns):.2f} s, "
        f"{worked:.2f} s of processor"
    )
    print("  " + ", ".join(f"{count.rule} {count.customers:,} ({count.expected_value:,.0f})" for count in counts))


def write_release(folder: Path, customers: int) -> None:
    rng = np.random.default_rng(7)
    ids = pa.array([f"C{number:09d}" for number in range(customers)])
    features = {"customer_id": ids}
    for feature in FEATURES:
        whole = feature.unit in ("orders", "days", "lines", "products")
        values = rng.poisson(6, customers) * 1.0 if whole else rng.gamma(1.0, 0.5, customers).round(4)
        values = values * 30 if feature.name == "days_since_last_purchase" else values
        missing = rng.random(customers) < 0.1 if feature.needs else np.zeros(customers, bool)
        features[feature.name] = pa.array(values, pa.float64(), mask=missing)
    ahead = np.datetime64(date(2026, 1, 1)) + rng.integers(1, 200, customers).astype("timedelta64[D]")
    scores = {
        "customer_id": ids,
        "expected_value": pa.array(rng.gamma(0.5, 100, customers).round(4)),
        "probability_alive": pa.array(rng.random(customers).round(6)),
        "next_purchase_to": pa.array(ahead, pa.date32(), mask=rng.random(customers) < 0.2),
        "confidence": pa.array(np.array(TIERS)[rng.integers(0, 3, customers)]),
    }
    segments = {
        "customer_id": ids,
        "tier": pa.array(np.array(TIERS)[rng.integers(0, 3, customers)]),
        "rfm_segment": pa.array(np.array(RFM_NAMES)[rng.integers(0, len(RFM_NAMES), customers)]),
    }
    for name, columns in (("features", features), ("scores", scores), ("segments", segments)):
        write_table(pa.table(columns).to_reader(max_chunksize=100_000), folder / f"{name}.parquet")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
