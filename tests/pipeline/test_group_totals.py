"""Totals of tiers and other groups in a release."""

from __future__ import annotations

import pytest

from patron.pipeline.runner import RunOutcome
from patron.releases.contents import load_release
from patron.reports.valuation import read_evidence


def test_the_tiers_totals_add_up_to_the_portfolios_and_bounds_hold_them(shop_outcome: RunOutcome) -> None:
    evidence = read_evidence(load_release(shop_outcome.workspace).folder)
    tiers = [row for row in evidence.groups if row.by == "tier"]
    assert sum(row.expected for row in tiers) == pytest.approx(evidence.total.expected, rel=1e-6)
    for row in evidence.groups:
        if row.low is None or row.high is None:
            assert row.unknown
        else:
            assert row.low <= row.expected <= row.high
