"""What a release must hold, beside its models, to value data that is sent: the rules by which rows were read and counted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from patron.errors import DamagedRelease, NothingThere, UnknownName
from patron.features.order_parts import Present
from patron.models.validation.conformal import Intervals
from patron.periods import day_number
from patron.settings import Condition, Settings, Source, Value
from patron.tables import TRANSACTIONS

FORMAT: Final = 1
_POINT_NOTHING: Final = re.compile(r"^(-?\d+)\.0$")


@dataclass(frozen=True)
class ReadBy:
    """How a source's transactions are read: the zone of times without one, and the rule that marks refunds.

    ``refund_column`` is Patron's name of the column that the rule looks at; empty where that column is not mapped, and
    whoever sends rows must say themselves which are refunds.
    """

    source: str
    timezone: str
    refund_when: Condition | None
    refund_column: str

    def is_marked(self, row: object) -> bool:
        """Whether the rule takes a row for a refund, by its field of the rule's column, as ``sources`` does with texts."""
        told = getattr(row, self.refund_column) if self.refund_column else None
        if told is None or self.refund_when is None:
            return False
        if self.refund_when.less_than is not None:
            return isinstance(told, Decimal) and told < self.refund_when.less_than
        text = f"{told:f}" if isinstance(told, Decimal) else str(told)
        if self.refund_when.starts_with is not None:
            return text.startswith(self.refund_when.starts_with)
        words = self.refund_when.equals or ()
        return text in words or re.sub(_POINT_NOTHING, r"\1", text) in words

    @classmethod
    def of(cls, name: str, source: Source) -> ReadBy:
        rule = source.refund_when
        named = dict(source.columns) | ({"row_id": source.row_id} if source.row_id else {})
        column = next((ours for ours, theirs in named.items() if rule and theirs == rule.column), "")
        return cls(name, source.timezone, rule, column)


@dataclass(frozen=True)
class ScoringFacts:
    """What the run that made the release knew of all its customers together: what one customer is measured by.

    ``usual_value`` is the mean size of expected values, ``usual_history`` the mean of what customers brought; it matters only
    without ``intervals``.
    """

    intervals: Intervals | None
    usual_value: float
    usual_history: float


@dataclass(frozen=True)
class DataContract:
    """Everything that was true of the data a release was made of, as far as other data must keep it too."""

    present: Present
    value: Value
    earliest: int
    read_by: tuple[ReadBy, ...]
    facts: ScoringFacts
    labels: Mapping[str, Any]  # Any: plain data

    def reading(self, source: str | None) -> ReadBy:
        """How rows of this source are read; of the only one, or of any where all are read alike, without a name."""
        found = {one.source: one for one in self.read_by}
        if source is None:
            alike = {(one.timezone, one.refund_when, one.refund_column) for one in self.read_by}
            if len(alike) == 1:
                return self.read_by[0]
            raise UnknownName("source of transactions", "", found)
        if source not in found:
            raise UnknownName("source of transactions", source, found)
        return found[source]

    def to_json(self) -> str:
        """All of it as JSON; floats as they are, to the last bit."""
        intervals = self.facts.intervals
        told = {
            "format": FORMAT,
            "present": {table: sorted(columns) for table, columns in sorted(self.present.items())},
            "value": self.value.model_dump(mode="json"),
            "earliest_day": self.earliest,
            "read_by": [
                asdict(one) | {"refund_when": one.refund_when.model_dump(mode="json") if one.refund_when else None}
                for one in self.read_by
            ],
            "intervals": intervals.to_dict() if intervals else None,
            "usual_value": self.facts.usual_value,
            "usual_history": self.facts.usual_history,
            "labels": dict(self.labels),
        }
        return json.dumps(told, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, release: str, told: Mapping[str, Any]) -> DataContract:  # Any: JSON
        """What ``to_json`` wrote; NothingThere for a release from before it was kept, DamagedRelease for what it is not."""
        if not told:
            raise NothingThere(
                f"Release {release} cannot score data: it was made before releases held what that takes.",
                to_do="Run 'patron run' with this version.",
            )
        try:
            return _read(told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DamagedRelease(
                f"What release {release} holds for scoring data cannot be read: {error}.",
                to_do="Publish anew with 'patron run --again'.",
            ) from error


def _read(told: Mapping[str, Any]) -> DataContract:  # Any: JSON
    if told["format"] != FORMAT:
        raise ValueError(f"format {told['format']} is not {FORMAT}")
    intervals = Intervals.from_dict(told["intervals"]) if told["intervals"] else None
    return DataContract(
        {table: frozenset(columns) for table, columns in told["present"].items()},
        Value(**told["value"]),
        int(told["earliest_day"]),
        tuple(_read_by(one) for one in told["read_by"]),
        ScoringFacts(intervals, float(told["usual_value"]), float(told["usual_history"])),
        told["labels"],
    )


def contract_of(
    settings: Settings, present: Present, facts: ScoringFacts, labels: Mapping[str, Any]
) -> DataContract:  # Any: plain data
    """The contract of a run with these settings."""
    read_by = [ReadBy.of(name, source) for name, source in _transactions(settings)]
    earliest = day_number(date.fromisoformat(settings.quality.earliest))
    return DataContract(present, settings.value, earliest, tuple(read_by), facts, labels)


def _transactions(settings: Settings) -> Sequence[tuple[str, Source]]:
    return [(name, source) for name, source in settings.sources.items() if source.table == TRANSACTIONS.name]


def _read_by(told: Mapping[str, Any]) -> ReadBy:  # Any: JSON
    rule = told["refund_when"]
    return ReadBy(told["source"], told["timezone"], Condition(**rule) if rule else None, told["refund_column"])
