from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from patron.errors import StorageFailed, UsageError
from patron.models.buying.fit_checks import ByFrequency, Distribution, Frequencies, Tracking
from patron.models.buying.uncertainty import Interval
from patron.reports.fit_plots import (
    Plot,
    by_frequency_plot,
    distribution_plot,
    frequency_plot,
    renewal_plot,
    tracking_plot,
)

SPACE = "{http://www.w3.org/2000/svg}"
TIMES = np.arange(1.0, 79.0)
TRACKED = Tracking(TIMES, TIMES * 50, {"BG/NBD": TIMES * 48, "Pareto/NBD": TIMES * 49}, "week", 39.0)
COUNTS = np.arange(4.0)
COUNTED = Frequencies(COUNTS, np.array([1411.0, 439, 214, 293]), {"BG/NBD": np.array([1406.0, 449, 190, 312])})
CHANCES = Distribution(
    COUNTS, {"BG/NBD": np.array([0.6, 0.2, 0.1, 0.05]), "<b>": np.array([0.5, 0.3, 0.1, 0.05])}, 52, "week"
)
GROUPED = ByFrequency(
    COUNTS, np.array([10.0, 5, 0, 2]), np.array([0.2, 0.7, np.nan, 2]), {"BG/NBD": COUNTS * 0.6}, 39, "week"
)


def drawn(plot: Plot) -> ElementTree.Element:
    return ElementTree.fromstring(plot.svg)  # noqa: S314 - drawn by ourselves


def words(plot: Plot) -> list[str]:
    return [element.text or "" for element in drawn(plot).iter(f"{SPACE}text")]


def with_class(plot: Plot, name: str, tag: str) -> list[ElementTree.Element]:
    return [element for element in drawn(plot).iter(f"{SPACE}{tag}") if element.get("class") == name]


def all_plots() -> list[Plot]:
    band = Interval(np.array([1, 0.8, 0.7]), np.array([1, 0.78, 0.66]), np.array([1, 0.82, 0.74]), 0.95)
    return [
        tracking_plot(TRACKED),
        tracking_plot(TRACKED, per_period=True),
        frequency_plot(COUNTED),
        distribution_plot(CHANCES),
        by_frequency_plot(GROUPED),
        renewal_plot(band, [1, 0.81, 0.69]),
    ]


def test_every_picture_is_whole_named_and_described() -> None:
    for plot in all_plots():
        root = drawn(plot)
        assert root.tag == f"{SPACE}svg"
        assert root.find(f"{SPACE}title").text  # type: ignore[union-attr]
        assert root.find(f"{SPACE}desc").text  # type: ignore[union-attr]
        assert "var(--" not in plot.svg
        assert "nan" not in plot.svg.lower()
        assert plot._repr_svg_() == plot.svg


def test_everything_drawn_lies_on_the_paper() -> None:
    for plot in all_plots():
        for element in drawn(plot).iter():
            for key, most in (("x", 760.0), ("x1", 760.0), ("x2", 760.0), ("cx", 760.0), ("y", 430.0), ("cy", 430.0)):
                assert 0 <= float(element.get(key, 0)) <= most


def test_models_overlay_with_a_legend_and_own_dashes() -> None:
    plot = tracking_plot(TRACKED)
    assert {"actual", "BG/NBD", "Pareto/NBD", "learned from", "holdout"} <= set(words(plot))
    assert len(with_class(plot, "line-0", "path")) == len(with_class(plot, "line-1", "path")) == 1
    assert "stroke-dasharray:9 4" in plot.svg


def test_tracking_names_its_units_and_tells_the_end_in_words() -> None:
    plot = tracking_plot(TRACKED)
    assert "weeks since the clock started" in words(plot)
    assert drawn(plot).find(f"{SPACE}desc").text == (  # type: ignore[union-attr]
        "Actual by the end: 3,900, BG/NBD 3,744, Pareto/NBD 3,822."
    )
    weekly = tracking_plot(TRACKED, title="CDNOW", per_period=True)
    assert {"CDNOW", "Repeat purchases per week"} <= set(words(weekly))


def test_columns_stand_as_high_as_their_counts() -> None:
    plot = frequency_plot(COUNTED)
    heights = [float(bar.get("height", 0)) for bar in with_class(plot, "bars", "rect")][-4:]
    np.testing.assert_allclose(np.array(heights) / heights[0], COUNTED.actual / COUNTED.actual[0], atol=1e-3)
    assert "3 or more" in words(plot)
    assert any("BG/NBD, 1: 449 customers" in (title.text or "") for title in drawn(plot).iter(f"{SPACE}title"))


def test_names_from_users_are_escaped() -> None:
    assert "<b>" in words(distribution_plot(CHANCES))


def test_means_of_nobody_are_left_out() -> None:
    dots = with_class(by_frequency_plot(GROUPED), "actual", "circle")
    assert len(dots) == 3


def test_a_renewal_curve_shows_its_band_and_the_actual_shares() -> None:
    plot = all_plots()[-1]
    assert len(with_class(plot, "band", "path")) == 1
    assert len(with_class(plot, "actual", "circle")) == 3 + 1  # and one in the legend
    assert "expected, with its 95% band" in words(plot)


def test_pictures_are_saved_as_svg_only(tmp_path: Path) -> None:
    plot = tracking_plot(TRACKED)
    assert plot.save(tmp_path / "fit.svg").read_text(encoding="utf-8") == plot.svg
    with pytest.raises(UsageError, match=r"must end in \.svg"):
        plot.save(tmp_path / "fit.png")
    with pytest.raises(StorageFailed, match="Cannot write"):
        plot.save(tmp_path / "nowhere" / "fit.svg")


def test_too_many_models_for_one_picture_are_refused() -> None:
    many = Tracking(TIMES, TIMES, {str(k): TIMES for k in range(7)}, "week")
    with pytest.raises(UsageError, match="At most 6"):
        tracking_plot(many)
