from __future__ import annotations

import mpmath
import numpy as np
import pytest

from patron.models.buying.rising import log_rising


def test_ratios_of_gamma_functions_keep_their_digits_however_large_and_close() -> None:
    rng = np.random.default_rng(0)
    z = np.exp(rng.uniform(-9, 16, 500))
    n = np.where(rng.random(500) < 0.5, rng.integers(1, 2000, 500), np.exp(rng.uniform(-3, 12, 500)))
    with mpmath.workdps(40):
        exact = [
            float(mpmath.loggamma(mpmath.mpf(a) + mpmath.mpf(b)) - mpmath.loggamma(a))
            for a, b in zip(z, n, strict=True)
        ]
    assert log_rising(z, n) == pytest.approx(exact, rel=1e-12, abs=1e-13)


def test_nothing_risen_is_nothing() -> None:
    assert (log_rising([1e-4, 1.0, 1e9], 0) == 0).all()
