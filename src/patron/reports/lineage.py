"""Questions about lineage: what a column is made from, what is made from it, and which columns come from nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa

from patron.errors import UnknownName
from patron.origins import HOW, OUTSIDE, Edge, How, Place
from patron.tables import LINEAGE

CLOSE: Final[frozenset[How]] = frozenset({"copied", "computed", "counted", "learnt"})
"""The relations by which a value is made; ``filtered`` only decides on rows."""


@dataclass(frozen=True)
class Branch:
    """One line of a tree: how deep it stands, its place, its formula, and the edge that leads to it.

    ``seen`` if what is below it has been told further up.
    """

    depth: int
    place: Place
    formula: str
    edge: Edge | None = None
    seen: bool = False


@dataclass(frozen=True)
class Lineage:
    """All edges, asked in both directions."""

    edges: tuple[Edge, ...]

    @cached_property
    def into(self) -> Mapping[Place, tuple[Edge, ...]]:
        """The edges that lead to each place."""
        return _grouped((edge.target, edge) for edge in self.edges)

    @cached_property
    def out_of(self) -> Mapping[Place, tuple[Edge, ...]]:
        """The edges that begin at each place."""
        return _grouped((edge.source, edge) for edge in self.edges)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        return tuple(dict.fromkeys(place for edge in self.edges for place in (edge.source, edge.target)))

    def formula(self, place: Place) -> str:
        """How a place's value is made, in SQL or in words."""
        return next((edge.formula for edge in self.into.get(place, ()) if edge.formula and edge.how in CLOSE), "")

    def find(self, text: str) -> tuple[Place, ...]:
        """The places that a text means: a whole place, ``table.column``, or a table with all of its columns."""
        found = [p for p in self.places if text in (str(p), f"{p.table}.{p.column}", p.table, f"{p.layer}.{p.table}")]
        if not found:
            known = sorted(str(place) for place in self.places)
            raise UnknownName("column", text, _close(text, known))
        return tuple(found)

    def tree(self, root: Place, *, upstream: bool, filters: bool = False) -> Iterator[Branch]:
        """A place and, below it, what it is made from (or what is made from it), each place's own line told once."""
        yield from self._below(root, None, 0, self.into if upstream else self.out_of, filters, set())

    def _below(
        self,
        at: Place,
        edge: Edge | None,
        depth: int,
        edges: Mapping[Place, tuple[Edge, ...]],
        filters: bool,
        told: set[Place],
    ) -> Iterator[Branch]:
        further = [e for e in edges.get(at, ()) if filters or (e.how in CLOSE and not is_file_fact(e.source))]
        yield Branch(depth, at, self.formula(at), edge, seen=at in told and bool(further))
        if at in told:
            return
        told.add(at)
        for one in further:
            yield from self._below(one.source if one.target == at else one.target, one, depth + 1, edges, filters, told)

    def without_origin(self, wanted: Iterable[Place]) -> tuple[Place, ...]:
        """Those of these places from which no path leads back to a source's column or a setting."""
        return tuple(place for place in wanted if place not in self._grounded)

    @cached_property
    def _grounded(self) -> frozenset[Place]:
        """Every place that something outside leads to."""
        reached = {place for place in self.places if place.layer in OUTSIDE}
        waiting = list(reached)
        while waiting:
            for edge in self.out_of.get(waiting.pop(), ()):
                if edge.target not in reached:
                    reached.add(edge.target)
                    waiting.append(edge.target)
        return frozenset(reached)


def is_file_fact(place: Place) -> bool:
    """Whether a source's place is no column but a fact of its file, such as when it arrived: those are in brackets."""
    return place.layer == "source" and place.column.startswith("(")


def lineage_of_table(table: pa.Table) -> Lineage:
    """The edges of ``tables.LINEAGE``."""
    return Lineage(tuple(map(_edge, table.select(LINEAGE.names).to_pylist())))


def _edge(row: Mapping[str, str]) -> Edge:
    source = Place(row["from_layer"], row["from_table"], row["from_column"])
    target = Place(row["to_layer"], row["to_table"], row["to_column"])
    how = next(known for known in HOW if known == row["how"])
    return Edge(row["step"], source, target, how, row["formula"])


def _grouped(pairs: Iterable[tuple[Place, Edge]]) -> dict[Place, tuple[Edge, ...]]:
    found: dict[Place, list[Edge]] = defaultdict(list)
    for place, edge in pairs:
        found[place].append(edge)
    return {place: tuple(edges) for place, edges in found.items()}


def _close(text: str, known: Sequence[str]) -> Sequence[str]:
    """The known names that hold the last word asked for, or else the tables' names."""
    word = text.rpartition(".")[2]
    return [name for name in known if word in name][:12] or sorted(
        {name.rpartition(".")[0] for name in known if "." in name}
    )
