from __future__ import annotations

import numpy as np
import pytest

from patron.models.arrays import Floats
from patron.models.buying.covariates import Design, Part
from patron.models.buying.loose_ends import fields_of
from patron.models.buying.maximum_likelihood import Curved, Maximum
from patron.models.buying.pareto_nbd_time_varying import FittedParetoNBDTimeVarying

BOUNDS = [(-10.0, 10.0)] * 5
DESIGN = Design(
    (Part("purchase", 1, -1), Part("attrition", 3, -1)),
    (("sale",), ()),
    (np.zeros((1, 1, 1)), np.zeros((1, 1, 0))),
    (np.array([0.4]), np.zeros(0)),
    (np.array([0.5]), np.zeros(0)),
)


def bowl(axes: list[list[float]]) -> Curved:
    """A mean log-likelihood that falls along some axes, and nowhere else."""
    information = np.array(axes).T @ np.array(axes)

    def objective(point: Floats) -> tuple[float, Floats, Floats]:
        return float(-point @ information @ point / 2), -information @ point, -information

    return objective


def fields(objective: Curved, point: Floats) -> dict:
    found = Maximum(point, 0.0, np.full((5, 5), np.nan), False, "The search stopped.")
    return fields_of(found, objective, BOUNDS, 100.0, DESIGN, FittedParetoNBDTimeVarying, np.zeros(4))


def test_what_the_data_pin_down_has_the_errors_of_the_information_matrix() -> None:
    told = fields(bowl(np.diag([1.0, 2, 1, 1, 4]).tolist()), np.zeros(5))
    assert told["converged"]
    assert told["advice"] == ""
    assert told["standard_errors"]["r"] == pytest.approx(0.1)
    # log alpha for a sale of 0 is the search's log alpha plus 0.4 / 0.5 times the search's coefficient.
    assert told["standard_errors"]["alpha"] == pytest.approx(0.1 * np.hypot(1 / 2, 0.8 / 4))
    assert told["coefficient_errors"]["purchase"]["sale"] == pytest.approx(0.1 / 4 / 0.5)


def test_parameters_that_can_only_be_told_together_are_both_open() -> None:
    told = fields(bowl([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 0, 1]]), np.zeros(5))
    assert told["converged"]
    assert np.isnan([told["standard_errors"]["s"], told["standard_errors"]["beta"]]).all()
    assert np.isnan(np.array(told["log_covariance"])[2:]).all()
    assert told["standard_errors"]["r"] == pytest.approx(0.1)
    assert "do not pin down s and beta:" in told["advice"]


def test_a_parameter_at_its_bound_is_open_and_no_reason_to_search_on() -> None:
    told = fields(bowl(np.eye(5).tolist()), np.array([0, 0, 10.0, 0, 0]))
    assert told["converged"]
    assert np.isnan(told["standard_errors"]["s"])
    assert "do not pin down s:" in told["advice"]


def test_a_search_that_stopped_on_a_slope_says_so() -> None:
    told = fields(bowl(np.eye(5).tolist()), np.array([1.0, 0, 0, 0, 0]))
    assert not told["converged"]
    assert told["advice"] == "The search stopped."
