"""Where customers are: the finest areas that hold enough of them, and no group so small that it shows a person.

Areas come from whatever is known: coordinates (hexagons of H3 where the extra ``h3`` is installed, else clusters of
dense places), postcodes by their beginning, branch, region or country. Small areas are told together as "Elsewhere";
were that one small too, the next smallest joins it, so that none can be found as the difference of a total and the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.segments.coordinates import ELSEWHERE, Areas, coordinate_areas

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

UNKNOWN: Final = "Place unknown"
LEAST_CUSTOMERS: Final = 10
MOST_CELLS: Final = 500
ENOUGH: Final = 0.8
"""Areas are coarse enough when this share of the customers whose place is known is in one that is told by name."""
_LONGEST_POSTCODE, _SHORTEST_POSTCODE = 5, 1


@dataclass(frozen=True, eq=False)
class Locations:
    """What is known of where customers are, an array each or None; an empty text or NaN is a place that is not known."""

    latitude: Floats | None = None
    longitude: Floats | None = None
    postcode: Words | None = None
    branch: Words | None = None
    region: Words | None = None
    country: Words | None = None


@dataclass(frozen=True)
class Cell:
    """One area that is told: its name, how many customers it holds, and their value."""

    name: str
    customers: int
    value: float


@dataclass(frozen=True, eq=False)
class Places:
    """The area of each customer and the table of areas, the largest first; ``by`` says what areas are made of.

    Without any place known, or with fewer customers in all than may be told, ``by`` and ``cells`` are empty.
    """

    by: str
    labels: Words
    cells: tuple[Cell, ...]


def places(
    locations: Locations, value: Floats, least_customers: int = LEAST_CUSTOMERS, most_cells: int = MOST_CELLS
) -> Places:
    """The finest areas of which enough are large enough, with every smaller one suppressed.

    ``value`` has one figure per customer and says how many there are. No cell that is told holds fewer than
    ``least_customers``; it is 1 or more (ValueError).
    """
    if least_customers < 1:
        raise ValueError(f"least_customers is {least_customers}; write 1 or more")
    best: tuple[float, Areas] | None = None
    for areas in _levels(locations, least_customers):
        cells, customers = _large(areas.labels, least_customers)
        share = customers / max(int((areas.labels != "").sum()), 1)
        if 2 <= cells <= most_cells and share >= ENOUGH:
            return _told(areas, value, least_customers)
        # Nothing fits: the way that leaves the fewest out, the coarser of equals.
        if 1 <= cells <= most_cells and (best is None or share >= best[0]):
            best = (share, areas)
    return _told(best[1], value, least_customers) if best else Places("", np.full(len(value), UNKNOWN), ())


def suppressed(labels: Words, least_customers: int = LEAST_CUSTOMERS) -> Words:
    """The labels with those of fewer than ``least_customers`` as one, ``ELSEWHERE``; the next smallest joins while that is small.

    Of fewer customers in all than may be told, all are ``ELSEWHERE``.
    """
    names, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    merged = (counts < least_customers) | (names == ELSEWHERE)
    for smallest in np.lexsort((names, counts)):
        if not 0 < int(counts[merged].sum()) < least_customers:
            break
        merged[smallest] = True
    return np.where(merged[place], ELSEWHERE, labels)


def _told(areas: Areas, value: Floats, least_customers: int) -> Places:
    labels = suppressed(np.where(areas.labels == "", UNKNOWN, areas.labels), least_customers)
    names, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    worth = np.bincount(place, np.nan_to_num(value), minlength=len(names))
    # The rest, and who is nowhere, stand last.
    order = np.lexsort((names, -counts, np.isin(names, (ELSEWHERE, UNKNOWN))))
    cells = tuple(Cell(str(names[at]), int(counts[at]), round(float(worth[at]), 4)) for at in order)
    if len(labels) < least_customers:
        return Places("", labels, ())
    return Places(areas.by, labels, cells)


def _large(labels: Words, least_customers: int) -> tuple[int, int]:
    """How many areas are large enough to be told by name, and how many customers are in them."""
    names, counts = np.unique(labels, return_counts=True)
    large = counts[(counts >= least_customers) & (names != "") & (names != ELSEWHERE)]
    return len(large), int(large.sum())


def _levels(locations: Locations, least_customers: int) -> Iterator[Areas]:
    """Every way to part these customers by place, from the finest to the coarsest."""
    if locations.latitude is not None and locations.longitude is not None:
        yield from coordinate_areas(locations.latitude, locations.longitude, least_customers)
    if locations.postcode is not None:
        for signs in range(_LONGEST_POSTCODE, _SHORTEST_POSTCODE - 1, -1):
            yield Areas("postcode", _with_country(_beginnings(locations.postcode, signs), locations.country))
    if locations.branch is not None:
        yield Areas("branch", _each(locations.branch, lambda word: f"Branch {word}"))
    if locations.region is not None:
        yield Areas("region", _with_country(_each(locations.region, str), locations.country))
    if locations.country is not None:
        yield Areas("country", _each(locations.country, str))


def _beginnings(postcode: Words, signs: int) -> Words:
    """The area that a postcode's first signs name; blanks, dashes and small letters make no difference."""

    def beginning(word: str) -> str:
        plain = "".join(sign for sign in word.upper() if sign.isalnum())
        return f"Postcode {plain[:signs]}" if plain else ""

    return _each(postcode, beginning)


def _with_country(areas: Words, country: Words | None) -> Words:
    """Areas told apart by country, where that is known: equal postcodes of two countries are two places."""
    if country is None:
        return areas
    told = _each(country, lambda word: f", {word}")
    return np.where(areas == "", "", np.char.add(areas, told))


def _each(words: Words, label: Callable[[str], str]) -> Words:
    """The label of each word, an empty one of an empty one; asked once for each distinct word."""
    names, place = np.unique(words, return_inverse=True)
    labels = [label(name) if (name := str(word).strip()) else "" for word in names]
    return np.array(labels, dtype=np.str_)[place] if labels else np.array([], dtype="<U1")
