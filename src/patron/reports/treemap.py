"""A squarified treemap: rectangles whose areas are given and whose sides are as equal as can be.

Source: Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000), the algorithm of section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


def squarify(sizes: Sequence[float], whole: Box) -> tuple[Box, ...]:
    """One box per size, in the order given, their areas in proportion; sizes are positive and descend."""
    total = sum(sizes)
    areas = [size / total * whole.width * whole.height for size in sizes]
    boxes: list[Box] = []
    room = whole
    while len(boxes) < len(areas):
        row = _next_row(areas[len(boxes) :], min(room.width, room.height))
        placed, room = _lay(row, room)
        boxes += placed
    return tuple(boxes)


def _next_row(areas: Sequence[float], side: float) -> Sequence[float]:
    """As many areas as can join the row before its worst proportion grows."""
    taken = 1
    while taken < len(areas) and _worst(areas[: taken + 1], side) <= _worst(areas[:taken], side):
        taken += 1
    return areas[:taken]


def _worst(row: Sequence[float], side: float) -> float:
    depth = sum(row) / side if side > 0 else 0.0
    if depth <= 0:
        return 1.0
    lengths = (area / depth for area in row)
    return max(max(length / depth, depth / length) for length in lengths)


def _lay(row: Sequence[float], room: Box) -> tuple[list[Box], Box]:
    """The row along the room's shorter side, and the room that remains."""
    side = min(room.width, room.height)
    depth = sum(row) / side if side > 0 else 0.0
    placed, at = [], 0.0
    for area in row:
        length = area / depth if depth > 0 else 0.0
        if room.width >= room.height:
            placed.append(Box(room.x, room.y + at, depth, length))
        else:
            placed.append(Box(room.x + at, room.y, length, depth))
        at += length
    if room.width >= room.height:
        return placed, Box(room.x + depth, room.y, max(room.width - depth, 0.0), room.height)
    return placed, Box(room.x, room.y + depth, room.width, max(room.height - depth, 0.0))
