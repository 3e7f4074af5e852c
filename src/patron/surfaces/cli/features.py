"""`patron features list`: the catalogue."""

from __future__ import annotations

import json
from itertools import groupby

import typer
from rich.console import Console
from rich.table import Table

from patron.features.catalogue import FEATURES


def list_features(*, as_json: bool) -> None:
    """Print every feature with formula, unit and window, by family."""
    if as_json:
        rows = [
            {
                "name": f.name,
                "family": f.family,
                "formula": f.formula,
                "unit": f.unit,
                "window": f.window,
                "meaning": f.meaning,
            }
            for f in FEATURES
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    console = Console(highlight=False)
    for family, features in groupby(FEATURES, key=lambda feature: feature.family):
        table = Table("name", "formula", "unit", "window", title=family, title_justify="left", box=None, pad_edge=False)
        for feature in features:
            table.add_row(feature.name, feature.formula, feature.unit, feature.window)
        console.print(table)
        console.print()
