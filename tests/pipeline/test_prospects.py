"""Newcomers of a whole workspace: who counts, what they are worth, what winning one may cost, and how that is proven."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

import patron
from patron.errors import DataError, UnknownName, UsageError
from patron.pipeline.inquiries.prospects import ProspectReport, ProspectTerms, value_prospects
from patron.pipeline.runner import run_workspace

START, DAYS = date(2023, 1, 1), 720
ASKED = ProspectTerms(horizon="120 days")
PULL = {"advert": 0.5, "search": 1.0, "friend": 2.5}
TOML = """
[value]
currency = "EUR"

[sources.orders]
table = "transactions"
files = ["orders.csv"]
[sources.orders.columns]
customer_id = "who"
order_id = "order"
occurred_at = "on"
amount = "total"

[sources.people]
table = "customers"
files = ["people.csv"]
[sources.people.columns]
customer_id = "who"
acquired_on = "joined"
acquisition_channel = "found_us_by"
"""


def lines_of(who: int, joined: int, first: float, pull: float, rng: np.random.Generator) -> Iterator[str]:
    """The first order, and later ones that are the larger and the more, the larger the first and the stronger the pull."""
    days = [joined, *(joined + np.cumsum(rng.exponential(90 / pull, 12)).astype(int) + 1).tolist()]
    for number, day in enumerate(day for day in days if day < DAYS):
        amount = first if number == 0 else first * rng.gamma(4, 0.25) + 1
        yield f"c{who},o{who}-{number},{START + timedelta(days=int(day))},{amount:.2f}"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose newcomers are worth more by how they found it and by their first order; some sign up and never buy."""
    folder, rng = tmp_path_factory.mktemp("prospects") / "workshop", np.random.default_rng(7)
    folder.mkdir()
    orders, people = ["who,order,on,total"], ["who,joined,found_us_by"]
    for who in range(1500):
        channel = str(rng.choice(list(PULL), p=[0.4, 0.4, 0.2]))
        joined, first = int(rng.integers(0, DAYS)), float(np.round(rng.lognormal(3, 0.7), 2))
        people.append(f"c{who},{START + timedelta(days=joined)},{channel}")
        if rng.random() > 0.1:
            orders += lines_of(who, joined, first, PULL[channel], rng)
    (folder / "orders.csv").write_text("\n".join(orders) + "\n", "utf-8")
    (folder / "people.csv").write_text("\n".join(people) + "\n", "utf-8")
    (folder / "patron.toml").write_text(TOML, "utf-8")
    return folder


@pytest.fixture(scope="module")
def report(workshop: Path) -> ProspectReport:
    return value_prospects(workshop, ASKED)


@pytest.fixture
def copy(workshop: Path, report: ProspectReport, tmp_path: Path) -> Path:
    """A copy with the steps done, to change at will."""
    return Path(shutil.copytree(workshop, tmp_path / "copy"))


def test_channels_stand_in_the_order_of_what_their_newcomers_bring(report: ProspectReport) -> None:
    rows = report.group("acquisition_channel")
    assert [row.value.channel for row in rows] == ["friend", "search", "advert"]
    assert rows[0].value.expected_value > 2 * rows[2].value.expected_value
    assert sum(row.value.customers for row in rows) == report.everybody.value.customers == report.customers.num_rows
    assert sum(row.without_repeat for row in rows) == report.everybody.without_repeat


def test_newcomers_whose_horizon_is_over_teach_and_only_the_others_are_valued(report: ProspectReport) -> None:
    newest_taught = report.as_of - timedelta(days=120)
    assert min(report.customers["came_on"].to_pylist()) > newest_taught
    assert report.taught + report.customers.num_rows == 1500
    assert set(np.minimum(report.customers["purchase_days"].to_numpy(), 2)) == {0, 1, 2}


def test_the_proof_parts_teachers_from_tested_by_a_horizon_and_beats_each_simple_rule(report: ProspectReport) -> None:
    proof = report.proof
    assert proof is not None
    assert proof.apart
    assert proof.tells_apart
    assert {row.rule: row.verdict for row in proof.rivals} == {
        "acquisition_channel": "better",
        "first_order": "better",
    }
    assert proof.by_attribute is not None
    assert proof.by_attribute.rule == "acquisition_channel"
    assert abs(proof.ours.bias) < 0.25
    assert 0.7 < proof.smoothed < 0.9
    assert proof.groups == 4
    assert proof.groups_held >= 2


