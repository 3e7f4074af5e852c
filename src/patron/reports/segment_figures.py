"""Every picture of segments that a release has something to show for, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from markupsafe import Markup

from patron.reports import segment_charts
from patron.reports.answers import Answers
from patron.reports.behaviour_story import LEVELS
from patron.reports.bridge_chart import bridge_chart
from patron.reports.cluster_charts import candidates_chart, cluster_map

Draw = Callable[[float, str], Markup]
HALF, FULL = 500.0, 1040.0
SEGMENT_FIGURES: Final = (
    "bridge", "candidates", "map", "stages", "seasons", "foresight", "calm", "engagement", "alerts",
)  # fmt: skip


def segment_figures(answers: Answers) -> dict[str, tuple[float, Draw]]:
    """The width at which each picture is drawn wide, and how."""
    return {**_bridge(answers), **_clusters(answers), **_standing(answers), **_behaviour(answers)}


def _bridge(answers: Answers) -> dict[str, tuple[float, Draw]]:
    told = answers.segmentation.bridge
    sums = told.sums if told else None
    if told is None or sums is None or told.previous_as_of is None or told.as_of is None:
        return {}
    since, today = told.previous_as_of, told.as_of
    return {
        "bridge": (
            FULL,
            lambda w, n: bridge_chart(sums, told.currency, since, today, w, n, undivided=told.undivided),
        )
    }


def _clusters(answers: Answers) -> dict[str, tuple[float, Draw]]:
    found = answers.grouping.clusters
    drawn: dict[str, tuple[float, Draw]] = {}
    if found is None:
        return drawn
    if found.chosen_then and any(one.k > 1 for one in found.choice.candidates):
        drawn["candidates"] = (FULL, lambda w, n: candidates_chart(found.choice, w, n))
    if found.k > 1 and found.picture.coordinates:
        drawn["map"] = (FULL, lambda w, n: cluster_map(found.picture, found.profiles, w, n))
    return drawn


def _standing(answers: Answers) -> dict[str, tuple[float, Draw]]:
    lists, grouping = answers.lists, answers.grouping
    drawn: dict[str, tuple[float, Draw]] = {}
    if lists.stages:
        drawn["stages"] = (HALF, lambda w, n: segment_charts.group_bars(lists.stages, "Lifecycle stages", w, n))
    if lists.seasons:
        drawn["seasons"] = (HALF, lambda w, n: segment_charts.group_bars(lists.seasons, "Seasonal types", w, n))
    ahead = {view: told for view, told in (grouping.foresight or {}).items() if told.measured}
    if ahead:
        drawn["foresight"] = (HALF, lambda w, n: segment_charts.foresight_chart(ahead, w, n))
    calm = grouping.calm
    if calm is not None and any(view.raw.flaps for view in calm.views.values()):
        drawn["calm"] = (HALF, lambda w, n: segment_charts.calm_chart(calm, w, n))
    return drawn


def _behaviour(answers: Answers) -> dict[str, tuple[float, Draw]]:
    told, engagement = answers.segmentation.behaviour, answers.lists.engagement
    drawn: dict[str, tuple[float, Draw]] = {}
    if engagement is not None:
        drawn["engagement"] = (HALF, lambda w, n: segment_charts.engagement_chart(engagement, w, n))
    rows = [row for level in LEVELS if told and told.measured and (row := told.measured.alert(level))]
    if rows:
        drawn["alerts"] = (HALF, lambda w, n: segment_charts.alert_chart(rows, w, n))
    return drawn
