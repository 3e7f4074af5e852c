"""The treemap fills its space, in proportion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.reports.treemap import Box, squarify


@given(sizes=st.lists(st.integers(1, 10_000), min_size=1, max_size=11))
def test_boxes_have_their_areas_and_lie_inside(sizes: list[int]) -> None:
    descending = sorted(map(float, sizes), reverse=True)
    boxes = squarify(descending, Box(0, 0, 600, 400))
    for size, box in zip(descending, boxes, strict=True):
        assert box.width * box.height == pytest.approx(size / sum(descending) * 240_000, rel=1e-6)
        assert box.x >= -1e-6
        assert box.y >= -1e-6
        assert box.x + box.width <= 600 + 1e-6
        assert box.y + box.height <= 400 + 1e-6


def test_the_papers_example_is_laid_out_as_in_the_paper() -> None:
    # Bruls et al. (2000), section 3.1: 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 × 4; the first row is two boxes of 3 × 2.
    boxes = squarify([6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], Box(0, 0, 6, 4))
    assert boxes[0] == Box(0, 0, 3.0, 2.0)
    assert boxes[1] == Box(0, 2.0, 3.0, 2.0)
    assert boxes[2].width == pytest.approx(12 / 7)
    assert boxes[3].width == pytest.approx(9 / 7)
    assert boxes[2].height == boxes[3].height == pytest.approx(7 / 3)
