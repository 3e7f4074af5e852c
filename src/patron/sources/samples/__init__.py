"""Data to try Patron on: real households, a real web shop, and simulated worlds whose truth is known.

``prepare_sample`` fills a folder with a sample and a patron.toml that maps it; ``patron run`` does the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from patron.errors import UnknownName

SAMPLES: Final[dict[str, str]] = {
    "complete-journey": "2,469 real households of a grocer: 1.47 million receipt lines of 2017, with stores and campaigns",
    "online-retail": "the UCI Online Retail invoices of a British gift shop, December 2010 to December 2011",
    "shop": "a simulated shop, on the web and in branches, with campaigns whose effect is known",
    "bank": "a simulated bank with branches, accounts and margins",
    "subscription": "simulated subscriptions: plans, renewals, upgrades and churn",
}


# The options differ by sample, so each sample's own function declares and types them.
def prepare_sample(name: str, folder: Path, **options: Any) -> Path:
    """Fill this folder with a sample; gives the path of the patron.toml written there.

    ``online-retail`` takes ``file`` (a local copy) or ``download=True``; the simulated worlds take what
    ``worlds.simulate`` takes, with 2,000 customers and seed 1 unless told; ``complete-journey`` takes nothing.
    Names may be written with a hyphen or an underscore. Raises UnknownName for another sample and NothingThere when its data cannot be had.
    """
    name = name.replace("_", "-")
    # Readers of Parquet and numpy load only when a sample is wanted: ``patron --help`` lists SAMPLES too.
    if name == "complete-journey":
        from patron.sources.samples.complete_journey import prepare_complete_journey

        return prepare_complete_journey(folder, **options)
    if name == "online-retail":
        from patron.sources.samples.online_retail import prepare_online_retail

        return prepare_online_retail(folder, **options)
    if name in SAMPLES:
        from patron.sources.samples.worlds import prepare_world

        return prepare_world(name, folder, **options)
    raise UnknownName("sample", name, SAMPLES)
