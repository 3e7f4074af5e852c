"""Lists of a release's segments: the groups of a view, their members, who moved, and whom to act on.

Tables stay columns throughout: a release of a million customers makes no million Python objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from patron.errors import NothingThere, UnknownName, UsageError
from patron.releases.contents import BEHAVIOUR, MEMBERS, MOVES, SCORES, SEGMENTS, Release
from patron.reports.overridden import read_columns
from patron.segments.tiers import TIERS
from patron.tables import MONEY_SCALE

RULE: Final = "rule"
VIEWS: Final = ("tier", "rfm_segment", "lifecycle", "cluster", "seasonal_type", "place", RULE)
"""The parallel views; the groups of your own rules may overlap."""
# The next two are told, and held to their owners by a test: importing those would bring XGBoost and SciPy into every list.
MOVING_VIEWS: Final = VIEWS[:4]
ALERT_LEVELS: Final = ("act now", "watch")
VIEW_TITLES: Final[Mapping[str, str]] = {
    "tier": "Value tier",
    "rfm_segment": "RFM",
    "lifecycle": "Stage",
    "cluster": "Cluster",
    "seasonal_type": "Season",
    "place": "Place",
    RULE: "Own groups",
}
UNKNOWN: Final = "unknown"
_KEY: Final = "customer_id"
_MONEY: Final = pa.decimal128(18, MONEY_SCALE)
_MEMBER_COLUMNS: Final = ("tier", "rfm_segment", "lifecycle", "cluster")
_ALERT_COLUMNS: Final = ("alert", "alert_chance", "alert_because", "usual_value", "value_at_risk", "savable_value")
_FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
ListKind = Literal["alerts", "at_risk", "rising"]


@dataclass(frozen=True)
class SegmentRow:
    """One group of a view: customers, what is expected of them, what of it is at risk in 90 days, and moves since the release before.

    Moves are None for views in which nobody is followed, and in a first release.
    """

    name: str
    customers: int
    share_of_customers: float
    expected_value: float
    share_of_value: float
    value_at_risk: float
    moved_in: int | None
    moved_out: int | None


@dataclass(frozen=True)
class Flow:
    """Customers who went from one group to another since the release before, and what was and is expected of them."""

    view: str
    before: str
    now: str
    customers: int
    value_before: float
    value_now: float


def segment_rows(release: Release, view: str) -> tuple[SegmentRow, ...]:
    """The groups of a view: tiers from the highest, others by what is expected of them."""
    _known(view)
    members = _labelled(release, view)
    everybody = _exact(_read(release, SCORES, "expected_value"), "expected_value")
    total = float(pc.sum(everybody["expected_value"]).as_py() or 0)
    sums = (
        _exact(members, "expected_value", "value_at_risk")
        .group_by("segment")
        .aggregate([("expected_value", "sum"), ("value_at_risk", "sum"), (_KEY, "count")])
    )
    came, left = _moved(release, view)
    rows = [
        SegmentRow(
            name=row["segment"],
            customers=row[f"{_KEY}_count"],
            share_of_customers=_share(row[f"{_KEY}_count"], everybody.num_rows),
            expected_value=float(row["expected_value_sum"]),
            share_of_value=_share(float(row["expected_value_sum"]), total),
            value_at_risk=float(row["value_at_risk_sum"] or 0),
            moved_in=None if came is None else came.get(row["segment"], 0),
            moved_out=None if left is None else left.get(row["segment"], 0),
        )
        for row in sums.to_pylist()
    ]
    rows += [_empty(name) for name in _rule_names(release) if view == RULE and name not in {row.name for row in rows}]
    return tuple(sorted(rows, key=lambda row: _place(view, row)))


def found_segment(release: Release, name: str, view: str | None) -> tuple[str, str]:
    """The view and the name of a group, however its capitals are written; in all views where none is named.

    Raises UnknownName for a group there is not, UsageError for one that several views have.
    """
    views = VIEWS if view is None else (_known(view),)
    named = {one: _names(release, one) for one in views}
    found = [(one, held) for one, names in named.items() for held in names if held.casefold() == name.casefold()]
    if not found:
        told = [one for one in views if one != "place" or view == one]  # there may be hundreds of places
        raise UnknownName("segment", name, {held for one in told for held in named[one]})
    if len(found) > 1:
        raise UsageError(
            f"'{name}' is a segment of several views.",
            allowed=f"Views: {', '.join(one for one, _ in found)}.",
            to_do=f"Name one: --by {found[0][0]}.",
        )
    return found[0]


def segment_members(release: Release, view: str, name: str) -> pa.Table:
    """The members of a group, those of whom most is expected first."""
    members = _labelled(release, view)
    members = members.filter(pc.equal(members["segment"], name))
    told = members.select([_KEY, "expected_value", "value_at_risk"])
    told = _beside(told, _read(release, SCORES, _KEY, "value_low", "value_high"))
    told = _beside(told, _read(release, SEGMENTS, _KEY, *_MEMBER_COLUMNS))
    told = _beside(told, _read(release, BEHAVIOUR, _KEY, "alert"))
    return told.sort_by([("expected_value", "descending"), (_KEY, "ascending")])


def moved_customers(release: Release, view: str | None = None) -> pa.Table:
    """Who moved since the release before, those whose value changed most first; in all views, or in one."""
    if view is not None and view not in MOVING_VIEWS:
        raise UnknownName("view that is followed", view, MOVING_VIEWS)
    moves = _read(release, MOVES, _KEY, "view", "before", "now", "because", "value_before", "value_now")
    if view is not None:
        moves = moves.filter(pc.equal(moves["view"], view))
    change = pc.subtract(moves["value_now"].cast(pa.float64()), moves["value_before"].cast(pa.float64()))
    moves = moves.append_column("change", change).append_column("size", pc.abs(change))
    return moves.sort_by([("size", "descending"), (_KEY, "ascending"), ("view", "ascending")]).drop_columns(["size"])


def flows(moves: pa.Table) -> tuple[Flow, ...]:
    """Moves counted by where from and where to, the most customers first within each view."""
    counted = (
        _exact(moves, "value_before", "value_now")
        .group_by(["view", "before", "now"])
        .aggregate([(_KEY, "count"), ("value_before", "sum"), ("value_now", "sum")])
    )
    rows = [
        Flow(
            view=row["view"],
            before=row["before"],
            now=row["now"],
            customers=row[f"{_KEY}_count"],
            value_before=float(row["value_before_sum"]),
            value_now=float(row["value_now_sum"]),
        )
        for row in counted.to_pylist()
    ]
    return tuple(sorted(rows, key=lambda row: (MOVING_VIEWS.index(row.view), -row.customers, row.before, row.now)))


def act_on(release: Release, kind: ListKind, level: str | None = None) -> pa.Table:
    """Whom to act on, first things first.

    ``alerts`` are those whose alert is not calm, the urgent level first and within it the most that can still be saved;
    ``at_risk`` those with most that can still be saved, whatever their alert; ``rising`` those who may grow most. ``level`` keeps one
    alert level only.
    """
    if level is not None and level not in ALERT_LEVELS:
        raise UnknownName("alert level", level, ALERT_LEVELS)
    rows = _read(release, BEHAVIOUR, _KEY, *_ALERT_COLUMNS, "engagement", "rising", "potential")
    rank = pc.index_in(rows["alert"], value_set=pa.array([level] if level else ALERT_LEVELS))
    rows = rows.append_column("rank", rank)
    if kind == "alerts" or level is not None:
        rows = rows.filter(pc.is_valid(rows["rank"]))
    if kind == "rising":
        rows = rows.filter(rows["rising"].cast(pa.bool_()))
    if kind == "at_risk":
        rows = rows.filter(pc.greater(rows["value_at_risk"], 0.0))
    first: dict[str, list[tuple[str, str]]] = {
        "alerts": [("rank", "ascending"), ("savable_value", "descending")],
        "at_risk": [("savable_value", "descending")],
        "rising": [("potential", "descending")],
    }
    rows = rows.sort_by([*first[kind], (_KEY, "ascending")]).drop_columns(["rank"])
    rows = _beside(rows, _read(release, SCORES, _KEY, "expected_value"))
    return _beside(rows, _read(release, SEGMENTS, _KEY, "tier", "rfm_segment"))


def write_list(table: pa.Table, path: Path) -> None:
    """Write a list as CSV that a spreadsheet opens without running anything in it."""
    pyarrow.csv.write_csv(spreadsheet_safe(table), path)


def spreadsheet_safe(table: pa.Table) -> pa.Table:
    """The same with an apostrophe before every text that a spreadsheet would take for a formula."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            texts = table.column(place)
            marked = pc.binary_join_element_wise(pa.scalar("'", field.type), texts, pa.scalar("", field.type))
            risky = pc.match_substring_regex(texts, _FORMULA)
            table = table.set_column(place, field, pc.if_else(risky, marked, texts))
    return table


