"""The bridge of a run: every customer's change since the release before, told again the same, and between any two releases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from patron.errors import UnknownName, UsageError
from patron.pipeline.inquiries.bridge import bridge_between
from patron.pipeline.modelling.earlier import unlike
from patron.pipeline.runner import Watcher, opened_run, run_workspace
from patron.releases.contents import load_release
from patron.scores.bridge import BRIDGE, PARTS, Sums, ten_thousandths
from pipeline.incremental_feed import ARRIVED, Feed, cut, drop_in, random_feed, workspace

pytestmark = (
    pytest.mark.slow
)  # three runs and their repetitions; tests/pipeline/test_segmenting.py holds one bridge in every test run


@dataclass(frozen=True)
class Told:
    """What the step wrote and remembered in one run, and the release that the run made."""

    table: pa.Table
    facts: dict[str, Any]
    words: str
    release: str


def told_by(folder: Path, number: int, *, again: bool = False) -> Told:
    """One run on a day of its own, and what it left."""
    now = ARRIVED + timedelta(days=number, microseconds=250_000)
    outcome = run_workspace(folder, now=now, again=again)
    words = next(step.words for step in outcome.steps if step.name == "bridge")
    with opened_run(folder, Watcher(), now=now) as run:
        table, facts = run.warehouse.fetch(run.warehouse.table("gold", "bridge")), run.recall("bridge")
    return Told(table.sort_by("customer_id"), facts, words, outcome.release_id)


@dataclass(frozen=True)
class Weeks:
    """A workspace after three runs, each with more of one feed."""

    folder: Path
    told: tuple[Told, ...]


def as_days_go_by(feed: Feed) -> Feed:
    """The feed with its sales in the order of their days, but for a tenth that come months late."""
    rng = Random(1)  # noqa: S311

    def comes(line: str) -> date:
        changed = date.fromisoformat(line.split(",")[1][:10])
        return changed + timedelta(days=rng.choices([0, 120], [9, 1])[0])

    early = [line for line in feed["kiosk"] if line.split(",")[1] < "2024-04-01"]
    return feed | {"sales": sorted(feed["sales"], key=comes), "kiosk": early}


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    folder = workspace(tmp_path_factory.mktemp("weeks") / "shop")
    path = folder / "patron.toml"
    text = path.read_text("utf-8").replace('"bg_nbd", "boosting"', '"bg_nbd"').replace("folds = 2", "folds = 1")
    path.write_text(text.replace('country = "country"', 'branch_id = "country"'), "utf-8")
    told = []
    for number, batch in enumerate(cut(as_days_go_by(random_feed(5)), 3)):
        drop_in(folder, batch, number)
        told.append(told_by(folder, number))
    return Weeks(folder, tuple(told))


def values(folder: Path, release: str) -> dict[str, int]:
    scores = load_release(folder, release).scores()
    counted = ten_thousandths(scores["expected_value"].to_numpy()).tolist()
    return dict(zip(scores["customer_id"].to_pylist(), counted, strict=True))


def test_a_first_run_has_nothing_to_compare_with(weeks: Weeks) -> None:
    first = weeks.told[0]
    assert first.table.schema.equals(BRIDGE)
    assert first.table.num_rows == 0
    assert first.facts == {"previous": None, "why": "no earlier release"}
    assert first.words == "nothing to compare with: no earlier release"


def test_every_customer_of_either_release_has_a_row_that_adds_up(weeks: Weeks) -> None:
    for earlier, later in zip(weeks.told, weeks.told[1:], strict=False):
        before, now = values(weeks.folder, earlier.release), values(weeks.folder, later.release)
        rows = later.table.to_pylist()
        assert [row["customer_id"] for row in rows] == sorted(before.keys() | now.keys())
        for row in rows:
            ends = [int(row[name].scaleb(4)) for name in ("value_before", "value_now")]
            assert ends == [before.get(row["customer_id"], 0), now.get(row["customer_id"], 0)]
            assert row["value_before"] + sum(row[part] for part in PARTS) == row["value_now"]


def test_what_is_remembered_sums_to_the_table(weeks: Weeks) -> None:
    for earlier, later in zip(weeks.told, weeks.told[1:], strict=False):
        facts, rows = later.facts, later.table.to_pylist()
        assert facts["previous"] == earlier.release
        total = Sums.from_dict(facts["total"])
        assert total.parts == {part: int(sum(row[part] for row in rows).scaleb(4)) for part in PARTS}
        assert facts["sentence"] == later.words
        assert {"tier", "rfm_segment", "branch"} <= facts["groups"].keys()
        for groups in facts["groups"].values():
            sums = [Sums.from_dict(group) for group in groups]
            assert sum(group.now for group in sums) == total.now
            assert sum(group.before for group in sums) == total.before
            assert all(one.before + sum(one.parts.values()) + one.moved_in + one.moved_out == one.now for one in sums)


def test_this_feed_has_something_of_nearly_every_part(weeks: Weeks) -> None:
    for told in weeks.told[1:]:
        assert told.facts["previous_as_of"] < told.facts["as_of"]
        parts = Sums.from_dict(told.facts["total"]).parts
        # A champion that counts purchases alone does not see refunds; nobody overrides values here.
        assert {part for part, amount in parts.items() if not amount} <= {"refunds", "overrides"}


def test_the_customers_who_changed_most_come_first(weeks: Weeks) -> None:
    for told in weeks.told[1:]:
        rows = told.table.to_pylist()
        changes = sorted(int((row["value_now"] - row["value_before"]).scaleb(4)) for row in rows)
        found = {way: [Sums.from_dict(row).change for row in told.facts[way]] for way in ("up", "down")}
        assert found["up"] == [change for change in changes[::-1][:10] if change > 0]
        assert found["down"] == [change for change in changes[:10] if change < 0]


def test_between_releases_it_is_told_as_the_run_told_it_also_once_newer_rows_hold(weeks: Weeks) -> None:
    first, second, third = weeks.told
    newest = bridge_between(weeks.folder, second.release)
    assert not newest.rebuilt
    assert newest.told == third.facts | {"release": third.release}
    older = bridge_between(weeks.folder, first.release, second.release)
    assert older.rebuilt
    assert older.told == second.facts | {"release": second.release}
    assert older.bridge.table().equals(second.table)
    far = bridge_between(weeks.folder, first.release, third.release)
    assert far.bridge.total().before == newest.bridge.total().before - older.bridge.total().change


def test_what_was_gathered_again_is_gone_afterwards(weeks: Weeks) -> None:
    bridge_between(weeks.folder, weeks.told[0].release, weeks.told[1].release)
    with opened_run(weeks.folder, Watcher(), now=ARRIVED + timedelta(days=2)) as run:
        assert [name for name in run.warehouse.names("work") if name.startswith("bridge")] == []


def test_two_releases_that_cannot_be_compared_are_refused(weeks: Weeks) -> None:
    first, second, _ = weeks.told
    with pytest.raises(UsageError, match="Both are release"):
        bridge_between(weeks.folder, first.release, first.release)
    with pytest.raises(UnknownName, match="long ago"):
        bridge_between(weeks.folder, "long ago", second.release)
    release = load_release(weeks.folder, second.release)
    assert unlike(release, "EUR", date(2099, 1, 1)) == ""
    assert "USD, not EUR" in unlike(
        replace(release, manifest=replace(release.manifest, currency="USD")), "EUR", date(2099, 1, 1)
    )
    assert "of a later day" in unlike(release, "EUR", date(2000, 1, 1))


def test_a_run_done_again_compares_with_the_release_before_its_own(weeks: Weeks) -> None:
    repeated = told_by(weeks.folder, 2, again=True)
    assert repeated.facts == weeks.told[2].facts
    assert repeated.table.equals(weeks.told[2].table)
    assert repeated.release == weeks.told[2].release
