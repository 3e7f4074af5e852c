"""Lineage for people: of the current release, or, before anything has run, of what patron.toml says."""

from __future__ import annotations

from pathlib import Path

from patron.errors import NothingThere
from patron.features.catalogue import FEATURES
from patron.origins import Place
from patron.pipeline.lineage.lineage import LINEAGE_OF, lineage, unrun_grounds
from patron.pipeline.steps import STEPS
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.reports.lineage import Lineage, lineage_of_table
from patron.reports.lineage_page import Stage
from patron.tables import ALL_TABLES, SOURCE_TABLES, silver_columns


def workspace_lineage(folder: Path, release: str | None = None) -> Lineage:
    """The lineage that a release holds (default: the current one); of a workspace without any, what it will be."""
    workspace = Workspace.at(folder)
    try:
        told = lineage_of_table(load_release(workspace.folder, release).lineage())
    except NothingThere:
        return Lineage(lineage(unrun_grounds(workspace.settings)))
    if not told.edges:
        raise NothingThere(
            "This release is from before lineage was kept.", to_do="Run 'patron run --again' to publish one."
        )
    return told


def stages() -> tuple[Stage, ...]:
    """The steps that make tables, gathered by the layer that they write; those after the models are published."""
    by_title: dict[str, tuple[str, ...]] = {}
    for step in STEPS:
        title = next((words for table, words in _TITLES.items() if table in step.writes), None)
        if title and step.name in LINEAGE_OF:
            by_title[title] = (*by_title.get(title, ()), step.name)
    return tuple(Stage(title, steps) for title, steps in by_title.items())


_PUBLISHED = "Gold: what is published"
_DESCRIBED = "Customers described, models tested"
_TITLES = {
    "bronze.files": "Bronze: rows as they came",
    "silver.intake": "Silver: what can be believed",
    "work.<prepared>": "Work: orders summed up",
    "gold.customer_features": _DESCRIBED,
    "gold.scores": _PUBLISHED,
    "gold.forecast": _PUBLISHED,
    "gold.segments": _PUBLISHED,
    "gold.lineage": _PUBLISHED,
    "work.facts": _DESCRIBED,
}


def meanings() -> dict[Place, str]:
    """What columns mean, as far as it is declared."""
    told = {
        Place(table.layer, table.name, column.name): column.meaning
        for table in ALL_TABLES
        for column in (silver_columns(table) if table in SOURCE_TABLES else table.columns)
    }
    features = {Place("gold", "customer_features", feature.name): feature.meaning for feature in FEATURES}
    return told | features
