from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.segments import coordinates
from patron.segments.coded import Coded
from patron.segments.coordinates import ELSEWHERE, coordinate_areas, hexagons
from patron.segments.places import UNKNOWN, Locations, places, suppressed

TOWNS = {"Berlin": (52.52, 13.40), "Madrid": (40.42, -3.70), "Suva": (-18.14, 179.99)}


@pytest.fixture
def without_h3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinates, "hexagons", lambda: None)


def around_towns(each: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    centres = np.repeat(np.array(list(TOWNS.values())), each, axis=0)
    spots = centres + rng.normal(0, 0.01, centres.shape)
    return spots[:, 0], (spots[:, 1] + 180) % 360 - 180


@given(
    st.lists(st.sampled_from(["", "a", "b", "c", "d", "e", ELSEWHERE]), max_size=60),
    st.integers(1, 12),
)
def test_no_cell_that_is_told_is_small_nor_to_be_found_as_what_is_left(words: list[str], least: int) -> None:
    labels = suppressed(Coded.of(words), least)
    counts = Counter(labels.tolist())
    assert len(labels) == len(words)
    if len(words) >= least:
        assert all(count >= least for count in counts.values())
    else:
        assert set(counts) <= {ELSEWHERE}
    for word, label in zip(words, labels.tolist(), strict=True):
        assert label in (word, ELSEWHERE)


def test_a_single_small_cell_takes_the_next_smallest_with_it() -> None:
    labels = suppressed(Coded.of(["big"] * 30 + ["mid"] * 12 + ["tiny"] * 3), 10)
    assert Counter(labels.tolist()) == {"big": 30, ELSEWHERE: 15}
    several = suppressed(Coded.of(["big"] * 30 + ["mid"] * 12 + ["a"] * 6 + ["b"] * 6), 10)
    assert Counter(several.tolist()) == {"big": 30, "mid": 12, ELSEWHERE: 12}


def test_postcodes_are_told_by_as_many_signs_as_leave_enough_in_each() -> None:
    postcode = Coded.of([f"sw{area} {one:02}" for area in (1, 2) for one in range(60)] + ["EC1-7"] * 60 + [""] * 11)
    told = places(Locations(postcode=postcode), np.ones(191))
    areas = {f"Postcode SW{area}{tens}": 10 for area in (1, 2) for tens in range(6)}
    assert {cell.name: cell.customers for cell in told.cells} == {**areas, "Postcode EC17": 60, UNKNOWN: 11}
    assert [told.by, told.cells[0].name, told.cells[-1].name] == ["postcode", "Postcode EC17", UNKNOWN]


def test_equal_postcodes_of_two_countries_are_two_places() -> None:
    told = places(
        Locations(postcode=Coded.of(["10115"] * 60), country=Coded.of(["DE"] * 40 + ["FR"] * 20)), np.arange(60.0)
    )
    assert [cell.name for cell in told.cells] == ["Postcode 10115, DE", "Postcode 10115, FR"]
    assert [cell.value for cell in told.cells] == [780.0, 990.0]


def test_the_finest_way_with_cells_that_are_large_enough_is_taken() -> None:
    rng = np.random.default_rng(2)
    branch = Coded.of([str(one) for one in rng.integers(0, 40, 200)])
    region = Coded.numbered(["North", "South"], rng.integers(0, 2, 200))
    country = Coded.of(["DE"] * 200)
    assert places(Locations(branch=branch, region=region, country=country), np.ones(200)).by == "region"
    fewer = branch.each(lambda name: str(int(name) % 4))
    by_branch = places(Locations(branch=fewer, region=region), np.ones(200))
    assert by_branch.by == "branch"
    assert {cell.name for cell in by_branch.cells} == {f"Branch {number}" for number in range(4)}


def test_where_no_way_fits_the_one_that_leaves_fewest_out_is_taken() -> None:
    told = places(Locations(country=Coded.of(["DE"] * 50)), np.ones(50))
    assert (told.by, [cell.name for cell in told.cells]) == ("country", ["DE"])
    assert places(Locations(country=Coded.of(["DE"] * 30 + ["FR"] * 30)), np.ones(60), most_cells=1).by == ""


def test_nothing_known_or_too_few_customers_tell_nothing() -> None:
    nothing = places(Locations(), np.ones(3))
    assert (nothing.by, nothing.cells, set(nothing.labels.tolist())) == ("", (), {UNKNOWN})
    few = places(Locations(country=Coded.of(["DE"] * 3)), np.ones(3))
    assert (few.by, few.cells) == ("", ())
    assert places(Locations(country=Coded.of([])), np.ones(0)).labels.tolist() == []
    with pytest.raises(ValueError, match="1 or more"):
        places(Locations(), np.ones(3), least_customers=0)


@pytest.mark.usefixtures("without_h3")
def test_without_h3_customers_near_one_another_are_a_cluster_right_across_the_date_line() -> None:
    latitude, longitude = around_towns()
    far = np.array([0.5, -0.5]), np.array([0.5, 90.0])
    spots = np.concatenate([latitude, far[0], [np.nan]]), np.concatenate([longitude, far[1], [5.0]])
    told = places(Locations(*spots), np.ones(603))
    assert told.by == "cluster"
    # Two customers near nobody and one without a place are three: the next smallest joins them.
    assert [cell.customers for cell in told.cells][:2] == [200, 200]
    assert told.cells[-1].name == ELSEWHERE
    areas = list(coordinate_areas(*spots, 10))[1]
    assert Counter(areas.labels.tolist()[400:600]).most_common(1)[0][1] >= 195
    assert areas.labels.tolist()[450].startswith("Around -18.1")


@pytest.mark.usefixtures("without_h3")
def test_no_cell_of_clusters_is_small_and_places_that_cannot_be_are_not_known() -> None:
    latitude, longitude = around_towns(40)
    latitude[:3], longitude[:3] = (0.0, 95.0, 52.0), (0.0, 13.0, 200.0)
    told = places(Locations(latitude, longitude), np.ones(120))
    assert all(cell.customers >= 10 for cell in told.cells)
    assert set(told.labels.tolist()[:3]) == {ELSEWHERE}


@pytest.mark.usefixtures("without_h3")
def test_a_hundred_thousand_spread_evenly_fit_into_memory() -> None:
    rng = np.random.default_rng(3)
    latitude, longitude = rng.uniform(47, 55, 100_000), rng.uniform(6, 15, 100_000)
    region = Coded.numbered(["North", "South"], rng.integers(0, 2, 100_000))
    told = places(Locations(latitude, longitude, region=region), np.ones(100_000))
    assert sum(cell.customers for cell in told.cells) == 100_000
    assert all(cell.customers >= 10 for cell in told.cells)


def test_no_coordinates_at_all_give_no_areas() -> None:
    assert list(coordinate_areas(np.full(3, np.nan), np.zeros(3), 10)) == []


def test_a_folder_called_h3_is_not_taken_for_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h3").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "h3", raising=False)
    assert hexagons() is None


def test_with_h3_customers_are_in_hexagons() -> None:
    if hexagons() is None:
        pytest.skip("the extra h3 is not installed")
    latitude, longitude = around_towns()
    told = places(Locations(latitude, longitude), np.ones(600))
    assert told.by == "hexagon"
    assert all(cell.customers >= 10 for cell in told.cells)
    finest, *_, coarsest = coordinate_areas(latitude, longitude, 10)
    assert len(finest.labels.words) > len(coarsest.labels.words) >= 3
    assert "h3" in sys.modules
