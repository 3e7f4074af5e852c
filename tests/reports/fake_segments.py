"""What a release tells of its segments, made by hand: segmentation.json and the tables beside it, for a few named figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patron.scores.bridge import PARTS


def criteria(**figures: float | None) -> dict[str, Any]:
    plain: dict[str, float | None] = {
        "silhouette": 0.2,
        "davies_bouldin": 1.5,
        "calinski_harabasz": 800.0,
        "stability": 0.9,
        "smallest_share": 0.25,
        "value_told": 0.7,
        "valley": 0.2,
        "in_no_group": 0.0,
    }
    return plain | figures


def candidate(algorithm: str, title: str, k: int, **figures: float | None) -> dict[str, Any]:
    return {
        "algorithm": algorithm,
        "title": title,
        "k": k,
        "clear": False,
        "score": 0.8,
        "criteria": criteria(**figures),
    }


def profile(label: int, name: str, size: int, value_share: float) -> dict[str, Any]:
    traits = [
        {"feature": "orders", "difference": 1.6, "high": True, "phrase": "buy often"},
        {"feature": "T", "difference": -0.8, "high": False, "phrase": "are new customers"},
        {"feature": "items", "difference": 0.1, "high": True, "phrase": "buy many pieces"},
    ]
    return {
        "id": label,
        "label": label,
        "name": name,
        "size": size,
        "share": size / 400,
        "value": 1000.0 * value_share,
        "mean_value": 1000.0 * value_share / size,
        "value_share": value_share,
        "traits": traits,
        "sentence": f"{size / 4:.0f}% of customers: they buy often.",
    }


def clusters() -> dict[str, Any]:
    chosen = candidate("kmeans", "K-Means", 2, silhouette=0.31)
    return {
        "k": 2,
        "choice": {
            "k": 2,
            "verdict": "drawn",
            "sentence": "2 segments by K-Means: the borders are drawn; 3 would be separated more cleanly.",
            "candidates": [
                chosen,
                candidate("kmeans", "K-Means", 3, silhouette=0.25),
                candidate("hdbscan", "HDBSCAN", 3, silhouette=0.4, in_no_group=0.6),
                candidate("dbscan", "DBSCAN", 1, davies_bouldin=None),
            ],
            "chosen": chosen,
        },
        "profiles": [profile(0, "Frequent big spenders", 100, 0.8), profile(1, "Lapsed small spenders", 300, 0.2)],
        "picture": {
            "method": "pca",
            "coordinates": [[(k % 40) / 10 + 3 * (k % 4 == 0), (k % 7) / 5, 0.1 * (k % 3)] for k in range(2000)],
            "labels": [0 if k % 4 == 0 else 1 for k in range(2000)],
            "explained_variance": 0.6,
        },
        "agreement_in_words": "It puts 95.3% of customers it had not seen into the segment that clustering gave them.",
        "learnt_from": 4372,
        "gone": [],
    }


def lonely_clusters() -> dict[str, Any]:
    told = clusters()
    choice = told["choice"] | {
        "k": 1,
        "chosen": None,
        "verdict": "noise",
        "sentence": "One group only: these customers spread around one centre.",
    }
    return told | {"k": 1, "choice": choice, "profiles": [profile(0, "Typical customers", 400, 1.0)]}


def flow(before: str, now: str, customers: int, share: float, then: float, today: float) -> dict[str, Any]:
    money = {"value_before": then, "value_now": today}
    return {"before": before, "now": now, "customers": customers, "share": share, **money}


def flows() -> dict[str, Any]:
    return {
        "tier": [
            flow("high", "high", 6, 0.6, 6000.0, 7000.0),
            flow("high", "low", 4, 0.4, 4000.0, 1000.0),
            flow("low", "high", 3, 0.3, 300.0, 3000.0),
            flow("low", "low", 7, 0.7, 700.0, 600.0),
            flow("(not yet there)", "low", 5, 1.0, 0.0, 250.0),
        ],
        "rfm_segment": [
            flow("Champions", "Champions", 5, 0.5, 900.0, 900.0),
            flow("Champions", "Cannot Lose", 5, 0.5, 800.0, 100.0),
        ],
    }


def foresight(accuracy: float, persistence: float, money: float, money_persistence: float) -> dict[str, Any]:
    beats = accuracy > persistence and money > money_persistence
    return {
        "accuracy": accuracy,
        "persistence": persistence,
        "money_accuracy": money,
        "money_persistence": money_persistence,
        "beats_persistence": beats,
        "served": "model" if beats else "persistence",
        "customers": 400,
        "test_day": 15_000,
    }


def calm_view(raw: int, calm: int, quality: float = 0.3) -> dict[str, Any]:
    return {
        "raw": {"flaps": raw, "moves": 1326, "steps": 42_899, "quality": 0.3, "move_rate": 0.03, "flap_rate": 0.005},
        "calm": {"flaps": calm, "moves": 965, "steps": 42_899, "quality": quality},
    }


def behaviour() -> dict[str, Any]:
    tested = {"customers": 163, "value": 1090.0, "by_rfm": 221.0, "by_chance": 154.0, "best": 1640.0}
    return {
        "usual_value": 2_800_000.0,
        "value_at_risk": 680_000.0,
        "value_at_risk_tail": 722_000.0,
        "savable_value": 610_000.0,
        "rising": 2,
        "alerts": {"act now": 2, "watch": 3, "calm": 4},
        "measured": {
            "day": 15_000,
            "customers": 3261,
            "alerts": [
                {"level": "act now", "customers": 114, "precision": 0.67, "base_rate": 0.39, "value": 1.0},
                {"level": "watch", "customers": 340, "precision": 0.54, "base_rate": 0.39, "value": 1.0},
                {"level": "calm", "customers": 1816, "precision": 0.35, "base_rate": 0.39, "value": 1.0},
            ],
            "rising": {"value": tested, "gain": tested, "beats_rfm": True},
            "at_risk": {
                "expected": 485_000.0,
                "tail": 521_000.0,
                "came": 501_000.0,
                "within_tail": 0.98,
                "list": tested,
                "beats_rfm": True,
            },
            "engagement_rank": 0.36,
        },
    }


def sums(change: int, **parts: int) -> dict[str, Any]:
    told = {part: f"{parts.get(part, 0)}.0000" for part in PARTS}
    ends = {"value_before": "1000000.0000", "value_now": f"{1_000_000 + change}.0000", "change": f"{change}.0000"}
    moved = {"moved_in": "0.0000", "moved_out": "0.0000"}
    return {"customers_before": 1, "customers_now": 1, **ends, **told, **moved}


def bridge() -> dict[str, Any]:
    total = sums(-44_600, silence=-63_000, purchases=18_400)
    return {
        "previous": "20111109T120000Z-0a0a0a0a",
        "why": "",
        "previous_as_of": "2011-11-09",
        "as_of": "2011-12-09",
        "currency": "GBP",
        "sentence": "The portfolio is worth £44,600 less than on 9 November 2011: −£63,000 silence, +£18,400 purchases.",
        "undivided": "",
        "changed": [],
        "total": total,
        "groups": {"tier": [{"label": "high", **total}]},
        "up": [{"customer_id": "12347", **sums(18_400, purchases=18_400)}],
        "down": [{"customer_id": "12348", **sums(-63_000, silence=-63_000)}],
    }


def told_segments() -> dict[str, Any]:
    """Everything that segmentation.json may hold."""
    return {
        "segmentation": {
            "previous": "20111109T120000Z-0a0a0a0a",
            "clusters": clusters(),
            "foresight": {
                "tier": foresight(0.70, 0.68, 0.65, 0.64),
                "rfm_segment": foresight(0.45, 0.55, 0.5, 0.6),
            },
            "flows": flows(),
            "flows_customers": 4372,
            "places": {
                "by": "country",
                "cells": [
                    {"name": "United Kingdom", "customers": 3920, "value": 820_000.0},
                    {"name": "Elsewhere", "customers": 109, "value": 180_000.0},
                ],
            },
            "calm": {"weeks": 14, "customers": 3787, "views": {"tier": calm_view(213, 55), "cluster": calm_view(0, 0)}},
        },
        "behaviour": behaviour(),
        "members": [
            {
                "rule": "Sleeping regulars",
                "customers": 115,
                "expected_value": 131_314.8,
                "share_of_customers": 0.026,
                "share_of_value": 0.029,
                "told": "Number of orders is at least 5.",
            }
        ],
        "bridge": bridge(),
    }


def tell_segments(release: Path, told: dict[str, Any] | None = None, ids: list[str] | None = None) -> Path:
    """The release with segmentation.json, labels for everybody, and moves and behaviour of the first customers (or of ``ids``)."""
    (release / "segmentation.json").write_text(json.dumps(told_segments() if told is None else told))
    labels = pq.read_table(release / "segments.parquet")
    n = len(labels)
    stages = [("Regular", "Regular", "Slowing", "One-time")[k % 4] for k in range(n)]
    for name, words in {
        "lifecycle": stages,
        "seasonal_type": ["Too early to tell" if k % 10 else "Weekend shopper" for k in range(n)],
        "brought_tier": labels["tier"].to_pylist(),
        "next_tier": labels["tier"].to_pylist(),
        "tier_outlook": ["same"] * n,
        "next_rfm_segment": ["Champions"] * n,
    }.items():
        labels = labels.append_column(name, pa.array(words, pa.string()))
    pq.write_table(labels, release / "segments.parquet")
    few = ids if ids is not None else [str(one) for one in labels["customer_id"].to_pylist()[:9]]
    _write_moves(release, few)
    _write_behaviour(release, few)
    return release


def _write_moves(release: Path, few: list[str]) -> None:
    rows = [(one, view) for one in few[:3] for view in ("cluster", "tier")]
    pq.write_table(
        pa.table(
            {
                "customer_id": [one for one, _ in rows],
                "view": [view for _, view in rows],
                "before": ["low" if view == "tier" else "Lapsed small spenders" for _, view in rows],
                "now": ["high" if view == "tier" else "Frequent big spenders" for _, view in rows],
                "because": [f"Bought twice since ({view})." for _, view in rows],
                "value_before": [100.0 * (few.index(one) + 1) for one, _ in rows],
                "value_now": [50.0] * len(rows),
            }
        ),
        release / "moves.parquet",
    )


def _write_behaviour(release: Path, few: list[str]) -> None:
    n = len(few)
    risk = np.arange(n, 0, -1) * 10.0
    pq.write_table(
        pa.table(
            {
                "customer_id": few,
                "engagement": np.linspace(5.0, 95.0, n),
                "alert": ["act now" if k == 0 else "calm" for k in range(n)],
                "alert_because": pa.array(
                    ["The last purchase was 113 days ago."] + [None] * (n - 1) if n else [], pa.string()
                ),
                "usual_value": risk * 2,
                "value_at_risk": risk,
                "value_at_risk_tail": risk * 1.5,
                "savable_value": risk * 0.9,
                "rising": pa.array([k in (1, 2) for k in range(n)], pa.bool_()),
                "potential": risk * 3,
            }
        ),
        release / "behaviour.parquet",
    )
