"""What a release's tables tell of its segments: counts by stage, season and outlook, and the customers to look at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patron.errors import DamagedRelease
from patron.releases.contents import BEHAVIOUR, MOVES, SEGMENTS
from patron.reports.valuation import Valuation
from patron.segments.lifecycle import STAGES
from patron.segments.rfm import RFM_NAMES
from patron.segments.seasons import SEASONAL_TYPES
from patron.segments.tiers import TIERS

MOST_LISTED: Final = 10
ENGAGEMENT_BINS: Final = 20
OUTLOOKS: Final = ("up", "same", "down")
VIEWS: Final = ("tier", "rfm_segment", "lifecycle", "cluster")
Expected = Mapping[str, Mapping[str, float]]
_RISK: Final = ("usual_value", "value_at_risk", "value_at_risk_tail", "savable_value", "potential")


@dataclass(frozen=True)
class GroupRow:
    """The customers of one stage or type: how many, and their part of the expected value."""

    name: str
    customers: int
    customer_share: float
    value: float
    value_share: float | None
    meaning: str = ""


@dataclass(frozen=True)
class HeadingRow:
    """One group: how many customers are in it now, and how many are expected one horizon from now."""

    name: str
    now: int
    next: int


@dataclass(frozen=True)
class Heading:
    """Where customers are heading in one view; ``expected`` where the next counts are chances added up, not likeliest groups."""

    rows: tuple[HeadingRow, ...]
    outlook: tuple[tuple[str, int], ...] = ()
    expected: bool = False

    def outlook_of(self, word: str) -> int:
        return dict(self.outlook).get(word, 0)


@dataclass(frozen=True)
class Move:
    """One change of group, and why."""

    view: str
    before: str
    now: str
    because: str


@dataclass(frozen=True)
class Mover:
    """A customer who belongs to other groups than in the release before."""

    customer_id: str
    value_before: float
    value_now: float
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class WatchedRow:
    """A customer's behaviour beside what is expected of them."""

    customer_id: str
    tier: str
    rfm_segment: str
    expected_value: float
    alert: str
    because: str
    usual_value: float
    value_at_risk: float
    value_at_risk_tail: float
    savable_value: float
    potential: float


@dataclass(frozen=True)
class Engagement:
    """How engaged customers are: their number by twentieth of the scale from 0 to 100, and the median."""

    bins: tuple[int, ...]
    median: float


@dataclass(frozen=True)
class SegmentLists:
    """The counts and lists of a release; empty where a release does not tell them."""

    stages: tuple[GroupRow, ...] = ()
    seasons: tuple[GroupRow, ...] = ()
    headings: tuple[tuple[str, Heading], ...] = ()
    movers: tuple[Mover, ...] = ()
    movers_in_all: int = 0
    savable: tuple[WatchedRow, ...] = ()
    rising: tuple[WatchedRow, ...] = ()
    engagement: Engagement | None = None

    def heading(self, view: str) -> Heading | None:
        return dict(self.headings).get(view)


def read_segment_lists(
    release: Path, valuation: Valuation, most: int = MOST_LISTED, expected: Expected | None = None
) -> SegmentLists:
    """Counts over all customers, and the ``most`` customers of each list; equal ones by their id.

    ``expected`` is how many customers the run expects in each group, by view; without, likeliest groups are counted.
    """
    labels = _read(release, SEGMENTS)
    movers, movers_in_all = _movers(_read(release, MOVES), most)
    watched = _read(release, BEHAVIOUR)
    whole = watched if watched is not None and {*_RISK, "alert", "rising"} <= {*watched.column_names} else None
    return SegmentLists(
        stages=_groups(labels, valuation, "lifecycle", {stage.name: stage.description for stage in STAGES}),
        seasons=_groups(labels, valuation, "seasonal_type", dict.fromkeys(SEASONAL_TYPES, "")),
        headings=_headings(labels, expected or {}),
        movers=movers,
        movers_in_all=movers_in_all,
        savable=_listed(whole, valuation, "savable_value", most),
        rising=_listed(_where(whole, "rising"), valuation, "potential", most),
        engagement=_engagement(watched),
    )


# pyarrow carries no types: its tables and columns are Any.
def _read(release: Path, name: str) -> Any:
    path = release / name
    if not path.is_file():
        return None
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedRelease(f"{name} of release {release.name} cannot be read: {error}.") from error


def _groups(labels: Any, valuation: Valuation, column: str, meanings: dict[str, str]) -> tuple[GroupRow, ...]:
    if labels is None or column not in labels.column_names or not len(labels):
        return ()
    words = labels[column].combine_chunks().dictionary_encode()
    codes = np.asarray(words.indices.fill_null(len(words.dictionary)).to_numpy(), dtype=np.int64)
    names = words.dictionary.to_pylist()
    values = valuation.expected_value[_rows_of(labels["customer_id"], valuation)]
    counts = np.bincount(codes, minlength=len(names))
    sums, whole = np.bincount(codes, values, len(names)), float(values.sum())
    order = [name for name in meanings if name in names] + sorted(name for name in names if name not in meanings)
    return tuple(
        GroupRow(
            name,
            int(counts[place]),
            float(counts[place] / len(labels)),
            float(sums[place]),
            float(sums[place]) / whole if whole > 0 else None,
            meanings.get(name, ""),
        )
        for name, place in ((name, names.index(name)) for name in order)
    )


