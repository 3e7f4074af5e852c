"""Where customers are: the finest areas that hold enough of them, and no group so small that it shows a person.

Areas come from whatever is known: coordinates (hexagons of H3 where the extra ``h3`` is installed, else clusters of
dense places), postcodes by their beginning, branch, region or country. Small areas are told together as "Elsewhere";
were that one small too, the next smallest joins it, so that none can be found as the difference of a total and the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Floats
from patron.segments.coded import Coded
from patron.segments.coordinates import ELSEWHERE, Areas, coordinate_areas

UNKNOWN: Final = "Place unknown"
LEAST_CUSTOMERS: Final = 10
MOST_CELLS: Final = 500
ENOUGH: Final = 0.8
"""Areas are coarse enough when this share of the customers whose place is known is in one that is told by name."""
_LONGEST_POSTCODE, _SHORTEST_POSTCODE = 5, 1


@dataclass(frozen=True, eq=False)
class Locations:
    """What is known of where customers are, of each customer or None; an empty text or NaN is a place that is not known."""

    latitude: Floats | None = None
    longitude: Floats | None = None
    postcode: Coded | None = None
    branch: Coded | None = None
    region: Coded | None = None
    country: Coded | None = None


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
    labels: Coded
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
        known = int(areas.labels.counts()[~areas.labels.are("")].sum())
        share = customers / max(known, 1)
        if 2 <= cells <= most_cells and share >= ENOUGH:
            return _told(areas, value, least_customers)
        # Nothing fits: the way that leaves the fewest out, the coarser of equals.
        if 1 <= cells <= most_cells and (best is None or share >= best[0]):
            best = (share, areas)
    nowhere = Coded.numbered([UNKNOWN], np.zeros(len(value), dtype=np.int32))
    return _told(best[1], value, least_customers) if best else Places("", nowhere, ())


def suppressed(labels: Coded, least_customers: int = LEAST_CUSTOMERS) -> Coded:
    """The labels with those of fewer than ``least_customers`` as one, ``ELSEWHERE``; the next smallest joins while that is small.

    Of fewer customers in all than may be told, all are ``ELSEWHERE``.
    """
    counts = labels.counts()
    merged = (counts < least_customers) | labels.are(ELSEWHERE)
    # Of equals the first by name is merged first: words stand in their order.
    for smallest in np.argsort(counts, kind="stable"):
        if not 0 < int(counts[merged].sum()) < least_customers:
            break
        merged[smallest] = True
    gone = {word for word, is_merged in zip(labels.words, merged.tolist(), strict=True) if is_merged}
    return labels.each(lambda word: ELSEWHERE if word in gone else word)


def _told(areas: Areas, value: Floats, least_customers: int) -> Places:
    labels = suppressed(areas.labels.each(lambda word: word or UNKNOWN), least_customers)
    names, counts = labels.words, labels.counts()
    worth = np.bincount(labels.number, np.nan_to_num(value), minlength=len(names))
    # The rest, and who is nowhere, stand last; of equals the first by name stands first.
    order = np.lexsort((-counts, labels.are(ELSEWHERE, UNKNOWN)))
    cells = tuple(Cell(names[at], int(counts[at]), round(float(worth[at]), 4)) for at in order)
    if len(labels) < least_customers:
        return Places("", labels, ())
    return Places(areas.by, labels, cells)


def _large(labels: Coded, least_customers: int) -> tuple[int, int]:
    """How many areas are large enough to be told by name, and how many customers are in them."""
    counts = labels.counts()
    large = counts[(counts >= least_customers) & ~labels.are("", ELSEWHERE)]
    return len(large), int(large.sum())


def _levels(locations: Locations, least_customers: int) -> Iterator[Areas]:
    """Every way to part these customers by place, from the finest to the coarsest."""
    if locations.latitude is not None and locations.longitude is not None:
        yield from coordinate_areas(locations.latitude, locations.longitude, least_customers)
    if locations.postcode is not None:
        for signs in range(_LONGEST_POSTCODE, _SHORTEST_POSTCODE - 1, -1):
            yield Areas("postcode", _with_country(_beginnings(locations.postcode, signs), locations.country))
    if locations.branch is not None:
        yield Areas("branch", locations.branch.each(_branch))
    if locations.region is not None:
        yield Areas("region", _with_country(locations.region.each(str.strip), locations.country))
    if locations.country is not None:
        yield Areas("country", locations.country.each(str.strip))


def _beginnings(postcode: Coded, signs: int) -> Coded:
    """The area that a postcode's first signs name; blanks, dashes and small letters make no difference."""

    def beginning(word: str) -> str:
        plain = "".join(sign for sign in word.upper() if sign.isalnum())
        return f"Postcode {plain[:signs]}" if plain else ""

    return postcode.each(beginning)


def _with_country(areas: Coded, country: Coded | None) -> Coded:
    """Areas told apart by country, where that is known: equal postcodes of two countries are two places."""
    if country is None:
        return areas

    def told(area: str, name: str) -> str:
        return f"{area}, {name.strip()}" if area and name.strip() else area

    return areas.joined(country, told)


def _branch(word: str) -> str:
    return f"Branch {name}" if (name := word.strip()) else ""
