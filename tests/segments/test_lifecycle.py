"""A stage is where a customer stands in their own rhythm."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.lifecycle import NEEDED, STAGE_NAMES, Rhythm

# orders, frequency, T, days since the last purchase, mean gap, last gap, recency
CUSTOMERS = {
    "New": (1, 0, 10, 10, np.nan, np.nan, 0),
    "One-time": (1, 0, 200, 200, np.nan, np.nan, 0),
    "Regular": (11, 10, 320, 20, 30, 30, 300),
    "Slowing": (11, 10, 390, 90, 30, 30, 300),
    "Lapsing": (11, 10, 450, 150, 30, 30, 300),
    "Lapsed": (11, 10, 700, 400, 30, 30, 300),
    "Returned": (6, 5, 320, 20, 60, 220, 300),
    "Not yet buying": (0, 0, 50, 50, np.nan, np.nan, 0),
}
COLUMNS = {name: np.array([row[place] for row in CUSTOMERS.values()], float) for place, name in enumerate(NEEDED)}


def test_each_kind_of_customer_has_its_stage() -> None:
    assert dict(zip(CUSTOMERS, Rhythm(30.0).stages(COLUMNS).tolist(), strict=True)) == {
        name: name for name in CUSTOMERS
    }


def test_every_stage_is_told_apart() -> None:
    assert set(CUSTOMERS) == set(STAGE_NAMES)


def test_a_longer_pause_never_makes_a_livelier_customer() -> None:
    order = {name: place for place, name in enumerate(("Regular", "Slowing", "Lapsing", "Lapsed"))}
    places = [order[str(Rhythm(30.0).stages(COLUMNS, longer)[2])] for longer in np.linspace(0, 20, 40)]
    assert places == sorted(places)
    assert places[-1] == order["Lapsed"]


def test_few_pauses_of_their_own_are_drawn_towards_everybodys() -> None:
    own = Rhythm(30.0).own_gap({"frequency": np.array([0.0, 1.0, 99.0]), "mean_gap": np.array([np.nan, 10.0, 10.0])})
    assert own == pytest.approx([30.0, 20.0, 10.2])


def test_without_repeat_buyers_the_usual_pause_is_the_usual_tenure() -> None:
    columns = {name: values[:2] for name, values in COLUMNS.items()}
    assert Rhythm.of(columns).usual_gap == pytest.approx(105.0)