def _known(view: str) -> str:
    if view not in VIEWS:
        raise UnknownName("view", view, VIEWS)
    return view


def _read(release: Release, file: str, *columns: str) -> pa.Table:
    """Columns of a table; NothingThere for a release from before they were kept."""
    path = release.folder / file
    held = pq.read_schema(path).names if path.is_file() else []
    if not set(columns) <= set(held):
        raise NothingThere(
            f"Release {release.id} does not tell that: an earlier Patron made it.",
            to_do="Publish anew with 'patron run --again'.",
        )
    return read_columns(release, path, columns)


def _labelled(release: Release, view: str) -> pa.Table:
    """Every member of every group of a view: customer_id, segment, expected_value and value_at_risk."""
    if view == RULE:
        rows = _read(release, MEMBERS, _KEY, RULE).rename_columns([_KEY, "segment"])
    else:
        rows = _read(release, SEGMENTS, _KEY, view).rename_columns([_KEY, "segment"])
        rows = rows.set_column(1, "segment", pc.fill_null(rows["segment"].cast(pa.string()), UNKNOWN))
    rows = _beside(rows, _read(release, SCORES, _KEY, "expected_value"))
    return _beside(rows, _read(release, BEHAVIOUR, _KEY, "value_at_risk"))


def _beside(rows: pa.Table, other: pa.Table) -> pa.Table:
    """The rows with the other table's columns of the same customers, in the order of the rows."""
    if not rows[_KEY].equals(other[_KEY]):
        other = other.take(pc.index_in(rows[_KEY], value_set=other[_KEY].combine_chunks()))
    for name in other.column_names:
        if name != _KEY:
            rows = rows.append_column(name, other[name])
    return rows


