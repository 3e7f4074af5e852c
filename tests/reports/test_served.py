"""What a server answers from: whole releases, swapped whole, seen through scopes that leave nothing to count."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from patron.errors import NothingThere, UnknownName
from patron.releases.contents import load_release
from patron.releases.shelf import Shelf
from patron.reports.served.current import CurrentRelease
from patron.reports.served.customers import FILTERS, customer, customers, members, moves_of
from patron.reports.served.groups import VIEWS, GroupFigures, groups, hidden_if_small
from patron.reports.served.portfolio import portfolio
from patron.reports.served.snapshot import Snapshot
from patron.reports.served.view import View
from served_workspace import branch_of, customer_ids, publish, served_workspace

COUNT = 60


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot(load_release(served_workspace(tmp_path_factory.mktemp("served") / "shop", customers=COUNT)))


def of_branch(*names: str) -> list[str]:
    return [one for number, one in enumerate(customer_ids(COUNT)) if branch_of(number) in names]


def listed(view: View, **filters: str) -> list[str]:
    """All pages of a list, small ones."""
    found: list[str] = []
    after = None
    while True:
        page = customers(view, filters, after=after, limit=7)
        found += [row["customer_id"] for row in page.rows]
        after = page.after
        if after is None:
            assert page.customers == len(found)
            return found


def test_every_customer_is_found_and_nobody_else(snapshot: Snapshot) -> None:
    view = View(snapshot)
    for number, one in enumerate(customer_ids(COUNT)):
        assert customer(view, one)["score"]["expected_value"] == 10.0 + number
    for other in ("", "c", "c00060", "zzz", "c000000", "C00001"):
        with pytest.raises(NothingThere, match="no customer"):
            customer(view, other)


def test_customers_are_found_however_an_engine_ordered_them(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    home = Shelf(folder / "releases").path()
    for name in ("scores", "segments", "behaviour", "members"):
        table = pq.read_table(home / f"{name}.parquet")
        pq.write_table(table.take(list(range(table.num_rows - 1, -1, -1))), home / f"{name}.parquet")
    view = View(Snapshot(load_release(folder)))
    assert [customer(view, one)["segments"]["branch"] for one in customer_ids(COUNT)] == [
        branch_of(number) for number in range(COUNT)
    ]
    assert customer(view, "c00004")["rules"] == ["Even ones"]
    assert listed(view) == customer_ids(COUNT)


@pytest.mark.parametrize("branches", [["north"], ["south", "west"], ["lonely"], ["nowhere"], []])
def test_a_scope_holds_on_every_read_path(snapshot: Snapshot, branches: list[str]) -> None:
    view, theirs = View(snapshot, frozenset(branches)), of_branch(*branches)
    assert listed(view) == theirs
    for name in FILTERS:
        values = (
            {row[name] for row in View(snapshot).segments.to_pylist()}
            if name in view.segments.column_names
            else {"calm"}
        )
        for value in values - {None}:
            assert set(listed(view, **{name: value})) <= set(theirs)
    for one in customer_ids(COUNT):
        if one in theirs:
            assert customer(view, one)["customer_id"] == one
            moves_of(view, one)
        else:
            for question in (customer, moves_of):
                with pytest.raises(NothingThere) as gone:
                    question(view, one)
                assert str(gone.value) == f"There is no customer '{one}'."
    told = portfolio(view)
    assert told.customers == len(theirs)
    assert told.expected_value == pytest.approx(sum(10.0 + int(one[1:]) for one in theirs))
    assert (told.expected_low, told.expected_high) == (None, None)
    for name in (*VIEWS, "branch"):
        found = groups(view, name)
        if name == "branch":
            assert {group.name for group in found} == {branch for branch in branches if of_branch(branch)}
        if name != "rule":
            assert sum(group.customers or 0 for group in found) == len(theirs)
        for group in found:
            seen = [row["customer_id"] for row in members(view, name, group.name, after=None, limit=1000).rows]
            assert len(seen) == group.customers
            assert set(seen) <= set(theirs)


def test_groups_add_up_to_the_portfolio(snapshot: Snapshot) -> None:
    view = View(snapshot)
    total = portfolio(view)
    assert (total.customers, total.expected_low) == (COUNT, pytest.approx(0.9 * (total.expected_value or 0)))
    tiers = groups(view, "tier")
    assert [group.name for group in tiers] == ["low", "high"]
    assert sum(group.expected_value or 0 for group in tiers) == pytest.approx(total.expected_value)
    (rule,) = groups(view, "rule")
    assert (rule.name, rule.customers) == ("Even ones", COUNT // 2)
    with pytest.raises(UnknownName, match="lifecycle"):
        groups(view, "tears")
    with pytest.raises(UnknownName, match="branch"):
        customers(view, {"name": "x"}, after=None, limit=1)


def test_small_cells_are_hidden_and_never_only_one(snapshot: Snapshot) -> None:
    found = {group.name: group for group in groups(View(snapshot), "branch", least_cell=5)}
    hidden = {name for name, group in found.items() if group.is_hidden}
    assert "lonely" in hidden
    assert len(hidden) == 2  # else the portfolio less the others would tell of the one
    assert all(group.expected_value is None for group in found.values() if group.is_hidden)
    assert portfolio(View(snapshot, frozenset({"lonely"})), least_cell=5).customers is None


def test_hiding_leaves_large_groups_alone() -> None:
    large = [GroupFigures(name, 50, 1.0, 1.0, 1.0) for name in "ab"]
    assert hidden_if_small(large, 10) == tuple(large)
    assert [group.is_hidden for group in hidden_if_small([GroupFigures("a", 3, 1.0, 1.0, 1.0)], 10)] == [True]


def test_publishing_and_rolling_back_are_served_at_once_and_never_mixed(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    current = CurrentRelease(folder)
    current.start()
    wrong: list[str] = []
    asked = [0]
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            view = current.view(frozenset({"north"}))
            told, whole = customer(view, "c00000"), portfolio(view)
            scale = told["score"]["expected_value"] / 10
            expected = scale * sum(10.0 + int(one[1:]) for one in of_branch("north"))
            if abs((whole.expected_value or 0) - expected) > 1e-6:
                wrong.append(f"{view.snapshot.id}: {whole.expected_value} is not {expected}")
            asked[0] += 1

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        names = [current.snapshot.id]
        for minute in range(1, 4):
            names.append(publish(folder, scale=minute + 1.0, minute=minute))
            assert eventually(current, names[-1])
        Shelf(folder / "releases").rollback(names[1])
        assert eventually(current, names[1])
    finally:
        done.set()
        for thread in threads:
            thread.join()
        current.stop()
    assert wrong == []
    assert asked[0] > 50


def eventually(current: CurrentRelease, name: str) -> bool:
    """Whether a release is served within a second."""
    waiting = threading.Event()
    for _ in range(20):
        if current.snapshot.id == name:
            return True
        waiting.wait(0.05)
    return current.snapshot.id == name


def test_a_shelf_without_a_release_is_told_and_waited_for(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    current = CurrentRelease(tmp_path)
    current.look()
    assert not current.has_release
    with pytest.raises(NothingThere, match="Nothing is published"):
        current.view(None)
    publish(tmp_path)
    current.look()
    assert current.has_release


def test_a_release_that_cannot_be_read_leaves_the_one_before_in_place(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    current = CurrentRelease(folder)
    current.look()
    held = current.snapshot.id
    name = publish(folder, minute=1)
    (folder / "releases" / name / "segments.parquet").write_bytes(b"not a table")
    current.look()
    assert current.snapshot.id == held
    assert current.fault is not None
    Shelf(folder / "releases").make_current(held)
    current.look()
    assert current.fault is None
