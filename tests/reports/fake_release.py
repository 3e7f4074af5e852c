"""A release that no run made: plausible customers from a seed, for looking at the report and testing it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patron.reports.evidence import (
    Coverage,
    CoverageRow,
    DecileRow,
    Evidence,
    Finding,
    GateEvidence,
    LeaderboardRow,
    MonthValue,
    RefusedModel,
    RunEvidence,
    SourceFile,
    ValueInterval,
)
from patron.reports.model_card import (
    CalibrationPart,
    DriverRow,
    FairnessPart,
    FoldResult,
    GapRow,
    GroupRow,
    LeakPart,
    Measured,
    ModelCard,
    ModelResult,
    Provenance,
    ReliabilityRow,
    SliceRow,
    Study,
)
from patron.segments.rfm import rfm_scores, rfm_segments
from patron.segments.tiers import value_tiers
from patron.settings import SegmentSettings

AS_OF = date(2011, 12, 9)


def write_release(
    folder: Path,
    values: np.ndarray,
    evidence: Evidence,
    ids: list[str] | None = None,
    orders: np.ndarray | None = None,
    days_since: np.ndarray | None = None,
    historic: np.ndarray | None = None,
    high: np.ndarray | None = None,
    card: ModelCard | None = None,
) -> Path:
    """A release folder of customers with these expected values; what is not given follows from them."""
    n = len(values)
    folder.mkdir(parents=True, exist_ok=True)
    orders = np.maximum(1, np.arange(n) % 7) if orders is None else orders
    days_since = (np.arange(n) * 37 % 365).astype(float) if days_since is None else days_since
    historic = values * 2 + 10 if historic is None else historic
    r, f, m = rfm_scores(days_since, orders.astype(float), historic)
    names = pa.array(ids if ids is not None else [f"{12346 + k}" for k in range(n)], pa.string())
    as_of = pa.array([AS_OF] * n, pa.date32())
    alive = np.clip(0.95 * np.exp(-days_since / 300), 0.01, 0.99)
    nobody = np.array([k % 9 == 8 for k in range(n)], dtype=bool)
    pq.write_table(
        pa.table(
            {
                "customer_id": names,
                "as_of": as_of,
                "horizon_days": np.full(n, 90),
                "expected_orders": np.abs(values) / 150,
                "expected_value": values,
                "value_low": np.minimum(values * 0.3, values),
                "value_high": np.maximum(values * 1.9 + 25, values) if high is None else high,
                "probability_alive": alive,
                "probability_no_purchase": 1 - alive * 0.7,
                "historic_value": historic,
                "total_value": historic + values,
                "next_purchase_from": pa.array(
                    [None if none else AS_OF + timedelta(days=3 + k % 20) for k, none in enumerate(nobody)], pa.date32()
                ),
                "next_purchase_to": pa.array(
                    [None if none else AS_OF + timedelta(days=40 + k % 90) for k, none in enumerate(nobody)],
                    pa.date32(),
                ),
                "confidence": pa.array([("high", "medium", "medium", "low")[k % 4] for k in range(n)]),
                "model": pa.array(["boosting"] * n),
            }
        ),
        folder / "scores.parquet",
    )
    pq.write_table(
        pa.table(
            {
                "customer_id": names,
                "as_of": as_of,
                "tier": pa.array(value_tiers(values, SegmentSettings()).tolist(), pa.string()),
                "recency_score": r,
                "frequency_score": f,
                "monetary_score": m,
                "rfm_segment": pa.array(rfm_segments(r, f, m).tolist(), pa.string()),
            }
        ),
        folder / "segments.parquet",
    )
    manifest = {
        "id": "20111209T120000Z-3f9a1c07",
        "created_at": "2011-12-09T12:00:00Z",
        "data_hash": "9f2c" * 16,
        "code_version": "0.1.0+g7c8b6f0",
        "profile": evidence.run.profile,
        "as_of": str(evidence.run.as_of),
        "horizon_days": evidence.run.horizon_days,
        "files": {"scores.parquet": "ab" * 32, "segments.parquet": "cd" * 32},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "evidence.json").write_text(evidence.to_json())
    if card is not None:
        (folder / "model_card.json").write_text(card.to_json())
    return folder


def shop_release(folder: Path, customers: int = 4372, seed: int = 7) -> Path:
    """A shop's release: few customers of great value, many of little."""
    rng = np.random.default_rng(seed)
    orders = 1 + rng.poisson(rng.gamma(0.7, 5.0, customers))
    days_since = np.minimum(rng.exponential(95, customers).round(), 373)
    historic = orders * rng.lognormal(5.6, 0.7, customers)
    values = historic * 0.22 * np.exp(-days_since / 160) * rng.lognormal(0, 0.35, customers)
    total = float(values.sum())
    evidence = shop_evidence()
    evidence = replace(
        evidence,
        run=replace(evidence.run, customers=customers),
        total=ValueInterval(total, total * 0.86, total * 1.13),
    )
    return write_release(
        folder, values, evidence, orders=orders, days_since=days_since, historic=historic, card=shop_card()
    )