def _exact(rows: pa.Table, *columns: str) -> pa.Table:
    """Money as decimals, whose sum does not hang on the order in which it is added up."""
    for name in columns:
        values = pc.round(rows[name].cast(pa.float64()), MONEY_SCALE).cast(_MONEY)
        rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows


def _names(release: Release, view: str) -> list[str]:
    if view == RULE:
        return _rule_names(release)
    words = pc.unique(_read(release, SEGMENTS, view)[view].cast(pa.string())).to_pylist()
    return sorted(UNKNOWN if word is None else word for word in words)


def _rule_names(release: Release) -> list[str]:
    """The rules of the run, also those that nobody meets."""
    told: Sequence[dict[str, Any]] = release.segmentation().get("members", [])  # Any: plain data
    return [str(one["rule"]) for one in told]


def _moved(release: Release, view: str) -> tuple[dict[str, int] | None, dict[str, int] | None]:
    """How many came into each group and left it; None where that is not known."""
    followed = view in MOVING_VIEWS and previous_release(release)
    if not followed:
        return None, None
    moves = moved_customers(release, view)
    came, left = (
        {row[column]: row[f"{_KEY}_count"] for row in moves.group_by(column).aggregate([(_KEY, "count")]).to_pylist()}
        for column in ("now", "before")
    )
    return came, left


def previous_release(release: Release) -> str | None:
    """The name of the release that moves are counted from; None in a first release."""
    previous = release.segmentation().get("segmentation", {}).get("previous")
    return None if previous is None else str(previous)


def _empty(name: str) -> SegmentRow:
    return SegmentRow(name, 0, 0.0, 0.0, 0.0, 0.0, None, None)


def _place(view: str, row: SegmentRow) -> tuple[float, str]:
    return (float(TIERS.index(row.name)) if view == "tier" else -row.expected_value), row.name


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