def test_the_cost_of_winning_follows_from_the_terms(copy: Path, report: ProspectReport) -> None:
    terms = ProspectTerms("120 days", margin_rate=0.4, discount_rate=0.1, required_return=0.25)
    asked = value_prospects(copy, terms).everybody.value
    plain = report.everybody.value
    assert plain.maximum_cost == pytest.approx(plain.first_order_value + plain.expected_value)
    whole = 0.4 * (plain.first_order_value + plain.expected_value) / 1.25
    assert 0.97 * whole < asked.maximum_cost < whole
    assert asked.cautious_maximum_cost < asked.maximum_cost


def test_who_has_not_bought_is_valued_by_how_it_came(report: ProspectReport) -> None:
    rows = [row for row in report.customers.to_pylist() if row["purchase_days"] == 0]
    assert rows
    assert all(row["first_order_value"] is None and row["expected_value"] >= 0 for row in rows)
    assert all(row["low"] <= row["expected_value"] <= row["high"] for row in report.customers.to_pylist())


def test_python_asks_in_one_call_and_gets_the_same_bytes_and_plain_facts(
    workshop: Path, report: ProspectReport
) -> None:
    found = patron.prospects(workshop, horizon="120 days")
    assert found.customers.equals(report.customers)
    told = json.dumps(found.facts(), allow_nan=False)
    assert told == json.dumps(report.facts(), allow_nan=False)
    assert json.loads(told)["groups"]["acquisition_channel"][0]["word"] == "friend"
    with pytest.raises(UnknownName, match="Known: acquisition_channel"):
        found.group("country")


def test_without_sign_up_days_those_seen_first_when_history_begins_do_not_count(copy: Path) -> None:
    text = (copy / "patron.toml").read_text("utf-8")
    (copy / "patron.toml").write_text(text.replace('acquired_on = "joined"\n', ""), "utf-8")
    found = value_prospects(copy, ASKED)
    assert (found.since - START).days == 90
    assert not found.signed_up
    since_start = value_prospects(copy, ProspectTerms("120 days", since="2020-01-01"))
    assert since_start.taught > found.taught + 100


def test_the_first_day_as_a_customer_decides_even_when_purchases_come_late(copy: Path) -> None:
    people = (copy / "people.csv").read_text("utf-8").splitlines()
    header, *rows = people
    # Everybody with an even number joined years before the history.
    moved = [row if int(row[1 : row.index(",")]) % 2 else row.replace(row.split(",")[1], "2019-05-05") for row in rows]
    (copy / "people.csv").write_text("\n".join([header, *moved]) + "\n", "utf-8")
    found = value_prospects(copy, ASKED)
    assert found.taught + found.customers.num_rows == 750


@pytest.mark.slow
def test_nothing_is_published_and_a_run_goes_on_from_there(copy: Path) -> None:
    assert not (copy / "releases").exists()
    (copy / "patron.toml").write_text(f'{TOML}\n[models]\ncandidates = ["bg_nbd"]\n', "utf-8")
    value_prospects(copy, ASKED)
    outcome = run_workspace(copy)
    assert [step.name for step in outcome.steps if step.resumed][-1] == "prepare"


def test_where_value_is_margin_no_second_margin_is_taken_off(copy: Path) -> None:
    text = TOML.replace("[value]", '[value]\nbasis = "margin"\nmargin_rate = 0.5')
    (copy / "patron.toml").write_text(text, "utf-8")
    value = value_prospects(copy, ASKED).everybody.value
    assert value.maximum_cost == pytest.approx(value.first_order_value + value.expected_value)
    with pytest.raises(UsageError, match="margin already"):
        value_prospects(copy, ProspectTerms(margin_rate=0.3))


@pytest.mark.parametrize(
    ("terms", "kind", "words"),
    [
        (ProspectTerms("900 days"), UsageError, "nobody's horizon would be over"),
        (ProspectTerms("soon"), UsageError, "not a period"),
        (ProspectTerms("700 days"), DataError, "At least 200 are needed"),
        (ProspectTerms(since="2024-02-31"), UsageError, "no day of the calendar"),
        (ProspectTerms(since="2030-01-01"), UsageError, "History runs from 2023-01-01"),
        (ProspectTerms(margin_rate=30), UsageError, "above 0, up to 1"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    workshop: Path, report: ProspectReport, terms: ProspectTerms, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        value_prospects(workshop, terms)