def shop_evidence() -> Evidence:
    """Evidence as a run over a shop's year of invoices would leave it."""
    return Evidence(
        run=RunEvidence(
            sources=(SourceFile("shop", "online_retail.csv", 541_909),),
            profile="retail",
            currency="GBP",
            as_of=AS_OF,
            horizon_days=90,
            provable=True,
            first_day=date(2010, 12, 1),
            history_days=374,
            customers=4372,
            invoices=22_190,
            items=Decimal(4_906_888),
            net_revenue=Decimal("8300065.81"),
            anonymous_revenue=Decimal("1447682.12"),
            rows_in=541_909,
            accepted=536_588,
            anonymous_rows=135_080,
            duplicate=5_268,
            quarantined=53,
            review=(
                Finding("zero_price", 2515, "line 624: 56 pieces of 22139 at 0.00"),
                Finding("cancelled_soon_after", 4, "line 61620: 74,215 pieces cancelled 16 minutes later"),
                Finding("outlier_amount", 11, "line 540422: 168,469.60 is 17,000 times the median amount"),
            ),
            quarantine=(
                Finding("future_date", 31, "line 90121: 2031-01-04 lies after the file arrived"),
                Finding("unparseable_amount", 20, "line 1204: '12.5O' is not a number"),
                Finding("missing_key", 2, "line 77: no date"),
            ),
        ),
        gate=GateEvidence(
            champion="boosting",
            champion_title="Gradient boosting",
            passed=True,
            metric="rmse",
            reasons=(
                "Gradient boosting has the lowest RMSE of all models over 3 rolling cutoffs.",
                "Its predicted total is 4% above what customers brought, within the declared 25%.",
            ),
            leaderboard=(
                _row("boosting", "Gradient boosting", "champion", 0.61, 291.0, 1412.0, 0.04, 0.58, 0.71, 0.63),
                _row("bg_nbd", "BG/NBD × Gamma-Gamma", "beaten", 0.66, 312.0, 1530.0, -0.09, 0.55, 0.67, 0.60),
                _row("trailing_value", "Trailing value", "baseline", 0.78, 368.0, 1702.0, 0.12, 0.47, 0.60, 0.57),
                _row("rfm_rate", "RFM rate", "baseline", 0.74, 349.0, 1655.0, -0.15, 0.50, 0.62, 0.58),
                _row("cohort_mean", "Cohort mean", "baseline", 1.08, 510.0, 2120.0, 0.31, 0.11, 0.09, 0.24),
            ),
            folds=(date(2011, 3, 14), date(2011, 6, 12), date(2011, 9, 10)),
            refused=(
                RefusedModel(
                    "oracle", "Oracle", "its input 'future_value' alone explains the outcome almost perfectly."
                ),
            ),
        ),
        total=ValueInterval(1_800_000.0, 1_540_000.0, 2_050_000.0),
        deciles=tuple(
            DecileRow(k + 1, 380, p, p * 380, a, a * 380)
            for k, (p, a) in enumerate(
                zip(
                    (2150.0, 620.0, 390.0, 270.0, 190.0, 131.0, 88.0, 52.0, 27.0, 9.0),
                    (2010.0, 655.0, 371.0, 290.0, 171.0, 140.0, 95.0, 44.0, 31.0, 14.0),
                    strict=True,
                )
            )
        ),
        coverage=Coverage(
            CoverageRow("All customers", 11_412, 0.8, 0.812),
            (
                CoverageRow("High value", 1_141, 0.8, 0.771),
                CoverageRow("Medium value", 4_310, 0.8, 0.806),
                CoverageRow("Low value", 5_961, 0.8, 0.824),
            ),
        ),
        monthly_revenue=tuple(
            MonthValue(month, Decimal(value))
            for month, value in zip(
                ("2010-12", *(f"2011-{k:02d}" for k in range(1, 13))),
                (554_604, 475_074, 436_546, 579_964, 426_047, 648_251, 608_013, 574_238, 616_368, 931_440, 974_603,
                 1_132_407, 342_506),
                strict=True,
            )
        ),
        caveats=(
            "History covers 374 days, about one Christmas: seasonal buying cannot be told from growth.",
            "135,080 rows without a customer (£1,447,682.12) count as revenue but belong to no one's value.",
            "The last month of the data is incomplete.",
        ),
    )  # fmt: skip