def _headings(labels: Any, expected: Expected) -> tuple[tuple[str, Heading], ...]:
    views = (
        ("tier", "brought_tier", "next_tier", TIERS),
        ("rfm_segment", "rfm_segment", "next_rfm_segment", RFM_NAMES),
    )
    told = []
    for view, now, ahead, names in views:
        if labels is not None and {now, ahead} <= {*labels.column_names} and len(labels):
            here, there = _counts(labels[now]), expected.get(view) or _counts(labels[ahead])
            rows = tuple(HeadingRow(name, here.get(name, 0), round(there.get(name, 0))) for name in names)
            outlook = _outlook(labels, expected) if view == "tier" else ()
            told.append((view, Heading(rows, outlook, expected=bool(expected.get(view)))))
    return tuple(told)


def _outlook(labels: Any, expected: Expected) -> tuple[tuple[str, int], ...]:
    held = _counts(labels["tier_outlook"]) if "tier_outlook" in labels.column_names else {}
    counts = expected.get("outlook") or held
    return tuple((word, round(counts.get(word, 0))) for word in OUTLOOKS) if counts else ()


def _counts(column: Any) -> dict[str, int]:
    return {str(row["values"]): int(row["counts"]) for row in pc.value_counts(column).to_pylist()}


def _movers(moves: Any, most: int) -> tuple[tuple[Mover, ...], int]:
    """The movers of the greatest value, before or now, each with all their moves; and how many moved in all."""
    if moves is None or not len(moves):
        return (), 0
    worth = pc.max_element_wise(moves["value_before"], moves["value_now"])
    ordered = moves.append_column("worth", worth).sort_by([("worth", "descending"), ("customer_id", "ascending")])
    in_all = int(pc.count_distinct(moves["customer_id"]).as_py())
    first = ordered.slice(0, most * len(VIEWS)).to_pylist()
    held: dict[str, list[dict[str, Any]]] = {}  # Any: a row of a table
    for row in first:
        held.setdefault(str(row["customer_id"]), []).append(row)
    return tuple(_mover(one, rows) for one, rows in list(held.items())[:most]), in_all


def _mover(customer_id: str, rows: Sequence[dict[str, Any]]) -> Mover:  # Any: a row of a table
    ordered = sorted(rows, key=lambda row: VIEWS.index(row["view"]) if row["view"] in VIEWS else len(VIEWS))
    told = tuple(Move(row["view"], row["before"] or "", row["now"] or "", row["because"] or "") for row in ordered)
    return Mover(customer_id, float(rows[0]["value_before"] or 0.0), float(rows[0]["value_now"] or 0.0), told)


def _where(watched: Any, flag: str) -> Any:
    return watched.filter(pc.fill_null(watched[flag], False)) if watched is not None else None


def _listed(watched: Any, valuation: Valuation, by: str, most: int) -> tuple[WatchedRow, ...]:
    """The customers of whom most is at stake by this column, as far as anything is."""
    if watched is None or not len(watched):
        return ()
    some = watched.filter(pc.greater(watched[by], 0.0))
    keys = [(by, "descending"), ("customer_id", "ascending")]
    first = some.take(pc.select_k_unstable(some, min(most, len(some)), keys)) if len(some) else some
    places = _rows_of(first["customer_id"], valuation)
    return tuple(
        WatchedRow(
            str(row["customer_id"]),
            valuation.words["tier"].of(int(place)),
            valuation.words["rfm_segment"].of(int(place)),
            float(valuation.expected_value[place]),
            str(row["alert"]),
            row.get("alert_because") or "",
            *(float(row[name]) for name in _RISK),
        )
        for row, place in zip(first.to_pylist(), places, strict=True)
    )


def _rows_of(customer_ids: Any, valuation: Valuation) -> NDArray[np.int64]:
    """The place of each customer in the valuation; DamagedRelease for one that it does not hold."""
    known = valuation.customer_ids
    places = pc.index_in(customer_ids.cast(pa.string()), value_set=known.cast(pa.string()))
    if places.null_count:
        raise DamagedRelease(f"{places.null_count} customers of the release's segments or behaviour have no score.")
    return np.asarray(places.to_numpy(), dtype=np.int64)


def _engagement(watched: Any) -> Engagement | None:
    if watched is None or "engagement" not in watched.column_names or not len(watched):
        return None
    scores = np.asarray(watched["engagement"].to_numpy(), dtype=np.float64)
    known = scores[np.isfinite(scores)]
    if not known.size:
        return None
    bins, _ = np.histogram(np.clip(known, 0, 100), ENGAGEMENT_BINS, (0, 100))
    return Engagement(tuple(int(one) for one in bins), float(np.median(known)))
