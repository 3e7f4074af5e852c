"""STEPS: the program. The runner, the progress display and the lineage page derive from this tuple."""

from __future__ import annotations

from typing import Final

from patron.pipeline.gates.bronze import bronze_gate
from patron.pipeline.gates.gold import gold_gate
from patron.pipeline.gates.lake import lake_gate
from patron.pipeline.gates.silver import silver_gate
from patron.pipeline.judging.check import check
from patron.pipeline.landing.ingest import ingest
from patron.pipeline.lineage.lineage import trace_columns
from patron.pipeline.modelling.backtest import backtest
from patron.pipeline.modelling.bridge import bridge
from patron.pipeline.modelling.describe import describe
from patron.pipeline.modelling.forecast import forecast
from patron.pipeline.modelling.prepare import prepare
from patron.pipeline.modelling.score import score
from patron.pipeline.publishing.publish import publish
from patron.pipeline.publishing.report import report
from patron.pipeline.segmenting.behave import behave
from patron.pipeline.segmenting.group import segment
from patron.pipeline.segmenting.previous import recall
from patron.pipeline.step import Step

STEPS: Final = (
    Step(
        "ingest",
        "Read the files",
        ("files",),
        ("bronze.files", "bronze.rejects", "bronze.<source>"),
        ingest,
        before=lake_gate,
        after=bronze_gate,
    ),
    Step(
        "check",
        "Decide what can be believed",
        ("bronze.files", "bronze.rejects", "bronze.<source>"),
        ("silver.<table>", "silver.quarantine", "silver.review", "silver.intake", "silver.batch_profiles"),
        check,
        after=silver_gate,
    ),
    Step("prepare", "Sum up orders", ("silver.<table>",), ("work.<prepared>",), prepare),
    Step(
        "describe",
        "Describe customers",
        ("silver.<table>", "work.<prepared>"),
        (
            "gold.customer_features",
            "work.past_features",
            "work.past_outcomes",
            "work.customer_groups",
            "work.sample_customers",
            "work.facts",
        ),
        describe,
    ),
    Step(
        "backtest",
        "Test the models on the past",
        ("gold.customer_features", "work.past_features", "work.past_outcomes", "work.customer_groups", "work.facts"),
        ("work.past_values", "work.facts"),
        backtest,
    ),
    Step(
        "score",
        "Value every customer",
        ("gold.customer_features", "work.past_features", "work.past_outcomes", "work.facts"),
        ("gold.scores", "work.artifacts", "work.facts"),
        score,
    ),
    Step(
        "forecast",
        "Forecast revenue by month",
        (
            "work.<prepared>",
            "silver.<table>",
            "gold.customer_features",
            "gold.scores",
            "work.past_features",
            "work.facts",
        ),
        ("gold.forecast", "gold.forecast_cohorts", "work.facts"),
        forecast,
    ),
    Step(
        "recall",
        "Recall the release before",
        (
            "gold.customer_features",
            "gold.scores",
            "silver.<table>",
            "work.customer_groups",
            "work.facts",
            "the release before",
        ),
        ("work.previous_segments", "work.places", "work.facts"),
        recall,
    ),
    Step(
        "segment",
        "Group customers",
        (
            "gold.customer_features",
            "gold.scores",
            "work.previous_segments",
            "work.places",
            "work.<prepared>",
            "work.past_features",
            "work.past_outcomes",
            "work.artifacts",
            "work.facts",
            "the release before",
        ),
        ("gold.segments", "gold.moves", "work.cluster_artifacts", "work.facts"),
        segment,
    ),
    Step(
        "behave",
        "Watch who may be lost and who rises",
        (
            "gold.customer_features",
            "gold.scores",
            "gold.segments",
            "work.past_features",
            "work.past_outcomes",
            "work.past_values",
            "work.facts",
        ),
        ("gold.behaviour", "gold.members", "work.facts"),
        behave,
    ),
    Step(
        "bridge",
        "Tell why the value changed",
        (
            "gold.customer_features",
            "gold.scores",
            "gold.segments",
            "work.<prepared>",
            "work.facts",
            "the release before",
        ),
        ("gold.bridge", "work.facts"),
        bridge,
    ),
    Step(
        "trace",
        "Trace where columns come from",
        ("bronze.files", "work.facts"),
        ("gold.lineage", "work.lineage_grounds"),
        trace_columns,
    ),
    Step(
        "publish",
        "Publish the release",
        (
            "gold.scores",
            "gold.segments",
            "gold.moves",
            "gold.members",
            "gold.behaviour",
            "gold.bridge",
            "gold.customer_features",
            "gold.forecast",
            "gold.forecast_cohorts",
            "gold.lineage",
            "work.artifacts",
            "work.cluster_artifacts",
            "work.facts",
            "bronze.files",
            "silver.<table>",
            "silver.quarantine",
            "silver.review",
            "silver.intake",
        ),
        ("release", "work.facts"),
        publish,
        before=gold_gate,
    ),
    Step("report", "Write the report", ("release",), ("report.html",), report),
)
