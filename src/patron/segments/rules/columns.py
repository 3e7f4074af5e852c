"""The columns that a rule can ask about: features, and the columns of scores and segments, each with its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from patron import tables
from patron.features.catalogue import FEATURES
from patron.segments.lifecycle import STAGE_NAMES
from patron.segments.rfm import RFM_NAMES
from patron.segments.seasons import SEASONAL_TYPES
from patron.segments.tiers import TIERS

Kind = Literal["number", "share", "day", "date", "text", "flag"]
"""A *share* is a number from 0 to 1; a *day* is a number of days since 1970-01-01, and may be compared with a date."""

_KIND_OF: Final[Mapping[tables.Kind, Kind]] = {
    "id": "text",
    "text": "text",
    "money": "number",
    "quantity": "number",
    "count": "number",
    "real": "number",
    "share": "share",
    "day": "day",
    "moment": "date",
    "date": "date",
    "flag": "flag",
}
_LEVELS: Final = ("high", "medium", "low")
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("tier", "raw_tier", "brought_tier", "next_tier"), TIERS),
    **dict.fromkeys(("rfm_segment", "raw_rfm_segment", "next_rfm_segment"), RFM_NAMES),
    **dict.fromkeys(("lifecycle", "raw_lifecycle"), STAGE_NAMES),
    "tier_outlook": ("up", "same", "down"),
    "seasonal_type": SEASONAL_TYPES,
    "confidence": _LEVELS,
}
"""The texts that a column can hold, where they are known beforehand."""


_UNIT_KINDS: Final[Mapping[str, Kind]] = {"day number": "day", "share": "share"}


@dataclass(frozen=True)
class RuleColumn:
    """One column that a rule can ask about; ``words`` are the only texts it holds, where those are known."""

    name: str
    kind: Kind
    words: tuple[str, ...] = ()


@cache
def rule_columns() -> Mapping[str, RuleColumn]:
    """Every column that a rule can ask about, by name, whether or not these sources give it."""
    return MappingProxyType({column.name: column for column in (*_features(), *_declared())})


def _features() -> Iterable[RuleColumn]:
    return (RuleColumn(one.name, _UNIT_KINDS.get(one.unit, "number")) for one in FEATURES)


def _declared() -> Iterable[RuleColumn]:
    """The columns of scores and segments as ``tables`` declares them; they stand over features of the same name."""
    return (
        RuleColumn(column.name, _KIND_OF[column.kind], WORDS.get(column.name, ()))
        for table in (tables.BEHAVIOUR, tables.SEGMENTS, tables.SCORES)
        for column in table.columns
    )
