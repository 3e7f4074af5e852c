"""What became of customers whose value was set by hand, read from the releases that came after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patron.errors import DamagedRelease
from patron.releases.contents import SCORES
from patron.releases.manifest import read_manifest
from patron.releases.shelf import Shelf
from patron.reports.override_score import Claim, Outcome, Scored, score


def scored_claims(releases: Path, claims: Sequence[Claim]) -> tuple[Scored, ...]:
    """Each claim beside its outcome: in the first release as of the end of its horizon, or a little later."""
    days = _days(releases)
    wanted: defaultdict[tuple[date, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        fitting = [(day, name) for day, name in days if claim.matures_on <= day <= claim.read_until]
        if fitting:
            wanted[min(fitting)].append(claim)
    outcomes: dict[str, Outcome] = {}
    for (day, name), held in wanted.items():
        historic = _historic(releases / name / SCORES, [claim.customer_id for claim in held])
        outcomes |= {
            claim.id: Outcome(day, historic[claim.customer_id]) for claim in held if claim.customer_id in historic
        }
    newest = max((day for day, _ in days), default=None)
    gone = {claim.id for held in wanted.values() for claim in held} - outcomes.keys()
    return tuple(
        Scored(claim, "no outcome") if claim.id in gone else score(claim, outcomes.get(claim.id), newest)
        for claim in claims
    )


def _days(releases: Path) -> list[tuple[date, str]]:
    """The day of each release and its name."""
    shelf, found = Shelf(releases), []
    for name in shelf.names():
        try:
            found.append((date.fromisoformat(read_manifest(shelf.folder / name).as_of), name))
        except (DamagedRelease, OSError):
            continue  # being tidied away
    return found


def _historic(path: Path, customer_ids: Sequence[str]) -> dict[str, Decimal]:
    """What these customers had brought in all, by id; without those whom the release does not have."""
    chosen = [("customer_id", "in", pa.array(sorted(set(customer_ids)), pa.string()))]
    table = pq.read_table(path, columns=["customer_id", "historic_value"], filters=chosen)
    return {row["customer_id"]: Decimal(str(row["historic_value"])) for row in table.to_pylist()}
