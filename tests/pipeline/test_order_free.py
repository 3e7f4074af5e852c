"""However a feed is cut into batches, and in whatever order these come, the gold tables are the same to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster_switch import QUIET
from patron.pipeline.runner import Watcher, opened_run, run_until, run_workspace
from patron.releases.contents import load_release
from pipeline.incremental_feed import ARRIVED, Feed, Gold, counts, cut, drop_in, gold, random_feed, workspace

pytestmark = pytest.mark.usefixtures("looks_for_clusters")


@dataclass(frozen=True)
class Loaded:
    """What a feed came to: the gold tables, the contest behind them, and what became of its rows."""

    gold: Gold
    contest: str
    counts: dict[str, int]


def loaded(folder: Path) -> Loaded:
    return Loaded(gold(folder), repr(load_release(folder).evidence()["gate"]), counts(folder))


def in_one_run(folder: Path, batches: list[Feed]) -> Loaded:
    workspace(folder)
    for number, batch in enumerate(batches):
        drop_in(folder, batch, number)
    run_workspace(folder, now=ARRIVED)
    return loaded(folder)


def in_many_runs(folder: Path, batches: list[Feed], *, whole: bool) -> Loaded:
    """A run after each batch: a whole one, or as far as the rows are judged, where nothing later is kept anyway."""
    workspace(folder)
    for number, batch in enumerate(batches):
        drop_in(folder, batch, number)
        if whole:
            run_workspace(folder, now=ARRIVED)
        else:
            with opened_run(folder, Watcher(), now=ARRIVED) as run:
                run_until(run, "check", Watcher())
    run_workspace(folder, now=ARRIVED)
    return loaded(folder)


def same(one: Loaded, other: Loaded, *, but_for: frozenset[str] = frozenset()) -> None:
    """Equal gold and contest; rows in = accepted + duplicate + quarantined in both."""
    assert {name for name, table in one.gold.items() if table != other.gold[name]} <= but_for
    assert one.contest == other.contest
    for found in (one.counts, other.counts):
        assert found["rows_in"] == found["accepted"] + found["duplicate"] + found["quarantined"]
    assert (one.counts["rows_in"], one.counts["accepted"]) == (other.counts["rows_in"], other.counts["accepted"])


@pytest.fixture(scope="module")
def feed() -> Feed:
    return random_feed(1)


@pytest.fixture(scope="module")
def at_once(feed: Feed, tmp_path_factory: pytest.TempPathFactory, looks_for_clusters: None) -> Loaded:
    return in_one_run(tmp_path_factory.mktemp("at_once") / "shop", cut(feed, 1))


@pytest.mark.slow
def test_the_feed_holds_what_makes_it_hard(at_once: Loaded) -> None:
    assert "'passed': True" in at_once.contest or "leaderboard': [{" in at_once.contest
    assert min(at_once.counts["duplicate"], at_once.counts["quarantined"]) > 20


@pytest.mark.slow
def test_five_shuffled_batches_in_runs_of_their_own_give_the_same_gold(
    feed: Feed, at_once: Loaded, tmp_path: Path
) -> None:
    same(at_once, in_many_runs(tmp_path / "shop", cut(feed, 5, shuffle=2), whole=False))


@pytest.mark.slow
@pytest.mark.parametrize("batches", [10, 100])
@pytest.mark.parametrize("shuffle", [None, 3, 4])
def test_ten_or_a_hundred_batches_in_order_or_shuffled_give_the_same_gold(
    feed: Feed, at_once: Loaded, tmp_path: Path, batches: int, shuffle: int | None
) -> None:
    same(at_once, in_one_run(tmp_path / "shop", cut(feed, batches, shuffle=shuffle)))


@pytest.mark.slow
@pytest.mark.parametrize("shuffle", [None, 5])
def test_a_whole_run_after_each_of_ten_batches_ends_in_the_same_gold(
    feed: Feed, tmp_path: Path, shuffle: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels that stay calm, moves and the bridge tell of the releases before: these are left out, here only."""
    for name, setting in QUIET.items():
        monkeypatch.setenv(name, setting)
    one = in_one_run(tmp_path / "one", cut(feed, 1))
    many = in_many_runs(tmp_path / "many", cut(feed, 10, shuffle=shuffle), whole=True)
    same(one, many, but_for=frozenset({"bridge", "moves"}))
    assert one.gold["bridge"] != many.gold["bridge"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_other_feeds_in_one_batch_and_in_twenty_shuffled_ones_give_the_same_gold(tmp_path: Path, seed: int) -> None:
    feed = random_feed(seed)
    one = in_one_run(tmp_path / "one", cut(feed, 1, shuffle=seed))
    same(one, in_one_run(tmp_path / "many", cut(feed, 20, shuffle=seed + 100)))
