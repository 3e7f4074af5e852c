"""A fit that did not settle is told, whatever model it belongs to."""

from __future__ import annotations

import json

from patron.pipeline.modelling.score import unsettled


def test_a_fit_that_did_not_converge_becomes_a_caveat_and_others_do_not() -> None:
    artifacts = {
        "bg_nbd.json": json.dumps({"model": "bg_nbd", "converged": False, "advice": "Give a longer history."}).encode(),
        "gamma_gamma.json": json.dumps({"model": "gamma_gamma", "converged": True, "advice": ""}).encode(),
        "value.json": b"null",
        "buying.ubj": b"\x00",
    }
    assert unsettled(artifacts) == ["The bg_nbd fit did not settle: Give a longer history."]
