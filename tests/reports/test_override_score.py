"""Was a person right who set a value by hand: planted cases, and what cannot be told yet or any more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from patron.releases.manifest import MANIFEST
from patron.releases.shelf import Shelf
from patron.reports.override_outcomes import scored_claims
from patron.reports.override_score import Claim, Outcome, by_person, score
from served_workspace import publish, served_workspace

AS_OF = date(2026, 10, 31)
MATURE = date(2027, 1, 29)  # 90 days on


def claim(value: str, published: str = "100", by: str = "anna", customer: str = "c00002") -> Claim:
    return Claim(f"{by}{value}", customer, by, Decimal(value), Decimal(published), Decimal("36"), AS_OF, 90)


def outcome(actual: str, day: date = MATURE) -> Outcome:
    return Outcome(day, Decimal("36") + Decimal(actual))


@pytest.mark.parametrize(
    ("value", "actual", "verdict", "own", "models"),
    [
        ("150", "160", "right", "10", "60"),
        ("150", "90", "wrong", "60", "10"),
        ("150", "125", "even", "25", "25"),
        ("0", "0.0001", "right", "0.0001", "99.9999"),
        ("150", "-20", "wrong", "170", "120"),  # refunded since
    ],
)
def test_who_was_nearer_was_right(value: str, actual: str, verdict: str, own: str, models: str) -> None:
    told = score(claim(value), outcome(actual), MATURE)
    assert (told.verdict, told.actual) == (verdict, Decimal(actual))
    assert (told.own_error, told.model_error) == (Decimal(own), Decimal(models))


def test_nothing_is_told_before_the_horizon_has_passed_nor_from_what_came_long_after() -> None:
    one = claim("150")
    assert (one.matures_on, one.read_until) == (MATURE, date(2027, 2, 7))
    for newest, verdict in (
        (None, "not yet"),
        (AS_OF, "not yet"),
        (date(2027, 2, 7), "not yet"),
        (date(2027, 2, 8), "no outcome"),
    ):
        assert score(one, None, newest).verdict == verdict
    for day in (date(2027, 1, 28), date(2027, 2, 8)):
        with pytest.raises(ValueError, match="none of a claim"):
            score(one, outcome("5", day), day)


def test_people_are_told_by_what_is_known_of_them() -> None:
    told = [
        score(claim("150", by="anna"), outcome("160"), MATURE),
        score(claim("130", by="anna"), outcome("100"), MATURE),
        score(claim("1", by="bert"), None, AS_OF),
        score(claim("7", by="bert"), None, date(2028, 1, 1)),
    ]
    anna, bert = by_person(told)
    assert (anna.by, anna.right, anna.wrong, anna.even, anna.scored) == ("anna", 1, 1, 0, 2)
    assert (anna.own_error, anna.model_error) == (Decimal("20.0000"), Decimal("30.0000"))
    assert (bert.not_yet, bert.no_outcome, bert.scored, bert.own_error) == (1, 1, 0, None)


def move_to(folder: Path, name: str, day: date) -> None:
    """Have a release be as of another day."""
    path = Shelf(folder / "releases").folder / name / MANIFEST
    path.write_text(path.read_text("utf-8").replace(f"{AS_OF}", f"{day}"), "utf-8")


def test_outcomes_come_from_the_first_release_after_the_horizon(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")  # 'c00002' has brought 36 so far, and is worth 12
    claims = [claim("20", "12"), claim("90", "12", "bert", "gone")]
    assert [one.verdict for one in scored_claims(folder / "releases", claims)] == ["not yet", "not yet"]
    for scale, minute, day in ((9.0, 1, date(2027, 1, 28)), (1.5, 2, date(2027, 2, 1)), (5.0, 3, date(2027, 2, 3))):
        move_to(folder, publish(folder, scale=scale, minute=minute), day)
    first, gone = scored_claims(folder / "releases", claims)
    assert (first.actual, first.read_on, first.verdict) == (Decimal("18"), date(2027, 2, 1), "right")
    assert gone.verdict == "no outcome"
