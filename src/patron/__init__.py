"""Patron: what every customer will be worth, why, and whether it was right.

The journey of a notebook::

    import patron

    patron.init("orders.csv", workspace="shop")
    release = patron.run("shop")
    release.scores()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from patron.version import VERSION as __version__

if TYPE_CHECKING:
    from patron import models as models
    from patron.releases.contents import load_release as load_release
    from patron.surfaces.bridge import bridge as bridge
    from patron.surfaces.notebook import backtest as backtest
    from patron.surfaces.notebook import cluster_of as cluster_of
    from patron.surfaces.notebook import demo as demo
    from patron.surfaces.notebook import doctor as doctor
    from patron.surfaces.notebook import explain as explain
    from patron.surfaces.notebook import init as init
    from patron.surfaces.notebook import prospects as prospects
    from patron.surfaces.notebook import run as run
    from patron.surfaces.queue import queue as queue
    from patron.surfaces.table_profile import profile as profile

__all__ = [
    "__version__",
    "backtest",
    "bridge",
    "cluster_of",
    "demo",
    "doctor",
    "explain",
    "init",
    "load_release",
    "models",
    "profile",
    "prospects",
    "queue",
    "run",
]

# Loaded when asked for, so that ``patron --help`` does not wait for DuckDB and XGBoost.
_HOMES = {
    "backtest": "patron.surfaces.notebook",
    "bridge": "patron.surfaces.bridge",
    "cluster_of": "patron.surfaces.notebook",
    "demo": "patron.surfaces.notebook",
    "doctor": "patron.surfaces.notebook",
    "explain": "patron.surfaces.notebook",
    "init": "patron.surfaces.notebook",
    "profile": "patron.surfaces.table_profile",
    "prospects": "patron.surfaces.notebook",
    "queue": "patron.surfaces.queue",
    "run": "patron.surfaces.notebook",
    "load_release": "patron.releases.contents",
}


def __getattr__(name: str) -> Any:  # Any: what a lazy name holds depends on the name
    if name == "models":
        return import_module("patron.models")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'patron' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
