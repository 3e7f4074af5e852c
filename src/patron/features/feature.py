"""What a feature is, and what must be mapped for it to exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Alternatives, each a group of columns that must all be mapped; none means that transactions are enough.
Needs = tuple[tuple[str, ...], ...]

EVER: Final = "all history"


@dataclass(frozen=True)
class Feature:
    """One feature: what it is called, how it comes about, and when it exists."""

    name: str
    formula: str
    unit: str
    window: str
    family: str
    meaning: str
    needs: Needs = ()


def is_met(needs: Needs, present: Mapping[str, frozenset[str]]) -> bool:
    """Whether one of the alternatives is mapped; ``present`` gives the mapped columns of each silver table."""
    mapped = {f"{table}.{column}" for table, columns in present.items() for column in columns}
    return not needs or any(mapped.issuperset(group) for group in needs)


def columns_of(table: str, *columns: str) -> Needs:
    """The one alternative of these columns of a table."""
    return (tuple(f"{table}.{column}" for column in columns),)
