"""What waits for a person over the API: listed by scope, given, decided, overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from patron.governance.audit.chain import entries
from patron.governance.state.tables import REVIEWS
from patron.quality.decision_log import append_decisions, logged_decisions
from patron.quality.waiting_file import WaitingRecord, WaitingRecords, write_waiting
from patron.releases.shelf import Shelf
from served_workspace import served_workspace
from surfaces.api.called import Called, called
from surfaces.api.test_overrides import put

COUNT = 60
Facts = dict[str, Any]  # Any: JSON


def workspace_with_things_to_look_at(folder: Path) -> Path:
    """Customers 0 to 19 are little known; 30 to 35 are to be acted on; 40 was worth half, 41 two thirds, 42 is new."""
    served_workspace(folder, customers=COUNT)
    home = Shelf(folder / "releases").path()
    scores, behaviour = (pq.read_table(home / f"{name}.parquet") for name in ("scores", "behaviour"))
    known = ["low" if number < 20 else "high" for number in range(COUNT)]
    alerts = ["act now" if 30 <= number < 36 else "calm" for number in range(COUNT)]
    savable = [float(number) for number in range(COUNT)]
    write(home / "scores.parquet", with_column(scores, "confidence", known))
    write(home / "behaviour.parquet", with_column(with_column(behaviour, "alert", alerts), "savable_value", savable))
    before = {"c00040": "25.0", "c00041": "34.0", "c00042": "0.0", "gone": "1000.0"}
    now = {"c00040": "50.5", "c00041": "51.0", "c00042": "52.0", "gone": "0.0"}
    bridge = pa.table(
        {"customer_id": list(before), "value_before": list(before.values()), "value_now": list(now.values())}
    )
    money = pa.decimal128(18, 4)
    for name in ("value_before", "value_now"):
        bridge = with_column(bridge, name, bridge[name].cast(money))
    write(home / "bridge.parquet", bridge)
    return folder


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    return table.set_column(
        table.column_names.index(name), name, values if isinstance(values, pa.ChunkedArray) else [values]
    )


def write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path)


def record(entry: str, reason: str = "bad_amount", may: tuple[Any, ...] = ("fix", "drop")) -> WaitingRecord:
    return WaitingRecord(
        entry,
        "orders",
        "quarantined",
        reason,
        "'twelve' is no amount",
        "orders.csv",
        7,
        1,
        '{"who":"Uma"}',
        True,
        may,
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Called]:
    with called(workspace_with_things_to_look_at(tmp_path / "shop")) as found:
        yield found


def listed(server: Called, headers: dict[str, str], query: str = "") -> Facts:
    answer = server.client.get(f"/v1/reviews?limit=1000{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def subjects(told: Facts) -> list[str]:
    return [one["subject"] for one in told["reviews"]]


def test_each_kind_tells_of_its_customers_those_of_most_value_first(server: Called) -> None:
    analyst = server.with_key("analyst")
    assert subjects(listed(server, analyst, "&kind=low_confidence")) == ["c00015", "c00010", "c00005", "c00000"]
    assert subjects(listed(server, analyst, "&kind=alert")) == [f"c000{number}" for number in range(35, 29, -1)]
    (changed,) = listed(server, analyst, "&kind=change")["reviews"]
    assert (changed["subject"], changed["value"]) == ("c00040", 25.5)
    assert "from 25.00 to 50.50" in changed["why"]
    everything = listed(server, analyst)
    assert (everything["open"], everything["overdue"], len(everything["reviews"])) == (11, 0, 11)
    again = {one["id"]: one["due_at"] for one in listed(server, analyst)["reviews"]}
    assert again == {one["id"]: one["due_at"] for one in everything["reviews"]}


def test_who_was_valued_by_hand_needs_no_second_look_for_that(server: Called) -> None:
    analyst = server.with_key("analyst")
    put(server, "c00015", analyst)
    assert subjects(listed(server, analyst, "&kind=low_confidence")) == ["c00010", "c00005", "c00000"]


def test_a_list_is_read_page_by_page(server: Called) -> None:
    analyst = server.with_key("analyst")
    found: list[str] = []
    cursor = ""
    while True:
        told = server.client.get(f"/v1/reviews?limit=4{cursor}", headers=analyst).json()
        found += [one["id"] for one in told["reviews"]]
        if told["cursor"] is None:
            break
        cursor = f"&cursor={told['cursor']}"
    assert found == [one["id"] for one in listed(server, analyst)["reviews"]]
    assert len(set(found)) == 11


def test_a_branch_manager_sees_and_decides_own_customers_only(server: Called) -> None:
    write_waiting(server.serving.workspace, WaitingRecords(datetime.now(UTC), 1, (record("e1"),)))
    west, everybody = server.with_key("branch manager", ["west"]), listed(server, server.with_key("analyst"))
    theirs = listed(server, west)
    expected = [
        one for one in subjects(everybody) if one[0] == "c" and int(one[1:]) % 3 == 2 and int(one[1:]) % 10 != 9
    ]
    assert subjects(theirs) == expected != []
    unknown = server.client.post("/v1/reviews/nothing/owner", json={"owner": None}, headers=west)
    for one in everybody["reviews"]:
        answer = server.client.post(f"/v1/reviews/{one['id']}/owner", json={"owner": None}, headers=west)
        assert answer.status_code == (200 if one["subject"] in expected else 404)
        if answer.status_code == 404:
            assert answer.json()["detail"] == unknown.json()["detail"].replace("nothing", one["id"])


def test_a_decision_is_kept_and_counted_and_made_once(server: Called) -> None:
    analyst = server.log_in("anna", "analyst")
    one = listed(server, analyst, "&kind=alert")["reviews"][0]
    path, what = f"/v1/reviews/{one['id']}", {"verdict": "confirm", "because": "I called them"}
    given = server.client.post(f"{path}/owner", json={"owner": "anna"}, headers=analyst)
    assert given.json()["owner"] == "anna"
    assert subjects(listed(server, analyst, "&owner=anna")) == [one["subject"]]
    assert server.client.post(f"{path}/owner", json={"owner": "zoe"}, headers=analyst).status_code == 422
    assert server.client.post(f"{path}/decision", json={**what, "verdict": "drop"}, headers=analyst).status_code == 422
    decided = server.client.post(f"{path}/decision", json=what, headers=analyst).json()
    assert (decided["status"], decided["decided_by"], decided["may"]) == ("decided", "anna", [])
    assert server.client.post(f"{path}/decision", json=what, headers=analyst).status_code == 409
    assert server.client.post(f"{path}/owner", json={"owner": "anna"}, headers=analyst).status_code == 409
    assert subjects(listed(server, analyst, "&status=decided")) == [one["subject"]]
    assert listed(server, analyst)["open"] == 10
    written = [entry for entry in entries(server.serving.state) if entry.action.startswith("review.")]
    assert [entry.action for entry in written] == ["review.give", "review.decide"]
    assert "I called them" not in "".join(entry.details for entry in written)
    assert one["subject"] not in "".join(entry.subject + entry.details for entry in written)


def test_what_nobody_decides_is_overdue(server: Called) -> None:
    analyst = server.with_key("analyst")
    one = listed(server, analyst)["reviews"][-1]
    assert listed(server, analyst, "&status=overdue")["reviews"] == []
    with server.serving.state.changing() as connection:
        connection.execute(update(REVIEWS).where(REVIEWS.c.id == one["id"]).values(first_seen=1))
    told = listed(server, analyst)
    assert told["overdue"] == 1
    assert (told["reviews"][0]["id"], told["reviews"][0]["overdue"]) == (one["id"], True)
    assert subjects(listed(server, analyst, "&status=overdue")) == [one["subject"]]


def test_a_record_is_decided_where_runs_read_it_and_waits_again_once_that_is_undone(server: Called) -> None:
    folder, analyst = server.serving.workspace, server.with_key("analyst")
    assert listed(server, analyst, "&kind=record")["reviews"] == []
    left = (record("e1"), record("e2", "foreign_currency", ("accept", "fix", "drop")))
    write_waiting(folder, WaitingRecords(datetime.now(UTC), 2, left))
    told = {one["subject"]: one for one in listed(server, analyst, "&kind=record")["reviews"]}
    assert (told["e1"]["may"], told["e2"]["may"]) == (["drop"], ["accept", "drop"])
    assert "line 7" in told["e1"]["why"]
    assert "Uma" not in str(told)
    path = f"/v1/reviews/{told['e1']['id']}/decision"
    why = {"because": "Nonsense"}
    assert server.client.post(path, json={"verdict": "accept", **why}, headers=analyst).status_code == 422
    decided = server.client.post(path, json={"verdict": "drop", **why}, headers=analyst)
    assert (decided.status_code, decided.json()["status"]) == (200, "decided")
    (kept,) = logged_decisions(folder)
    assert (kept.entry, kept.verdict, kept.content, kept.because) == ("e1", "drop", '{"who":"Uma"}', "Nonsense")
    assert server.client.post(path, json={"verdict": "drop", **why}, headers=analyst).status_code == 409
    undone = {"verdict": "undo", "decided_at": datetime.now(UTC)}
    append_decisions(folder, [type(kept)(**{**kept.__dict__, **undone})])
    assert set(subjects(listed(server, analyst, "&kind=record&status=open"))) == {"e1", "e2"}
    assert server.client.post(path, json={"verdict": "drop", **why}, headers=analyst).status_code == 200
    write_waiting(folder, WaitingRecords(datetime.now(UTC), 1, left[1:]))  # as the next run leaves it
    assert subjects(listed(server, analyst, "&kind=record")) == ["e2"]