def _row(
    model: str, title: str, status: str, wape: float, mae: float, rmse: float, bias: float, spearman: float,
    gini: float, capture: float,
) -> LeaderboardRow:  # fmt: skip
    return LeaderboardRow(
        model, title, status, wape, mae, rmse, wape * 1.4, bias, spearman, gini, 0.55, capture * 0.72, capture,
        wape / 4, 3,
    )  # type: ignore[arg-type]  # fmt: skip


def untested_evidence(customers: int, total: ValueInterval) -> Evidence:
    """Evidence of a run whose history was too short for any backtest."""
    run = replace(
        shop_evidence().run,
        provable=False,
        customers=customers,
        rows_in=customers,
        accepted=customers,
        anonymous_rows=0,
        anonymous_revenue=Decimal(0),
        duplicate=0,
        quarantined=0,
        review=(),
        quarantine=(),
        currency="CZK",
    )
    gate = GateEvidence(
        "trailing_value",
        "Trailing value",
        passed=False,
        metric="rmse",
        reasons=("History covers 20 days; a horizon of 90 days needs 270 to be tested.",),
    )
    return Evidence(run, gate, total, caveats=("Too little history: read these values as a first guess.",))


FIGURES = {
    "wape": 0.61, "mae": 291.0, "rmse": 1412.0, "mape": 0.9, "bias": 0.04, "spearman": 0.58, "gini": 0.71,
    "precision_at_10": 0.55, "capture_10": 0.45, "capture_20": 0.63, "decile_mape": 0.15,
}  # fmt: skip


def shop_card() -> ModelCard:
    """The model card that goes with the shop's evidence."""
    evidence = shop_evidence()
    study = Study(
        customers=3804,
        rows=11_412,
        resampling="bootstrap over customers, 200 draws",
        results=tuple(
            _result(row, 1 + place / 10)
            for place, row in enumerate(r for r in evidence.gate.leaderboard if r.status != "refused")
        ),
        slices=(
            _slice("tier", "high", 380, -0.03, 0.04),
            _slice("tier", "low", 2424, 0.31, 0.05, off=True),
            _slice("country", "France", 88, -0.42, 0.09, off=True),
            _slice("country", "3 smaller groups", 31, 0.5, 0.4, small=True),
        ),
        worst_slices=(
            _slice("country", "France", 88, -0.42, 0.09, off=True),
            _slice("tier", "low", 2424, 0.31, 0.05, off=True),
        ),
        fairness=FairnessPart(
            0.2,
            "beyond",
            (_group("United Kingdom", 3200, 0.35, "beyond"), _group("France", 604, -0.26, "unsure")),
            ("gender", "country"),
            ("gender",),
        ),
        calibration=CalibrationPart(
            tuple(ReliabilityRow(1141, k / 10 + 0.05, Measured(k / 10 + 0.02, 0.01)) for k in range(10)),
            Measured(0.031, 0.004),
            Measured(0.171, 0.003),
            0.249,
        ),
        leak_check=LeakPart(("bg_nbd", "boosting"), 61, 11_412, by_content=True),
        drivers=(DriverRow("frequency, recency, T", 0.8), DriverRow("historic_value", 0.31)),
    )
    coverage = evidence.coverage
    assert coverage.overall is not None
    rows = (coverage.overall, *coverage.bands)
    provenance = Provenance("0.1.0+g7c8b6f0", 7, {"models.metric": "rmse"}, "9f2c" * 16, "ab" * 32)
    return ModelCard(evidence.run, evidence.gate, provenance, study, rows, evidence.caveats)


def _result(row: LeaderboardRow, factor: float) -> ModelResult:
    figures = {name: Measured(value * factor, abs(value) / 20) for name, value in FIGURES.items()}
    folds = tuple(FoldResult(day, 3804, figures) for day in shop_evidence().gate.folds)
    gap = None if row.status == "champion" else Measured(1412.0 * (factor - 1), 60.0)
    return ModelResult(row.model, row.title, row.status, figures, folds, gap)


def _slice(
    by: str, name: str, customers: int, bias: float, error: float, *, off: bool = False, small: bool = False
) -> SliceRow:
    measured, surely = Measured(bias, error), max(0.0, abs(bias) - 3 * error)
    return SliceRow(by, name, customers, 1000 * (1 + bias), 1000.0, measured, Measured(0.7, 0.05), surely, off, small)


def _group(name: str, customers: int, gap: float, standing: str) -> GroupRow:
    value = GapRow(gap, gap - 0.1, gap + 0.1)
    return GroupRow(
        "country", name, customers, Measured(0.6, 0.04), value, None, Measured(0.1, 0.01), Measured(0.11, 0.01), standing
    )  # type: ignore[arg-type]  # fmt: skip
