"""Names in rules that no customer bears: a cluster, a place or a model that is not there, or is not there yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from patron.segment_terms import SegmentRule, Where
from patron.segments.rules.columns import rule_columns

_MOST_NAMED: Final = 8
_MOST_COMPARED: Final = 2_000  # names beyond it are not searched for one alike: that would take seconds


@dataclass(frozen=True)
class UnheldName:
    """A text that a rule compares a column with and that no customer has there; ``known`` are those that there are."""

    rule: str
    column: str
    name: str
    known: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is odd, what was meant, and what there is. No fault: a name can appear with a later run."""
        told = f"The rule '{self.rule}' asks for {self.column} '{self.name}', which no customer of this release has."
        alike = {known.casefold(): known for known in self.known} if len(self.known) <= _MOST_COMPARED else {}
        close = get_close_matches(self.name.casefold(), alike, n=1)
        meant = f" Did you mean '{alike[close[0]]}'?" if close else ""
        more = len(self.known) - _MOST_NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        return f"{told}{meant} There {_are(self.known)}: {', '.join(self.known[:_MOST_NAMED]) or 'none'}{rest}."


def named_columns(rules: Sequence[SegmentRule]) -> tuple[str, ...]:
    """The columns whose texts are not known beforehand and that rules compare with names, each once."""
    return tuple(dict.fromkeys(where.column or "" for _, where in _naming(rules)))


def unheld_names(rules: Sequence[SegmentRule], held: Mapping[str, Collection[str]]) -> tuple[UnheldName, ...]:
    """The names that nobody bears, given the texts that customers hold in each of the ``named_columns``."""
    known = {column: tuple(sorted(texts)) for column, texts in held.items()}
    return tuple(
        UnheldName(rule.name, where.column or "", str(limit), known[where.column or ""])
        for rule, where in _naming(rules)
        for limit in where.limits
        if limit not in held[where.column or ""]
    )


def _naming(rules: Sequence[SegmentRule]) -> Iterator[tuple[SegmentRule, Where]]:
    columns = rule_columns()
    for rule in rules:
        for _, where in rule.where.walk():
            if where.column is None or where.test not in ("is", "is_not", "in"):
                continue
            column = columns.get(where.column)
            if column is not None and column.kind == "text" and not column.words:
                yield rule, where


def _are(known: tuple[str, ...]) -> str:
    return "is" if len(known) < 2 else "are"
