"""The picture of lineage: one HTML file in which every column shows what it is made from and what is made from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from patron.origins import HOW, Place
from patron.reports.lineage import Lineage
from patron.reports.pages import page_templates

OUTSIDE_STAGE: Final = "Sources and settings"
_ASIDE: Final = frozenset(
    {
        "files",
        "rejects",
        "quarantine",
        "review",
        "decided",
        "intake",
        "batch_profiles",
        "lineage",
        "artifacts",
        "(queue)",
    }
)
"""Tables that keep count of the others: there, but not in the way."""


@dataclass(frozen=True)
class Stage:
    """One column of the picture: its title, and the steps whose tables stand in it."""

    title: str
    steps: tuple[str, ...]


def render_lineage(
    lineage: Lineage, stages: Sequence[Stage], meanings: Mapping[Place, str], chosen: Place | None
) -> str:
    """The page, opened at the chosen column; ``meanings`` says what columns mean, where that is declared."""
    environment = page_templates()
    drawn = _drawn(lineage, stages, meanings, chosen)
    # In a script element only this could end the data; JSON reads the escape as the same sign.
    data = Markup(json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704
    columns = sum(place.layer not in ("source", "setting") for place in lineage.places)
    return environment.get_template("lineage.html").render(
        data=data, columns=columns, edges=len(lineage.edges), how=HOW
    )


def _drawn(
    lineage: Lineage, stages: Sequence[Stage], meanings: Mapping[Place, str], chosen: Place | None
) -> dict[str, Any]:  # Any: JSON
    number = {place: n for n, place in enumerate(lineage.places)}
    stage_of = {step: n for n, stage in enumerate(stages, start=1) for step in stage.steps}
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    for place in lineage.places:
        made_in = [stage_of[edge.step] for edge in lineage.into.get(place, ())]
        table = tables.setdefault(
            (place.layer, place.table),
            {"name": place.table, "layer": place.layer, "stage": 0, "aside": place.table in _ASIDE, "columns": []},
        )
        table["stage"] = max([table["stage"], *made_in])
        table["columns"].append(
            {
                "id": number[place],
                "name": place.column,
                "formula": lineage.formula(place),
                "meaning": meanings.get(place, ""),
            }
        )
    hows = list(HOW)
    return {
        "stages": [OUTSIDE_STAGE, *(stage.title for stage in stages)],
        "tables": list(tables.values()),
        "edges": [[number[edge.source], number[edge.target], hows.index(edge.how)] for edge in lineage.edges],
        "hows": hows,
        "chosen": None if chosen is None else number[chosen],
    }
