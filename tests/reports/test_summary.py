"""The terminal's summary: six to twelve plain lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from patron.reports.evidence import ValueInterval
from patron.reports.summary import plain_summary
from reports.fake_release import shop_release, untested_evidence, write_release


def test_the_summary_says_worth_interval_concentration_proof_and_intake(tmp_path: Path) -> None:
    lines = plain_summary(shop_release(tmp_path))
    assert 6 <= len(lines) <= 10
    assert lines[0].replace("\u00a0", " ") == "4,372 customers are expected to bring £1.01 million in the next 90 days."
    assert lines[1].replace("\u00a0", " ") == (
        "Four times in five, the total should fall between £870,000 and £1.14 million."
    )
    assert "541,909 transaction rows in: 536,588 accepted, 5,268 duplicate, 53 quarantined." in lines
    assert any("£8,300,065.81 net from identified customers" in line for line in lines)
    assert any("beat every plain baseline" in line for line in lines)


@pytest.mark.parametrize("values", [[], [80.0], [0.0] * 5, [-10.0, 3.0], [5.0] * 30])
def test_every_portfolio_has_a_summary_of_whole_sentences(tmp_path: Path, values: list[float]) -> None:
    total = sum(values)
    evidence = untested_evidence(len(values), ValueInterval(total, total - 5, total + 5))
    lines = plain_summary(write_release(tmp_path, np.array(values, dtype=float), evidence))
    assert 4 <= len(lines) <= 10
    assert all(line.endswith(".") and line[0] == line[0].upper() for line in lines)


def test_an_extrapolated_horizon_is_said_in_the_terminal(tmp_path: Path) -> None:
    evidence = untested_evidence(1, ValueInterval(80, 20, 200))
    assert any(
        line.startswith("Extrapolated:") for line in plain_summary(write_release(tmp_path, np.array([80.0]), evidence))
    )
