"""Up to where a source was fetched: one value of its watermark column, kept exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, get_args

from patron.errors import BrokenContract, UsageError

Kind = Literal["text", "integer", "decimal", "day", "moment", "zoned_moment"]
KINDS: Final = get_args(Kind)
WatermarkValue = str | int | Decimal | date | datetime


@dataclass(frozen=True)
class Watermark:
    """A value with its kind, as text, so that a manifest can hold it and a query can ask for what is later."""

    kind: Kind
    text: str

    @classmethod
    def of(cls, value: object, column: str) -> Watermark:
        """The watermark that a column's value makes; BrokenContract for one that has no order to rely on."""
        match value:
            case bool() | None:
                pass
            case datetime() if value.tzinfo:
                return cls("zoned_moment", value.astimezone(UTC).isoformat())
            case datetime():
                return cls("moment", value.isoformat())
            case date():
                return cls("day", value.isoformat())
            case int():
                return cls("integer", str(value))
            case float():
                return cls("decimal", repr(value))
            case Decimal() if value.is_finite():
                return cls("decimal", format(value, "f"))
            case str() if value:
                return cls("text", value)
        raise BrokenContract(
            f"The watermark column '{column}' holds {value!r}; such a row would be missed or fetched each time.",
            allowed="A time, a day, a number or a text in every row.",
            to_do="Name another watermark column, or leave such rows out by a query.",
        )

    def value(self) -> WatermarkValue:
        """The value as Python holds it."""
        match self.kind:
            case "integer":
                return int(self.text)
            case "decimal":
                return Decimal(self.text)
            case "day":
                return date.fromisoformat(self.text)
            case "moment" | "zoned_moment":
                return datetime.fromisoformat(self.text)
            case _:
                return self.text

    def less(self, days: float) -> Watermark:
        """The watermark so many days earlier; UsageError for a number, or a text that is no time."""
        if not days:
            return self
        try:
            value = datetime.fromisoformat(self.text) if self.kind == "text" else self.value()
        except ValueError:
            value = self.text
        if not isinstance(value, date):
            raise UsageError(
                f"The watermark '{self.text}' is no time, so there are no days to look back.",
                to_do="Remove overlap_days, or take a column of times as the watermark.",
            )
        earlier = value - timedelta(days=days)
        if self.kind == "text" and isinstance(earlier, datetime):  # written as the column writes its own
            return Watermark("text", earlier.isoformat(sep=self.text[10:11] or "T")[: max(len(self.text), 10)])
        return Watermark.of(earlier, "")

    def __str__(self) -> str:
        return self.text
