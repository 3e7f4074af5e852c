"""Runs over HTTP: started, listed, watched, ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from patron.errors import WorkspaceBusy
from patron.governance.audit.chain import entries
from patron.pipeline.started.record import CANCEL, alive_lock, read_record, run_folder, write_record
from served_workspace import served_workspace
from surfaces.api.called import Called, called


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with called(served_workspace(tmp_path_factory.mktemp("runs") / "shop")) as found:
        yield found


def started(server: Called) -> str:
    told = server.client.post("/v1/runs", json={"again": True}, headers=server.with_key("engineer"))
    assert told.status_code == 202, told.text
    return str(told.json()["id"])


def test_a_run_is_started_listed_and_noted(server: Called) -> None:
    name = started(server)
    headers = server.with_key("analyst")
    assert server.client.get("/v1/runs", headers=headers).json()["runs"][0]["id"] == name
    told = server.client.get(f"/v1/runs/{name}", headers=headers).json()
    assert (told["status"], told["again"], told["asked_by"]) == ("published", True, "engineer")
    assert [entry.action for entry in entries(server.serving.state)][-1] == "run.start"
    assert server.client.post("/v1/runs", json={}, headers=headers).status_code == 403
    for unknown in ("nothing", "..", "20261101T000000Z-0123456789abcdef"):
        assert server.client.get(f"/v1/runs/{unknown}", headers=headers).status_code == 404


def test_what_a_run_says_is_sent_as_events_that_can_be_taken_up_again(server: Called) -> None:
    name, headers = started(server), server.with_key("analyst")
    told = server.client.get(f"/v1/runs/{name}/progress", headers=headers)
    assert told.headers["content-type"].startswith("text/event-stream")
    kinds = [line.removeprefix("event: ") for line in told.text.splitlines() if line.startswith("event: ")]
    assert kinds == ["begins", "ended"]
    data = [json.loads(line.removeprefix("data: ")) for line in told.text.splitlines() if line.startswith("data: ")]
    assert data[0]["title"] == "Read the files"
    again = server.client.get(f"/v1/runs/{name}/progress", headers=headers | {"Last-Event-ID": "1"})
    assert "begins" not in again.text
    assert "id: 2\nevent: ended" in again.text


def test_a_run_is_asked_to_end_while_it_goes_on(server: Called) -> None:
    name, headers = started(server), server.with_key("engineer")
    assert server.client.post(f"/v1/runs/{name}/cancellation", headers=headers).status_code == 422
    home = run_folder(server.serving.workspace, name)
    with alive_lock(home):
        write_record(home, replace(read_record(home), status="running"))
        assert server.client.post(f"/v1/runs/{name}/cancellation", headers=headers).status_code == 202
    assert (home / CANCEL).exists()
    assert server.client.get(f"/v1/runs/{name}", headers=headers).json()["status"] == "died"
    assert "died" not in server.client.get(f"/v1/runs/{name}/progress", headers=headers).text


def test_a_second_run_is_refused_while_one_goes_on(server: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise WorkspaceBusy("Another run holds it.", to_do="Wait.")

    monkeypatch.setattr(server.app.state, "serving", replace(server.serving, start_run=busy))
    told = server.client.post("/v1/runs", json={}, headers=server.with_key("engineer"))
    assert (told.status_code, told.json()["detail"]) == (409, "Another run holds it.")
