"""A profile as one HTML file with everything inside it, and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

from patron.quality.profile.findings import ColumnProfile, Pair, TableProfile
from patron.reports import profile_charts, wording
from patron.reports.pages import page_templates

_LEVELS: Final = {"mend": ("poor", "mend"), "look": ("fair", "look"), "know": ("untested", "know")}
_MOST_PAIRS: Final = 12
_LEAST_TOLD: Final = 0.1
_MOST_SQUARES: Final = 24


def render_profile(profile: TableProfile) -> str:
    """The page, as the text of one HTML file."""
    environment = page_templates()
    environment.filters.update(
        number=wording.number, share=wording.share, short=wording.short_number, printable=wording.printable,
        figure=_figure,
    )  # fmt: skip
    return environment.get_template("profile.html").render(
        p=profile,
        headline=headline(profile),
        missing=_missing(profile),
        levels=_LEVELS,
        charts={
            column.name: profile_charts.column_chart(column, f"column-{place}")
            for place, column in enumerate(profile.columns)
        },
        sparks={column.name: profile_charts.spark(column) for column in profile.columns},
        heat=_heat(profile),
        pairs=_told_pairs(profile),
        type_of=type_of,
    )


def profile_facts(profile: TableProfile) -> dict[str, Any]:  # Any: JSON
    """The profile as plain data, with the derived shares; figures that do not exist are null."""
    facts = asdict(profile)
    for told, column in zip(facts["columns"], profile.columns, strict=True):
        told |= {"missing": column.missing, "missing_share": column.missing_share, "is_key": column.is_key}
        if column.shift is not None:
            told["shift"]["moved"] = column.shift.moved
    return {key: _finite(value) for key, value in facts.items()}


def headline(profile: TableProfile) -> str:
    """The table in one sentence."""
    mend = sum(1 for one in profile.advice if one.level == "mend")
    look = sum(1 for one in profile.advice if one.level == "look")
    told = [wording.count(mend, "thing") + " to mend"] if mend else []
    told += [f"{look} to look at"] if look else []
    rest = f": {' and '.join(told)}" if told else ": nothing that asks for attention"
    size = f"{wording.count(profile.rows, 'row')} in {wording.count(len(profile.columns), 'column')}"
    return size + rest


def type_of(column: ColumnProfile) -> str:
    """A column's type in words: as declared, or as seen where nothing more than text was promised."""
    return column.seen if column.declared in ("", "text") else column.declared


def _missing(profile: TableProfile) -> float:
    cells = profile.rows * len(profile.columns)
    return sum(column.missing for column in profile.columns) / cells if cells else 0.0


def _heat(profile: TableProfile) -> str:
    ranked = [pair for pair in profile.pairs if pair.measure == "spearman"]
    names = {name for pair in ranked for name in (pair.one, pair.other)}
    return profile_charts.heat(ranked, "heat") if 3 <= len(names) <= _MOST_SQUARES else ""


def _told_pairs(profile: TableProfile) -> list[Pair]:
    return [pair for pair in profile.pairs if abs(pair.strength) >= _LEAST_TOLD][:_MOST_PAIRS]


def _figure(value: float) -> str:
    """A number of any size, in six figures at most."""
    if value == int(value) and abs(value) < 1e12:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−")


def _finite(value: Any) -> Any:  # Any: JSON
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value
